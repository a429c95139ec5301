/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own pressure triggers, for the node: see triggers.c. */
#ifndef CONTAINER_TRIGGERS_H
#define CONTAINER_TRIGGERS_H

#include "stats/psi.h"

#include <nodegauge/collector.h>

struct container_triggers {
	bool wanted;
	int fd_plus_1[CONTAINER_RESOURCES];
	uint64_t armed_at[CONTAINER_RESOURCES];
	uint64_t since[CONTAINER_RESOURCES]; /* total in us that an event has to exceed: of the last event, or before */
	uint64_t total[CONTAINER_RESOURCES]; /* what it will be next */
	uint64_t total_at[CONTAINER_RESOURCES];
	uint64_t events[CONTAINER_RESOURCES];
};

/* Opened once; without an effect where the kernel refuses. */
void container_triggers_open(struct ng_scrape *scrape, struct container_triggers *triggers, uint64_t now);
void container_triggers_close(struct container_triggers *triggers);

/* Between scrapes: what to wait for, and what came of it. */
void container_triggers_wait(const struct container_triggers *triggers, struct ng_wait *wait);
void container_triggers_take(struct container_triggers *triggers, const struct ng_wait *wait);

/* The node's total of a resource, as of now. */
void container_triggers_advance(struct container_triggers *triggers, size_t which, uint64_t total, uint64_t now);

#endif
