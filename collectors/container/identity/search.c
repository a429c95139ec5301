/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/search.h"

#include "base/table.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

enum {
	LISTING_ROOM = 32768,
	CERTAIN_DIGITS = 8, /* of a truncated ID: unique among the containers of one pod */
	FRONT_ROOM = 512,
	ID_AND_END = 2 * CONTAINER_ID_SIZE + 4, /* ".log" */
};

static const uint64_t default_limit = 131072, default_patience = 100000000;

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ---- the wishes ---- */

static uint64_t slot_of_uid(const struct container_search *search, const char *uid)
{
	return ng_hash(NG_HASH_SEED, ng_span(uid)) & search->mask;
}

/* The slot of an ID, from some of its digits as they stand in a link's name: IDs are random. */
static uint64_t slot_of_digits(const struct container_search *search, const char *digits)
{
	uint64_t first, last;

	memcpy(&first, digits, sizeof(first));
	memcpy(&last, digits + 2 * CONTAINER_ID_SIZE - sizeof(last), sizeof(last));
	return ((first ^ last * 31) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & search->mask;
}

static uint64_t slot_of_id(const struct container_search *search, const uint8_t *id)
{
	char digits[2 * CONTAINER_ID_SIZE];

	container_id_text(id, digits);
	return slot_of_digits(search, digits);
}

static void enlist(uint32_t *heads, uint32_t *next, uint64_t slot, size_t index)
{
	next[index] = heads[slot];
	heads[slot] = (uint32_t)index + 1;
}

int container_search_init(struct container_search *search, struct ng_scrape *scrape, struct container_names *names,
	struct container_wish *wishes, size_t count)
{
	uint64_t slots = 16;

	while (slots < 2 * count)
		slots *= 2;
	*search = (struct container_search){ .scrape = scrape,
		.names = names,
		.wishes = wishes,
		.count = count,
		.started = now(CLOCK_THREAD_CPUTIME_ID),
		.mask = slots - 1,
		.by_id = ng_alloc0(scrape->arena, slots * sizeof(uint32_t)),
		.by_uid = ng_alloc0(scrape->arena, slots * sizeof(uint32_t)),
		.next_id = ng_alloc0(scrape->arena, count * sizeof(uint32_t)),
		.next_uid = ng_alloc0(scrape->arena, count * sizeof(uint32_t)),
		.conflict = ng_alloc0(scrape->arena, count * sizeof(bool)),
		.target = ng_alloc(scrape->arena, PATH_MAX),
		.listing[0] = ng_alloc(scrape->arena, LISTING_ROOM) };
	if (!search->by_id || !search->by_uid || !search->next_id || !search->next_uid || !search->conflict ||
		!search->target || !search->listing[0])
		return -ENOMEM;
	for (size_t i = count; i-- > 0;) {
		struct container_wish *wish = &wishes[i];
		wish->missing = CONTAINER_NO_LINK;
		wish->identity = (struct container_identity){ 0 };
		if (wish->id)
			enlist(search->by_id, search->next_id, slot_of_id(search, wish->id), i);
		else
			search->pods_wanted++;
		if (wish->uid[0])
			enlist(search->by_uid, search->next_uid, slot_of_uid(search, wish->uid), i);
	}
	return 0;
}

static struct container_wish *of_uid(struct container_search *search, uint32_t at, const char *uid)
{
	for (; at; at = search->next_uid[at - 1]) {
		if (strcmp(search->wishes[at - 1].uid, uid) == 0)
			return &search->wishes[at - 1];
	}
	return NULL;
}

struct container_wish *container_search_uid(struct container_search *search, const char *uid)
{
	return of_uid(search, search->by_uid[slot_of_uid(search, uid)], uid);
}

struct container_wish *container_search_next(struct container_search *search, const struct container_wish *wish)
{
	return of_uid(search, search->next_uid[wish - search->wishes], wish->uid);
}

static struct container_wish *of_id(struct container_search *search, uint32_t at, const uint8_t *id)
{
	for (; at; at = search->next_id[at - 1]) {
		if (memcmp(search->wishes[at - 1].id, id, CONTAINER_ID_SIZE) == 0)
			return &search->wishes[at - 1];
	}
	return NULL;
}

static struct container_wish *first_of_id(struct container_search *search, const uint8_t *id)
{
	return of_id(search, search->by_id[slot_of_id(search, id)], id);
}

static struct container_wish *next_of_id(struct container_search *search, const struct container_wish *wish)
{
	return of_id(search, search->next_id[wish - search->wishes], wish->id);
}

/* ---- results ---- */

static int keep(struct container_search *search, struct ng_span *span)
{
	*span = ng_copy(search->scrape->arena, *span);
	return span->text ? 0 : -ENOMEM;
}

static bool agrees(const struct container_wish *wish, const struct container_target *target)
{
	return ng_span_equal(wish->identity.pod, target->pod) && ng_span_equal(wish->identity.space, target->space) &&
	       (!wish->id || ng_span_equal(wish->identity.container, target->container));
}

int container_search_give(
	struct container_search *search, struct container_wish *wish, const struct container_target *target)
{
	struct container_identity *identity = &wish->identity;
	bool *conflict = &search->conflict[wish - search->wishes];

	if (*conflict)
		return 0;
	if (wish->missing == CONTAINER_FOUND) {
		if (!agrees(wish, target)) {
			*conflict = true;
			*identity = (struct container_identity){ 0 };
			wish->missing = CONTAINER_LYING;
			search->names->lying++;
		} else if (identity->has_restart && target->restart > identity->restart) {
			identity->restart = target->restart;
		}
		return 0;
	}
	*identity = (struct container_identity){ .space = target->space, .pod = target->pod };
	memcpy(identity->uid, target->uid, sizeof(identity->uid));
	if (keep(search, &identity->space) < 0 || keep(search, &identity->pod) < 0)
		return -ENOMEM;
	if (wish->id) {
		identity->container = target->container;
		identity->restart = target->restart;
		identity->has_restart = true;
		if (keep(search, &identity->container) < 0)
			return -ENOMEM;
	} else {
		search->pods_wanted--;
	}
	wish->missing = CONTAINER_FOUND;
	return 0;
}

static int give_pod(struct container_search *search, const struct container_target *target)
{
	struct container_wish *wish = container_search_uid(search, target->uid);

	for (; wish; wish = container_search_next(search, wish)) {
		if (!wish->id && container_search_give(search, wish, target) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void lies(struct container_search *search, struct container_wish *wish)
{
	search->names->lying++;
	if (wish && wish->missing != CONTAINER_FOUND)
		wish->missing = CONTAINER_LYING;
}

/* ---- links ---- */

/* -errno, 1 if the target is valid, 0 if not. */
static int read_target(
	struct container_search *search, int directory, const char *name, struct container_target *ret_target)
{
	ssize_t n = readlinkat(directory, name, search->target, PATH_MAX);

	if (n < 0)
		return -errno;
	return n < PATH_MAX && container_target_parse((struct ng_span){ search->target, (size_t)n }, ret_target);
}

static int whole_link(
	struct container_search *search, int directory, const char *name, const struct container_link *link)
{
	struct container_target target;
	struct container_wish *wish = first_of_id(search, link->id);

	int r = read_target(search, directory, name, &target);
	if (r < 0) {
		bool none = r == -ENOENT || r == -EINVAL; /* removed meanwhile, or not a link */
		for (; !none && wish; wish = next_of_id(search, wish)) {
			if (wish->missing != CONTAINER_FOUND)
				wish->missing = CONTAINER_UNREADABLE;
		}
		search->failed = search->failed || (!none && r != -EACCES);
		return 0;
	}
	bool same = r > 0 && ng_span_equal(target.pod, link->pod) && ng_span_equal(target.space, link->space) &&
		    ng_span_equal(target.container, link->container);
	for (; wish; wish = next_of_id(search, wish)) {
		if (!same || (wish->uid[0] && strcmp(wish->uid, target.uid) != 0))
			lies(search, wish);
		else if (container_search_give(search, wish, &target) < 0)
			return -ENOMEM;
	}
	return same ? give_pod(search, &target) : 0;
}

/* The part of the link's name that the kubelet would have put before the ID; it fits because all parts are bounded. */
static size_t front_of(const struct container_target *target, char front[FRONT_ROOM])
{
	const struct ng_span parts[] = { target->pod, NG_SPAN("_"), target->space, NG_SPAN("_"), target->container,
		NG_SPAN("-") };
	size_t size = 0;

	for (size_t i = 0; i < NG_COUNT(parts); i++) {
		memcpy(front + size, parts[i].text, parts[i].size);
		size += parts[i].size;
	}
	return size;
}

static int cut_matches(struct container_search *search, const struct container_target *target, struct ng_span digits)
{
	struct container_wish *match = NULL, *wish = container_search_uid(search, target->uid);
	char id[2 * CONTAINER_ID_SIZE];
	size_t matches = 0;

	for (; wish; wish = container_search_next(search, wish)) {
		if (!wish->id)
			continue;
		container_id_text(wish->id, id);
		if (memcmp(id, digits.text, digits.size) != 0)
			continue;
		matches++;
		match = wish;
		if (wish->missing == CONTAINER_NO_LINK)
			wish->missing = CONTAINER_CUT;
	}
	return matches == 1 && digits.size >= CERTAIN_DIGITS ? container_search_give(search, match, target) : 0;
}

/* The name is truncated, so only the target has the names; the rest of the link's name must agree with it. */
static int cut_link(struct container_search *search, int directory, const char *name)
{
	struct ng_span stem = { name, strlen(name) - strlen(".log") };
	struct container_target target;
	char front[FRONT_ROOM];

	int r = read_target(search, directory, name, &target);
	if (r < 0)
		return 0;
	size_t size = r ? front_of(&target, front) : 0, both = size < stem.size ? size : stem.size;
	if (r == 0 || memcmp(front, stem.text, both) != 0) {
		lies(search, NULL);
		return 0;
	}
	r = give_pod(search, &target);
	struct ng_span digits = ng_span_skip(stem, both);
	return r < 0 || digits.size > 2 * CONTAINER_ID_SIZE ? r : cut_matches(search, &target, digits);
}

static bool may_be_link(unsigned char type)
{
	return type == DT_LNK || type == DT_UNKNOWN;
}

int container_search_link(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct container_link link;
	struct ng_span span = ng_span(name);

	if (!may_be_link(type))
		return 0;
	/* most are of no interest: the ID alone shows that */
	if (span.size > ID_AND_END && span.size < NAME_MAX &&
		!search->by_id[slot_of_digits(search, name + span.size - ID_AND_END)])
		return 0;
	if (container_link_id(span, link.id) && !first_of_id(search, link.id))
		return 0;
	if (!container_link_parse(span, &link))
		return 0;
	return link.cut ? cut_link(search, directory, name) : whole_link(search, directory, name, &link);
}

int container_search_any_link(struct container_search *search, int directory, const char *name, unsigned char type)
{
	struct container_link link;
	struct container_target target;

	if (search->pods_wanted == 0)
		return 1;
	if (!may_be_link(type) || !container_link_parse(ng_span(name), &link) || link.cut)
		return 0;
	if (read_target(search, directory, name, &target) <= 0 || !ng_span_equal(target.pod, link.pod) ||
		!ng_span_equal(target.space, link.space) || !ng_span_equal(target.container, link.container))
		return 0;
	return give_pod(search, &target);
}

/* ---- directories ---- */

/* CPU time used by others is no reason to give up, but the scrape's deadline is. */
static bool too_late(const struct container_search *search)
{
	uint64_t patience = search->names->patience ? search->names->patience : default_patience;

	return now(CLOCK_THREAD_CPUTIME_ID) - search->started > patience ||
	       (search->scrape->deadline && now(CLOCK_MONOTONIC) > search->scrape->deadline);
}

int container_search_list(struct container_search *search, int directory,
	int (*entry)(struct container_search *search, int directory, const char *name, unsigned char type))
{
	const struct container_names *names = search->names;
	uint64_t limit = names->limit ? names->limit : default_limit, seen = 0;
	char **room = &search->listing[search->within];

	if (!*room)
		*room = ng_alloc(search->scrape->arena, LISTING_ROOM);
	char *bytes = *room;
	if (!bytes)
		return -ENOMEM;
	for (;;) {
		ssize_t n = getdents64(directory, bytes, LISTING_ROOM);
		if (n < 0)
			search->failed = true;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *item = (const void *)(bytes + at);
			at += item->d_reclen;
			if (seen++ >= limit) {
				search->stopped = true;
				return 0;
			}
			int r = entry(search, directory, item->d_name, item->d_type);
			if (r != 0)
				return r < 0 ? r : 0;
		}
		if (too_late(search)) {
			search->stopped = search->late = true;
			return 0;
		}
	}
}
