/* SPDX-License-Identifier: Apache-2.0 */
/* Per-cgroup data of sampling/. */
#ifndef CONTAINER_SAMPLING_PART_H
#define CONTAINER_SAMPLING_PART_H

#include "stats/values.h"

/* The shares of the sampler's last rounds, in 1/10000; see sampler.c. */
enum { CONTAINER_ROUNDS = 60, CONTAINER_SHARES = 2 * CONTAINER_RESOURCES };
struct container_peaks {
	uint32_t round; /* the last round written */
	uint16_t share[CONTAINER_ROUNDS][CONTAINER_SHARES];
};

struct container_sampled {
	struct container_peaks *peaks;          /* malloc; NULL: nothing in the last minute */
	uint64_t total[CONTAINER_RESOURCES][2]; /* in us, when last sampled */
	int fd_plus_1[CONTAINER_RESOURCES];     /* kept open; 0: none */
	bool primed;                            /* `total` is filled in */
};

#endif
