/* SPDX-License-Identifier: Apache-2.0 */
/* Tests as processes: a crash or a hang is a failure. */
#ifndef TESTS_JOB_H
#define TESTS_JOB_H

#include "runner.h"

struct job_counts {
	unsigned passed, failed, skipped;
};

void jobs_init(unsigned processes);
struct job_counts jobs_done(void);

/* Runs a mode on one case, on two, or on none, as soon as a slot is free; `share` is its time in nanoseconds. */
void jobs_start(const struct mode *mode, const struct test_case *a, const struct test_case *b, uint64_t share);

/* Waits until all have ended. */
void jobs_wait(void);

#endif
