/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the daemon listens on: opened as the flags say, or handed over by the service manager. */
#ifndef PROCESS_LISTENERS_H
#define PROCESS_LISTENERS_H

#include "config/options.h"
#include "http/listen.h"
#include "process/patience.h"
#include "process/privilege.h"

enum { NG_LISTENERS_MAX = 64 };

struct ng_listeners {
	struct ng_listener item[NG_LISTENERS_MAX];
	size_t count;
};

/*
 * All of them or none; waits with `patience` for what may pass. 0 or a negative errno, of which -EINVAL stands for
 * wrong arguments; where `patience->ended`, the process is to end.
 */
int ng_listeners_open(struct ng_listeners *listeners, const struct ng_settings *settings, struct ng_patience *patience,
	struct ng_error *error);

/*
 * Gives the files of unix sockets to the user that the process becomes, and has Landlock let them be removed at the
 * end. `memory` has to last until the drop. 0 or a negative errno.
 */
int ng_listeners_hand_over(const struct ng_listeners *listeners, const struct ng_settings *settings,
	struct ng_privileges *privileges, struct ng_arena *memory, struct ng_error *error);

void ng_listeners_close(struct ng_listeners *listeners);

#endif
