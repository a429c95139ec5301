/* SPDX-License-Identifier: Apache-2.0 */
/* The output of an engine without any fault, for comparison. */
#ifndef TESTS_BASELINE_H
#define TESTS_BASELINE_H

#include "instance.h"

struct baseline {
	const struct instance_plan *plan;
	char *text;
	struct exposition exposition;
	int result; /* of the collector under test */
};

/*
 * Gathers twice: a value that changes in between will not be compared. Fails the test if a response is bad. Borrows the
 * plan that the instance was made from.
 */
bool baseline_take(struct baseline *baseline, struct instance *instance, const struct instance_plan *plan);
void baseline_done(struct baseline *baseline);

/*
 * Compares the last response, from which the exposition was read. If they differ, the output of a new engine decides
 * whether the machine itself has changed.
 */
bool baseline_same(struct baseline *baseline, struct instance *instance, struct exposition *actual);

/*
 * Whether each series of the last response is unchanged; others may be missing. `wanted` selects the families.
 * Differences are in actual->error.
 */
bool baseline_within(
	struct baseline *baseline, struct exposition *actual, prom_wanted *wanted, void *context, size_t *ret_missing);

/* Gathers, checks the response and compares. On failure returns false with actual->error. */
bool baseline_repeats(struct baseline *baseline, struct instance *instance, struct exposition *actual);

#endif
