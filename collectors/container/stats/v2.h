/* SPDX-License-Identifier: Apache-2.0 */
/* Reads cgroups of v2, for read.c; and v2 files of controllers that are not mounted as v1, for v1.c. */
#ifndef CONTAINER_V2_H
#define CONTAINER_V2_H

#include "stats/read.h"

/* Returns the error of reading cpu.stat. */
int container_read_cpu(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values);

/* `root`: this is the root, which has no memory.current. */
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
