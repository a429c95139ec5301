/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each call to the kernel of a scrape fails in turn, with each of several errors: the answer is well-formed, no
 * descriptor leaks, and the next scrape is complete again. Interrupted calls and short readings change nothing at all.
 */
#include "baseline.h"
#include "interpose.h"
#include "runner.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

/* What must hold of the answer with the fault, and of the next one without. */
enum outcome {
	WELL_FORMED,
	RECOVERS, /* the next answer is whole: nothing of what passes may be remembered */
	THE_SAME, /* this answer is whole already */
};

struct plan {
	const char *name;
	struct fault fault;
	enum outcome outcome;
};

/*
 * With .at 0 the fault meets each call, else each call in turn. Missing permission, a device that has gone and text
 * that ends early may be remembered until the devices change.
 */
static const struct plan plans[] = {
	{ "all interrupted", { FAULT_ERROR, CALLS_READING, EINTR, 0 }, THE_SAME },
	{ "all short", { FAULT_SHORT, CALLS_IN_PIECES, 0, 0 }, THE_SAME },
	{ "all EIO", { FAULT_ERROR, CALLS_ALL, EIO, 0 }, RECOVERS },
	{ "all EMFILE", { FAULT_ERROR, CALLS_ALL, EMFILE, 0 }, RECOVERS },
	{ "all short, also of what is one reading", { FAULT_SHORT, CALLS_READING, 0, 0 }, WELL_FORMED },
	{ "EIO", { FAULT_ERROR, CALLS_ALL, EIO, 1 }, RECOVERS },
	{ "EACCES", { FAULT_ERROR, CALLS_ALL, EACCES, 1 }, WELL_FORMED },
	{ "ESRCH", { FAULT_ERROR, CALLS_ALL, ESRCH, 1 }, WELL_FORMED },
	{ "ENODEV", { FAULT_ERROR, CALLS_ALL, ENODEV, 1 }, WELL_FORMED },
	{ "EMFILE", { FAULT_ERROR, CALLS_ALL, EMFILE, 1 }, RECOVERS },
	{ "EINTR", { FAULT_ERROR, CALLS_READING, EINTR, 1 }, THE_SAME },
	{ "EINTR of any call", { FAULT_ERROR, CALLS_ALL, EINTR, 1 }, RECOVERS },
	{ "short", { FAULT_SHORT, CALLS_IN_PIECES, 0, 1 }, THE_SAME },
	{ "short, also of what is one reading", { FAULT_SHORT, CALLS_READING, 0, 1 }, WELL_FORMED },
};

struct stage {
	struct scene scene;
	struct baseline baseline;
	struct exposition exposition;
	/* calls of the first and of the second scrape, for each kind */
	unsigned long calls[2][CALLS_IN_PIECES + 1];
};

static size_t open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

static bool gather_with(struct instance *instance, struct fault fault, unsigned long *ret_calls)
{
	fault_arm(fault);
	bool done = instance_gather(instance);
	*ret_calls = fault_disarm();
	return done || test_fail("%s", instance->error);
}

/* How many calls there are in the first and the second scrape of an engine. */
static bool count_calls(struct stage *stage)
{
	fault_forget();
	for (int calls = CALLS_ALL; calls <= CALLS_IN_PIECES; calls++) {
		struct fault none = { .kind = FAULT_NONE, .calls = (enum fault_calls)calls };
		struct instance instance;
		if (!instance_open(&instance, &stage->scene.plan))
			return false;
		bool done = gather_with(&instance, none, &stage->calls[0][calls]) &&
			    gather_with(&instance, none, &stage->calls[1][calls]);
		instance_close(&instance);
		if (!done)
			return false;
	}
	return true;
}

static bool tell(
	const struct stage *stage, const struct plan *plan, unsigned long at, unsigned scrape, const char *what)
{
	if (at)
		return test_fail(
			"%s at call %lu of scrape %u: %s%s", plan->name, at, scrape + 1, what, stage->exposition.error);
	return test_fail("%s in scrape %u: %s%s", plan->name, scrape + 1, what, stage->exposition.error);
}

static bool meet_fault(
	struct stage *stage, struct instance *instance, const struct plan *plan, struct fault fault, unsigned scrape)
{
	unsigned long calls;

	if (scrape == 1 && !baseline_repeats(&stage->baseline, instance, &stage->exposition))
		return tell(stage, plan, fault.at, scrape, "before: ");
	if (!gather_with(instance, fault, &calls))
		return false;
	if (!instance_check(instance, &stage->exposition))
		return tell(stage, plan, fault.at, scrape, "");
	if (plan->outcome == THE_SAME && !baseline_same(&stage->baseline, instance, &stage->exposition))
		return tell(stage, plan, fault.at, scrape, "not the same: ");
	if (plan->outcome == WELL_FORMED) {
		if (instance_gather(instance) && instance_check(instance, &stage->exposition))
			return true;
	} else if (baseline_repeats(&stage->baseline, instance, &stage->exposition)) {
		return true;
	}
	return tell(stage, plan, fault.at, scrape, "the next one: ");
}

/* One engine that meets the fault in its first or its second scrape. */
static bool try_fault(struct stage *stage, const struct plan *plan, struct fault fault, unsigned scrape)
{
	size_t before = open_descriptors(), after;
	struct instance instance;

	if (!instance_open(&instance, &stage->scene.plan))
		return test_fail("%s", instance.error);
	bool done = meet_fault(stage, &instance, plan, fault, scrape);
	instance_close(&instance);
	after = open_descriptors();
	if (done && after != before)
		return test_fail("%s at call %lu of scrape %u: %zu descriptors are open instead of %zu", plan->name,
			fault.at, scrape + 1, after, before);
	return done;
}

/* A number for each fault at each call of both scrapes. */
static size_t count_faults(const struct stage *stage, const struct plan *plan, unsigned scrape)
{
	return plan->fault.at ? stage->calls[scrape][plan->fault.calls] : 1;
}

static bool try_number(struct stage *stage, size_t number)
{
	for (size_t i = 0; i < NG_COUNT(plans); i++) {
		for (unsigned scrape = 0; scrape < 2; scrape++) {
			struct fault fault = plans[i].fault;
			size_t count = count_faults(stage, &plans[i], scrape);
			if (number >= count) {
				number -= count;
				continue;
			}
			fault.at = fault.at ? number + 1 : 0;
			return try_fault(stage, &plans[i], fault, scrape);
		}
	}
	return false;
}

static void try_all(struct stage *stage)
{
	size_t count = 0, tried = 0;

	for (size_t i = 0; i < NG_COUNT(plans); i++)
		count += count_faults(stage, &plans[i], 0) + count_faults(stage, &plans[i], 1);
	while (tried < count && test_has_time() && try_number(stage, spread(tried, count)))
		tried++;
	test_note("%zu of %zu faults, %lu calls in the first scrape, %lu in the next", tried, count,
		stage->calls[0][CALLS_ALL], stage->calls[1][CALLS_ALL]);
}

void mode_errno(const struct test_case *source)
{
	struct stage stage = { 0 };
	struct instance instance;

	if (!scene_open(&stage.scene, source)) {
		test_fail("%s", stage.scene.error);
		return;
	}
	if (instance_open(&instance, &stage.scene.plan)) {
		bool done = baseline_take(&stage.baseline, &instance, &stage.scene.plan);
		instance_close(&instance);
		if (done && count_calls(&stage))
			try_all(&stage);
		baseline_done(&stage.baseline);
	}
	exposition_done(&stage.exposition);
	scene_close(&stage.scene);
}
