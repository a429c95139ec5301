/* SPDX-License-Identifier: Apache-2.0 */
/* Names for one row, from its log link or the runtime's own record. */
#include "identity/candidate.h"
#include "rows.h"

#include <stdlib.h>

static void place_span(char **at, struct ng_span *member, struct ng_span text)
{
	memcpy(*at, text.text ? text.text : "", text.size);
	*member = (struct ng_span){ *at, text.size };
	*at += text.size;
}

static struct container_named *keep_names(const struct container_identity *identity, const struct container_oci *oci)
{
	struct container_named *named = calloc(1, sizeof(*named) + identity->space.size + identity->pod.size +
							  identity->container.size + oci->image.size + oci->name.size);

	if (!named)
		return NULL;
	char *at = named->text;
	place_span(&at, &named->space, identity->space);
	place_span(&at, &named->pod, identity->pod);
	place_span(&at, &named->container, identity->container);
	place_span(&at, &named->image, oci->image);
	place_span(&at, &named->name, oci->name);
	named->restart = identity->restart;
	named->has_restart = identity->has_restart;
	return named;
}

void container_look_again(struct container_resolver *resolver, struct container_row *row)
{
	row->looked = 0;
	row->asked = false;
	resolver->names.failed = resolver->names.lacking = true;
}

int container_take_names(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, const struct container_identity *identity,
	const struct container_oci *oci)
{
	struct container_row *row = candidate->row;
	struct ng_span path = row->path ? ng_span(row->path) : ng_cgroup_path(scrape->arena, candidate->group);

	free(row->named);
	row->named = keep_names(identity, oci);
	row->figures.known_shares = oci->shares;
	if (row->named && !row->place.uid[0])
		memcpy(row->place.uid, identity->uid, sizeof(row->place.uid));
	int r = row->named && path.text ? container_row_name(scrape, resolver->model, row, path) : -ENOMEM;
	row->nameless = row->nameless && r < 0;
	if (r < 0)
		container_look_again(resolver, row);
	return r;
}

/* The record contains the image and tells which container is the sandbox. */
int container_ask_runtime(struct ng_scrape *scrape, struct container_resolver *resolver,
	const struct container_candidate *candidate, struct container_wish *wish, struct container_oci *ret_oci)
{
	*ret_oci = (struct container_oci){ 0 };
	struct container_row *row = candidate->row;
	if (!resolver->oci_states.count || !wish->id || (row->asked && row->asked_looked == row->looked))
		return -ENOENT;
	int r = container_oci_read(scrape, &resolver->oci_states, &row->place, ret_oci);
	row->asked = !container_failed(r);
	if (!row->asked)
		ng_drop_unread(scrape, r, "config.json");
	resolver->names.failed = resolver->names.failed || !row->asked;
	row->asked_looked = row->looked;
	return r;
}

bool container_is_complete(const struct container_identity *identity)
{
	return identity->space.size && identity->pod.size && identity->container.size;
}
