/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the tree: what its hooks do, and the ticks between scrapes.
 */
#include "follow.h"

#include "collector.h"
#include "group.h"
#include "rows.h"

#include <malloc.h>
#include <stdlib.h>

/*
 * When a process exits, the kernel reports it for its cgroup and each ancestor separately, and they must be read before
 * they are removed. So a burst of updates may run back to back; only sustained activity is delayed.
 */
static const uint64_t look_ns = 5u * UINT64_C(1000000);
enum { LOOKS_AT_ONCE = 32, MANY_ROWS = 2000 };

/* ---- the tree ---- */

static unsigned interests(const struct container_group *group)
{
	unsigned flags = (group->place.final ? 0 : NG_CGROUP_DESCEND) | (group->place.session ? NG_CGROUP_SCARCE : 0);

	if (!group->row || group->row->naming == NAMING_NONE)
		return flags;
	switch (group->row->shown) {
	case SHOWN_POD:
	case SHOWN_SERVICE:
	case SHOWN_SCOPE:
	case SHOWN_MACHINE:
		return flags | NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	case SHOWN_CONTAINER:
		return flags | NG_CGROUP_EVENTS | (group->place.kubernetes ? 0 : NG_CGROUP_OOMS);
	case SHOWN_SESSION:
		return flags | NG_CGROUP_EVENTS;
	default:
		return flags;
	}
}

/* A runtime that is not told about the kubelet's slices puts the containers of all pods below its own service. */
static bool is_elsewhere(const struct container_place *place, const struct container_place *parent)
{
	return place->kubernetes && place->level == CONTAINER_CONTAINER && parent && parent->level != CONTAINER_POD;
}

/* ---- young cgroups ---- */

/*
 * A short-lived cgroup may be removed before the exit of its last process is reported. So a new cgroup is read at once
 * and again each time its age has doubled, until it is a few seconds old.
 */
static const uint64_t young_ns = 25u * UINT64_C(1000000), grown_up_ns = 6u * UINT64_C(1000000000);

static void add_young(struct container *state, struct ng_cgroup *at)
{
	struct container_group *group = container_group(at);

	group->read_next = group->added_at;
	group->older = state->follow.young;
	if (state->follow.young)
		container_group(state->follow.young)->younger = at;
	state->follow.young = at;
}

static void drop_young(struct container *state, struct ng_cgroup *at)
{
	struct container_group *group = container_group(at);

	if (!group->read_next)
		return;
	if (group->older)
		container_group(group->older)->younger = group->younger;
	*(group->younger ? &container_group(group->younger)->older : &state->follow.young) = group->older;
	group->younger = group->older = NULL;
	group->read_next = 0;
}

/* Read errors are ignored here: the tree reports cgroups that are gone. */
static void read_young(struct ng_scrape *scrape, struct container *state)
{
	struct ng_cgroup *older;
	uint64_t now = ng_now();

	for (struct ng_cgroup *at = state->follow.young; at; at = older) {
		struct container_group *group = container_group(at);
		uint64_t age = now - group->added_at;
		older = group->older;
		if (now < group->read_next)
			continue;
		if (group->row->naming != NAMING_NONE)
			container_read_row(scrape, &state->reader, &state->starts, at, now);
		group->read_next = now + (age > young_ns ? age : young_ns);
		if (age >= grown_up_ns)
			drop_young(state, at);
	}
}

static uint64_t next_young(const struct container *state)
{
	uint64_t next = UINT64_MAX;

	for (struct ng_cgroup *at = state->follow.young; at; at = container_group(at)->older)
		next = container_group(at)->read_next < next ? container_group(at)->read_next : next;
	return next;
}

/* ---- hooks ---- */

static bool is_slice_root(const struct ng_cgroup *at)
{
	const struct container_place *place = container_place_at(at);

	return place->level == CONTAINER_KUBE && !place->delegated &&
	       ng_span_ends(ng_span(at->name), NG_SPAN(".slice"));
}

/* Creates its row and, for a pod, its account. container_complete retries what failed for lack of memory. */
static void add_row(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, enum container_shown shown)
{
	struct container_group *group = container_group(at);

	if (!group->row) {
		group->row = container_row_new(&state->model, at, &group->place, shown);
		if (group->row && group->row->naming == NAMING_DONE)
			container_row_name(scrape, &state->model, group->row, ng_cgroup_path(scrape->arena, at));
		state->resolver.wanted += group->row && group->row->naming == NAMING_WANTED;
	}
	if (group->place.level == CONTAINER_POD && !group->settled.account)
		container_account_open(&state->settlement, at);
	if (!group->row || (group->place.level == CONTAINER_POD && !group->settled.account))
		state->follow.incomplete = true;
}

void container_complete(struct ng_scrape *scrape, struct container *state)
{
	if (!state->follow.incomplete)
		return;
	state->follow.incomplete = false;
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_group *group = container_group(at);
		enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));
		bool rowless = !group->row;
		if (shown >= SHOWN_LEVELS)
			continue;
		add_row(scrape, state, at, shown);
		if (rowless)
			ng_cgroups_want(state->cgroups, at, interests(group));
	}
}

static unsigned group_added(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);
	const struct container_place *parent = at->parent ? &container_group(at->parent)->place : NULL;

	if (parent)
		container_place_step(parent, (struct ng_span){ at->name, at->name_size }, &group->place);
	else
		container_place_root(&group->place);
	if (group->place.level == CONTAINER_CONTAINER && parent->level == CONTAINER_POD &&
		container_group(at->parent)->newest < at->generation)
		container_group(at->parent)->newest = at->generation;
	state->networks.elsewhere += is_elsewhere(&group->place, parent);
	state->model.slice_roots += is_slice_root(at);
	group->added_at = ng_now();
	group->sampled.primed = at->fresh;
	enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));
	if (shown < SHOWN_LEVELS) {
		state->follow.census.live[shown]++;
		state->follow.census.created[shown]++;
		add_row(scrape, state, at, shown);
	}
	unsigned flags = interests(group);
	if (at->fresh && (flags & NG_CGROUP_EVENTS))
		add_young(state, at);
	return flags;
}

static void group_removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);
	const struct container_place *parent = at->parent ? &container_group(at->parent)->place : NULL;
	enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));

	state->networks.elsewhere -= is_elsewhere(&group->place, parent);
	state->model.slice_roots -= is_slice_root(at);
	if (shown < SHOWN_LEVELS) {
		state->follow.census.live[shown]--;
		state->follow.census.removed[shown]++;
	}
	drop_young(state, at);
	if (parent && container_group(at->parent)->settled.account)
		container_account_gone(&state->settlement, at);
	else if (shown == SHOWN_CONTAINER && group->row && !group->row->ended)
		state->settlement.lost[CONTAINER_LOST_NO_POD]++;
	container_account_close(&state->settlement, at);
	container_sampled_done(&state->sampler, &group->sampled);
	free(group->settled.counts);
	if (group->row) {
		container_kills_gone(&state->settlement, group->row);
		container_row_leave(scrape, &state->model, at);
	}
}

/*
 * The cgroup came and went unseen: its usage is in its pod's totals, and its log link may still tell which container it
 * was.
 */
static void group_missed(void *context, struct ng_scrape *scrape, struct ng_cgroup *parent, const char *name)
{
	struct container *state = context;
	struct container_place place;

	container_place_step(container_place_at(parent), ng_span(name), &place);
	enum container_shown shown = container_shown_as(&place, ng_span(name));
	if (shown >= SHOWN_LEVELS)
		return;
	state->follow.census.created[shown]++;
	state->follow.census.removed[shown]++;
	if (container_group(parent)->settled.account) {
		struct container_row *row = container_row_missed(scrape, &state->model, parent, &place, name);
		state->resolver.wanted += row != NULL;
		container_account_missed(&state->settlement, parent, row);
	} else if (shown == SHOWN_CONTAINER) {
		state->settlement.lost[CONTAINER_LOST_NO_POD]++;
	}
}

static void group_emptied(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_row *row = container_group(at)->row;

	if (row && row->naming != NAMING_NONE)
		row->ended =
			container_read_row(scrape, &state->reader, &state->starts, at, ng_now()) == 0 || row->ended;
}

/* Returns whether there were new OOM kills. */
static bool look_for_kills(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at)
{
	struct container_values now = { 0 }, *values = &container_group(at)->row->figures.values;
	const struct container_kills before =
		container_kills_before(&container_group(at)->row->figures.values, at->born);

	container_read_events(scrape, &state->reader, at, &now);
	if (!container_has(&now, VALUE_EVENTS_OOM_KILL))
		return false;
	container_set(values, VALUE_EVENTS_OOM_KILL, now.value[VALUE_EVENTS_OOM_KILL]);
	container_kills_after(before, values);
	return !before.known || now.value[VALUE_EVENTS_OOM_KILL] > before.count;
}

/* The containers of a pod are not watched individually: their events are counted in the pod as well. */
static void group_memory_event(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;

	if (!container_group(at)->row || !container_wants(&state->reader, SET_EVENTS) ||
		!look_for_kills(scrape, state, at) || container_place_at(at)->level != CONTAINER_POD)
		return;
	for (struct ng_cgroup *child = at->first; child; child = child->next) {
		const struct container_row *row = container_group(child)->row;
		if (row && row->naming != NAMING_NONE)
			look_for_kills(scrape, state, child);
	}
}

static struct ng_cgroups_hooks hooks_of(struct container *state)
{
	return (struct ng_cgroups_hooks){
		.payload_size = sizeof(struct container_group),
		.added = group_added,
		.removed = group_removed,
		.emptied = group_emptied,
		.memory_event = group_memory_event,
		.missed = group_missed,
		.context = state,
	};
}

int container_follow_open(
	struct container *state, struct ng_setup *setup, uint64_t limit, uint64_t descriptors, bool watch)
{
	const struct ng_cgroups_hooks hooks = hooks_of(state);

	state->settlement.reader = &state->reader;
	state->settlement.model = state->resolver.model = &state->model;
	int r = ng_cgroups_new(setup, &hooks, limit, descriptors, watch, &state->cgroups);
	state->reader.cgroups = state->starts.cgroups = state->networks.cgroups = state->cgroups;
	state->settlement.cgroups = state->resolver.cgroups = state->sampler.cgroups = state->cgroups;
	return r;
}

/* ---- at a scrape ---- */

int container_follow_all(struct ng_scrape *scrape, struct container *state)
{
	int r = ng_cgroups_update(scrape, state->cgroups, true);

	state->follow.listing_failed = r < 0;
	if (r == 0)
		container_complete(scrape, state);
	return r;
}

/* ---- between scrapes ---- */

static bool tree_told(const struct container *state, const struct ng_wait *wait)
{
	for (size_t i = 0; i < wait->count; i++) {
		if (wait->descriptor[i].fd == ng_cgroups_descriptor(state->cgroups) && wait->descriptor[i].revents)
			return true;
	}
	return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void wait_for_more(struct container *state, struct ng_wait *wait)
{
	int events = ng_cgroups_descriptor(state->cgroups);

	wait->count = 0;
	container_triggers_wait(&state->triggers, wait);
	if (events >= 0 && state->follow.looks_until <= wait->now + LOOKS_AT_ONCE * look_ns)
		wait->descriptor[wait->count++] = (struct pollfd){ .fd = events, .events = POLLIN };
	else if (events >= 0)
		wait->until = earlier(wait->until, state->follow.looks_until - LOOKS_AT_ONCE * look_ns);
	if (state->sampler.interval)
		wait->until = earlier(wait->until, state->sampler.next);
	if (state->follow.trim_pause)
		wait->until = earlier(wait->until, state->follow.trim_next);
	wait->until = earlier(wait->until, earlier(next_young(state), container_accounts_next(&state->settlement)));
}

/*
 * After most of many cgroups have gone, returns their memory to the system: malloc keeps free chunks that lie between
 * chunks in use. Accounts, leaving rows and the buffers of answers are freed later, by the ticks and scrapes that
 * follow, so this is repeated after 1, 2, 4, ... seconds, for about two minutes.
 */
static const uint64_t shortest_pause_ns = UINT64_C(1000000000), longest_pause_ns = 64u * UINT64_C(1000000000);

static void give_back(struct container *state, uint64_t now)
{
	struct container_follow *follow = &state->follow;
	uint64_t rows = state->model.leaving_count;

	for (size_t i = 0; i < SHOWN_LEVELS; i++)
		rows += follow->census.live[i];
	if (rows > follow->most_rows)
		follow->most_rows = rows;
	if (follow->most_rows >= MANY_ROWS && rows <= follow->most_rows / 4) {
		follow->most_rows = rows;
		follow->trim_next = now;
		follow->trim_pause = shortest_pause_ns;
	}
	if (!follow->trim_pause || now < follow->trim_next)
		return;
	malloc_trim(0);
	follow->trim_next = now + follow->trim_pause;
	follow->trim_pause = follow->trim_pause < longest_pause_ns ? 2 * follow->trim_pause : 0;
}

void container_tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait)
{
	struct container *state = context;
	struct container_sampler *sampler = &state->sampler;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE)
		return;
	container_triggers_take(&state->triggers, wait);
	container_triggers_open(scrape, &state->triggers, wait->now);
	if (tree_told(state, wait))
		state->follow.looks_until =
			(state->follow.looks_until > wait->now ? state->follow.looks_until : wait->now) + look_ns;
	/* a failed walk is repeated by the next scrape; until then the tree may be incomplete */
	state->follow.listing_failed =
		ng_cgroups_update(scrape, state->cgroups, false) < 0 || state->follow.listing_failed;
	give_back(state, wait->now);
	read_young(scrape, state);
	container_accounts_settle(scrape, &state->settlement, true);
	if (state->settlement.kills.open || wait->now >= sampler->next)
		container_kills_settle(scrape, &state->settlement);
	if (sampler->interval && wait->now >= sampler->next) {
		container_sample(scrape, sampler, &state->triggers, wait->now);
		container_resolve(scrape, &state->resolver);
		sampler->next = sampler->next + 2 * sampler->interval > wait->now ? sampler->next + sampler->interval
										  : wait->now + sampler->interval;
		if (sampler->next <= wait->now)
			sampler->next = wait->now + sampler->interval;
	}
	wait_for_more(state, wait);
}
