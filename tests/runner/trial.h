/* SPDX-License-Identifier: Apache-2.0 */
/* A case in which something fails in turn: what it gives without a fault, and what was found with one. */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include "baseline.h"
#include "findings.h"

struct trial {
	void (*starting)(bool begins); /* see struct instance_plan; NULL or set by the caller */
	struct scene scene;
	struct baseline baseline;
	struct exposition exposition; /* of the answer that is being judged */
	struct findings findings;
};

/* Takes the baseline of the case and calls `run`; does nothing more where the case is about a start that fails. */
void trial_run(struct trial *trial, const struct test_case *source, const char *mode, void (*run)(struct trial *trial));

/* Tries the numbers below `count`, spread evenly, while there is time and none fails. Returns how many were tried. */
size_t trial_numbers(struct trial *trial, size_t count, bool (*try_number)(struct trial *trial, size_t number));

#endif
