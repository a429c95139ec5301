/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intercepts the C library's system calls and its allocator. The program defines the symbols itself, so calls from all
 * its objects and from the libraries that it loads arrive here first.
 */
#ifndef TESTS_INTERPOSE_H
#define TESTS_INTERPOSE_H

#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,  /* only counts */
	FAULT_ERROR, /* the call fails with `error` */
	FAULT_SHORT, /* a read returns one byte */
};

enum fault_calls {
	CALLS_ALL,
	CALLS_READING,   /* read, pread, recv and their relatives */
	CALLS_IN_PIECES, /* reads of files that were read in pieces while FAULT_NONE was counting */
};

struct fault {
	enum fault_kind kind;
	enum fault_calls calls;
	int error;
	unsigned long at; /* which call, from 1; 0 for all of them */
			  /* with at 0 and EINTR: every other one, because callers retry */
};

/* From here on calls are counted, and one or all of them meet the fault; in all threads. */
void fault_arm(struct fault fault);

/* Back to normal. Returns the number of calls of the requested kind. */
unsigned long fault_disarm(void);

/* The last call that met the fault, such as "pread /proc/stat", with descriptor links resolved; "" if none did. */
const char *fault_call(void);

/* Forgets which files were read in pieces. */
void fault_forget(void);

/* Counts allocations while it is on, in all threads. False in programs with a sanitizer, which keep its allocator. */
bool allocations_start(void);
unsigned long allocations_stop(void);

/* The same; allocation number `at`, from 1, fails. */
bool allocations_fail(unsigned long at);

#endif
