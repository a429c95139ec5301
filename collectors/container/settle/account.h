/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts of pods: usage of their containers that were removed before they could be read. See account.c.
 *
 * An account is opened with the cgroup of a pod and closed with it. It is settled after a child is removed, by the tick
 * and before a scrape reads its rows.
 */
#ifndef CONTAINER_ACCOUNT_H
#define CONTAINER_ACCOUNT_H

#include "settle/part.h"
#include "stats/values.h"

/* The settled counters, in this order; times in ns. */
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
	struct container_account *next; /* in the list of accounts to be settled */
	bool listed;
	bool based;                    /* `known` is set: it includes what the pod had counted before we knew it */
	bool no_io;                    /* at the last settlement the I/O of some cgroup was unknown */
	bool incomplete;               /* out of memory for `missing_counts` */
	uint32_t missing;              /* children removed since */
	uint32_t unread;               /* those of them that were not read after their end */
	struct container_counts known; /* usage of all removed children */
	struct container_counts missing_counts; /* what was read of the missing children */
	uint64_t lost[CONTAINER_LOST_VALUES];
	uint64_t lost_events; /* of the tree, at the last settlement */
	unsigned failures;    /* failed attempts since the last settlement */
	uint64_t again;       /* earliest next attempt; CLOCK_MONOTONIC ns */
};

/* Buffers for settling, kept for the next time. */
struct container_settling {
	struct container_counts sum[2], total;
	struct container_figures figures;
};

/* ---- sums.c ---- */

/* a - b, or 0 */
uint64_t container_less(uint64_t a, uint64_t b);

/* One of the counters of a device. */
uint64_t *container_device_value(struct container_device *device, size_t which);

void container_counts_clear(struct container_counts *counts);
void container_counts_done(struct container_counts *counts);
int container_counts_add(struct container_counts *sum, struct container_figures *figures);
int container_counts_add_devices(struct container_devices *sum, struct container_devices *more);
bool container_counts_same(const struct container_counts *a, const struct container_counts *b);

/* total -= part, clamped at zero. */
void container_counts_take(struct container_counts *total, const struct container_counts *part);

#endif
