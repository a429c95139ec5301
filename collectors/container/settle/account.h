/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts of pods: what their containers used that were removed before they could be read. See account.c.
 *
 * An account is opened with the group of a pod and closed with it. It is settled when a child has gone, by the tick and
 * before a scrape's rows are read.
 */
#ifndef CONTAINER_ACCOUNT_H
#define CONTAINER_ACCOUNT_H

#include "settle/part.h"
#include "stats/values.h"

/* What is settled, in this order; times in ns. */
enum {
	COUNT_USAGE,
	COUNT_USER,
	COUNT_SYSTEM,
	COUNT_EVENTS, /* low, high, max, oom */
	COUNT_OOM_KILL = COUNT_EVENTS + 4,
	COUNT_OOM_GROUP_KILL,
	CONTAINER_COUNTS,
	CONTAINER_DEVICE_COUNTS = 4,
};
extern const uint8_t container_count_values[CONTAINER_COUNTS]; /* enum container_value */
struct container_counts {
	uint64_t value[CONTAINER_COUNTS];
	struct container_devices devices;
};

struct container_account {
	struct ng_cgroup *pod;
	struct container_account *next; /* of those that are to be settled */
	bool listed;
	bool based;                    /* `known` is filled in: what the pod had counted before we knew it is in it */
	bool no_io;                    /* when it was settled last the I/O of some group was not known */
	bool incomplete;               /* there was no memory for `missing_counts` */
	uint32_t missing;              /* children that have gone since */
	uint32_t unread;               /* of these, those whose end was not read */
	struct container_counts known; /* what all children used that have gone */
	struct container_counts missing_counts; /* what was read of the missing ones */
	uint64_t lost[CONTAINER_LOST_VALUES];
	uint64_t lost_events; /* of the tree, when settled last */
	unsigned failures;    /* to settle it, since it was */
	uint64_t again;       /* not before; CLOCK_MONOTONIC ns */
};

/* What settling needs, kept for the next time. */
struct container_settling {
	struct container_counts sum[2], total;
	struct container_figures figures;
};

/* ---- sums.c ---- */

/* a - b, or 0 */
uint64_t container_less(uint64_t a, uint64_t b);

/* The counters of a device, one by one. */
uint64_t *container_device_value(struct container_device *device, size_t which);

void container_counts_clear(struct container_counts *counts);
void container_counts_done(struct container_counts *counts);
int container_counts_add(struct container_counts *sum, struct container_figures *figures);
int container_counts_add_devices(struct container_devices *sum, struct container_devices *more);
bool container_counts_same(const struct container_counts *a, const struct container_counts *b);

/* total -= part, and nothing below zero. */
void container_counts_take(struct container_counts *total, const struct container_counts *part);

#endif
