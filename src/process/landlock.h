/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the process read-only: landlock(7). It applies to the calling thread and threads that it starts later.
 *
 * A process under Landlock can no longer see anything that requires PTRACE_MODE_READ (ptrace(2)) of processes that are
 * not, whatever its capabilities: the caller does not use Landlock if that is needed.
 */
#ifndef PROCESS_LANDLOCK_H
#define PROCESS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* The version of the kernel's interface; a negative errno if Landlock is missing or disabled. */
int ng_landlock_version(void);

/* An exception: writing to a file or to all files below a directory, or removing files below one. */
struct ng_landlock_exception {
	const char *path; /* ignored if missing */
	bool remove;
};

/* To be called after PR_SET_NO_NEW_PRIVS. 0, or a negative errno if nothing was changed. */
int ng_landlock_enter(const struct ng_landlock_exception *exceptions, size_t count);

#endif
