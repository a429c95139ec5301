/* SPDX-License-Identifier: Apache-2.0 */
/* What no single group tells, but several together: usage of removed containers, kills, and what weights came from. */
#ifndef CONTAINER_SETTLE_H
#define CONTAINER_SETTLE_H

#include "settle/account.h"

#include "kernel/cgroups.h"

struct container_model;
struct container_reader;
struct container_row;

/* OOM kills on v1: see kills.c. */
struct container_node_kills {
	bool based;      /* the others are filled in */
	bool open;       /* a container has gone since */
	uint64_t node;   /* /proc/vmstat, when settled last */
	uint64_t gone;   /* of containers that have gone */
	uint64_t others; /* of no group that is known */
};

struct container_settlement {
	struct ng_cgroups *cgroups; /* borrowed, as what follows */
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

/* One was told of that nobody saw; `row` is among those that leave, or NULL. */
void container_account_missed(
	struct container_settlement *settlement, struct ng_cgroup *pod, struct container_row *row);

/* Settles what can be; of pods from which nothing is missing only where `all` is set. */
void container_accounts_settle(struct ng_scrape *scrape, struct container_settlement *settlement, bool all);

/* When to try next; UINT64_MAX for nothing to do. */
uint64_t container_accounts_next(const struct container_settlement *settlement);

void container_accounts_done(struct container_settlement *settlement);

/* ---- kills.c ---- */

/* The group has gone, and its row is about to leave. */
void container_kills_gone(struct container_settlement *settlement, struct container_row *row);
void container_kills_settle(struct ng_scrape *scrape, struct container_settlement *settlement);

/* ---- shares.c ---- */

/*
 * After the groups were read: which conversion their weights came from, where one of them changed. `*changed` stays
 * where `complete` is not set, as it is known then that some weight is missing, or where one could not be read.
 */
void container_shares_settle(struct ng_cgroups *cgroups, bool complete, bool *changed);

#endif
