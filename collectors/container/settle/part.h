/* SPDX-License-Identifier: Apache-2.0 */
/* Per-cgroup data of settle/. */
#ifndef CONTAINER_SETTLE_PART_H
#define CONTAINER_SETTLE_PART_H

#include <stdint.h>

/* Why the figures of a container are incomplete. */
enum container_lost {
	CONTAINER_LOST_TOGETHER,  /* other containers of its pod were removed at the same time */
	CONTAINER_LOST_POD_GONE,  /* its pod was removed before the account was settled */
	CONTAINER_LOST_NO_POD,    /* it was in no pod, and was removed before its final values were read */
	CONTAINER_LOST_UNWATCHED, /* it was never seen, or other containers may have been missed */
	CONTAINER_LOST_REASONS,
};

/* Reported for the pod, because it cannot be attributed to one container. */
enum container_lost_value {
	CONTAINER_LOST_CPU, /* ns */
	CONTAINER_LOST_KILLS,
	CONTAINER_LOST_READ,
	CONTAINER_LOST_WRITTEN,
	CONTAINER_LOST_VALUES,
};

struct container_account;

struct container_settled {
	struct container_account *account; /* of a pod; malloc */
	uint64_t *counts;                  /* of a child of a pod, at the last settlement; malloc */
	uint8_t conversion_plus_1;         /* of a pod: the conversion that its containers' weights indicate; 0: none */
};

#endif
