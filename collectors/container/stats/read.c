/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the files of a cgroup, v2 or v1, in one pass. */
#include "stats/read.h"

#include "stats/v1.h"
#include "stats/v2.h"

int container_read_counters(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io)
{
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);

	figures->values.present = 0;
	figures->devices.count = 0;
	*ret_io = false;
	int r = ng_cgroups_mode(reader->cgroups) == NG_CGROUP_V2
			? container_read_counters_v2(scrape, reader, group, figures, ret_io)
			: container_read_counters_v1(scrape, reader, group, figures, ret_io);
	ng_arena_rewind(scrape->arena, mark);
	return r;
}

int container_read(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);

	figures->limits_missed = false;
	int r = ng_cgroups_mode(reader->cgroups) == NG_CGROUP_V2
			? container_read_v2(scrape, reader, group, limits, figures)
			: container_read_v1(scrape, reader, group, limits, figures);
	ng_arena_rewind(scrape->arena, mark);
	return r;
}

void container_read_events(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_MEMORY);

	if (directory >= 0 && ng_cgroups_mode(reader->cgroups) == NG_CGROUP_V2)
		container_read_events_v2(scrape, reader, directory, values);
	else if (directory >= 0)
		container_read_events_v1(scrape, directory, values);
	ng_cgroup_leave(group, directory);
}

int container_read_own_events(struct ng_scrape *scrape, const struct container_reader *reader,
	const struct ng_cgroup *group, struct container_values *values)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_MEMORY), r = directory;

	if (directory >= 0)
		r = container_read_own_events_v2(scrape, directory, values);
	ng_cgroup_leave(group, directory);
	return r;
}
