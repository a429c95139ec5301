/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of pods and their containers.
 *
 * Every pod has a sandbox, whose cgroup is created first and which never has a link. So the oldest cgroup of a pod, if
 * it has no link, is taken for the sandbox once another one has a link or some time has passed; if a link appears after
 * all, it is a container.
 */
#include "identity/candidate.h"

#include <stdlib.h>

static const uint64_t sandbox_ns = 30u * UINT64_C(1000000000);

/* Whether another container of its pod has a link: the kubelet starts containers one by one and links each of them. */
static bool has_linked_company(const struct ng_cgroup *group)
{
	for (struct ng_cgroup *at = group->parent ? group->parent->first : NULL; at; at = at->next) {
		const struct container_row *row = container_group(at)->row;
		if (at != group && row && row->shown == SHOWN_CONTAINER && row->naming == NAMING_DONE &&
			container_of_one_pod(at, group))
			return true;
	}
	return false;
}

/*
 * A guess is not shown because its link may still appear. cAdvisor names the sandbox of docker and CRI-O "POD", and
 * leaves that of containerd unnamed.
 */
static void set_sandbox(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, bool certain)
{
	struct container_row *row = candidate->row, *pod = NULL;
	bool named = row->place.runtime == CONTAINER_RUNTIME_CRIO || row->place.runtime == CONTAINER_RUNTIME_DOCKER;

	row->naming = NAMING_SANDBOX;
	if (candidate->group && candidate->group->parent)
		pod = container_group(candidate->group->parent)->row;
	if (!certain || !(resolver->model->levels >> SHOWN_SANDBOX & 1) || !pod || !pod->named)
		return;
	row->shown = SHOWN_SANDBOX;
	container_take_names(scrape, resolver, candidate,
		&(struct container_identity){
			.space = pod->named->space,
			.pod = pod->named->pod,
			.container = named ? NG_SPAN("POD") : (struct ng_span){ NULL, 0 },
		},
		&(struct container_oci){ 0 });
}

/* For the labels of its pod's network. */
static void keep_sandbox_image(
	struct container_resolver *resolver, const struct container_candidate *candidate, struct ng_span image)
{
	struct container_row *pod =
		candidate->group && candidate->group->parent ? container_group(candidate->group->parent)->row : NULL;

	if (!pod || !image.size)
		return;
	free(pod->sandbox_image);
	pod->sandbox_image = calloc(1, image.size + 1);
	if (!pod->sandbox_image)
		container_look_again(resolver, candidate->row);
	else
		memcpy(pod->sandbox_image, image.text, image.size);
}

static bool taken_for_sandbox(
	const struct container_candidate *candidate, const struct container_wish *wish, uint64_t now)
{
	if (!candidate->group || !wish->id || !wish->oldest || wish->missing != CONTAINER_NO_LINK)
		return false;
	/* cgroups that existed before us have had enough time */
	return !candidate->group->born || has_linked_company(candidate->group) ||
	       now - container_group(candidate->group)->added_at >= sandbox_ns;
}

void container_conclude_pod(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, uint64_t now)
{
	struct container_row *row = candidate->row;
	struct container_oci oci;

	row->missing = wish->missing;
	row->shown = wish->id ? SHOWN_CONTAINER : SHOWN_POD;
	int r = container_ask_runtime(scrape, resolver, candidate, wish, &oci);
	if (container_failed(r))
		return; /* still wanted: the next scrape retries */
	bool asked = r == 0;
	if (asked && oci.typed && oci.sandbox)
		keep_sandbox_image(resolver, candidate, oci.image);
	if ((asked && oci.typed && oci.sandbox) || row->place.sandbox) {
		set_sandbox(scrape, resolver, candidate, true);
		return;
	}
	if (wish->missing == CONTAINER_FOUND)
		container_take_names(scrape, resolver, candidate, &wish->identity, &oci);
	else if (asked && container_is_complete(&oci.identity))
		container_take_names(scrape, resolver, candidate, &oci.identity, &oci);
	else if (taken_for_sandbox(candidate, wish, now))
		set_sandbox(scrape, resolver, candidate, has_linked_company(candidate->group));
}
