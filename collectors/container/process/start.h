/* SPDX-License-Identifier: Apache-2.0 */
/* The start time of a cgroup that existed before us: see start.c. */
#ifndef CONTAINER_START_H
#define CONTAINER_START_H

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

struct container_starts {
	const struct ng_cgroups *cgroups; /* borrowed, like the following */
	const char *logs, *pod_logs;
	uint64_t booted; /* CLOCK_REALTIME ns; 0: unknown */
};

/* VALUE_STARTED of a cgroup that existed before us: other evidence may be older than the timestamp of its directory. */
void container_find_start(struct ng_scrape *scrape, struct container_starts *starts, struct ng_cgroup *group);

#endif
