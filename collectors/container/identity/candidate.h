/* SPDX-License-Identifier: Apache-2.0 */
/* A row whose names are being looked up, shared by resolve*.c. */
#ifndef CONTAINER_CANDIDATE_H
#define CONTAINER_CANDIDATE_H

#include "identity/oci.h"
#include "identity/resolve.h"
#include "model.h"

/* The group is NULL once the cgroup is gone. */
struct container_candidate {
	struct container_row *row;
	struct ng_cgroup *group;
};

/* ---- resolve_row.c ---- */

/* Gives the row these names, and labels made from them. */
int container_take_names(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, const struct container_identity *identity,
	const struct container_oci *oci);

/* Reads the runtime's own record; -ENOENT if there is none or it has been read before. */
int container_ask_runtime(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, struct container_oci *ret_oci);

/* If there was no memory, the next scrape tries again. */
void container_look_again(struct container_resolver *resolver, struct container_row *row);

/* Whether all three names are known. */
bool container_is_complete(const struct container_identity *identity);

/* ---- resolve_pod.c, resolve_outside.c ---- */

/* Decides the names of a pod or one of its containers after they have been looked up. */
void container_conclude_pod(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now);

/* The same for a container that is not below the cgroup of a pod. */
void container_conclude_outside(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now);

/* Shows the row without names. If its names would be accepted, they are looked up again when the directories change. */
void container_show_by_path(
	struct ng_scrape *scrape, struct container_resolver *resolver, const struct container_candidate *candidate);

#endif
