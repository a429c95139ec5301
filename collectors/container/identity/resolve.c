/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the names of pods and containers.
 *
 * A cgroup exists some milliseconds before the link with its names. Its row is not shown until the link is found, so
 * that no series appears first without names and then with them.
 */
#include "identity/resolve.h"

#include "identity/candidate.h"

/* If a pass takes long because there are very many links, the next one is delayed, at most by this much. */
static const uint64_t pause_ns = 100u * UINT64_C(1000000);
enum { PAUSE_FACTOR = 10 };

struct search {
	struct container_candidate *candidate;
	struct container_wish *wish;
	size_t count;
	struct ng_table pods; /* by UID; only those below the kubelet's own root */
	uint64_t disbelieved;
	bool surveyed, rooted; /* the kubelet has a root cgroup */
	bool usual;            /* some pod has its containers below it */
	bool lacking;          /* out of memory for `pods` */
};

/* ---- which cgroups to trust ---- */

static bool has_containers(const struct ng_cgroup *pod)
{
	for (const struct ng_cgroup *at = pod->first; at; at = at->next) {
		if (container_place_at(at)->level == CONTAINER_CONTAINER)
			return true;
	}
	return false;
}

/* Surveys the kubelet's own cgroups. */
static void survey(struct container_resolver *resolver, struct search *search)
{
	search->surveyed = true;
	for (struct ng_cgroup *at = ng_cgroups_root(resolver->cgroups); at; at = ng_cgroup_next(at)) {
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
 * A service may create cgroups under the names of any pod. If the kubelet has a root cgroup of its own, pods are below
 * it and their containers below them, unless the runtime puts the containers of all pods elsewhere.
 */
static bool is_believed(struct container_resolver *resolver, struct search *search, const struct container_place *place)
{
	if (!place->delegated)
		return true;
	if (!search->surveyed)
		survey(resolver, search);
	if (!search->rooted)
		return true;
	const struct ng_cgroup *pod = ng_table_get(&search->pods, ng_hash(NG_HASH_SEED, ng_span(place->uid)));
	return place->level != CONTAINER_POD && !search->usual && pod &&
	       strcmp(container_place_at(pod)->uid, place->uid) == 0;
}

/* ---- collecting candidates ---- */

static int add_candidate(
	struct ng_arena *arena, struct search *search, size_t *room, struct container_row *row, struct ng_cgroup *group)
{
	struct container_candidate *slot = ng_push(arena, &search->candidate, &search->count, room);

	if (!slot)
		return -ENOMEM;
	*slot = (struct container_candidate){ row, group };
	return 0;
}

static int find_candidates(struct ng_scrape *scrape, struct container_resolver *resolver, struct search *search)
{
	size_t room = 0;
	int r = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(resolver->cgroups); r == 0 && at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		bool open = row && (row->naming == NAMING_WANTED || row->naming == NAMING_SANDBOX || row->nameless);
		if (!open)
			continue;
		row->believed = is_believed(resolver, search, &row->place);
		if (!row->believed && container_is_outside(row))
			container_show_by_path(scrape, resolver, &(struct container_candidate){ row, at });
		else
			search->disbelieved += !row->believed;
		if (row->believed)
			r = add_candidate(scrape->arena, search, &room, row, at);
	}
	for (struct container_row *row = resolver->model->leaving; r == 0 && row; row = row->next) {
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

/* ---- results ---- */

/* Rows whose names were found come first: containers without a link are classified by their siblings. */
static void conclude_all(
	struct ng_scrape *scrape, struct container_resolver *resolver, struct search *search, uint64_t now)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < search->count; i++) {
			if ((search->wish[i].missing == CONTAINER_FOUND) != (pass == 0))
				continue;
			if (container_is_outside(search->candidate[i].row))
				container_conclude_outside(
					scrape, resolver, &search->candidate[i], &search->wish[i], now);
			else
				container_conclude_pod(scrape, resolver, &search->candidate[i], &search->wish[i], now);
		}
	}
}

/* ---- rows that still wait for names ---- */

static const uint64_t long_ns = 60u * UINT64_C(1000000000);

static void describe(struct ng_span path, enum container_missing missing, char ret_text[CONTAINER_WAITING_ROOM])
{
	static const char before[] = "no names for ", behind[] = ", and possibly others: ";
	const char *why = container_missing_name(missing);
	size_t room = CONTAINER_WAITING_ROOM - sizeof(before) - sizeof(behind) - 32;

	if (path.size > room)
		path = ng_span_skip(path, path.size - room); /* the end of the path is more telling */
	char *at = mempcpy(stpcpy(ret_text, before), path.text, path.size);
	stpcpy(stpcpy(at, behind), why ? why : "");
}

/* Always the first one in tree order, so that the log does not name a different one each time. */
static void note_waiting(struct ng_scrape *scrape, struct container_resolver *resolver, uint64_t now)
{
	resolver->waiting[0] = '\0';
	for (struct ng_cgroup *at = ng_cgroups_root(resolver->cgroups); at; at = ng_cgroup_next(at)) {
		const struct container_group *group = container_group(at);
		const struct container_row *row = group->row;
		if (!row || row->naming != NAMING_WANTED || (at->born && now - group->added_at < long_ns))
			continue;
		struct ng_span path = ng_cgroup_path(scrape->arena, at);
		if (path.text)
			describe(path, row->believed ? row->missing : CONTAINER_LYING, resolver->waiting);
		return;
	}
}

void container_note_waiting(struct ng_scrape *scrape, const struct container_resolver *resolver)
{
	if (!resolver->waiting[0])
		return;
	size_t size = strlen(resolver->waiting);
	if (size >= scrape->reason_size)
		return;
	memcpy(scrape->reason, resolver->waiting, size + 1);
	ng_note(scrape);
}

void container_resolve(struct ng_scrape *scrape, struct container_resolver *resolver)
{
	uint64_t now = ng_now(); /* later than the added_at of any cgroup */
	struct search search = { 0 };

	if (now < resolver->again)
		return;
	if (!resolver->wanted && !resolver->names.failed &&
		(!resolver->doubtful || !container_names_changed(scrape, &resolver->names)))
		return;
	resolver->names.lacking = false;
	int r = find_candidates(scrape, resolver, &search);
	ng_table_done(&search.pods);
	bool lacking = r < 0 || search.lacking || resolver->names.lacking;
	if (!lacking)
		container_names_resolve(scrape, &resolver->names, search.wish, search.count);
	/* nothing is known about those that were not found: the next scrape retries */
	if (lacking || resolver->names.lacking) {
		resolver->names.failed = resolver->names.lacking = true;
		return;
	}
	uint64_t over = ng_now(), pause = (over - now) * PAUSE_FACTOR;
	resolver->again = over + (pause < pause_ns ? pause : pause_ns);
	conclude_all(scrape, resolver, &search, now);
	memset(resolver->unresolved, 0, sizeof(resolver->unresolved));
	resolver->wanted = resolver->unresolved[CONTAINER_LYING] = search.disbelieved;
	resolver->doubtful = 0;
	for (size_t i = 0; i < search.count; i++) {
		const struct container_row *row = search.candidate[i].row;
		if (row->naming == NAMING_WANTED) {
			resolver->wanted++;
			resolver->unresolved[row->missing]++;
		}
		resolver->doubtful += row->naming == NAMING_SANDBOX || row->nameless;
	}
	note_waiting(scrape, resolver, now);
	if (resolver->names.failed)
		resolver->again = 0;
}
