/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation fails in turn: at startup, in the first scrape and in the second. Everything in the response with the
 * fault is as before, and the next response is as if nothing had happened: what failed for lack of memory is retried.
 */
#include "interpose.h"
#include "trial.h"

#include <stdio.h>

/* When the allocation fails. */
enum { AT_START, IN_FIRST, IN_SECOND, MOMENTS };
static const char *const moments[MOMENTS] = { "start", "first", "second" };

struct stage {
	struct trial trial;           /* first */
	unsigned long count[MOMENTS]; /* number of allocations */
};

/* For the next start: an engine is created by a function that only knows its plan. */
static unsigned long start_fails_at, start_count;

static void starting(bool begins)
{
	if (begins)
		allocations_fail(start_fails_at);
	else
		start_count = allocations_stop();
}

static bool gather_counted(struct instance *instance, unsigned long at, unsigned long *ret_count)
{
	allocations_fail(at);
	bool done = instance_gather(instance);
	*ret_count = allocations_stop();
	return done;
}

static bool count_allocations(struct stage *stage)
{
	struct instance instance;

	start_fails_at = 0;
	if (!instance_open(&instance, &stage->trial.scene.plan))
		return false; /* the case tests exactly that */
	stage->count[AT_START] = start_count;
	bool done = gather_counted(&instance, 0, &stage->count[IN_FIRST]) &&
		    gather_counted(&instance, 0, &stage->count[IN_SECOND]);
	instance_close(&instance);
	return done || test_fail("%s", instance.error);
}

static void tell(struct stage *stage, unsigned moment, unsigned long at, const char *what)
{
	if (!findings_excepted(&stage->trial.findings, moments[moment], "memory", NG_SPAN("(next)")))
		findings_add(&stage->trial.findings, moments[moment], "allocation %lu: %s%s", at, what,
			stage->trial.exposition.error);
}

static bool is_foreign(void *context, struct ng_span family)
{
	(void)context;
	return !family_is_own(family);
}

/* There may be no response when an allocation fails, or it lacks something. */
static void meet_failure(struct stage *stage, struct instance *instance, unsigned moment, unsigned long at)
{
	unsigned long count;
	size_t missing;

	if (!gather_counted(instance, at, &count))
		return;
	if (!instance_check(instance, &stage->trial.exposition))
		tell(stage, moment, at, "");
	else if (stage->trial.baseline.result == 0 &&
		 !baseline_within(&stage->trial.baseline, &stage->trial.exposition, is_foreign, NULL, &missing))
		tell(stage, moment, at, "");
}

/* Runs one engine whose allocation `at` fails at that moment. */
static bool try_failure(struct stage *stage, unsigned moment, unsigned long at)
{
	struct instance instance;

	start_fails_at = moment == AT_START ? at : 0;
	if (!instance_open(&instance, &stage->trial.scene.plan))
		return moment == AT_START || test_fail("%s", instance.error);
	if (moment == IN_SECOND && !instance_gather(&instance))
		test_fail("%s", instance.error);
	meet_failure(stage, &instance, moment, moment == AT_START ? 0 : at);
	if (!baseline_repeats(&stage->trial.baseline, &instance, &stage->trial.exposition))
		tell(stage, moment, at, "the next one: ");
	instance_close(&instance);
	return !test_failed();
}

static bool try_number(struct trial *trial, size_t number)
{
	struct stage *stage = (struct stage *)(void *)trial;

	for (unsigned moment = 0; moment < MOMENTS; moment++) {
		if (number < stage->count[moment])
			return try_failure(stage, moment, number + 1);
		number -= stage->count[moment];
	}
	return false;
}

static void run(struct trial *trial)
{
	struct stage *stage = (struct stage *)(void *)trial;

	if (!count_allocations(stage))
		return;
	size_t count = stage->count[AT_START] + stage->count[IN_FIRST] + stage->count[IN_SECOND];
	test_note("%zu of %zu allocations", trial_numbers(trial, count, try_number), count);
}

void mode_memory(const struct test_case *source)
{
	struct stage stage = { .trial.starting = starting };

	if (!allocations_start()) {
		test_skip("the sanitizer has an allocator of its own");
		return;
	}
	allocations_stop();
	trial_run(&stage.trial, source, "memory", run);
}
