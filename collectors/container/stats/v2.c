/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a cgroup of v2.
 *
 *     cpu.stat       usage_usec 1234567        memory.events   low 0         cpu.max   max 100000
 *                    user_usec 1000000                         high 3
 *                    system_usec 234567                        oom_kill 1
 */
#include "stats/v2.h"

#include "stats/hugetlb.h"
#include "stats/io.h"
#include "stats/shares.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the files ---- */

static const struct container_key cpu_keys[] = {
	CONTAINER_KEY("usage_usec", VALUE_CPU_USAGE, .microseconds = true),
	CONTAINER_KEY("user_usec", VALUE_CPU_USER, .microseconds = true),
	CONTAINER_KEY("system_usec", VALUE_CPU_SYSTEM, .microseconds = true),
	/* from here on: of the cgroup itself, without its descendants */
	CONTAINER_KEY("nr_periods", VALUE_CFS_PERIODS),
	CONTAINER_KEY("nr_throttled", VALUE_CFS_THROTTLED_PERIODS),
	CONTAINER_KEY("throttled_usec", VALUE_CFS_THROTTLED, .microseconds = true),
	CONTAINER_KEY("nr_bursts", VALUE_CFS_BURST_PERIODS),
	CONTAINER_KEY("burst_usec", VALUE_CFS_BURST, .microseconds = true),
};

enum { CPU_KEYS_OF_BRANCH = 3 };

/* The first ones are for the default families, the others for memory-detail. */
enum { PLAIN_MEMORY_KEYS = 3 };
static const struct container_key memory_keys[] = {
	CONTAINER_KEY("anon", VALUE_MEMORY_ANON),
	CONTAINER_KEY("file", VALUE_MEMORY_FILE),
	CONTAINER_KEY("inactive_file", VALUE_MEMORY_INACTIVE_FILE),
	CONTAINER_KEY("active_file", VALUE_MEMORY_ACTIVE_FILE),
	CONTAINER_KEY("kernel", VALUE_MEMORY_KERNEL),
	CONTAINER_KEY("file_mapped", VALUE_MEMORY_MAPPED),
	CONTAINER_KEY("file_dirty", VALUE_MEMORY_DIRTY),
	CONTAINER_KEY("file_writeback", VALUE_MEMORY_WRITEBACK),
	CONTAINER_KEY("pgfault", VALUE_MEMORY_FAULTS),
	CONTAINER_KEY("pgmajfault", VALUE_MEMORY_MAJOR_FAULTS),
	CONTAINER_KEY("pgscan", VALUE_MEMORY_SCANNED),
	CONTAINER_KEY("pgsteal", VALUE_MEMORY_STOLEN),
	CONTAINER_KEY("workingset_refault_file", VALUE_MEMORY_REFAULT_FILE),
	CONTAINER_KEY("workingset_refault_anon", VALUE_MEMORY_REFAULT_ANON),
	CONTAINER_KEY("zswap", VALUE_MEMORY_ZSWAP),
	CONTAINER_KEY("zswapped", VALUE_MEMORY_ZSWAPPED),
};

static const struct container_key event_keys[] = {
	CONTAINER_KEY("low", VALUE_EVENTS_LOW),
	CONTAINER_KEY("high", VALUE_EVENTS_HIGH),
	CONTAINER_KEY("max", VALUE_EVENTS_MAX),
	CONTAINER_KEY("oom", VALUE_EVENTS_OOM),
	CONTAINER_KEY("oom_kill", VALUE_EVENTS_OOM_KILL),
	CONTAINER_KEY("oom_group_kill", VALUE_EVENTS_OOM_GROUP_KILL),
};

static void read_local_throttling(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	static const struct container_key keys[] = {
		CONTAINER_KEY("throttled_usec", VALUE_CPU_THROTTLED_LOCAL, .microseconds = true),
	};
	struct container_plan plan = { 0 };

	container_read_keys(scrape, directory, "cpu.stat.local", keys, NG_COUNT(keys), &plan, values);
}

static void read_group_counts(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	static const struct container_key keys[] = {
		CONTAINER_KEY("nr_descendants", VALUE_GROUPS),
		CONTAINER_KEY("nr_dying_descendants", VALUE_DYING),
	};
	struct container_plan plan = { 0 };

	container_read_keys(scrape, directory, "cgroup.stat", keys, NG_COUNT(keys), &plan, values);
}

static void read_fork_events(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	static const struct container_key keys[] = { CONTAINER_KEY("max", VALUE_EVENTS_FORKS_REFUSED) };
	struct container_plan plan = { 0 };

	container_read_keys(scrape, directory, "pids.events", keys, NG_COUNT(keys), &plan, values);
}

/* ---- limits ---- */

/* "max 100000", "50000 100000" */
static int read_quota(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct ng_span text, quota;
	uint64_t value;

	int r = container_peek(scrape, directory, NG_VALUE, "cpu.max", &text);
	if (r < 0)
		return r;
	text = ng_trim(text);
	if (!ng_word_next(&text, &quota))
		return 0;
	if (ng_u64(quota, &value) == 0)
		container_set(values, VALUE_CPU_QUOTA, value);
	if (ng_u64_next(&text, &value) == 0)
		container_set(values, VALUE_CPU_PERIOD, value);
	return 0;
}

/* Memory protected from reclaim: memory.min if Kubernetes sets it, otherwise memory.low, as docker and ECS do. */
static void read_reservation(struct ng_scrape *scrape, int directory, struct container_figures *figures)
{
	const struct container_values *values = &figures->values;

	container_read_limit(scrape, directory, "memory.min", VALUE_MEMORY_RESERVATION, figures);
	if (figures->unknown >> VALUE_MEMORY_RESERVATION & 1)
		return;
	if (!container_has(values, VALUE_MEMORY_RESERVATION) || !values->value[VALUE_MEMORY_RESERVATION])
		container_read_limit(scrape, directory, "memory.low", VALUE_MEMORY_RESERVATION, figures);
}

void container_read_memory_limits(struct ng_scrape *scrape, int directory, struct container_figures *figures)
{
	container_read_limit(scrape, directory, "memory.max", VALUE_MEMORY_LIMIT, figures);
	read_reservation(scrape, directory, figures);
	container_read_limit(scrape, directory, "memory.swap.max", VALUE_SWAP_LIMIT, figures);
}

void container_read_cpu_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures)
{
	if (container_wants(reader, SET_SPEC))
		container_read_limit(scrape, directory, "cpu.weight", VALUE_CPU_WEIGHT, figures);
	int r = read_quota(scrape, directory, &figures->values);
	container_note_limit(figures, VALUE_CPU_QUOTA, r);
	container_note_limit(figures, VALUE_CPU_PERIOD, r);
}

static void read_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures)
{
	if (container_wants(reader, SET_SPEC))
		container_read_memory_limits(scrape, directory, figures);
	container_read_cpu_limits(scrape, reader, directory, figures);
	if (container_wants(reader, SET_TASKS))
		container_read_limit(scrape, directory, "pids.max", VALUE_THREADS_MAX, figures);
}

static void take_limit(struct container_figures *figures, const struct container_figures *inner,
	enum container_value which, uint64_t usual)
{
	if (inner->unknown >> which & 1)
		container_note_limit(figures, which, -EIO);
	else if (container_has(&inner->values, which) && inner->values.value[which] != usual)
		container_set(&figures->values, which, inner->values.value[which]);
}

/* crun puts a container's processes one cgroup deeper, and older versions the limits too. */
static void read_inner_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures)
{
	NG_CLOSE int below = openat(directory, "container", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct container_figures inner = { 0 };

	figures->inner_quota = false;
	if (below < 0 && errno == ENOENT)
		return;
	if (below < 0) {
		ng_drop_unread(scrape, -errno, "container");
		inner.unknown = ~UINT64_C(0);
	} else {
		read_limits(scrape, reader, below, &inner);
	}
	take_limit(figures, &inner, VALUE_MEMORY_LIMIT, UINT64_MAX);
	take_limit(figures, &inner, VALUE_MEMORY_RESERVATION, 0);
	take_limit(figures, &inner, VALUE_SWAP_LIMIT, UINT64_MAX);
	take_limit(figures, &inner, VALUE_THREADS_MAX, UINT64_MAX);
	take_limit(figures, &inner, VALUE_CPU_WEIGHT, 100);
	figures->inner_quota = container_has(&inner.values, VALUE_CPU_QUOTA);
	if (!figures->inner_quota && !(inner.unknown >> VALUE_CPU_QUOTA & 1))
		return;
	take_limit(figures, &inner, VALUE_CPU_QUOTA, UINT64_MAX);
	take_limit(figures, &inner, VALUE_CPU_PERIOD, UINT64_MAX);
}

/* ---- a cgroup ---- */

static void read_usage(struct ng_scrape *scrape, struct container_reader *reader, int directory, bool root,
	struct container_values *values)
{
	if (!root)
		container_read_number(scrape, directory, "memory.current", VALUE_MEMORY_USAGE, values);
	container_read_keys(scrape, directory, "memory.stat", memory_keys,
		container_wants(reader, SET_MEMORY_DETAIL) ? NG_COUNT(memory_keys) : PLAIN_MEMORY_KEYS, &reader->memory,
		values);
	/* the root has no memory.current */
	if (root && container_has(values, VALUE_MEMORY_ANON) && container_has(values, VALUE_MEMORY_FILE))
		container_set(values, VALUE_MEMORY_USAGE,
			values->value[VALUE_MEMORY_ANON] + values->value[VALUE_MEMORY_FILE]);
	container_set_working_set(values);
	if (!reader->no_swap)
		container_read_number(scrape, directory, "memory.swap.current", VALUE_MEMORY_SWAP, values);
	else if (container_has(values, VALUE_MEMORY_USAGE))
		container_set(values, VALUE_MEMORY_SWAP, 0);
	if (container_wants(reader, SET_MEMORY_DETAIL))
		container_read_number(scrape, directory, "memory.peak", VALUE_MEMORY_PEAK, values);
}

void container_read_events_v2(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	container_read_keys(
		scrape, directory, "memory.events", event_keys, NG_COUNT(event_keys), &reader->events, values);
	if (container_has(values, VALUE_EVENTS_MAX))
		container_set(values, VALUE_MEMORY_FAILCNT, values->value[VALUE_EVENTS_MAX]);
}

void container_read_memory(struct ng_scrape *scrape, struct container_reader *reader, int directory, bool root,
	struct container_values *values)
{
	if (container_wants(reader, SET_MEMORY) || container_wants(reader, SET_MEMORY_DETAIL))
		read_usage(scrape, reader, directory, root, values);
	if (container_wants(reader, SET_MEMORY) || container_wants(reader, SET_EVENTS))
		container_read_events_v2(scrape, reader, directory, values);
}

int container_read_own_events_v2(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct container_plan plan = { 0 };

	return container_read_keys(
		scrape, directory, "memory.events.local", event_keys, NG_COUNT(event_keys), &plan, values);
}

int container_read_cpu(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	return container_read_keys(scrape, directory, "cpu.stat", cpu_keys, NG_COUNT(cpu_keys), &reader->cpu, values);
}

static void read_files(struct ng_scrape *scrape, struct container_reader *reader, int directory, bool root,
	struct container_figures *figures)
{
	struct container_values *values = &figures->values;

	container_read_memory(scrape, reader, directory, root, values);
	if (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL))
		container_read_devices(scrape, directory, &figures->devices);
	if (container_wants(reader, SET_TASKS))
		container_read_number(scrape, directory, "pids.current", VALUE_THREADS, values);
	if (container_wants(reader, SET_PRESSURE))
		container_read_pressure(scrape, directory, reader->pressure_fd_plus_1, reader->psi, values);
	if (container_wants(reader, SET_CPU_DETAIL)) {
		read_local_throttling(scrape, directory, values);
		read_group_counts(scrape, directory, values);
		read_fork_events(scrape, directory, values);
		if (container_wants(reader, SET_PRESSURE))
			container_read_irq_pressure(scrape, directory, values);
	}
	if (container_wants(reader, SET_HUGETLB))
		container_read_pages(scrape, &reader->huge_sizes, directory, false, &figures->pages);
}

/* If the quota belongs to the cgroup below, the throttling counters of this one mean nothing. */
static void read_inner_throttling(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct container_plan plan = { 0 };

	for (size_t i = CPU_KEYS_OF_BRANCH; i < NG_COUNT(cpu_keys); i++)
		values->present &= ~(UINT64_C(1) << cpu_keys[i].value);
	container_read_keys(scrape, directory, "container/cpu.stat", cpu_keys + CPU_KEYS_OF_BRANCH,
		NG_COUNT(cpu_keys) - CPU_KEYS_OF_BRANCH, &plan, values);
}

/* The files of a removed cgroup appear to be missing; a file that was already open fails with ENODEV. */
static bool is_gone(int directory, int error)
{
	struct stat info;

	if (error == -ENODEV)
		return true;
	return fstatat(directory, "cgroup.procs", &info, 0) < 0 && errno == ENOENT;
}

int container_read_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct container_values before = figures->values;
	uint32_t devices_before = figures->devices.count;

	int directory = ng_cgroup_enter(scrape, reader->cgroups, group, NG_CGROUP_UNIFIED);
	if (directory < 0)
		return directory;
	figures->values.present &= container_kept_bits(limits);
	int r = container_read_cpu(scrape, reader, directory, &figures->values);
	if (!container_lacks(r) && (r == 0 || !is_gone(directory, r))) {
		read_files(scrape, reader, directory, !group->parent, figures);
		if (limits)
			read_limits(scrape, reader, directory, figures);
		if (limits && reader->inner)
			read_inner_limits(scrape, reader, directory, figures);
		if (limits && container_set_shares(&before, figures))
			reader->weights_changed = true;
		if (figures->inner_quota)
			read_inner_throttling(scrape, directory, &figures->values);
		if (!container_has(&figures->values, VALUE_STARTED))
			container_read_start(scrape, directory, "cgroup.events", &figures->values);
		/* no earlier value is missing now, so the cgroup cannot have been removed while it was read */
		bool whole =
			before.present && !(before.present & ~figures->values.present & ~container_kept_bits(false));
		r = !whole && is_gone(directory, 0) ? -ENOENT : 0;
	} else if (!container_lacks(r)) {
		r = -ENOENT;
	}
	ng_cgroup_leave(group, directory);
	if (r < 0) {
		figures->values = before;
		if (!figures->devices.count)
			figures->devices.count = devices_before; /* a failed reading leaves them unchanged */
	}
	return r;
}

int container_read_counters_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io)
{
	int directory = ng_cgroup_enter(scrape, reader->cgroups, group, NG_CGROUP_UNIFIED);

	if (directory < 0)
		return directory;
	int r = container_read_keys(
		scrape, directory, "cpu.stat", cpu_keys, NG_COUNT(cpu_keys), &reader->cpu, &figures->values);
	if (r < 0 && is_gone(directory, r))
		r = -ENOENT;
	if (r == 0 && (container_wants(reader, SET_MEMORY) || container_wants(reader, SET_EVENTS)))
		container_read_events_v2(scrape, reader, directory, &figures->values);
	if (r == 0 && (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL)))
		*ret_io = container_read_devices(scrape, directory, &figures->devices) == 0;
	ng_cgroup_leave(group, directory);
	return r;
}
