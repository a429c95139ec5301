/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one cgroup into its row, during a scrape or between scrapes. */
#ifndef CONTAINER_GROUP_H
#define CONTAINER_GROUP_H

#include "model.h"
#include "process/start.h"
#include "stats/read.h"

/* Limits are read once a minute. Errors are those of container_read. `now` is CLOCK_MONOTONIC. */
int container_read_row(struct ng_scrape *scrape, struct container_reader *reader, struct container_starts *starts,
	struct ng_cgroup *group, uint64_t now);

#endif
