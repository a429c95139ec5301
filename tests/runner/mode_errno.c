/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each system call of a scrape fails in turn, with each of several errors: everything in the response is as before, and
 * anything missing is counted or has a reason; no descriptor leaks, and the next scrape is complete again. Interrupted
 * calls and short reads change nothing at all.
 */
#include "interpose.h"
#include "trial.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Required properties of a response. */
enum outcome {
	WELL_FORMED,
	WITHIN,   /* series may be missing; the others are as before */
	THE_SAME, /* nothing is missing */
};

struct plan {
	const char *name;
	struct fault fault;
	enum outcome now, next; /* of the response with the fault, and of the next one without it */
	bool counted;           /* missing series are counted, or the collector fails */
};

/*
 * With .at 0 the fault meets every call, otherwise each call in turn. A missing file, a missing permission and a
 * removed device may be remembered until the devices change. Absent items need not be counted.
 */
static const struct plan plans[] = {
	{ "all interrupted", { FAULT_ERROR, CALLS_READING, EINTR, 0 }, THE_SAME, THE_SAME, true },
	{ "all short", { FAULT_SHORT, CALLS_IN_PIECES, 0, 0 }, THE_SAME, THE_SAME, true },
	{ "all EIO", { FAULT_ERROR, CALLS_ALL, EIO, 0 }, WITHIN, THE_SAME, true },
	{ "all EMFILE", { FAULT_ERROR, CALLS_ALL, EMFILE, 0 }, WITHIN, THE_SAME, true },
	{ "all short values", { FAULT_SHORT, CALLS_READING, 0, 0 }, WELL_FORMED, WELL_FORMED, false },
	{ "ENOENT", { FAULT_ERROR, CALLS_ALL, ENOENT, 1 }, WITHIN, WITHIN, false },
	{ "EIO", { FAULT_ERROR, CALLS_ALL, EIO, 1 }, WITHIN, THE_SAME, true },
	{ "EACCES", { FAULT_ERROR, CALLS_ALL, EACCES, 1 }, WITHIN, WITHIN, true },
	{ "ESRCH", { FAULT_ERROR, CALLS_ALL, ESRCH, 1 }, WITHIN, WITHIN, false },
	{ "ENODEV", { FAULT_ERROR, CALLS_ALL, ENODEV, 1 }, WITHIN, WITHIN, false },
	{ "ENOMEM", { FAULT_ERROR, CALLS_ALL, ENOMEM, 1 }, WITHIN, THE_SAME, true },
	{ "EMFILE", { FAULT_ERROR, CALLS_ALL, EMFILE, 1 }, WITHIN, THE_SAME, true },
	{ "EINTR", { FAULT_ERROR, CALLS_READING, EINTR, 1 }, THE_SAME, THE_SAME, true },
	{ "EINTR of any call", { FAULT_ERROR, CALLS_ALL, EINTR, 1 }, WITHIN, THE_SAME, true },
	{ "short", { FAULT_SHORT, CALLS_IN_PIECES, 0, 1 }, THE_SAME, THE_SAME, true },
	{ "short value", { FAULT_SHORT, CALLS_READING, 0, 1 }, WELL_FORMED, WELL_FORMED, false },
};

struct stage {
	struct trial trial; /* first */
	/* calls of each kind in the first and the second scrape */
	unsigned long calls[2][CALLS_IN_PIECES + 1];
};

/* One fault in one call. */
struct attempt {
	const struct plan *plan;
	struct fault fault;
	unsigned scrape;
	char call[512];
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

/* Counts the calls in the first and the second scrape of an engine. */
static bool count_calls(struct stage *stage)
{
	fault_forget();
	for (int calls = CALLS_ALL; calls <= CALLS_IN_PIECES; calls++) {
		struct fault none = { .kind = FAULT_NONE, .calls = (enum fault_calls)calls };
		struct instance instance;
		if (!instance_open(&instance, &stage->trial.scene.plan))
			return false;
		bool done = gather_with(&instance, none, &stage->calls[0][calls]) &&
			    gather_with(&instance, none, &stage->calls[1][calls]);
		instance_close(&instance);
		if (!done)
			return false;
	}
	return true;
}

/* ---- one fault ---- */

/* "openat proc/stat", relative to the tree of the case. */
static void name_call(const struct stage *stage, struct attempt *attempt)
{
	const char *call = fault_call(), *root = stage->trial.scene.root, *place = strstr(call, root);

	if (!attempt->fault.at)
		snprintf(attempt->call, sizeof(attempt->call), "all calls");
	else if (place)
		snprintf(attempt->call, sizeof(attempt->call), "%.*s%s", (int)(place - call), call,
			place[strlen(root)] ? place + strlen(root) + 1 : ".");
	else
		snprintf(attempt->call, sizeof(attempt->call), "%s", call);
}

static bool tell(struct stage *stage, const struct attempt *attempt, const char *what)
{
	findings_add(&stage->trial.findings, attempt->plan->name, "%s: %s%s", attempt->call, what,
		stage->trial.exposition.error);
	return false;
}

static bool excepted(struct stage *stage, const struct attempt *attempt, const char *what)
{
	return findings_excepted(&stage->trial.findings, attempt->plan->name, attempt->call, ng_span(what));
}

struct comparison {
	struct stage *stage;
	const struct attempt *attempt;
};

static bool is_compared(void *context, struct ng_span family)
{
	const struct comparison *comparison = context;

	return !family_is_own(family) && !findings_excepted(&comparison->stage->trial.findings,
						 comparison->attempt->plan->name, comparison->attempt->call, family);
}

/* Families that count what is missing: those of the engine and the container collector, and one of node_exporter. */
static bool counts_missing(struct ng_span name)
{
	return ng_span_starts(name, NG_SPAN("nodegauge_collector_dropped_")) ||
	       ng_span_starts(name, NG_SPAN("nodegauge_container_")) ||
	       ng_span_equal(name, NG_SPAN("node_filesystem_device_error"));
}

/*
 * The number of items that are reported as left out. A fault may hide items that would have been left out anyway, so
 * the count may also be lower than without it.
 */
static double sum_dropped(const struct exposition *exposition)
{
	double sum = 0;

	for (size_t i = 0; i < exposition->sample_count; i++) {
		if (counts_missing(exposition->sample[i].name))
			sum += exposition->sample[i].value;
	}
	return sum;
}

/* The textfile collector only has a flag, which may have been set before. */
static bool has_flag(const struct exposition *exposition)
{
	for (size_t i = 0; i < exposition->sample_count; i++) {
		if (ng_span_equal(exposition->sample[i].name, NG_SPAN("node_textfile_scrape_error")))
			return exposition->sample[i].value == 1;
	}
	return false;
}

static bool answer_is_within(
	struct stage *stage, struct instance *instance, const struct attempt *attempt, double dropped, bool counted)
{
	struct comparison comparison = { stage, attempt };
	size_t missing;

	if (!baseline_within(&stage->trial.baseline, &stage->trial.exposition, is_compared, &comparison, &missing))
		return tell(stage, attempt, "");
	if (!missing || !counted || instance_subject(instance).result < 0 ||
		sum_dropped(&stage->trial.exposition) > dropped || has_flag(&stage->trial.exposition) ||
		excepted(stage, attempt, "(uncounted)"))
		return true;
	snprintf(stage->trial.exposition.error, sizeof(stage->trial.exposition.error),
		"%zu series are left out and not counted", missing);
	return tell(stage, attempt, "");
}

static bool next_is_well(struct stage *stage, struct instance *instance, const struct attempt *attempt)
{
	struct comparison comparison = { stage, attempt };
	size_t missing;

	if (attempt->plan->next == THE_SAME)
		return baseline_repeats(&stage->trial.baseline, instance, &stage->trial.exposition) ||
		       excepted(stage, attempt, "(next)") || tell(stage, attempt, "the next one: ");
	if (instance_gather(instance) && instance_check(instance, &stage->trial.exposition) &&
		(attempt->plan->next == WELL_FORMED || stage->trial.baseline.result < 0 ||
			baseline_within(
				&stage->trial.baseline, &stage->trial.exposition, is_compared, &comparison, &missing)))
		return true;
	return tell(stage, attempt, "the next one: ");
}

static bool meet_fault(struct stage *stage, struct instance *instance, struct attempt *attempt)
{
	const struct plan *plan = attempt->plan;
	double dropped = 0;
	unsigned long calls;

	if (attempt->scrape == 1) {
		if (!baseline_repeats(&stage->trial.baseline, instance, &stage->trial.exposition))
			return tell(stage, attempt, "before: ");
		dropped = sum_dropped(&stage->trial.exposition);
	}
	if (!gather_with(instance, attempt->fault, &calls))
		return false;
	name_call(stage, attempt);
	if (!instance_check(instance, &stage->trial.exposition))
		return tell(stage, attempt, "");
	if (plan->now == THE_SAME && !baseline_same(&stage->trial.baseline, instance, &stage->trial.exposition))
		return tell(stage, attempt, "not the same: ");
	/* if the collector fails anyway, one file less may make it succeed */
	if (plan->now == WITHIN && stage->trial.baseline.result == 0 &&
		!answer_is_within(stage, instance, attempt, dropped, plan->counted))
		return false;
	return next_is_well(stage, instance, attempt);
}

/* Runs one engine that meets the fault in its first or its second scrape. */
static bool try_fault(struct stage *stage, struct attempt *attempt)
{
	size_t before = open_descriptors(), after;
	struct instance instance;

	if (!instance_open(&instance, &stage->trial.scene.plan))
		return test_fail("%s", instance.error);
	meet_fault(stage, &instance, attempt);
	instance_close(&instance);
	after = open_descriptors();
	if (after != before)
		findings_add(&stage->trial.findings, attempt->plan->name, "%s: %zu descriptors are open instead of %zu",
			attempt->call, after, before);
	return !test_failed();
}

/* ---- all faults ---- */

/* Each fault in each call of both scrapes has a number. */
static size_t count_faults(const struct stage *stage, const struct plan *plan, unsigned scrape)
{
	return plan->fault.at ? stage->calls[scrape][plan->fault.calls] : 1;
}

static bool try_number(struct trial *trial, size_t number)
{
	struct stage *stage = (struct stage *)(void *)trial;

	for (size_t i = 0; i < NG_COUNT(plans); i++) {
		for (unsigned scrape = 0; scrape < 2; scrape++) {
			struct fault fault = plans[i].fault;
			size_t count = count_faults(stage, &plans[i], scrape);
			if (number >= count) {
				number -= count;
				continue;
			}
			fault.at = fault.at ? number + 1 : 0;
			return try_fault(stage, &(struct attempt){ &plans[i], fault, scrape, "" });
		}
	}
	return false;
}

static void run(struct trial *trial)
{
	struct stage *stage = (struct stage *)(void *)trial;
	size_t count = 0;

	if (!count_calls(stage))
		return;
	for (size_t i = 0; i < NG_COUNT(plans); i++)
		count += count_faults(stage, &plans[i], 0) + count_faults(stage, &plans[i], 1);
	size_t tried = trial_numbers(trial, count, try_number);
	test_note("%zu of %zu faults, %lu calls in the first scrape, %lu in the next", tried, count,
		stage->calls[0][CALLS_ALL], stage->calls[1][CALLS_ALL]);
}

void mode_errno(const struct test_case *source)
{
	struct stage stage = { 0 };

	trial_run(&stage.trial, source, "errno", run);
}
