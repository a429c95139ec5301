/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that the kernel reports for one cgroup. Times are in nanoseconds, whatever unit the file has; pressure is
 * in microseconds.
 *
 * Kernel: Documentation/admin-guide/cgroup-v2.rst ("Interface Files"), cgroup-v1/{memory,cpuacct,blkio-controller}.rst,
 * Documentation/accounting/psi.rst.
 */
#ifndef CONTAINER_VALUES_H
#define CONTAINER_VALUES_H

#include <nodegauge/collector.h>

/* The values of --collector.container.families. */
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
	/* *.pressure; us: waiting and stalled, for each resource */
	VALUE_PRESSURE,
	VALUE_IRQ_STALLED = VALUE_PRESSURE + 2 * CONTAINER_RESOURCES,
	VALUE_STARTED, /* CLOCK_REALTIME, s */
	VALUES,
};
_Static_assert(VALUES <= 64, "struct container_values has a bit for each");

struct container_values {
	uint64_t present; /* one bit per value */
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

/* How a cgroup v2 weight was computed from shares: see stats/shares.c. */
enum container_conversion { CONVERSION_LINEAR, CONVERSION_NEWER };

/* All figures of one row. */
struct container_figures {
	struct container_values values;
	uint64_t known_shares; /* as requested from the runtime; 0: unknown */
	enum container_conversion conversion;
	bool settled;       /* decided from the weights of all cgroups */
	bool limits_missed; /* reading one failed with a transient error: retry */
	uint64_t unknown;   /* one bit per limit that exists but could not be read: it is not unlimited */
	bool inner_quota;   /* the quota is that of the cgroup that crun creates below it */
	struct container_devices devices;
	struct container_pages pages;
};

/* The values kept from reading to reading; limits are among them unless they are read again. */
uint64_t container_kept_bits(bool limits);

/* Usage minus the file cache that was not used recently, if both are known. */
void container_set_working_set(struct container_values *values);

/* CLOCK_REALTIME in ns. */
uint64_t container_wall_clock(void);

/*
 * The number of kills in a cgroup before a reading; and what to do after it: new kills happened now, or since the last
 * reading. The first number of a cgroup that existed before us (not `born`) does not tell when.
 */
struct container_kills {
	bool known;
	uint64_t count;
};
struct container_kills container_kills_before(const struct container_values *values, bool born);
void container_kills_after(struct container_kills before, struct container_values *values);

void container_figures_done(struct container_figures *figures);

/*
 * Grows a malloced array by one element if necessary, which may move it; NULL, with the array intact, if there is no
 * memory.
 */
void *container_room_for_one(void *array, uint32_t count, uint32_t *room, size_t size);

/* An error that says nothing about the file: no free descriptor, or a signal. Such an error is not remembered. */
static inline bool container_failed(int r)
{
	return r == -EIO || r == -EINTR || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EAGAIN;
}

/* Those of these errors that affect all files and not just this one. */
static inline bool container_lacks(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

#endif
