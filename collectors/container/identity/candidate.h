/* SPDX-License-Identifier: Apache-2.0 */
/* A row whose names are being looked up, shared by resolve*.c. */
#ifndef CONTAINER_CANDIDATE_H
#define CONTAINER_CANDIDATE_H

#include "identity/oci.h"
#include "identity/resolve.h"
#include "model.h"

/* The group is NULL when it has gone. */
struct container_candidate {
	struct container_row *row;
	struct ng_cgroup *group;
};

/* ---- resolve_row.c ---- */

/* The row gets these names, and labels from them. */
int container_take_names(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, const struct container_identity *identity,
	const struct container_oci *oci);

/* The runtime's own record; -ENOENT when there is none, or it was read before. */
int container_ask_runtime(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, struct container_oci *ret_oci);

/* If there was no memory, the next scrape tries again. */
void container_look_again(struct container_resolver *resolver, struct container_row *row);

/* All three names are there. */
bool container_is_complete(const struct container_identity *identity);

/* ---- resolve_pod.c, resolve_outside.c ---- */

/* What a pod or one of its containers is called, now that its names were looked for. */
void container_conclude_pod(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now);

/* The same of a container that is not below the cgroup of a pod. */
void container_conclude_outside(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now);

/* Without names; with an eye on those that may come, where they would be believed. */
void container_show_by_path(
	struct ng_scrape *scrape, struct container_resolver *resolver, const struct container_candidate *candidate);

#endif
