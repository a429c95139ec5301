/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the names of pods and containers: see resolve.c. */
#ifndef CONTAINER_RESOLVE_H
#define CONTAINER_RESOLVE_H

#include "identity/names.h"

#include "kernel/cgroups.h"

struct container_model;

enum { CONTAINER_WAITING_ROOM = 400 };
struct container_resolver {
	struct ng_cgroups *cgroups; /* borrowed, like the model */
	struct container_model *model;
	struct container_names names;
	struct ng_list oci_states;
	uint64_t wanted;   /* rows whose names are wanted */
	uint64_t doubtful; /* rows that are taken for sandboxes, or shown without names that may still appear */
	uint64_t again;    /* the earliest time of the next lookup */
	uint64_t unresolved[CONTAINER_MISSING_REASONS];
	/* the path of a row that has waited long for its names, and why; "" if there is none */
	char waiting[CONTAINER_WAITING_ROOM];
};

/* Looks up wanted names; the log directories are read only if they have changed. */
void container_resolve(struct ng_scrape *scrape, struct container_resolver *resolver);

/* Logs whose names are missing. */
void container_note_waiting(struct ng_scrape *scrape, const struct container_resolver *resolver);

#endif
