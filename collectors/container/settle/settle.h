/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts that only several cgroups together tell: usage of removed containers, OOM kills, and where CPU weights came
 * from.
 */
#ifndef CONTAINER_SETTLE_H
#define CONTAINER_SETTLE_H

#include "settle/account.h"

#include "kernel/cgroups.h"

struct container_model;
struct container_reader;
struct container_row;

/* OOM kills on v1: see kills.c. */
struct container_node_kills {
	bool based;      /* `others` is set */
	bool open;       /* a container has been removed since */
	uint64_t node;   /* from /proc/vmstat, at the last settlement */
	uint64_t gone;   /* of removed containers */
	uint64_t others; /* not in any known cgroup */
};

struct container_settlement {
	struct ng_cgroups *cgroups; /* borrowed, like the following */
	struct container_reader *reader;
	struct container_model *model;
	struct container_account *accounts; /* to be settled */
	struct container_settling settling;
	struct container_node_kills kills;
	uint64_t lost[CONTAINER_LOST_REASONS];
};

/* ---- account.c ---- */

void container_account_open(struct container_settlement *settlement, struct ng_cgroup *pod);
void container_account_close(struct container_settlement *settlement, struct ng_cgroup *pod);

/* A child of a pod is about to be dropped; its row, if any, is about to leave. */
void container_account_gone(struct container_settlement *settlement, struct ng_cgroup *child);

/* A child was reported that nobody has seen; `row` is in the list of leaving rows, or NULL. */
void container_account_missed(
	struct container_settlement *settlement, struct ng_cgroup *pod, struct container_row *row);

/* Settles the accounts that can be settled; pods from which nothing is missing only if `all` is set. */
void container_accounts_settle(struct ng_scrape *scrape, struct container_settlement *settlement, bool all);

/* When to try next; UINT64_MAX if there is nothing to do. */
uint64_t container_accounts_next(const struct container_settlement *settlement);

void container_accounts_done(struct container_settlement *settlement);

/* ---- kills.c ---- */

/* The cgroup is gone, and its row is about to leave. */
void container_kills_gone(struct container_settlement *settlement, struct container_row *row);
void container_kills_settle(struct ng_scrape *scrape, struct container_settlement *settlement);

/* ---- shares.c ---- */

/*
 * After the cgroups have been read: determines which conversion their weights came from, if one has changed. `*changed`
 * is left set if `complete` is false, which means that some weight is known to be missing, or if a weight could not be
 * read.
 */
void container_shares_settle(struct ng_cgroups *cgroups, bool complete, bool *changed);

#endif
