/* SPDX-License-Identifier: Apache-2.0 */
/* What settle/ keeps of each group. */
#ifndef CONTAINER_SETTLE_PART_H
#define CONTAINER_SETTLE_PART_H

#include <stdint.h>

/* Why figures of a container are not complete. */
enum container_lost {
	CONTAINER_LOST_TOGETHER,  /* others of its pod went at the same time */
	CONTAINER_LOST_POD_GONE,  /* its pod went before the account was settled */
	CONTAINER_LOST_NO_POD,    /* it was in none, and went before its end was read */
	CONTAINER_LOST_UNWATCHED, /* it was never seen, or others may not have been */
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
	uint64_t *counts;                  /* of a child of a pod, when its account was settled; malloc */
	uint8_t conversion_plus_1;         /* of a pod: what its containers' weights show; 0: nothing */
};

#endif
