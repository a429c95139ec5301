/* SPDX-License-Identifier: Apache-2.0 */
/* What sampling/ keeps of each group. */
#ifndef CONTAINER_SAMPLING_PART_H
#define CONTAINER_SAMPLING_PART_H

#include "stats/values.h"

/* The shares of the last rounds of the sampler, in 1/10000; see sampler.c. */
enum { CONTAINER_ROUNDS = 60, CONTAINER_SHARES = 2 * CONTAINER_RESOURCES };
struct container_peaks {
	uint32_t round; /* that was written last */
	uint16_t share[CONTAINER_ROUNDS][CONTAINER_SHARES];
};

struct container_sampled {
	struct container_peaks *peaks;          /* malloc; NULL: nothing in the last minute */
	uint64_t total[CONTAINER_RESOURCES][2]; /* us, when sampled last */
	int fd_plus_1[CONTAINER_RESOURCES];     /* kept open; 0: not */
	bool primed;                            /* `total` is filled in */
};

#endif
