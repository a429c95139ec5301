/* SPDX-License-Identifier: Apache-2.0 */
/* The table of flags: our own and those listed in the collectors' descriptors. */
#ifndef CONFIG_FLAGS_H
#define CONFIG_FLAGS_H

#include "config/options.h"

/* Fills the table for the registry of the options. */
int ng_flags_make(struct ng_options *options);

/* NULL if there is no flag with that name. */
struct ng_flag *ng_flag_find(struct ng_options *options, struct ng_span name);

/* The name that was probably meant, or NULL. */
const char *ng_flag_nearest(const struct ng_options *options, struct ng_span name);

#endif
