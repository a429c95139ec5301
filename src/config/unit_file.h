/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's unit files, read as systemd reads them: systemd.syntax(7), and "COMMAND LINES" of systemd.service(5). */
#ifndef CONFIG_UNIT_FILE_H
#define CONFIG_UNIT_FILE_H

#include <nodegauge/arena.h>
#include <nodegauge/text.h>

/* The rest of a unit's text. Initialize with { .text = ... }. */
struct ng_unit_reader {
	struct ng_span text;
	struct ng_span section; /* without brackets */
};

struct ng_unit_setting {
	struct ng_span section, key, value; /* the value is in the arena, its continuation lines joined */
};

/* The next setting, or false at the end of the text or if out of memory. */
bool ng_unit_next(struct ng_arena *arena, struct ng_unit_reader *reader, struct ng_unit_setting *ret_setting);

/* The next word of ExecStart= or Environment=, unquoted, NUL-terminated in the arena; NULL at the end. */
const char *ng_unit_word(struct ng_arena *arena, struct ng_span *value);

#endif
