/* SPDX-License-Identifier: Apache-2.0 */
/* The tree between scrapes: cgroups that are added, removed or emptied. */
#ifndef CONTAINER_FOLLOW_H
#define CONTAINER_FOLLOW_H

#include "model.h"

struct container_follow {
	struct container_census census;
	struct ng_cgroup *young;        /* the most recently added young cgroup */
	uint64_t most_rows;             /* the most rows since memory was last returned to the system */
	uint64_t trim_next, trim_pause; /* when it is returned again, and how long after that; a pause of 0: never */
	uint64_t looks_until;           /* rate limiter: when the granted updates are paid off */
	bool listing_failed;
	bool incomplete; /* there was no memory for the row of some cgroup */
};

struct container;

/* Opens the tree, with hooks for cgroups that are added, removed, emptied, or lose a process to the OOM killer. */
int container_follow_open(
	struct container *state, struct ng_setup *setup, uint64_t limit, uint64_t descriptors, bool watch);

/* For a scrape: brings the whole tree up to date and creates rows for which there was no memory earlier. */
int container_follow_all(struct ng_scrape *scrape, struct container *state);

/* Creates the rows for which there was no memory when their cgroups were added. */
void container_complete(struct ng_scrape *scrape, struct container *state);

/* Between scrapes: follows the tree, samples pressure, looks for names. */
void container_tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait);

#endif
