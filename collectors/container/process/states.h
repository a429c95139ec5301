/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a cgroup's tasks: see states.c. */
#ifndef CONTAINER_STATES_H
#define CONTAINER_STATES_H

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

enum { CONTAINER_STATES = 4 };
struct container_states {
	uint64_t count[CONTAINER_STATES + 1]; /* running, sleeping, stopped, uninterruptible; others */
	double load, blocked;                 /* smoothed numbers of running and uninterruptible tasks */
	uint64_t counted_at;                  /* CLOCK_MONOTONIC ns */
	uint64_t file_limit;                  /* of its first process */
	bool known, has_limit, unlimited;
};

/* Reads them into the row of the cgroup. `now` is CLOCK_MONOTONIC. */
void container_read_states(
	struct ng_scrape *scrape, const struct ng_cgroups *cgroups, struct ng_cgroup *group, uint64_t now);

#endif
