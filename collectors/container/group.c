/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

static const uint64_t second_ns = 1000000000;
static const uint64_t limits_ns = 60u * UINT64_C(1000000000);

int container_read_row(struct ng_scrape *scrape, struct container_reader *reader, struct container_starts *starts,
	struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	const struct container_kills before = container_kills_before(&group->row->figures.values, at->born);
	bool limits = !group->limits_at || now - group->limits_at >= limits_ns;
	bool has_start = container_has(&group->row->figures.values, VALUE_STARTED);

	reader->pressure_fd_plus_1 = group->sampled.fd_plus_1;
	reader->inner = group->place.level == CONTAINER_CONTAINER;
	int r = container_read(scrape, reader, at, limits, &group->row->figures);
	reader->pressure_fd_plus_1 = NULL;
	if (r < 0)
		return r;
	if (!has_start && !at->fresh && at->parent)
		container_find_start(scrape, starts, at);
	if (limits)
		group->limits_at = group->row->figures.limits_missed ? 0 : now;
	group->row->seen_at = container_wall_clock() / second_ns;
	container_kills_after(before, &group->row->figures.values);
	return 0;
}
