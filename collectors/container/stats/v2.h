/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of cgroup v2, for read.c; and files of v2 of a controller that v1 was not given, for v1.c. */
#ifndef CONTAINER_V2_H
#define CONTAINER_V2_H

#include "stats/read.h"

/* What kept cpu.stat from being read. */
int container_read_cpu(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values);

/* `root`: of the root, which has no memory.current. */
void container_read_memory(struct ng_scrape *scrape, struct container_reader *reader, int directory, bool root,
	struct container_values *values);
void container_read_cpu_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures);
void container_read_memory_limits(struct ng_scrape *scrape, int directory, struct container_figures *figures);

/* memory.events, and memory.events.local. */
void container_read_events_v2(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values);
int container_read_own_events_v2(struct ng_scrape *scrape, int directory, struct container_values *values);

/* See container_read_counters, and container_read. */
int container_read_counters_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io);
int container_read_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures);

#endif
