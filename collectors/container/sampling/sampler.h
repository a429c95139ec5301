/* SPDX-License-Identifier: Apache-2.0 */
/* Samples pressure between scrapes: see sampler.c. */
#ifndef CONTAINER_SAMPLER_H
#define CONTAINER_SAMPLER_H

#include "sampling/part.h"
#include "sampling/triggers.h"

#include "kernel/cgroups.h"

enum { CONTAINER_BUCKETS = 7 };
struct container_sampler {
	struct ng_cgroups *cgroups; /* borrowed */
	uint64_t interval;          /* ns; 0: off */
	uint64_t budget;            /* number of files that may be kept open */
	uint32_t kept_rounds;       /* number of rounds in a minute */
	uint32_t round;             /* 0: not yet */
	uint64_t last, next;
	struct ng_file node[CONTAINER_RESOURCES];
	uint64_t total[CONTAINER_RESOURCES][2];
	bool node_primed, has_node;
	struct container_peaks peaks;
	uint64_t bucket[CONTAINER_SHARES][CONTAINER_BUCKETS + 1];
	uint64_t sum[CONTAINER_SHARES]; /* of the shares, in 1/10000 */
	uint64_t cpu_ns, rounds, reads, kept;
};

/* Runs one round; also passes the node's totals to the triggers. */
void container_sample(
	struct ng_scrape *scrape, struct container_sampler *sampler, struct container_triggers *triggers, uint64_t now);

/* The largest shares of the last minute, in 1/10000. */
void container_peaks_of(const struct container_peaks *peaks, const struct container_sampler *sampler,
	uint16_t ret_peak[CONTAINER_SHARES]);

/* Call when the cgroup is removed. */
void container_sampled_done(struct container_sampler *sampler, struct container_sampled *sampled);

#endif
