/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OOM kills on cgroup v1, which counts them in the victim's cgroup but not in its ancestors: when a killed container is
 * removed, its count is lost. The node's count includes all kills, so growth that no living cgroup accounts for belongs
 * to the container that was removed meanwhile, if there was exactly one. The count is read when a container has been
 * removed, and once a second.
 *
 *     /proc/vmstat       oom_kill 3
 *     memory.oom_control oom_kill 1       Linux 4.13
 */
#include "settle/settle.h"

#include "rows.h"
#include "stats/read.h"

static uint64_t kills_of(const struct container_row *row)
{
	const struct container_values *values = &row->figures.values;

	return container_has(values, VALUE_EVENTS_OOM_KILL) ? values->value[VALUE_EVENTS_OOM_KILL] : 0;
}

static bool read_node(struct ng_scrape *scrape, uint64_t *ret_kills)
{
	static const char key[] = "\noom_kill ";
	struct ng_span text, number;

	if (container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, "vmstat", &text) < 0)
		return false;
	const char *at = memmem(text.text, text.size, key, sizeof(key) - 1);
	if (!at)
		return false;
	text = ng_span_skip(text, (size_t)(at - text.text) + sizeof(key) - 1);
	return ng_line_next(&text, &number) && ng_u64(number, ret_kills) == 0;
}

/* The sum of the kills that the existing cgroups have counted so far. */
static uint64_t read_living(struct ng_scrape *scrape, struct container_settlement *settlement)
{
	uint64_t sum = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(settlement->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (!row || row->naming == NAMING_NONE)
			continue;
		const struct container_kills before =
			container_kills_before(&container_group(at)->row->figures.values, at->born);
		container_read_events(scrape, settlement->reader, at, &row->figures.values);
		container_kills_after(before, &row->figures.values);
		sum += kills_of(row);
	}
	return sum;
}

static void give(struct container_settlement *settlement, uint64_t missing)
{
	struct container_row *one = NULL;
	unsigned count = 0;

	for (struct container_row *row = settlement->model->leaving; row; row = row->next) {
		if (!row->kills_open || row->shown != SHOWN_CONTAINER)
			continue;
		one = row;
		count++;
	}
	if (count > 1)
		settlement->lost[CONTAINER_LOST_TOGETHER] += count;
	if (count != 1)
		return;
	container_set(&one->figures.values, VALUE_EVENTS_OOM_KILL, kills_of(one) + missing);
	container_set(&one->figures.values, VALUE_LAST_OOM_KILL, container_wall_clock());
	settlement->kills.gone += missing;
	container_row_show_again(settlement->model, one);
}

void container_kills_gone(struct container_settlement *settlement, struct container_row *row)
{
	if (!settlement->kills.based)
		return;
	settlement->kills.gone += kills_of(row);
	row->kills_open = settlement->kills.open = true;
}

void container_kills_settle(struct ng_scrape *scrape, struct container_settlement *settlement)
{
	struct container_node_kills *kills = &settlement->kills;
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
	uint64_t node;

	if (ng_cgroups_mode(settlement->cgroups) == NG_CGROUP_V2 || !container_wants(settlement->reader, SET_EVENTS))
		return;
	if (read_node(scrape, &node) && (!kills->based || node != kills->node)) {
		uint64_t known = read_living(scrape, settlement) + kills->gone;
		if (kills->based && node > known + kills->others)
			give(settlement, node - known - kills->others);
		/* kills outside our cgroups, or from before we started */
		known = read_living(scrape, settlement) + kills->gone;
		kills->others = node > known ? node - known : 0;
		kills->node = node;
		kills->based = true;
	}
	ng_arena_rewind(scrape->arena, mark);
	for (struct container_row *row = kills->open ? settlement->model->leaving : NULL; row; row = row->next)
		row->kills_open = false;
	kills->open = false;
}
