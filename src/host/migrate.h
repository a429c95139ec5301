/* SPDX-License-Identifier: Apache-2.0 */
/* From a node_exporter's file of flags to ours. */
#ifndef HOST_MIGRATE_H
#define HOST_MIGRATE_H

#include "host/options.h"

#include <stdio.h>

/*
 * Reads `path`, such as /etc/default/prometheus-node-exporter, and prints an /etc/default/nodegauge that does the same:
 * the command line, what was left out or behaves differently with the reason, and ARGS. `options` is the table of flags
 * that there are. On a negative errno `error` says what is wrong with the file.
 */
int ng_migrate(FILE *out, struct ng_options *options, const char *path, char *error, size_t error_size);

#endif
