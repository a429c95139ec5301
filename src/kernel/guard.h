/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that the kernel may never finish: statfs(2) on a file system whose server is gone.
 *
 * A guard runs tasks on helper threads that can be left behind. A task that does not return in time keeps its thread
 * and is not run again until it returns; after that it is treated like any other. The number of threads is bounded, so
 * if that many tasks are stuck, no other task can run; the last free thread is reserved for tasks that are known to
 * return. Threads are created on demand and kept.
 *
 * A guard belongs to one collector. Nothing here waits for a stuck thread.
 */
#ifndef KERNEL_GUARD_H
#define KERNEL_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ng_guard;

/* More threads than this are never stuck. */
enum { NG_GUARD_THREADS = 8 };

/* The head of a caller's structure. All members are the guard's. */
struct ng_task {
	void (*run)(struct ng_task *task); /* in a helper thread; may use what is in the structure and nothing else */
	uint64_t round;                    /* that it last took part in */
	bool waiting, running, orphan;
	bool finished; /* in that round */
	bool proven;   /* returned in time when it was last run */
};

/* `workers` (1 at least) run at a time as long as none is slow. NULL when there is no memory. */
struct ng_guard *ng_guard_new(unsigned workers);

/* Does not wait for stuck threads: the last one frees what they use. */
void ng_guard_free(struct ng_guard *guard);

/* A zeroed structure of `size` bytes that starts with a task; NULL when there is no memory. */
void *ng_task_new(size_t size, void (*run)(struct ng_task *task));

/* Frees it, now or when its thread returns. Not between ng_guard_start and ng_guard_wait. */
void ng_task_free(struct ng_guard *guard, struct ng_task *task);

/* Lets the tasks run, in this order but those first that returned in time before. The array stays the guard's until
 * ng_guard_wait. */
void ng_guard_start(struct ng_guard *guard, struct ng_task *const *tasks, size_t count);

/*
 * Returns when all tasks have returned, when none did for `patience` nanoseconds, or at `deadline` (CLOCK_MONOTONIC,
 * nanoseconds); at once when those that are left are stuck from earlier. The structures of tasks for which ng_task_done
 * is true are the caller's then, until they are started again; those of others are not to be touched.
 */
void ng_guard_wait(struct ng_guard *guard, uint64_t patience, uint64_t deadline);

static inline bool ng_task_done(const struct ng_task *task)
{
	return task->finished;
}

#endif
