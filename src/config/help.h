/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that the program prints about itself, from the table of flags and the collectors' descriptors. */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "config/options.h"

#include <stdio.h>

void ng_help_print(FILE *out, const struct ng_options *options);
void ng_help_man(FILE *out, const struct ng_options *options);
void ng_help_version(FILE *out);

/* Whether the process will have the privileges named in that text of struct ng_privilege. */
typedef bool ng_help_suffices(const void *context, const char *capability);

/* Lists every collector with its default, privileges and options, and whether it would lack a privilege if started
 * now. */
void ng_help_collectors(FILE *out, const struct ng_options *options, ng_help_suffices *suffices, const void *context);

/*
 * Lists every family, tab-separated with a header line: collector, default, family, type, labels, help. `writers`
 * provide the families that belong to no collector.
 */
void ng_help_metrics(
	FILE *out, const struct ng_options *options, const struct ng_writer *const *writers, size_t writer_count);

#endif
