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
	bool root;     /* stays the user 0 */
	bool mapped;   /* inside a user namespace, where neither counts for the files of the host */
	bool traces;   /* a collector looks into other processes by CAP_SYS_PTRACE, which Landlock would forbid */
	const char *landlock; /* once dropped: in words for the log */
	const struct ng_choice *choices;
	size_t choice_count;
	struct ng_landlock_exception exceptions[NG_PRIVILEGE_EXCEPTIONS];
	size_t exception_count;
};

/* `user` is the argument of --user or "". Borrows the choices. On -EINVAL `error` tells the user what is wrong. */
int ng_privileges_plan(struct ng_privileges *privileges, const char *user, const struct ng_choice *choices,
	size_t choice_count, struct ng_error *error);

/* Something that Landlock is not to forbid. `path` is borrowed until the drop. */
void ng_privileges_except(struct ng_privileges *privileges, const char *path, bool remove);

/* The same for what the collectors list, below the paths of the roots; 0 or -ENOMEM. */
int ng_privileges_except_writables(
	struct ng_privileges *privileges, const char *const roots[NG_ROOTS], struct ng_arena *arena);

int ng_privileges_drop(struct ng_privileges *privileges, bool landlock, struct ng_error *error);

/* Whether what will be left suffices for this text of struct ng_privilege. */
bool ng_privileges_suffice(const struct ng_privileges *privileges, const char *needed);

/* One line on what the process is, and one for each enabled collector that loses something. */
void ng_privileges_log(const struct ng_privileges *privileges);

#endif
