/* SPDX-License-Identifier: Apache-2.0 */
/* What the program prints about itself, all of it from the table of flags and the collectors' descriptors. */
#ifndef HOST_HELP_H
#define HOST_HELP_H

#include "host/options.h"
#include "host/privilege.h"

#include <stdio.h>

void ng_help_print(FILE *out, const struct ng_options *options);
void ng_help_man(FILE *out, const struct ng_options *options);
void ng_help_version(FILE *out);

/* Every collector with its default, privileges and options, and whether it lacks a privilege now. */
void ng_help_collectors(FILE *out, const struct ng_options *options, const struct ng_privileges *privileges);

/* Every family, tab-separated with a header line: collector, default, family, type, labels, help. `writers` are the
 * families that belong to no collector. */
void ng_help_metrics(FILE *out, const struct ng_options *options, const struct ng_family *own, size_t own_count);

#endif
