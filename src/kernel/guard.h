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

/* The maximum number of stuck threads. */
enum { NG_GUARD_THREADS = 8 };

/* The head of a caller's structure. All members are the guard's. */
struct ng_task {
	void (*run)(struct ng_task *task); /* in a helper thread; may use only what is in the structure */
	uint64_t round;                    /* the last one it took part in */
	bool waiting, running, orphan;
	bool finished; /* in that round */
	bool proven;   /* returned in time on its last run */
};

/* `workers` (at least 1) run concurrently as long as none is slow. NULL if out of memory. */
struct ng_guard *ng_guard_new(unsigned workers);

/* Does not wait for stuck threads: the last one frees the shared data. */
void ng_guard_free(struct ng_guard *guard);

/* A zeroed structure of `size` bytes that starts with a task; NULL if out of memory. */
void *ng_task_new(size_t size, void (*run)(struct ng_task *task));

/* Frees it, now or when its thread returns. Not between ng_guard_start and ng_guard_wait. */
void ng_task_free(struct ng_guard *guard, struct ng_task *task);

/* Runs the tasks in this order, except that those that returned in time before go first. The guard owns the array until
 * ng_guard_wait. */
void ng_guard_start(struct ng_guard *guard, struct ng_task *const *tasks, size_t count);

/*
 * Returns when all tasks have returned, when none has for `patience` nanoseconds, or at `deadline` (CLOCK_MONOTONIC,
 * nanoseconds); immediately if the remaining ones were already stuck. The caller then owns the structures of tasks for
 * which ng_task_done is true, until they are started again; it must not touch those of others.
 */
void ng_guard_wait(struct ng_guard *guard, uint64_t patience, uint64_t deadline);

static inline bool ng_task_done(const struct ng_task *task)
{
	return task->finished;
}

#endif
