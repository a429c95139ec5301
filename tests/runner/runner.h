/* SPDX-License-Identifier: Apache-2.0 */
/* The cases, and what is done with each of them. */
#ifndef TESTS_RUNNER_H
#define TESTS_RUNNER_H

#include "scene.h"

/* ---- the running test, in a process of its own ---- */

/* Fails the test; only the first reason is kept. Returns false. */
bool test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool test_failed(void);

/* Text to print after "ok". */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports the test as "skip". */
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether there is time left in this test's share of its mode's time. */
bool test_has_time(void);

/*
 * Iterates over 0..count-1 in an order that covers the whole range evenly at any time, so that the part that there is
 * no time for is spread evenly too: index = spread(i, count).
 */
size_t spread(size_t i, size_t count);

/* ---- modes ---- */

struct mode {
	const char *name;
	void (*run)(const struct test_case *); /* for each case */
	/* for each pair of neighbouring cases of a collector */
	void (*run_pair)(const struct test_case *, const struct test_case *);
	void (*run_once)(void);
	bool thorough; /* limited by time */
};

void mode_self(void);
void mode_cases(const struct test_case *source);
void mode_prefix(const struct test_case *source);
void mode_vanish(const struct test_case *source);
void mode_twice(const struct test_case *a, const struct test_case *b);
void mode_allocations(const struct test_case *source);
void mode_allocations_live(void);
void mode_errno(const struct test_case *source);
void mode_memory(const struct test_case *source);

#endif
