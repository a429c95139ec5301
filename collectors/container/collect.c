/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scrape: groups are read into their rows, and the rows written.
 */
#include "emit/write.h"

static const uint64_t second_ns = 1000000000;
static const uint64_t limits_ns = 60u * UINT64_C(1000000000);

int container_read_row(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	const struct container_kills before =
		container_kills_before(&container_group(at)->row->figures.values, at->born);
	bool limits = !group->limits_at || now - group->limits_at >= limits_ns;
	bool has_start = container_has(&group->row->figures.values, VALUE_STARTED);

	state->reader.pressure_fd_plus_1 = group->pressure_fd_plus_1;
	state->reader.inner = group->place.level == CONTAINER_CONTAINER;
	int r = container_read(scrape, &state->reader, at, limits, &group->row->figures);
	state->reader.pressure_fd_plus_1 = NULL;
	if (r < 0)
		return r;
	if (!has_start && !at->fresh && at->parent)
		container_find_start(scrape, state, at);
	if (limits)
		group->limits_at = group->row->figures.limits_missed ? 0 : now;
	group->row->seen_at = container_wall_clock() / second_ns;
	container_kills_after(before, &group->row->figures.values);
	return 0;
}

static void read_shown(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct container_row *row = group->row;

	if (container_wants(&state->reader, SET_PROCESSES) || container_wants(&state->reader, SET_DESCRIPTORS))
		container_count_processes(scrape, state, at, &row->figures.values);
	if (container_wants(&state->reader, SET_STATES))
		container_read_states(scrape, state, at, now);
	if (container_wants(&state->reader, SET_NETWORK))
		container_read_network(scrape, state, at, now);
	if (row->shown == SHOWN_NODE && container_wants(&state->reader, SET_SPEC) && state->machine.memory &&
		!container_has(&row->figures.values, VALUE_MEMORY_LIMIT))
		container_set(&row->figures.values, VALUE_MEMORY_LIMIT, state->machine.memory);
	row->has_peaks = state->sampler.round > 1 && row->shown != SHOWN_NODE && row->shown != SHOWN_CONTAINER &&
			 row->shown != SHOWN_SANDBOX && container_has(&row->figures.values, VALUE_PRESSURE);
	if (group->account)
		memcpy(row->lost, group->account->lost, sizeof(row->lost));
	memset(row->peak, 0, sizeof(row->peak));
	if (group->peaks)
		container_peaks_of(group->peaks, &state->sampler, row->peak);
}

static int add_row(struct ng_arena *arena, struct container_rows *rows, size_t *room, struct container_row *row)
{
	struct container_row **slot = ng_push(arena, &rows->row, &rows->count, room);

	if (!slot)
		return -ENOMEM;
	*slot = row;
	return 0;
}

/*
 * Parents come before children: the kernel brings the sums of a whole branch up to date with the first reading. Groups
 * that have gone are dropped when all are read, with what is below them, and their rows leave. Without descriptors or
 * memory there is no answer: half of one would look like a whole one.
 */
static int read_rows(struct ng_scrape *scrape, struct container *state, uint64_t now)
{
	struct ng_cgroup **gone = NULL, **slot;
	size_t gone_count = 0, gone_room = 0;
	bool refused = false;

	memset(state->reader.psi, 0, sizeof(state->reader.psi));
	state->networks = NULL;
	state->network_count = state->network_room = 0;
	state->network_missed = false;
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		refused = refused || at->refused;
		if (!row || row->naming != NAMING_DONE || row->outdone)
			continue;
		/* there was no memory for them */
		if (!row->labels && container_row_name(scrape, state, row, ng_cgroup_path(scrape->arena, at)) < 0)
			return ng_failed(scrape, -ENOMEM, "name", at->name);
		int r = container_read_row(scrape, state, at, now);
		if (container_lacks(r))
			return ng_failed(scrape, r, "read the cgroup", at->name);
		row->fresh = r == 0;
		row->leftover = container_is_leftover(state, row);
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
	container_settle_shares(state);
	/* children were found after their parents, and go before them */
	while (gone_count)
		ng_cgroups_drop(scrape, state->cgroups, gone[--gone_count]);
	if (refused) {
		ng_broken(scrape, "cgroups", 0, "no more than --collector.container.max-groups");
		ng_note(scrape);
	}
	return 0;
}

static int list_rows(struct ng_arena *arena, struct container *state, struct container_rows *rows, size_t *room)
{
	int r = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); r == 0 && at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (row && row->naming == NAMING_DONE && !row->outdone && row->fresh && !row->leftover)
			r = add_row(arena, rows, room, row);
	}
	return r;
}

static int add_leaving(struct ng_arena *arena, struct container *state, struct container_rows *rows, size_t *room)
{
	int r = 0;

	for (struct container_row *row = state->leaving; r == 0 && row; row = row->next) {
		if (row->naming == NAMING_DONE && (!row->outdone || row->superseded) &&
			!container_is_leftover(state, row))
			r = add_row(arena, rows, room, row);
	}
	return r;
}

int container_collect(void *context, struct ng_scrape *scrape)
{
	struct container *state = context;
	struct container_rows rows = { 0 };
	size_t room = 0;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE) {
		ng_failed(scrape, -ENODATA, "find cgroups below", ng_root_path(scrape, NG_CGROUP));
		return -ENODATA;
	}
	state->recent_readers = scrape->recent_readers;
	int r = ng_cgroups_update(scrape, state->cgroups, true);
	state->listing_failed = r < 0;
	if (r < 0)
		return r;
	container_complete(scrape, state);
	container_machine_read(scrape, state);
	container_accounts_settle(scrape, state, false);
	container_kills_settle(scrape, state);
	container_resolve(scrape, state);
	if (state->names.lacking)
		return ng_failed(scrape, -ENOMEM, "find the names of", "the cgroups");
	uint64_t now = ng_now(); /* later than whatever the hooks noted */
	r = container_rows_settle(state);
	if (r < 0)
		return ng_failed(scrape, r, "settle", "the rows");
	r = read_rows(scrape, state, now);
	if (r == 0)
		r = list_rows(scrape->arena, state, &rows, &room);
	if (r == 0)
		r = add_leaving(scrape->arena, state, &rows, &room);
	if (r < 0)
		return r;
	container_write(scrape, state, &rows);
	container_note_waiting(scrape, state);
	/* who has waited in vain has not seen them */
	bool late = scrape->deadline && ng_now() >= scrape->deadline;
	container_rows_seen(state, late ? 0 : scrape->readers, scrape->recent_readers, now);
	return 0;
}
