/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the daemon listens on: opened according to the flags, or passed by the service manager. */
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
 * Opens all of them or none; retries temporary errors with `patience`. 0 or a negative errno; -EINVAL means invalid
 * arguments. If `patience->ended` is set, the process should exit.
 */
int ng_listeners_open(struct ng_listeners *listeners, const struct ng_settings *settings, struct ng_patience *patience,
	struct ng_error *error);

/*
 * Changes the owner of unix sockets to the user that the process switches to, and makes a Landlock exception so that
 * they can be removed at exit. `memory` must live until privileges are dropped. 0 or a negative errno.
 */
int ng_listeners_hand_over(const struct ng_listeners *listeners, const struct ng_settings *settings,
	struct ng_privileges *privileges, struct ng_arena *memory, struct ng_error *error);

void ng_listeners_close(struct ng_listeners *listeners);

#endif
