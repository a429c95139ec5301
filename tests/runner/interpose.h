/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library's calls that ask the kernel, and its allocator, with us in between. The program defines the symbols
 * itself, so all of its objects and the libraries that it loads come here first.
 */
#ifndef TESTS_INTERPOSE_H
#define TESTS_INTERPOSE_H

#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,  /* only counts */
	FAULT_ERROR, /* the call fails with `error` */
	FAULT_SHORT, /* a reading gives one byte */
};

enum fault_calls {
	CALLS_ALL,
	CALLS_READING,   /* read, pread, recv and their kin */
	CALLS_IN_PIECES, /* readings of files that were read in pieces while FAULT_NONE was counting */
};

struct fault {
	enum fault_kind kind;
	enum fault_calls calls;
	int error;
	unsigned long at; /* which call, from 1; 0 for each of them */
			  /* with at 0 and EINTR: every other one, as the caller tries again */
};

/* From here on calls are counted and one of them, or all, meet the fault; in all threads. */
void fault_arm(struct fault fault);

/* Back to normal. Returns how many calls there were of the kind that was asked for. */
unsigned long fault_disarm(void);

/* The call that met the fault last, as "pread /proc/stat", links of descriptors followed; "" when none did. */
const char *fault_call(void);

/* Forgets which files were read in pieces. */
void fault_forget(void);

/* Counts what is allocated while it is on, in all threads. False in programs with a sanitizer, whose allocator stays.
 */
bool allocations_start(void);
unsigned long allocations_stop(void);

/* The same; allocation number `at`, from 1, fails. */
bool allocations_fail(unsigned long at);

#endif
