/* SPDX-License-Identifier: Apache-2.0 */
/* What resolve.c and outside.c share: one search for names. */
#ifndef CONTAINER_RESOLVE_H
#define CONTAINER_RESOLVE_H

#include "model.h"

/* A row whose name is looked for; the group is NULL when it has gone. */
struct container_candidate {
	struct container_row *row;
	struct ng_cgroup *group;
};

/* The row gets these names, and labels from them. */
int container_take_names(struct ng_scrape *scrape, struct container *state, const struct container_candidate *candidate,
	const struct container_identity *identity, const struct container_oci *oci);

/* The runtime's own record; -ENOENT when there is none, or it was read before. */
int container_ask_runtime(struct ng_scrape *scrape, struct container *state,
	const struct container_candidate *candidate, struct container_wish *wish, struct container_oci *ret_oci);

/* What there was no memory for is looked for again by the next scrape. */
void container_look_again(struct container *state, struct container_row *row);

/* All three names are there. */
bool container_is_complete(const struct container_identity *identity);

/* ---- outside.c ---- */

/* A container, and not below the cgroup of a pod. */
bool container_is_outside(const struct container_row *row);

/* What such a one is called, now that its names were looked for. */
void container_conclude_outside(struct ng_scrape *scrape, struct container *state,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now);

/* Without names; with an eye on those that may come, where they would be believed. */
void container_show_by_path(
	struct ng_scrape *scrape, struct container *state, const struct container_candidate *candidate);

/* Whether a row that is shown without the names of Kubernetes should have them. */
bool container_is_nameless(const struct container_row *row);

#endif
