/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks and medians, in nanoseconds.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t clock_now(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void pause_for(long milliseconds)
{
	nanosleep(&(struct timespec){ .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 }, NULL);
}

static inline int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Sorts the values; `percent` of them are below the one that is returned. */
static inline uint64_t percentile(uint64_t *value, size_t count, size_t percent)
{
	qsort(value, count, sizeof(*value), by_size);
	return value[count * percent / 100];
}

#endif
