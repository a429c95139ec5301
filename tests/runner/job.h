/* SPDX-License-Identifier: Apache-2.0 */
/* Tests as processes: one that crashes or hangs is one that fails. */
#ifndef TESTS_JOB_H
#define TESTS_JOB_H

#include "runner.h"

struct job_counts {
	unsigned passed, failed, skipped;
};

void jobs_init(unsigned processes);
struct job_counts jobs_done(void);

/* Runs a mode on a case, on two, or on none, as soon as there is room; `share` is its time in nanoseconds. */
void jobs_start(const struct mode *mode, const struct test_case *a, const struct test_case *b, uint64_t share);

/* Until all have ended. */
void jobs_wait(void);

#endif
