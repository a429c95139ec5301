/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks on helper threads: in time, late, stuck, abandoned. Instead of hanging in the kernel, they wait for a
 * semaphore.
 */
#include "support.h"

#include "kernel/kernel.h"

#include "kernel/guard.h"
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MANY = 40 };
static const uint64_t ms = 1000000;

static sem_t gate;
static atomic_int entered, ended;

struct job {
	struct ng_task task;
	bool hangs;
	int runs; /* owned by the caller again once the task is done */
};

static void job_run(struct ng_task *task)
{
	struct job *job = (struct job *)task;

	atomic_fetch_add(&entered, 1);
	if (job->hangs)
		while (sem_wait(&gate) < 0)
			;
	job->runs++;
	atomic_fetch_add(&ended, 1);
}

struct jobs {
	struct ng_guard *guard;
	struct ng_task *task[MANY];
	size_t count;
};

/* The first `hung` of them hang. */
static struct jobs jobs_new(unsigned workers, size_t count, size_t hung)
{
	struct jobs jobs = { .guard = ng_guard_new(workers), .count = count };

	sem_init(&gate, 0, 0);
	entered = ended = 0;
	assert_non_null(jobs.guard);
	for (size_t i = 0; i < count; i++) {
		struct job *job = ng_task_new(sizeof(*job), job_run);
		assert_non_null(job);
		job->hangs = i < hung;
		jobs.task[i] = &job->task;
	}
	return jobs;
}

static size_t jobs_round(struct jobs *jobs, uint64_t patience)
{
	size_t done = 0;

	ng_guard_start(jobs->guard, jobs->task, jobs->count);
	ng_guard_wait(jobs->guard, patience, ng_now() + 20000 * ms);
	for (size_t i = 0; i < jobs->count; i++)
		done += ng_task_done(jobs->task[i]);
	return done;
}

static void open_gate(int count)
{
	for (int i = 0; i < count; i++)
		sem_post(&gate);
}

static void wait_for(const atomic_int *counter, int value)
{
	for (int i = 0; atomic_load(counter) < value && i < 1000; i++)
		nanosleep(&(struct timespec){ .tv_nsec = (long)ms * 10 }, NULL);
	assert_int_equal(atomic_load(counter), value);
}

static void jobs_free(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		ng_task_free(jobs->guard, jobs->task[i]);
	ng_guard_free(jobs->guard);
}

static void jobs_end(struct jobs *jobs)
{
	open_gate(MANY);
	jobs_free(jobs);
	wait_for(&ended, atomic_load(&entered));
}

static void all_in_time(void **state)
{
	struct jobs jobs = jobs_new(4, MANY, 0);

	(void)state;
	for (int round = 1; round <= 50; round++) {
		assert_int_equal(jobs_round(&jobs, 20000 * ms), MANY);
		for (size_t i = 0; i < MANY; i++)
			assert_int_equal(((struct job *)jobs.task[i])->runs, round);
	}
	jobs_free(&jobs);
}

static void nothing_to_do(void **state)
{
	struct jobs jobs = jobs_new(0, 0, 0);

	(void)state;
	assert_int_equal(jobs_round(&jobs, 20000 * ms), 0);
	jobs_free(&jobs);
}

static void those_behind_get_their_turn(void **state)
{
	struct jobs jobs = jobs_new(2, MANY, 5);

	(void)state;
	assert_int_equal(jobs_round(&jobs, 1500 * ms), MANY - 5);
	for (size_t i = 0; i < 5; i++)
		assert_false(ng_task_done(jobs.task[i]));
	/* the stuck ones are neither waited for nor restarted */
	uint64_t before = ng_now();
	assert_int_equal(jobs_round(&jobs, 20000 * ms), MANY - 5);
	assert_true(ng_now() - before < 10000 * ms);
	assert_int_equal(entered, 5 + 2 * (MANY - 5));
	jobs_end(&jobs);
}

static void bounded_and_back_again(void **state)
{
	struct jobs jobs = jobs_new(4, MANY, MANY);

	(void)state;
	assert_int_equal(jobs_round(&jobs, 1000 * ms), 0);
	assert_int_equal(entered, NG_GUARD_THREADS);
	uint64_t before = ng_now();
	assert_int_equal(jobs_round(&jobs, 20000 * ms), 0);
	assert_true(ng_now() - before < 10000 * ms);
	assert_int_equal(entered, NG_GUARD_THREADS);
	open_gate(MANY + NG_GUARD_THREADS);
	wait_for(&ended, NG_GUARD_THREADS);
	assert_int_equal(jobs_round(&jobs, 20000 * ms), MANY);
	jobs_free(&jobs);
}

static void the_last_thread_is_for_the_proven(void **state)
{
	struct jobs jobs = jobs_new(4, MANY, 0);
	struct job *well = (struct job *)jobs.task[MANY - 1];

	(void)state;
	assert_int_equal(jobs_round(&jobs, 20000 * ms), MANY);
	/* all others are new, and hang */
	for (size_t i = 0; i + 1 < MANY; i++) {
		ng_task_free(jobs.guard, jobs.task[i]);
		struct job *job = ng_task_new(sizeof(*job), job_run);
		assert_non_null(job);
		job->hangs = true;
		jobs.task[i] = &job->task;
	}
	for (int round = 2; round < 5; round++) {
		assert_int_equal(jobs_round(&jobs, 1000 * ms), 1);
		assert_int_equal(well->runs, round);
	}
	assert_int_equal(entered - ended, NG_GUARD_THREADS - 1);
	jobs_end(&jobs);
}

static void freed_while_stuck(void **state)
{
	struct jobs jobs = jobs_new(4, 6, 3);

	(void)state;
	assert_int_equal(jobs_round(&jobs, 500 * ms), 3);
	uint64_t before = ng_now();
	jobs_free(&jobs);
	assert_true(ng_now() - before < 10000 * ms);
	open_gate(3);
	wait_for(&ended, 6);
}

static void deadline(void **state)
{
	struct jobs jobs = jobs_new(4, 2, 1);

	(void)state;
	uint64_t before = ng_now();
	ng_guard_start(jobs.guard, jobs.task, jobs.count);
	ng_guard_wait(jobs.guard, UINT64_MAX, before + 100 * ms);
	assert_true(ng_now() - before >= 100 * ms);
	assert_false(ng_task_done(jobs.task[0]));
	assert_true(ng_task_done(jobs.task[1]));
	ng_guard_start(jobs.guard, jobs.task, jobs.count);
	ng_guard_wait(jobs.guard, UINT64_MAX, 0);
	jobs_end(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_in_time),
		TEST(nothing_to_do),
		TEST(those_behind_get_their_turn),
		TEST(bounded_and_back_again),
		TEST(the_last_thread_is_for_the_proven),
		TEST(freed_while_stuck),
		TEST(deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
