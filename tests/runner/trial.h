/* SPDX-License-Identifier: Apache-2.0 */
/* A case in which one thing after another fails: its output without a fault, and the findings with one. */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include "baseline.h"
#include "findings.h"

struct trial {
	void (*starting)(bool begins); /* see struct instance_plan; NULL or set by the caller */
	struct scene scene;
	struct baseline baseline;
	struct exposition exposition; /* of the response being checked */
	struct findings findings;
};

/* Takes the baseline of the case and calls `run`; does nothing if the case is about a failing start. */
void trial_run(struct trial *trial, const struct test_case *source, const char *mode, void (*run)(struct trial *trial));

/* Tries the numbers below `count`, spread evenly, while there is time and none fails. Returns how many were tried. */
size_t trial_numbers(struct trial *trial, size_t count, bool (*try_number)(struct trial *trial, size_t number));

#endif
