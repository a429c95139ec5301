/* SPDX-License-Identifier: Apache-2.0 */
/* Converts node_exporter's flags into ours. */
#ifndef CONFIG_MIGRATE_H
#define CONFIG_MIGRATE_H

#include "base/error.h"
#include "config/options.h"

#include <stdio.h>

/*
 * Reads `path`, a file of variables such as /etc/default/prometheus-node-exporter or a unit such as
 * /etc/systemd/system/node_exporter.service, and prints an /etc/default/nodegauge that does the same: the command line,
 * what was left out or behaves differently with the reason, and ARGS. What is lost goes to `log` as well. `options` is
 * the table of flags that there are.
 *
 * Returns 1 when TLS, authentication or an address filter is lost: the flags then listen on loopback. On a negative
 * errno `error` says what is wrong with the file.
 */
int ng_migrate(FILE *out, FILE *log, struct ng_options *options, const char *path, struct ng_error *error);

#endif
