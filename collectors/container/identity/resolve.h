/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the names of pods and containers: see resolve.c. */
#ifndef CONTAINER_RESOLVE_H
#define CONTAINER_RESOLVE_H

#include "identity/names.h"

#include "kernel/cgroups.h"

struct container_model;

enum { CONTAINER_WAITING_ROOM = 400 };
struct container_resolver {
	struct ng_cgroups *cgroups; /* borrowed, as the model */
	struct container_model *model;
	struct container_names names;
	struct ng_list oci_states;
	uint64_t wanted;   /* rows whose names are wanted */
	uint64_t doubtful; /* rows that are taken for sandboxes, or shown without names that may come */
	uint64_t again;    /* when they may be looked for next */
	uint64_t unresolved[CONTAINER_MISSING_REASONS];
	char waiting[CONTAINER_WAITING_ROOM]; /* the path of one that has waited long for its names, and why; "" for
						 none */
};

/* Looks for the names that are wanted; the log directories are read only when they have changed. */
void container_resolve(struct ng_scrape *scrape, struct container_resolver *resolver);

/* Has the log say whose names are missing. */
void container_note_waiting(struct ng_scrape *scrape, const struct container_resolver *resolver);

#endif
