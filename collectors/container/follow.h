/* SPDX-License-Identifier: Apache-2.0 */
/* The tree between scrapes: groups come, go, end. */
#ifndef CONTAINER_FOLLOW_H
#define CONTAINER_FOLLOW_H

#include "model.h"

struct container_follow {
	struct container_census census;
	struct ng_cgroup *young; /* the latest of them */
	uint64_t most_rows;      /* since memory was given back */
	bool leaving_kept;       /* rows that were leaving then: it is given back once more when they have left */
	uint64_t looks_until;    /* when the looks at the tree that were taken would be over, one after the other */
	bool listing_failed;
	bool incomplete; /* there was no memory for the row of a group */
};

struct container;

/* The tree, and what is done when groups come, go, end, or lose a process to the OOM killer. */
int container_follow_open(
	struct container *state, struct ng_setup *setup, uint64_t limit, uint64_t descriptors, bool watch);

/* For a scrape: the whole tree is up to date, and has the rows for which there was no memory when groups were added. */
int container_follow_all(struct ng_scrape *scrape, struct container *state);

/* Makes the rows for which there was no memory when their groups were added. */
void container_complete(struct ng_scrape *scrape, struct container *state);

/* Between scrapes: follows the tree, samples pressure, looks for names. */
void container_tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait);

#endif
