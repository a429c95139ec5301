/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one cgroup in one pass over its files. */
#ifndef CONTAINER_READ_H
#define CONTAINER_READ_H

#include "stats/files.h"
#include "stats/psi.h"
#include "stats/values.h"

/* Inputs and results of a pass; one per collector. */
struct container_reader {
	const struct ng_cgroups *cgroups;
	uint32_t sets;              /* bits of enum container_set */
	bool no_swap;               /* the machine has no swap: nothing to read */
	struct ng_names huge_sizes; /* "2MB" */
	struct container_plan cpu, memory, events;
	uint64_t psi[PSI_REASONS];     /* cgroups by the state of their pressure files, in this scrape */
	const int *pressure_fd_plus_1; /* the files of this cgroup that the sampler keeps open, or NULL */
	bool inner;                    /* this cgroup may have one created by crun below it */
	bool weights_changed;          /* some CPU weight has changed: see container_shares_settle */
};

static inline bool container_wants(const struct container_reader *reader, enum container_set set)
{
	return reader->sets >> set & 1;
}

/*
 * Reads a cgroup into `figures` and replaces its values; limits are kept from the last time unless `limits` is set.
 * -ENOENT if the cgroup is gone; the values last read are then kept, as they are if there are no descriptors or memory
 * to read with. A file that cannot be understood is left out and noted.
 */
int container_read(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures);

/*
 * Reads only the monotonic counters that the ancestors include too, even after the cgroup is gone: CPU time, I/O and,
 * on v2, memory.events. No other values are set in `figures`. -ENOENT if the cgroup is gone. `ret_io`: its I/O is
 * known.
 */
int container_read_counters(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io);

/* memory.events.local: events in the cgroup itself, without its descendants. Linux 5.2. */
int container_read_own_events(struct ng_scrape *scrape, const struct container_reader *reader,
	const struct ng_cgroup *group, struct container_values *values);

/* Only memory.events, or its equivalents on v1. */
void container_read_events(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values);

#endif
