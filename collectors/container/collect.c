/* SPDX-License-Identifier: Apache-2.0 */
/* A scrape: read the cgroups into their rows, then write the rows. */
#include "collect.h"

#include "collector.h"
#include "emit/write.h"
#include "group.h"
#include "process/processes.h"
#include "process/states.h"
#include "rows.h"

static void read_shown(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct container_row *row = group->row;

	if (container_wants(&state->reader, SET_PROCESSES) || container_wants(&state->reader, SET_DESCRIPTORS))
		container_count_processes(scrape, state->cgroups, at, container_wants(&state->reader, SET_DESCRIPTORS),
			&row->figures.values);
	if (container_wants(&state->reader, SET_STATES))
		container_read_states(scrape, state->cgroups, at, now);
	if (container_wants(&state->reader, SET_NETWORK))
		container_read_network(scrape, &state->networks, at, now);
	if (row->shown == SHOWN_NODE && container_wants(&state->reader, SET_SPEC) && state->machine.memory &&
		!container_has(&row->figures.values, VALUE_MEMORY_LIMIT))
		container_set(&row->figures.values, VALUE_MEMORY_LIMIT, state->machine.memory);
	row->has_peaks = state->sampler.round > 1 && row->shown != SHOWN_NODE && row->shown != SHOWN_CONTAINER &&
			 row->shown != SHOWN_SANDBOX && container_has(&row->figures.values, VALUE_PRESSURE);
	if (group->settled.account)
		memcpy(row->lost, group->settled.account->lost, sizeof(row->lost));
	memset(row->peak, 0, sizeof(row->peak));
	if (group->sampled.peaks)
		container_peaks_of(group->sampled.peaks, &state->sampler, row->peak);
}

static int add_row(struct ng_arena *arena, struct container_list *rows, size_t *room, struct container_row *row)
{
	struct container_row **slot = ng_push(arena, &rows->row, &rows->count, room);

	if (!slot)
		return -ENOMEM;
	*slot = row;
	return 0;
}

/*
 * Parents are read before children: the first read makes the kernel flush the statistics of the whole subtree. Cgroups
 * found to be gone are dropped after all have been read, together with everything below them, and their rows start to
 * leave. Without descriptors or memory the scrape fails: half a response would look like a complete one.
 */
static int read_rows(struct ng_scrape *scrape, struct container *state, uint64_t now)
{
	struct ng_cgroup **gone = NULL, **slot;
	size_t gone_count = 0, gone_room = 0;
	bool refused = false;

	memset(state->reader.psi, 0, sizeof(state->reader.psi));
	container_networks_begin(&state->networks);
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		refused = refused || at->refused;
		if (!row || row->naming != NAMING_DONE || row->outdone)
			continue;
		/* there was no memory for them when the cgroup was added */
		if (!row->labels &&
			container_row_name(scrape, &state->model, row, ng_cgroup_path(scrape->arena, at)) < 0)
			return ng_failed(scrape, -ENOMEM, "name", at->name);
		int r = container_read_row(scrape, &state->reader, &state->starts, at, now);
		if (container_lacks(r))
			return ng_failed(scrape, r, "read the cgroup", at->name);
		row->fresh = r == 0;
		row->leftover = container_is_leftover(&state->model, row);
		if (row->fresh) {
			read_shown(scrape, state, at, now);
		} else if (!ng_absent(r)) {
			scrape->dropped++;
			ng_failed(scrape, r, "read the cgroup", at->name);
			ng_note(scrape);
		} else if (at->parent) {
			slot = ng_push(scrape->arena, &gone, &gone_count, &gone_room);
			if (slot)
				*slot = at;
		}
	}
	bool complete = !(state->resolver.names.failed && state->resolver.wanted) && !state->follow.incomplete;
	container_shares_settle(state->cgroups, complete, &state->reader.weights_changed);
	/* children come after their parents in the list and must be dropped before them */
	while (gone_count)
		ng_cgroups_drop(scrape, state->cgroups, gone[--gone_count]);
	if (refused) {
		ng_broken(scrape, "cgroups", 0, "no more than --collector.container.max-groups");
		ng_note(scrape);
	}
	return 0;
}

static int list_rows(struct ng_arena *arena, struct container *state, struct container_list *rows, size_t *room)
{
	int r = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); r == 0 && at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (row && row->naming == NAMING_DONE && !row->outdone && row->fresh && !row->leftover)
			r = add_row(arena, rows, room, row);
	}
	return r;
}

static int add_leaving(struct ng_arena *arena, struct container *state, struct container_list *rows, size_t *room)
{
	int r = 0;

	for (struct container_row *row = state->model.leaving; r == 0 && row; row = row->next) {
		if (row->naming == NAMING_DONE && (!row->outdone || row->superseded) &&
			!container_is_leftover(&state->model, row))
			r = add_row(arena, rows, room, row);
	}
	return r;
}

static void read_machine(struct ng_scrape *scrape, struct container *state)
{
	container_machine_read(scrape, &state->machine, container_wants(&state->reader, SET_HUGETLB),
		container_wants(&state->reader, SET_MACHINE));
	state->reader.no_swap = state->machine.no_swap;
	state->reader.huge_sizes = state->machine.huge_sizes;
}

static struct container_view view_of(struct container *state, const uint16_t node_peaks[CONTAINER_SHARES])
{
	return (struct container_view){
		.reader = &state->reader,
		.model = &state->model,
		.sampler = &state->sampler,
		.node_peaks = node_peaks,
		.triggers = &state->triggers,
		.machine = &state->machine,
		.census = &state->follow.census,
		.unresolved = state->resolver.unresolved,
		.lost = state->settlement.lost,
		.devices = &state->devices,
		.filesystems = &state->filesystems,
		.listing_failed = state->follow.listing_failed,
	};
}

int container_collect(struct ng_scrape *scrape, struct container *state)
{
	struct container_list rows = { 0 };
	uint16_t node_peaks[CONTAINER_SHARES];
	size_t room = 0;

	read_machine(scrape, state);
	container_accounts_settle(scrape, &state->settlement, false);
	container_kills_settle(scrape, &state->settlement);
	container_resolve(scrape, &state->resolver);
	if (state->resolver.names.lacking)
		return ng_failed(scrape, -ENOMEM, "find the names of", "the cgroups");
	uint64_t now = ng_now(); /* later than any time that the hooks recorded */
	int r = container_rows_settle(&state->model, state->cgroups);
	if (r < 0)
		return ng_failed(scrape, r, "settle", "the rows");
	r = read_rows(scrape, state, now);
	if (r == 0)
		r = list_rows(scrape->arena, state, &rows, &room);
	if (r == 0)
		r = add_leaving(scrape->arena, state, &rows, &room);
	if (r < 0)
		return r;
	container_peaks_of(&state->sampler.peaks, &state->sampler, node_peaks);
	const struct container_view view = view_of(state, node_peaks);
	container_write(scrape, &view, &rows);
	container_note_waiting(scrape, &state->resolver);
	/* a scraper that has timed out has not seen them */
	bool late = scrape->deadline && ng_now() >= scrape->deadline;
	container_rows_seen(&state->model, late ? 0 : scrape->readers, scrape->recent_readers, now);
	return 0;
}
