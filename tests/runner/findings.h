/* SPDX-License-Identifier: Apache-2.0 */
/* What faults brought to light: each kind once, less the exceptions of faults.tsv. */
#ifndef TESTS_FINDINGS_H
#define TESTS_FINDINGS_H

#include "runner.h"

/* One row of faults.tsv. */
struct exception {
	const char *faults, *call, *family;
};

struct finding {
	char *faults; /* that showed it, separated by commas */
	char *text, *kind;
};

struct findings {
	struct finding *finding;
	size_t count;
	char *rows; /* the text of faults.tsv */
	struct exception *exception;
	size_t exception_count;
};

/* Reads the exceptions of the case and of its collector. False, and the test has failed, when the file is wrong. */
bool findings_init(struct findings *findings, const struct test_case *source);

/* Prints all of them, fails the test when there are any. */
void findings_done(struct findings *findings, const char *mode, const struct test_case *source);

/* Keeps a finding when it is the first of its kind, else the fault alone: numbers make no difference. */
void findings_add(struct findings *findings, const char *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Whether a fault at a call may change a family. The family "(uncounted)" stands for series that are left out without
 * being counted, "(next)" for what is missing in the next answer.
 */
bool findings_excepted(const struct findings *findings, const char *fault, const char *call, struct ng_span family);

#endif
