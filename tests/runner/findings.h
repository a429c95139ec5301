/* SPDX-License-Identifier: Apache-2.0 */
/* Problems found by injecting faults: each kind once, without the exceptions in faults.tsv. */
#ifndef TESTS_FINDINGS_H
#define TESTS_FINDINGS_H

#include "runner.h"

/* One row of faults.tsv. */
struct exception {
	const char *faults, *call, *family;
};

struct finding {
	char *faults; /* the faults that revealed it, separated by commas */
	char *text, *kind;
};

struct findings {
	struct finding *finding;
	size_t count;
	char *rows; /* the text of faults.tsv */
	struct exception *exception;
	size_t exception_count;
};

/* Reads the exceptions for the case and for its collector. False, with the test failed, if the file is invalid. */
bool findings_init(struct findings *findings, const struct test_case *source);

/* Prints all findings; fails the test if there are any. */
void findings_done(struct findings *findings, const char *mode, const struct test_case *source);

/* Records a finding if it is the first of its kind, otherwise only the fault: numbers make no difference. */
void findings_add(struct findings *findings, const char *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Whether a fault in a call may change a family. The family "(uncounted)" stands for series that are left out without
 * being counted, "(next)" for what is missing in the next response.
 */
bool findings_excepted(const struct findings *findings, const char *fault, const char *call, struct ng_span family);

#endif
