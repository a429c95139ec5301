/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the tree: what its hooks do, and the ticks between scrapes.
 */
#include "container.h"

#include <stdlib.h>

/*
 * The end of a process is told of its group and of those above it one by one, and what is known of them has to be read
 * before they are removed: so some looks may follow at once, and only who goes on is made to wait.
 */
static const uint64_t look_ns = 5u * UINT64_C(1000000);
enum { LOOKS_AT_ONCE = 32 };

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

/* A runtime that is not told of the kubelet's slices puts the containers of all pods below its service. */
static bool is_elsewhere(const struct container_place *place, const struct container_place *parent)
{
	return place->kubernetes && place->level == CONTAINER_CONTAINER && parent && parent->level != CONTAINER_POD;
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
	state->elsewhere += is_elsewhere(&group->place, parent);
	group->added_at = ng_now();
	group->primed = at->fresh;
	enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));
	if (shown < SHOWN_LEVELS) {
		state->live[shown]++;
		state->created[shown]++;
		group->row = container_row_new(state, at, &group->place, shown);
	}
	if (group->row && group->row->naming == NAMING_DONE)
		container_row_name(scrape, state, group->row, ng_cgroup_path(scrape->arena, at));
	if (group->row && group->row->naming == NAMING_WANTED)
		state->wanted++;
	return interests(group);
}

static void group_removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);
	const struct container_place *parent = at->parent ? &container_group(at->parent)->place : NULL;
	enum container_shown shown = container_shown_as(&group->place, ng_span(at->name));

	state->elsewhere -= is_elsewhere(&group->place, parent);
	if (shown < SHOWN_LEVELS) {
		state->live[shown]--;
		state->removed[shown]++;
	}
	container_close_pressure(state, group);
	free(group->peaks);
	if (group->row)
		container_row_leave(scrape, state, at);
}

static void group_emptied(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	const struct container_row *row = container_group(at)->row;

	if (row && (row->naming == NAMING_DONE || row->naming == NAMING_WANTED))
		container_read_row(scrape, state, at, ng_now());
}

static void group_memory_event(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);

	if (!group->row || !container_wants(&state->reader, SET_EVENTS))
		return;
	struct container_values now = { 0 }, *values = &group->row->figures.values;
	const struct container_kills before = container_kills_before(at);
	container_read_events(scrape, &state->reader, at, &now);
	if (!container_has(&now, VALUE_EVENTS_OOM_KILL))
		return;
	container_set(values, VALUE_EVENTS_OOM_KILL, now.value[VALUE_EVENTS_OOM_KILL]);
	container_kills_after(before, values);
}

struct ng_cgroups_hooks container_hooks(struct container *state)
{
	return (struct ng_cgroups_hooks){
		.payload_size = sizeof(struct container_group),
		.added = group_added,
		.removed = group_removed,
		.emptied = group_emptied,
		.memory_event = group_memory_event,
		.context = state,
	};
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
	container_triggers_wait(state, wait);
	if (events >= 0 && state->looks_until <= wait->now + LOOKS_AT_ONCE * look_ns)
		wait->descriptor[wait->count++] = (struct pollfd){ .fd = events, .events = POLLIN };
	else if (events >= 0)
		wait->until = earlier(wait->until, state->looks_until - LOOKS_AT_ONCE * look_ns);
	if (state->sampler.interval)
		wait->until = earlier(wait->until, state->sampler.next);
}

void container_tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait)
{
	struct container *state = context;
	struct container_sampler *sampler = &state->sampler;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE)
		return;
	container_triggers_take(scrape, state, wait);
	container_triggers_open(scrape, state, wait->now);
	if (tree_told(state, wait))
		state->looks_until = (state->looks_until > wait->now ? state->looks_until : wait->now) + look_ns;
	/* a walk that failed is made again by the next scrape: until then not all is known */
	state->listing_failed = ng_cgroups_update(scrape, state->cgroups, false) < 0 || state->listing_failed;
	if (sampler->interval && wait->now >= sampler->next) {
		container_sample(scrape, state, wait->now);
		container_resolve(scrape, state);
		sampler->next = sampler->next + 2 * sampler->interval > wait->now ? sampler->next + sampler->interval
										  : wait->now + sampler->interval;
		if (sampler->next <= wait->now)
			sampler->next = wait->now + sampler->interval;
	}
	wait_for_more(state, wait);
}
