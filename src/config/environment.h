/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment files of services, and the flags in them, parsed as systemd does: EnvironmentFile= and "$ARGS" of
 * systemd.exec(5) and systemd.service(5). Each of the two removes a level of backslashes, hence the \\\\d in
 * /etc/default/prometheus-node-exporter.
 */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include "kernel/kernel.h"

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

struct ng_variable {
	struct ng_span name, value;
};

/* The next assignment in a file's text, or false at its end. The value is in the arena. */
bool ng_environment_next(struct ng_arena *arena, struct ng_span *text, struct ng_variable *ret_variable);

/* The next word of a value, NUL-terminated in the arena, or NULL at its end. */
const char *ng_environment_word(struct ng_arena *arena, struct ng_span *value);

/* The assignment that parses back to these words: ARGS='--flag=value ...', without a line feed. NULL if out of memory.
 */
const char *ng_environment_line(struct ng_arena *arena, const char *name, const char *const *words, size_t count);

/* The words for a POSIX shell. */
const char *ng_environment_command(struct ng_arena *arena, const char *const *words, size_t count);

#endif
