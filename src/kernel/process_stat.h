/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/stat.
 *
 *     1 (systemd) S 0 1 1 0 -1 4194560 9061 9416027 94 2620 36 98 54406 13885 20 0 1 0 29 109604864 ...
 *
 * The name of a process may contain anything, even ") R 1": fields are counted from the last parenthesis.
 *
 * Source: proc_pid_stat(5), do_task_stat in fs/proc/array.c.
 */
#ifndef KERNEL_PROCESS_STAT_H
#define KERNEL_PROCESS_STAT_H

#include <nodegauge/text.h>

/* Numbered as in proc_pid_stat(5). */
enum {
	NG_STAT_STATE = 3,
	NG_STAT_THREADS = 20,
	NG_STAT_START = 22, /* ticks of 1/_SC_CLK_TCK s since boot */
};

/* Field 3 or later as text; -EBADMSG if there are fewer fields. */
int ng_stat_field(struct ng_span stat, unsigned field, struct ng_span *ret_word);

#endif
