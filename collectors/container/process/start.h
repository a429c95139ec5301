/* SPDX-License-Identifier: Apache-2.0 */
/* When a group began that was there before us: see start.c. */
#ifndef CONTAINER_START_H
#define CONTAINER_START_H

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

struct container_starts {
	const struct ng_cgroups *cgroups; /* borrowed, as what follows */
	const char *logs, *pod_logs;
	uint64_t booted; /* CLOCK_REALTIME ns; 0: not known */
};

/* VALUE_STARTED of a group that was there before us: what else there is may be earlier than the time of its directory.
 */
void container_find_start(struct ng_scrape *scrape, struct container_starts *starts, struct ng_cgroup *group);

#endif
