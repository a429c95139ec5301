/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine gives when nothing goes wrong, to compare with. */
#ifndef TESTS_BASELINE_H
#define TESTS_BASELINE_H

#include "instance.h"

struct baseline {
	char *text;
	struct exposition exposition;
	int result; /* of the collector in question */
};

/* Gathers twice: a value that changes in between will not be compared. Fails the test when the answers are bad. */
bool baseline_take(struct baseline *baseline, struct instance *instance);
void baseline_done(struct baseline *baseline);

/* Compares the last answer, which the exposition was read from. */
bool baseline_same(const struct baseline *baseline, struct instance *instance, struct exposition *actual);

/* Gathers, checks the answer and compares. False with actual->error. */
bool baseline_repeats(const struct baseline *baseline, struct instance *instance, struct exposition *actual);

#endif
