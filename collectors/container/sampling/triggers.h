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
	uint64_t since[CONTAINER_RESOURCES]; /* total in us that an event must exceed: at the last event, or earlier */
	uint64_t total[CONTAINER_RESOURCES]; /* the next value of `since` */
	uint64_t total_at[CONTAINER_RESOURCES];
	uint64_t events[CONTAINER_RESOURCES];
};

/* Opens the triggers once; has no effect if the kernel refuses. */
void container_triggers_open(struct ng_scrape *scrape, struct container_triggers *triggers, uint64_t now);
void container_triggers_close(struct container_triggers *triggers);

/* Between scrapes: adds the descriptors to wait for, and handles their events. */
void container_triggers_wait(const struct container_triggers *triggers, struct ng_wait *wait);
void container_triggers_take(struct container_triggers *triggers, const struct ng_wait *wait);

/* Passes the node's current total of a resource. */
void container_triggers_advance(struct container_triggers *triggers, size_t which, uint64_t total, uint64_t now);

#endif
