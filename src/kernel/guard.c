/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/kernel.h"

#include "kernel/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A task that takes longer than this no longer counts as a worker: another one may start beside it. */
static const uint64_t slow_ns = 250000000;

static const size_t stack_size = 256 * 1024;

struct helper {
	struct ng_guard *guard;
	pthread_t thread;
	bool made;
	struct ng_task *task; /* being run, or NULL */
	uint64_t since;
};

struct ng_guard {
	pthread_mutex_t lock;
	pthread_cond_t work, progress;
	unsigned references; /* held by the owner and by each thread */
	unsigned workers, idle, starting;
	bool closing;
	struct helper helpers[NG_GUARD_THREADS];

	/* the round */
	uint64_t round;
	bool open;
	struct ng_task *const *tasks;
	size_t count;
	size_t next_proven, next; /* where to look for the next one to start */
	size_t waiting, left;     /* not started; not returned */
	bool any_proven;
	uint64_t moved; /* when the last one returned */
};

/* ---- tasks ---- */

void *ng_task_new(size_t size, void (*run)(struct ng_task *task))
{
	struct ng_task *task = calloc(1, size);

	if (task)
		task->run = run;
	return task;
}

void ng_task_free(struct ng_guard *guard, struct ng_task *task)
{
	pthread_mutex_lock(&guard->lock);
	bool running = task->running;
	task->orphan = running;
	pthread_mutex_unlock(&guard->lock);
	if (!running)
		free(task);
}

static unsigned occupied(const struct ng_guard *guard)
{
	unsigned n = 0;

	for (size_t i = 0; i < NG_GUARD_THREADS; i++)
		n += guard->helpers[i].task != NULL;
	return n;
}

/* The number of threads that run a task of this round that is not slow. */
static unsigned active(const struct ng_guard *guard, uint64_t now)
{
	unsigned n = 0;

	for (size_t i = 0; i < NG_GUARD_THREADS; i++) {
		const struct helper *helper = &guard->helpers[i];
		n += helper->task && helper->task->round == guard->round && now - helper->since < slow_ns;
	}
	return n;
}

/* The task to start next, if a thread may be spent on it. */
static struct ng_task *candidate(struct ng_guard *guard)
{
	unsigned busy = occupied(guard);

	if (busy == NG_GUARD_THREADS)
		return NULL;
	for (; guard->next_proven < guard->count; guard->next_proven++) {
		struct ng_task *task = guard->tasks[guard->next_proven];
		if (task->waiting && task->proven)
			return task;
	}
	if (guard->any_proven && busy + 1 == NG_GUARD_THREADS)
		return NULL;
	while (guard->next < guard->count && !guard->tasks[guard->next]->waiting)
		guard->next++;
	return guard->next < guard->count ? guard->tasks[guard->next] : NULL;
}

/* ---- threads ---- */

static void release(struct ng_guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	bool last = --guard->references == 0;
	pthread_mutex_unlock(&guard->lock);
	if (!last)
		return;
	pthread_cond_destroy(&guard->work);
	pthread_cond_destroy(&guard->progress);
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}

static struct ng_task *take(struct ng_guard *guard, struct helper *helper)
{
	uint64_t now = ng_now();

	if (!guard->waiting || active(guard, now) >= guard->workers)
		return NULL;
	struct ng_task *task = candidate(guard);
	if (!task)
		return NULL;
	task->waiting = false;
	task->running = true;
	guard->waiting--;
	helper->task = task;
	helper->since = now;
	return task;
}

static void give_back(struct ng_guard *guard, struct helper *helper)
{
	struct ng_task *task = helper->task;

	helper->task = NULL;
	task->running = false;
	if (task->orphan) {
		free(task);
		return;
	}
	if (!guard->open || task->round != guard->round)
		return;
	task->finished = true;
	task->proven = true;
	guard->any_proven = true;
	guard->moved = ng_now();
	if (--guard->left == 0)
		pthread_cond_signal(&guard->progress);
}

static void *helper_main(void *argument)
{
	struct helper *helper = argument;
	struct ng_guard *guard = helper->guard;
	struct ng_task *task;

	pthread_mutex_lock(&guard->lock);
	guard->starting--;
	while (!guard->closing) {
		task = take(guard, helper);
		if (!task) {
			guard->idle++;
			pthread_cond_wait(&guard->work, &guard->lock);
			guard->idle--;
			continue;
		}
		pthread_mutex_unlock(&guard->lock);
		task->run(task);
		pthread_mutex_lock(&guard->lock);
		give_back(guard, helper);
	}
	pthread_mutex_unlock(&guard->lock);
	release(guard);
	return NULL;
}

/* Signals are handled by the main thread. */
static int helper_make(struct ng_guard *guard, struct helper *helper)
{
	pthread_attr_t attributes;
	sigset_t all, before;

	helper->guard = guard;
	int r = pthread_attr_init(&attributes);
	if (r)
		return -r;
	pthread_attr_setstacksize(&attributes, stack_size);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&helper->thread, &attributes, helper_main, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r)
		return -r;
	helper->made = true;
	guard->references++;
	guard->starting++;
	return 0;
}

/* Makes sure that as many threads work as are allowed to. */
static void call_helpers(struct ng_guard *guard, uint64_t now)
{
	unsigned at_work = active(guard, now);
	size_t wanted = guard->workers > at_work ? guard->workers - at_work : 0;

	if (wanted > guard->waiting)
		wanted = guard->waiting;
	if (wanted == 0 || !candidate(guard))
		return;
	for (size_t i = 0; i < NG_GUARD_THREADS && guard->idle + guard->starting < wanted; i++) {
		if (!guard->helpers[i].made && helper_make(guard, &guard->helpers[i]) < 0)
			break;
	}
	for (; wanted; wanted--)
		pthread_cond_signal(&guard->work);
}

/* ---- rounds ---- */

void ng_guard_start(struct ng_guard *guard, struct ng_task *const *tasks, size_t count)
{
	uint64_t now = ng_now();

	pthread_mutex_lock(&guard->lock);
	guard->round++;
	guard->open = true;
	guard->tasks = tasks;
	guard->count = count;
	guard->next_proven = guard->next = guard->waiting = 0;
	guard->any_proven = false;
	guard->moved = now;
	for (size_t i = 0; i < count; i++) {
		struct ng_task *task = tasks[i];
		task->finished = false;
		if (task->running)
			continue;
		task->round = guard->round;
		task->waiting = true;
		guard->waiting++;
		guard->any_proven = guard->any_proven || task->proven;
	}
	guard->left = guard->waiting;
	call_helpers(guard, now);
	pthread_mutex_unlock(&guard->lock);
}

/* When to stop waiting, or 0 if waiting is already pointless. */
static uint64_t wait_until(struct ng_guard *guard, uint64_t patience, uint64_t deadline, uint64_t now)
{
	uint64_t until = deadline;

	if (guard->left == 0 || (guard->waiting == guard->left && !candidate(guard)))
		return 0;
	if (patience < UINT64_MAX - guard->moved && guard->moved + patience < until)
		until = guard->moved + patience;
	return now < until ? until : 0;
}

/* When the next task becomes slow; a task that has not started yet may be slow by then. */
static uint64_t next_slow(const struct ng_guard *guard, uint64_t now)
{
	uint64_t next = now + slow_ns;

	for (size_t i = 0; i < NG_GUARD_THREADS; i++) {
		const struct helper *helper = &guard->helpers[i];
		if (helper->task && now - helper->since < slow_ns && helper->since + slow_ns < next)
			next = helper->since + slow_ns;
	}
	return next;
}

static void round_end(struct ng_guard *guard)
{
	for (size_t i = 0; i < guard->count; i++) {
		struct ng_task *task = guard->tasks[i];
		task->waiting = false;
		task->proven = task->proven && !task->running;
	}
	guard->open = false;
	guard->tasks = NULL;
	guard->count = guard->waiting = guard->left = 0;
}

void ng_guard_wait(struct ng_guard *guard, uint64_t patience, uint64_t deadline)
{
	pthread_mutex_lock(&guard->lock);
	for (;;) {
		uint64_t now = ng_now(), until = wait_until(guard, patience, deadline, now);
		if (until == 0)
			break;
		call_helpers(guard, now);
		uint64_t slow = next_slow(guard, now);
		if (guard->waiting && slow < until)
			until = slow;
		struct timespec wake = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };
		pthread_cond_timedwait(&guard->progress, &guard->lock, &wake);
	}
	round_end(guard);
	pthread_mutex_unlock(&guard->lock);
}

/* ---- life ---- */

struct ng_guard *ng_guard_new(unsigned workers)
{
	struct ng_guard *guard = calloc(1, sizeof(*guard));
	pthread_condattr_t monotonic;

	if (!guard)
		return NULL;
	pthread_mutex_init(&guard->lock, NULL);
	pthread_cond_init(&guard->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&guard->progress, &monotonic);
	pthread_condattr_destroy(&monotonic);
	guard->workers = workers == 0 ? 1 : workers < NG_GUARD_THREADS ? workers : NG_GUARD_THREADS;
	guard->references = 1;
	return guard;
}

void ng_guard_free(struct ng_guard *guard)
{
	bool join[NG_GUARD_THREADS] = { false };

	if (!guard)
		return;
	pthread_mutex_lock(&guard->lock);
	guard->closing = true;
	for (size_t i = 0; i < NG_GUARD_THREADS; i++) {
		struct helper *helper = &guard->helpers[i];
		join[i] = helper->made && !helper->task;
		if (helper->task)
			pthread_detach(helper->thread);
	}
	pthread_cond_broadcast(&guard->work);
	pthread_mutex_unlock(&guard->lock);
	for (size_t i = 0; i < NG_GUARD_THREADS; i++) {
		if (join[i])
			pthread_join(guard->helpers[i].thread, NULL);
	}
	release(guard);
}
