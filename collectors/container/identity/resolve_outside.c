/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of containers that are not below the cgroup of a pod.
 *
 *     /k8s.io/<ID>, /crio-<ID>, /system.slice/docker-<ID>.scope
 *
 * Most of them belong to docker or podman and are shown by their path. If the kubelet runs without cgroups for pods
 * (--cgroups-per-qos=false), or the runtime ignores them, they are containers of pods, and there is a log link with
 * their ID. The link appears some milliseconds after the cgroup, so on a node with links a new cgroup is shown once its
 * link has appeared or some time has passed; if the link appears even later, the row is renamed.
 */
#include "identity/candidate.h"
#include "rows.h"

static const uint64_t patience_ns = 10u * UINT64_C(1000000000);

/* Whether to wait for a link that appears after the cgroup, or that could not be read because of a transient error. */
static bool may_wait(
	const struct container_resolver *resolver, const struct container_candidate *candidate, uint64_t now)
{
	const struct container_row *row = candidate->row;

	if (!candidate->group || row->naming != NAMING_WANTED ||
		now - container_group(candidate->group)->added_at >= patience_ns)
		return false;
	return resolver->names.failed ||
	       (candidate->group->born && row->missing != CONTAINER_NO_DIRECTORY && container_may_be_of_pod(row, true));
}

void container_show_by_path(
	struct ng_scrape *scrape, struct container_resolver *resolver, const struct container_candidate *candidate)
{
	struct container_row *row = candidate->row;

	if (row->naming == NAMING_DONE)
		return;
	struct ng_span path = row->path ? ng_span(row->path) : ng_cgroup_path(scrape->arena, candidate->group);
	int r = container_row_name(scrape, resolver->model, row, path);
	row->nameless = r == 0 && row->believed;
	if (r < 0)
		container_look_again(resolver, row);
}

void container_conclude_outside(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now)
{
	struct container_row *row = candidate->row;
	struct container_oci oci;

	row->missing = wish->missing;
	int r = container_ask_runtime(scrape, resolver, candidate, wish, &oci);
	if (container_failed(r))
		return; /* still wanted: the next scrape retries */
	bool asked = r == 0;
	if (asked && oci.typed && oci.sandbox) {
		row->naming = NAMING_SANDBOX;
		return;
	}
	if (wish->missing == CONTAINER_FOUND)
		container_take_names(scrape, resolver, candidate, &wish->identity, &oci);
	else if (asked && (oci.name.size || oci.image.size || container_is_complete(&oci.identity)))
		container_take_names(scrape, resolver, candidate, &oci.identity, &oci);
	else if (!may_wait(resolver, candidate, now))
		container_show_by_path(scrape, resolver, candidate);
}
