/* SPDX-License-Identifier: Apache-2.0 */
/* Reads cgroups of v1, for read.c. */
#ifndef CONTAINER_V1_H
#define CONTAINER_V1_H

#include "stats/read.h"

/* memory.failcnt and memory.oom_control. */
void container_read_events_v1(struct ng_scrape *scrape, int directory, struct container_values *values);

/* See container_read_counters, and container_read. */
int container_read_counters_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io);
int container_read_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures);

#endif
