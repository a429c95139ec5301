/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the names of pods and containers.
 *
 * A group is there some milliseconds before the link with its names. Until it is found the row is not shown, so that no
 * series appears first without its names and then with them.
 *
 * Every pod has a sandbox, whose group is there first and never has a link. So the oldest group of a pod that has no
 * link is taken for it once another one has a link, or some time has passed; should a link come, it is a container.
 */
#include "identity/resolve.h"

#include <stdlib.h>

static const uint64_t sandbox_ns = 30u * UINT64_C(1000000000);

/* Where a pass takes long, as there are very many links, the next one comes later: at most so much. */
static const uint64_t pause_ns = 100u * UINT64_C(1000000);
enum { PAUSE_FACTOR = 10 };

struct search {
	struct container_candidate *candidate;
	struct container_wish *wish;
	size_t count;
	struct ng_table pods; /* by UID, where the kubelet makes them */
	uint64_t disbelieved;
	bool surveyed, rooted; /* the kubelet has a root */
	bool usual;            /* a pod has its containers below it */
	bool lacking;          /* there was no memory for `pods` */
};

/* Some runtimes put the containers of all pods below their service. */
static bool of_one_pod(const struct ng_cgroup *a, const struct ng_cgroup *b)
{
	return strcmp(container_place_at(a)->uid, container_place_at(b)->uid) == 0;
}

bool container_is_oldest(const struct ng_cgroup *group)
{
	for (const struct ng_cgroup *at = group->parent ? group->parent->first : NULL; at; at = at->next) {
		if (container_place_at(at)->level == CONTAINER_CONTAINER && at->generation < group->generation &&
			of_one_pod(at, group))
			return false;
	}
	return true;
}

/* Whether another container of its pod has its link: the kubelet starts them one by one and links each. */
static bool has_linked_company(const struct ng_cgroup *group)
{
	for (struct ng_cgroup *at = group->parent ? group->parent->first : NULL; at; at = at->next) {
		const struct container_row *row = container_group(at)->row;
		if (at != group && row && row->shown == SHOWN_CONTAINER && row->naming == NAMING_DONE &&
			of_one_pod(at, group))
			return true;
	}
	return false;
}

/* ---- whom to believe ---- */

static bool has_containers(const struct ng_cgroup *pod)
{
	for (const struct ng_cgroup *at = pod->first; at; at = at->next) {
		if (container_place_at(at)->level == CONTAINER_CONTAINER)
			return true;
	}
	return false;
}

/* What there is of the kubelet's own. */
static void survey(struct container *state, struct search *search)
{
	search->surveyed = true;
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		const struct container_place *place = container_place_at(at);
		search->rooted = search->rooted || (place->level == CONTAINER_KUBE && !place->delegated);
		if (place->level != CONTAINER_POD || place->delegated)
			continue;
		search->usual = search->usual || has_containers(at);
		search->lacking = ng_table_put(&search->pods, ng_hash(NG_HASH_SEED, ng_span(place->uid)), at) < 0 ||
				  search->lacking;
	}
}

/*
 * A service may make groups under the names of any pod. Where the kubelet has a root of its own the pods are below it,
 * and their containers below them: unless the runtime puts those of all pods elsewhere.
 */
static bool is_believed(struct container *state, struct search *search, const struct container_place *place)
{
	if (!place->delegated)
		return true;
	if (!search->surveyed)
		survey(state, search);
	if (!search->rooted)
		return true;
	const struct ng_cgroup *pod = ng_table_get(&search->pods, ng_hash(NG_HASH_SEED, ng_span(place->uid)));
	return place->level != CONTAINER_POD && !search->usual && pod &&
	       strcmp(container_place_at(pod)->uid, place->uid) == 0;
}

/* ---- what is looked for ---- */

static int add_candidate(
	struct ng_arena *arena, struct search *search, size_t *room, struct container_row *row, struct ng_cgroup *group)
{
	struct container_candidate *slot = ng_push(arena, &search->candidate, &search->count, room);

	if (!slot)
		return -ENOMEM;
	*slot = (struct container_candidate){ row, group };
	return 0;
}

static int find_candidates(struct ng_scrape *scrape, struct container *state, struct search *search)
{
	size_t room = 0;
	int r = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); r == 0 && at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		bool open = row && (row->naming == NAMING_WANTED || row->naming == NAMING_SANDBOX || row->nameless);
		if (!open)
			continue;
		row->believed = is_believed(state, search, &row->place);
		if (!row->believed && container_is_outside(row))
			container_show_by_path(scrape, state, &(struct container_candidate){ row, at });
		else
			search->disbelieved += !row->believed;
		if (row->believed)
			r = add_candidate(scrape->arena, search, &room, row, at);
	}
	for (struct container_row *row = state->leaving; r == 0 && row; row = row->next) {
		if (row->naming == NAMING_WANTED)
			r = add_candidate(scrape->arena, search, &room, row, NULL);
	}
	search->wish = ng_alloc0(scrape->arena, search->count * sizeof(*search->wish) + 1);
	for (size_t i = 0; search->wish && i < search->count; i++) {
		struct container_row *row = search->candidate[i].row;
		struct ng_cgroup *group = search->candidate[i].group;
		search->wish[i] = (struct container_wish){
			.id = row->place.level == CONTAINER_POD ? NULL : row->place.id,
			.uid = row->place.uid,
			.oldest = !group || container_is_oldest(group),
			.looked = &row->looked,
			.missing = row->missing,
			.owner = row,
		};
	}
	return search->wish ? r : -ENOMEM;
}

/* ---- what was found ---- */

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

void container_look_again(struct container *state, struct container_row *row)
{
	row->looked = 0;
	row->asked = false;
	state->names.failed = state->names.lacking = true;
}

int container_take_names(struct ng_scrape *scrape, struct container *state, const struct container_candidate *candidate,
	const struct container_identity *identity, const struct container_oci *oci)
{
	struct container_row *row = candidate->row;
	struct ng_span path = row->path ? ng_span(row->path) : ng_cgroup_path(scrape->arena, candidate->group);

	free(row->named);
	row->named = keep_names(identity, oci);
	row->figures.known_shares = oci->shares;
	if (row->named && !row->place.uid[0])
		memcpy(row->place.uid, identity->uid, sizeof(row->place.uid));
	int r = row->named && path.text ? container_row_name(scrape, state, row, path) : -ENOMEM;
	row->nameless = row->nameless && r < 0;
	if (r < 0)
		container_look_again(state, row);
	return r;
}

/* It has the image, and says which one is the sandbox. */
int container_ask_runtime(struct ng_scrape *scrape, struct container *state,
	const struct container_candidate *candidate, struct container_wish *wish, struct container_oci *ret_oci)
{
	*ret_oci = (struct container_oci){ 0 };
	struct container_row *row = candidate->row;
	if (!state->oci_states.count || !wish->id || (row->asked && row->asked_looked == row->looked))
		return -ENOENT;
	int r = container_oci_read(scrape, &state->oci_states, &row->place, ret_oci);
	row->asked = !container_failed(r);
	state->names.failed = state->names.failed || !row->asked;
	row->asked_looked = row->looked;
	return r;
}

bool container_is_complete(const struct container_identity *identity)
{
	return identity->space.size && identity->pod.size && identity->container.size;
}

/*
 * A guess is not shown: its link may come. cAdvisor calls the sandbox of docker and CRI-O "POD", and containerd's
 * nothing.
 */
static void set_sandbox(
	struct ng_scrape *scrape, struct container *state, const struct container_candidate *candidate, bool certain)
{
	struct container_row *row = candidate->row, *pod = NULL;
	bool named = row->place.runtime == CONTAINER_RUNTIME_CRIO || row->place.runtime == CONTAINER_RUNTIME_DOCKER;

	row->naming = NAMING_SANDBOX;
	if (candidate->group && candidate->group->parent)
		pod = container_group(candidate->group->parent)->row;
	if (!certain || !(state->levels >> SHOWN_SANDBOX & 1) || !pod || !pod->named)
		return;
	row->shown = SHOWN_SANDBOX;
	container_take_names(scrape, state, candidate,
		&(struct container_identity){
			.space = pod->named->space,
			.pod = pod->named->pod,
			.container = named ? NG_SPAN("POD") : (struct ng_span){ NULL, 0 },
		},
		&(struct container_oci){ 0 });
}

/* For the network of its pod. */
static void keep_sandbox_image(
	struct container *state, const struct container_candidate *candidate, struct ng_span image)
{
	struct container_row *pod =
		candidate->group && candidate->group->parent ? container_group(candidate->group->parent)->row : NULL;

	if (!pod || !image.size)
		return;
	free(pod->sandbox_image);
	pod->sandbox_image = calloc(1, image.size + 1);
	if (!pod->sandbox_image)
		container_look_again(state, candidate->row);
	else
		memcpy(pod->sandbox_image, image.text, image.size);
}

static bool taken_for_sandbox(
	const struct container_candidate *candidate, const struct container_wish *wish, uint64_t now)
{
	if (!candidate->group || !wish->id || !wish->oldest || wish->missing != CONTAINER_NO_LINK)
		return false;
	/* what was there before us has had its time */
	return !candidate->group->born || has_linked_company(candidate->group) ||
	       now - container_group(candidate->group)->added_at >= sandbox_ns;
}

static void conclude(struct ng_scrape *scrape, struct container *state, const struct container_candidate *candidate,
	struct container_wish *wish, uint64_t now)
{
	struct container_row *row = candidate->row;
	struct container_oci oci;

	row->missing = wish->missing;
	row->shown = wish->id ? SHOWN_CONTAINER : SHOWN_POD;
	int r = container_ask_runtime(scrape, state, candidate, wish, &oci);
	if (container_failed(r))
		return; /* still wanted: the next scrape asks again */
	bool asked = r == 0;
	if (asked && oci.typed && oci.sandbox)
		keep_sandbox_image(state, candidate, oci.image);
	if ((asked && oci.typed && oci.sandbox) || row->place.sandbox) {
		set_sandbox(scrape, state, candidate, true);
		return;
	}
	if (wish->missing == CONTAINER_FOUND)
		container_take_names(scrape, state, candidate, &wish->identity, &oci);
	else if (asked && container_is_complete(&oci.identity))
		container_take_names(scrape, state, candidate, &oci.identity, &oci);
	else if (taken_for_sandbox(candidate, wish, now))
		set_sandbox(scrape, state, candidate, has_linked_company(candidate->group));
}

/* Who was found comes first: what has no link is judged by its company. */
static void conclude_all(struct ng_scrape *scrape, struct container *state, struct search *search, uint64_t now)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < search->count; i++) {
			if ((search->wish[i].missing == CONTAINER_FOUND) != (pass == 0))
				continue;
			if (container_is_outside(search->candidate[i].row))
				container_conclude_outside(scrape, state, &search->candidate[i], &search->wish[i], now);
			else
				conclude(scrape, state, &search->candidate[i], &search->wish[i], now);
		}
	}
}

/* ---- who still waits ---- */

const char *container_missing_name(enum container_missing missing)
{
	static const char *const names[CONTAINER_MISSING_REASONS] = {
		[CONTAINER_NO_DIRECTORY] = "no_log_directory",
		[CONTAINER_UNREADABLE] = "log_directory_unreadable",
		[CONTAINER_NO_LINK] = "no_log_link",
		[CONTAINER_LYING] = "contradiction",
		[CONTAINER_CUT] = "name_cut",
		[CONTAINER_LIMIT] = "too_many_links",
	};

	return names[missing];
}

static const uint64_t long_ns = 60u * UINT64_C(1000000000);

static void describe(struct ng_span path, enum container_missing missing, char ret_text[CONTAINER_WAITING_ROOM])
{
	static const char before[] = "no names for ", behind[] = ", and possibly others: ";
	const char *why = container_missing_name(missing);
	size_t room = CONTAINER_WAITING_ROOM - sizeof(before) - sizeof(behind) - 32;

	if (path.size > room)
		path = ng_span_skip(path, path.size - room); /* its end says more */
	char *at = mempcpy(stpcpy(ret_text, before), path.text, path.size);
	stpcpy(stpcpy(at, behind), why ? why : "");
}

/* The first one in the order of the tree, so that the log does not say another one each time. */
static void note_waiting(struct ng_scrape *scrape, struct container *state, uint64_t now)
{
	state->waiting[0] = '\0';
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		const struct container_group *group = container_group(at);
		const struct container_row *row = group->row;
		if (!row || row->naming != NAMING_WANTED || (at->born && now - group->added_at < long_ns))
			continue;
		struct ng_span path = ng_cgroup_path(scrape->arena, at);
		if (path.text)
			describe(path, row->believed ? row->missing : CONTAINER_LYING, state->waiting);
		return;
	}
}

void container_note_waiting(struct ng_scrape *scrape, const struct container *state)
{
	if (!state->waiting[0])
		return;
	size_t size = strlen(state->waiting);
	if (size >= scrape->reason_size)
		return;
	memcpy(scrape->reason, state->waiting, size + 1);
	ng_note(scrape);
}

void container_resolve(struct ng_scrape *scrape, struct container *state)
{
	uint64_t now = ng_now(); /* later than when the groups were added */
	struct search search = { 0 };

	if (now < state->resolve_again)
		return;
	if (!state->wanted && !state->names.failed &&
		(!state->doubtful || !container_names_changed(scrape, &state->names)))
		return;
	state->names.lacking = false;
	int r = find_candidates(scrape, state, &search);
	ng_table_done(&search.pods);
	bool lacking = r < 0 || search.lacking || state->names.lacking;
	if (!lacking)
		container_names_resolve(scrape, &state->names, search.wish, search.count);
	/* nothing is known of those that were not found: the next scrape asks again */
	if (lacking || state->names.lacking) {
		state->names.failed = state->names.lacking = true;
		return;
	}
	uint64_t over = ng_now(), pause = (over - now) * PAUSE_FACTOR;
	state->resolve_again = over + (pause < pause_ns ? pause : pause_ns);
	conclude_all(scrape, state, &search, now);
	memset(state->unresolved, 0, sizeof(state->unresolved));
	state->wanted = state->unresolved[CONTAINER_LYING] = search.disbelieved;
	state->doubtful = 0;
	for (size_t i = 0; i < search.count; i++) {
		const struct container_row *row = search.candidate[i].row;
		if (row->naming == NAMING_WANTED) {
			state->wanted++;
			state->unresolved[row->missing]++;
		}
		state->doubtful += row->naming == NAMING_SANDBOX || row->nameless;
	}
	note_waiting(scrape, state, now);
	if (state->names.failed)
		state->resolve_again = 0;
}
