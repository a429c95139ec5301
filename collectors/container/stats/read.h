/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one group by one pass over its files. */
#ifndef CONTAINER_READ_H
#define CONTAINER_READ_H

#include "stats/files.h"
#include "stats/psi.h"
#include "stats/values.h"

/* What a pass needs and what it finds out, one for the collector. */
struct container_reader {
	const struct ng_cgroups *cgroups;
	uint32_t sets;              /* bits of enum container_set */
	bool no_swap;               /* this machine has none: nothing to read */
	struct ng_names huge_sizes; /* "2MB" */
	struct container_plan cpu, memory, events;
	uint64_t psi[PSI_REASONS];     /* groups by what their pressure files said, in this scrape */
	const int *pressure_fd_plus_1; /* what the sampler keeps open of the group that is read, or NULL */
	bool inner;                    /* the group that is read may have one of crun's below it */
	bool weights_changed;          /* some CPU weight is not what it was: see container_shares_settle */
};

static inline bool container_wants(const struct container_reader *reader, enum container_set set)
{
	return reader->sets >> set & 1;
}

/*
 * Reads a group into `figures`, whose values are replaced; limits are kept from the last time unless they are asked
 * for. -ENOENT when the group has gone; what was read last is then still there. So it is where there are no descriptors
 * or memory to read with. A file that cannot be understood is left out and noted.
 */
int container_read(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures);

/*
 * What only grows and is counted in the groups above as well, also when the group has gone: CPU time, I/O and, on v2,
 * memory.events. Nothing else is in `figures` then. -ENOENT when the group has gone. `ret_io`: its I/O is known.
 */
int container_read_counters(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io);

/* memory.events.local: what happened in the group itself and in none below it. Linux 5.2. */
int container_read_own_events(struct ng_scrape *scrape, const struct container_reader *reader,
	const struct ng_cgroup *group, struct container_values *values);

/* memory.events alone, or what v1 has of it. */
void container_read_events(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values);

#endif
