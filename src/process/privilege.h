/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileges of the process, and dropping those that it does not need.
 *
 * ng_privileges_plan considers the process's privileges, --user and the lists of the enabled collectors, and determines
 * what will remain. ng_privileges_drop applies it: no capabilities except those that a collector lists, none of them
 * effective (a collector raises one for a single call, nodegauge/privilege.h), none to be gained by executing a
 * program, and no write access. Call it once all listeners are open and before any thread is started: capabilities and
 * Landlock apply per thread.
 */
#ifndef PROCESS_PRIVILEGE_H
#define PROCESS_PRIVILEGE_H

#include "base/error.h"
#include "engine/cell.h"
#include "process/account.h"
#include "process/landlock.h"

#include <nodegauge/files.h>

enum { NG_PRIVILEGE_EXCEPTIONS = 128 };

struct ng_privileges {
	bool switches; /* to `account` */
	struct ng_account account;
	uint64_t kept; /* capabilities that stay permitted: 1 << CAP_X */
	bool root;     /* remains user 0 */
	bool mapped;   /* inside a user namespace, where neither applies to the host's files */
	bool traces;   /* a collector inspects other processes with CAP_SYS_PTRACE, which Landlock would prevent */
	const char *landlock; /* once dropped: in words for the log */
	const struct ng_choice *choices;
	size_t choice_count;
	struct ng_landlock_exception exceptions[NG_PRIVILEGE_EXCEPTIONS];
	size_t exception_count;
};

/* `user` is the argument of --user or "". Borrows the choices. On -EINVAL, `error` tells the user what is wrong. */
int ng_privileges_plan(struct ng_privileges *privileges, const char *user, const struct ng_choice *choices,
	size_t choice_count, struct ng_error *error);

/* Adds a Landlock exception. `path` is borrowed until privileges are dropped. */
void ng_privileges_except(struct ng_privileges *privileges, const char *path, bool remove);

/* The same for everything that the collectors list, below the paths of the roots; 0 or -ENOMEM. */
int ng_privileges_except_writables(
	struct ng_privileges *privileges, const char *const roots[NG_ROOTS], struct ng_arena *arena);

int ng_privileges_drop(struct ng_privileges *privileges, bool landlock, struct ng_error *error);

/* Whether the remaining privileges suffice for this text of struct ng_privilege. */
bool ng_privileges_suffice(const struct ng_privileges *privileges, const char *needed);

/* Logs one line about the process, and one for each enabled collector that loses something. */
void ng_privileges_log(const struct ng_privileges *privileges);

#endif
