/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine gives when nothing goes wrong, to compare with. */
#ifndef TESTS_BASELINE_H
#define TESTS_BASELINE_H

#include "instance.h"

struct baseline {
	const struct instance_plan *plan;
	char *text;
	struct exposition exposition;
	int result; /* of the collector in question */
};

/*
 * Gathers twice: a value that changes in between will not be compared. Fails the test when the answers are bad. Borrows
 * the plan that the instance was made from.
 */
bool baseline_take(struct baseline *baseline, struct instance *instance, const struct instance_plan *plan);
void baseline_done(struct baseline *baseline);

/*
 * Compares the last answer, which the exposition was read from. Where it differs, what a new engine gives decides
 * whether it is the machine that changed.
 */
bool baseline_same(struct baseline *baseline, struct instance *instance, struct exposition *actual);

/*
 * Whether each series of the last answer is as it was; others may be missing. `wanted` chooses the families.
 * Differences stand in actual->error.
 */
bool baseline_within(
	struct baseline *baseline, struct exposition *actual, prom_wanted *wanted, void *context, size_t *ret_missing);

/* Gathers, checks the answer and compares. False with actual->error. */
bool baseline_repeats(struct baseline *baseline, struct instance *instance, struct exposition *actual);

#endif
