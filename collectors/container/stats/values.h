/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of one group, read by one pass over its files. Times are in nanoseconds, whatever unit the file
 * has, pressure in microseconds.
 *
 * Kernel: Documentation/admin-guide/cgroup-v2.rst ("Interface Files"), cgroup-v1/{memory,cpuacct,blkio-controller}.rst,
 * Documentation/accounting/psi.rst.
 */
#ifndef CONTAINER_VALUES_H
#define CONTAINER_VALUES_H

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

/* What --collector.container.families chooses from. */
enum container_set {
	SET_CPU,
	SET_CPU_DETAIL,
	SET_MEMORY,
	SET_MEMORY_DETAIL,
	SET_EVENTS,
	SET_TASKS,
	SET_PROCESSES,
	SET_DESCRIPTORS,
	SET_STATES,
	SET_IO,
	SET_IO_DETAIL,
	SET_FILESYSTEM,
	SET_NETWORK,
	SET_SPEC,
	SET_PRESSURE,
	SET_HUGETLB,
	SET_INFO,
	SET_IDENTITY,
	SET_MACHINE,
	SETS,
};

enum { CONTAINER_CPU, CONTAINER_MEMORY, CONTAINER_DISK, CONTAINER_RESOURCES };

enum container_value {
	/* cpu.stat, cpu.stat.local; ns */
	VALUE_CPU_USAGE,
	VALUE_CPU_USER,
	VALUE_CPU_SYSTEM,
	VALUE_CFS_PERIODS,
	VALUE_CFS_THROTTLED_PERIODS,
	VALUE_CFS_THROTTLED,
	VALUE_CFS_BURST_PERIODS,
	VALUE_CFS_BURST,
	VALUE_CPU_THROTTLED_LOCAL,
	/* memory.current, .peak, .swap.current, .stat; bytes and counts */
	VALUE_MEMORY_USAGE,
	VALUE_MEMORY_WORKING_SET,
	VALUE_MEMORY_PEAK,
	VALUE_MEMORY_SWAP,
	VALUE_MEMORY_ANON,
	VALUE_MEMORY_FILE,
	VALUE_MEMORY_MAPPED,
	VALUE_MEMORY_KERNEL,
	VALUE_MEMORY_ACTIVE_FILE,
	VALUE_MEMORY_INACTIVE_FILE,
	VALUE_MEMORY_DIRTY,
	VALUE_MEMORY_WRITEBACK,
	VALUE_MEMORY_FAULTS,
	VALUE_MEMORY_MAJOR_FAULTS,
	VALUE_MEMORY_SCANNED,
	VALUE_MEMORY_STOLEN,
	VALUE_MEMORY_REFAULT_FILE,
	VALUE_MEMORY_REFAULT_ANON,
	VALUE_MEMORY_ZSWAP,
	VALUE_MEMORY_ZSWAPPED,
	VALUE_MEMORY_FAILCNT,
	/* memory.events, pids.events */
	VALUE_EVENTS_LOW,
	VALUE_EVENTS_HIGH,
	VALUE_EVENTS_MAX,
	VALUE_EVENTS_OOM,
	VALUE_EVENTS_OOM_KILL,
	VALUE_EVENTS_OOM_GROUP_KILL,
	VALUE_EVENTS_FORKS_REFUSED,
	VALUE_LAST_OOM_KILL, /* CLOCK_REALTIME, ns */
	/* pids.current, cgroup.procs, cgroup.stat */
	VALUE_THREADS,
	VALUE_PROCESSES,
	VALUE_DESCRIPTORS,
	VALUE_SOCKETS,
	VALUE_GROUPS,
	VALUE_DYING,
	/* limits */
	VALUE_CPU_QUOTA,
	VALUE_CPU_PERIOD,
	VALUE_CPU_SHARES,
	VALUE_CPU_WEIGHT,
	VALUE_MEMORY_LIMIT,
	VALUE_SWAP_LIMIT,
	VALUE_MEMORY_RESERVATION,
	VALUE_THREADS_MAX,
	/* *.pressure; us: waiting and stalled of each resource */
	VALUE_PRESSURE,
	VALUE_IRQ_STALLED = VALUE_PRESSURE + 2 * CONTAINER_RESOURCES,
	VALUE_STARTED, /* CLOCK_REALTIME, s */
	VALUES,
};
_Static_assert(VALUES <= 64, "struct container_values has a bit for each");

struct container_values {
	uint64_t present; /* a bit for each value */
	uint64_t value[VALUES];
};

static inline bool container_has(const struct container_values *values, enum container_value which)
{
	return values->present >> which & 1;
}

static inline void container_set(struct container_values *values, enum container_value which, uint64_t value)
{
	values->value[which] = value;
	values->present |= UINT64_C(1) << which;
}

/* One block device of io.stat. */
struct container_device {
	uint32_t major, minor;
	uint64_t read_bytes, written_bytes, reads, writes;
	uint64_t cost[4]; /* us: usage, wait, indebt, indelay */
	bool has_cost;
};
struct container_devices {
	struct container_device *device; /* malloc */
	uint32_t count, room;
};

struct container_page {
	char size[12]; /* "2MB" */
	uint64_t usage, max, failures;
	bool has_max, has_failures;
};
struct container_pages {
	struct container_page *page; /* malloc */
	uint32_t count, room;
};

/* How a weight of cgroup v2 was made from shares: see shares.c. */
enum container_conversion { CONVERSION_LINEAR, CONVERSION_NEWER };

/* Everything that belongs to one row. */
struct container_figures {
	struct container_values values;
	uint64_t known_shares; /* that the runtime was asked for; 0: not known */
	enum container_conversion conversion;
	bool settled;       /* by the weights of all groups */
	bool limits_missed; /* reading one failed in passing: to be tried again */
	uint64_t unknown;   /* a bit for each limit that there is and that could not be read: it is not none */
	bool inner_quota;   /* its quota is that of crun's group below it */
	struct container_devices devices;
	struct container_pages pages;
};

/* Which line of a file of keys has which value, learned from the last one: the kernel prints them in one order. */
enum { CONTAINER_PLAN_LINES = 128 };
struct container_plan {
	uint32_t count;
	uint32_t end;                        /* behind the last line that is wanted; 0 while that is not known */
	uint64_t head[CONTAINER_PLAN_LINES]; /* first and last bytes and size of the key */
	int16_t key[CONTAINER_PLAN_LINES];   /* index of the wanted key, or -1 */
};

enum container_psi { PSI_READ, PSI_NO_FILE, PSI_SWITCHED_OFF, PSI_V1, PSI_REASONS };

/* What a pass needs and what it finds out, one for the collector. */
struct container_reader {
	const struct ng_cgroups *cgroups;
	uint32_t sets;              /* bits of enum container_set */
	bool no_swap;               /* this machine has none: nothing to read */
	struct ng_names huge_sizes; /* "2MB" */
	struct container_plan cpu, memory, events;
	uint64_t psi[PSI_REASONS];     /* groups by what their pressure files said, in this scrape */
	struct ng_arena text;          /* of the files of one group */
	const int *pressure_fd_plus_1; /* what the sampler keeps open of the group that is read, or NULL */
	bool inner;                    /* the group that is read may have one of crun's below it */
	bool weights_changed;          /* some CPU weight is not what it was: see container_settle_shares */
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

/* The shares of cgroup v1 that were made this weight, as far as the figures tell. */
uint64_t container_shares_of(const struct container_figures *figures, uint64_t weight);

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
void container_figures_done(struct container_figures *figures);

/* An array of malloc with room for one more element, moved if need be; NULL, and it stands, when there is no memory. */
void *container_room_for_one(void *array, uint32_t count, uint32_t *room, size_t size);

/* Of a group, and of the node below --path.procfs. */
extern const char *const container_pressure_files[CONTAINER_RESOURCES];
extern const char *const container_node_pressure[CONTAINER_RESOURCES];

/* "some avg10=... total=123": the two totals of a pressure file in us; false for a missing line. */
void container_parse_pressure(struct ng_span text, uint64_t ret_total[2], bool ret_has[2]);

/* The same of an open file, between scrapes; false when it has no total of some tasks waiting. */
bool container_read_totals(int fd, uint64_t ret_total[2]);

/* A failure that says nothing of the file: no descriptor was free, or a signal came. It is not to be remembered. */
static inline bool container_failed(int r)
{
	return r == -EIO || r == -EINTR || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EAGAIN;
}

/* As ng_cgroup_enter; what keeps us from a group that is there is counted. */
int container_enter(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum ng_cgroup_place place);

/* As ng_peek_at; a file that is there and that cannot be read is counted. */
int container_peek(
	struct ng_scrape *scrape, int directory, enum ng_kind kind, const char *file, struct ng_span *ret_text);

/* Of these, what concerns all files and not the one that was read. */
static inline bool container_lacks(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

#endif
