/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of one group. Times are in nanoseconds, whatever unit the file has, pressure in microseconds.
 *
 * Kernel: Documentation/admin-guide/cgroup-v2.rst ("Interface Files"), cgroup-v1/{memory,cpuacct,blkio-controller}.rst,
 * Documentation/accounting/psi.rst.
 */
#ifndef CONTAINER_VALUES_H
#define CONTAINER_VALUES_H

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

/* How a weight of cgroup v2 was made from shares: see stats/shares.c. */
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

/* What stays from reading to reading: the limits as well unless they are read again. */
uint64_t container_kept_bits(bool limits);

/* Usage without the file cache that was not used of late, from what is known of both. */
void container_set_working_set(struct container_values *values);

/* CLOCK_REALTIME in ns. */
uint64_t container_wall_clock(void);

/*
 * What is known of the kills in a group before a reading; and after it: more of them happened now, or since the last
 * one. The first number of a group that was there before us, and so is not `born`, says nothing of when.
 */
struct container_kills {
	bool known;
	uint64_t count;
};
struct container_kills container_kills_before(const struct container_values *values, bool born);
void container_kills_after(struct container_kills before, struct container_values *values);

void container_figures_done(struct container_figures *figures);

/* An array of malloc with room for one more element, moved if need be; NULL, and it stands, when there is no memory. */
void *container_room_for_one(void *array, uint32_t count, uint32_t *room, size_t size);

/* A failure that says nothing of the file: no descriptor was free, or a signal came. It is not to be remembered. */
static inline bool container_failed(int r)
{
	return r == -EIO || r == -EINTR || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EAGAIN;
}

/* Of these, what concerns all files and not the one that was read. */
static inline bool container_lacks(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

#endif
