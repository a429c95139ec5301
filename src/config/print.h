/* SPDX-License-Identifier: Apache-2.0 */
/* The flags that print something to standard output instead of serving. */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include "config/help.h"
#include "config/options.h"

/* The parts of higher layers that printing needs. */
struct ng_printing {
	struct ng_options *options;
	const struct ng_writer *const *writers; /* of the families that belong to no collector */
	size_t writer_count;
	ng_help_suffices *suffices; /* see ng_help_collectors */
	const void *privileges;
};

/*
 * Returns 0; 1 if --migrate lost the protection of the port; -EINVAL if an argument is invalid; another negative errno
 * if standard output cannot be written. `error` has the details.
 */
int ng_print(const struct ng_printing *printing, enum ng_action action, struct ng_error *error);

/* For --once: gathers and prints the result. 0 or a negative errno. */
int ng_print_once(struct ng_engine *engine, uint64_t deadline, struct ng_error *error);

#endif
