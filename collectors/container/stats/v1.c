/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a cgroup of v1: the same path in every hierarchy that has it.
 *
 *     cpuacct.usage  1234567890        memory.stat  cache 4096             blkio.throttle.io_service_bytes
 *     cpuacct.stat   user 100                       total_rss 8192             8:0 Read 4096
 *                    system 23                      total_inactive_file 0      8:0 Write 0
 *                                                                              Total 4096
 */
#include "stats/v1.h"

#include "stats/hugetlb.h"
#include "stats/io.h"
#include "stats/shares.h"
#include "stats/v2.h"

#include <sys/stat.h>

/* "Unlimited" is the largest multiple of the page size (page_counter.h). */
static const uint64_t unlimited = UINT64_C(1) << 62;

static const struct container_key acct_keys[] = {
	CONTAINER_KEY("user", VALUE_CPU_USER),
	CONTAINER_KEY("system", VALUE_CPU_SYSTEM),
};

static const struct container_key cfs_keys[] = {
	CONTAINER_KEY("nr_periods", VALUE_CFS_PERIODS),
	CONTAINER_KEY("nr_throttled", VALUE_CFS_THROTTLED_PERIODS),
	CONTAINER_KEY("throttled_time", VALUE_CFS_THROTTLED),
	CONTAINER_KEY("nr_bursts", VALUE_CFS_BURST_PERIODS),
	CONTAINER_KEY("burst_time", VALUE_CFS_BURST),
};

static const struct container_key memory_keys[] = {
	CONTAINER_KEY("total_cache", VALUE_MEMORY_FILE),
	CONTAINER_KEY("total_rss", VALUE_MEMORY_ANON),
	CONTAINER_KEY("total_mapped_file", VALUE_MEMORY_MAPPED),
	CONTAINER_KEY("total_swap", VALUE_MEMORY_SWAP),
	CONTAINER_KEY("total_dirty", VALUE_MEMORY_DIRTY),
	CONTAINER_KEY("total_writeback", VALUE_MEMORY_WRITEBACK),
	CONTAINER_KEY("total_pgfault", VALUE_MEMORY_FAULTS),
	CONTAINER_KEY("total_pgmajfault", VALUE_MEMORY_MAJOR_FAULTS),
	CONTAINER_KEY("total_inactive_file", VALUE_MEMORY_INACTIVE_FILE),
	CONTAINER_KEY("total_active_file", VALUE_MEMORY_ACTIVE_FILE),
};

static const struct container_key oom_keys[] = { CONTAINER_KEY("oom_kill", VALUE_EVENTS_OOM_KILL) };

/* cpuacct.stat is in clock ticks of 1/100 s. */
static void ticks_to_ns(struct container_values *values, enum container_value which)
{
	if (container_has(values, which))
		values->value[which] *= 10000000;
}

/* An error of entering the cgroup makes its limits unknown. */
static void miss_limits(
	struct container_figures *figures, enum container_value first, enum container_value last, int directory)
{
	for (unsigned i = first; directory < 0 && i <= last; i++)
		container_note_limit(figures, (enum container_value)i, directory);
}

/* -1 means no quota and is not reported as a number. */
static void read_quota(struct ng_scrape *scrape, int directory, struct container_figures *figures)
{
	struct ng_span text;
	uint64_t quota;

	int r = container_peek(scrape, directory, NG_VALUE, "cpu.cfs_quota_us", &text);
	container_note_limit(figures, VALUE_CPU_QUOTA, r);
	if (r == 0 && ng_u64(ng_trim(text), &quota) == 0)
		container_set(&figures->values, VALUE_CPU_QUOTA, quota);
}

/* Returns the error of reading the file. */
static int read_cpu_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_CPU);

	if (limits)
		miss_limits(figures, VALUE_CPU_QUOTA, VALUE_CPU_WEIGHT, directory);
	if (directory < 0)
		return directory;
	int r = container_read_cpu(scrape, reader, directory, &figures->values);
	if (limits)
		container_read_cpu_limits(scrape, reader, directory, figures);
	ng_cgroup_leave(group, directory);
	return r;
}

/* Returns the error of reading the first file. */
static int read_cpu(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct container_values *values = &figures->values;
	struct container_plan plan = { 0 };
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_CPUACCT), r = directory;

	if (ng_cgroups_is_v2(reader->cgroups, NG_CGROUP_CPU)) {
		ng_cgroup_leave(group, directory);
		return read_cpu_v2(scrape, reader, group, limits, figures);
	}
	if (directory >= 0) {
		r = container_read_number(scrape, directory, "cpuacct.usage", VALUE_CPU_USAGE, values);
		container_read_keys(scrape, directory, "cpuacct.stat", acct_keys, NG_COUNT(acct_keys), &plan, values);
		ticks_to_ns(values, VALUE_CPU_USER);
		ticks_to_ns(values, VALUE_CPU_SYSTEM);
		ng_cgroup_leave(group, directory);
	}
	directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_CPU);
	if (limits)
		miss_limits(figures, VALUE_CPU_QUOTA, VALUE_CPU_WEIGHT, directory);
	if (directory < 0)
		return container_lacks(r) ? r : directory;
	container_read_keys(scrape, directory, "cpu.stat", cfs_keys, NG_COUNT(cfs_keys), &reader->cpu, values);
	if (limits) {
		read_quota(scrape, directory, figures);
		container_read_limit(scrape, directory, "cpu.cfs_period_us", VALUE_CPU_PERIOD, figures);
		if (container_wants(reader, SET_SPEC))
			container_read_limit(scrape, directory, "cpu.shares", VALUE_CPU_SHARES, figures);
	}
	ng_cgroup_leave(group, directory);
	return r;
}

static void read_limit(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_figures *figures)
{
	struct container_values *values = &figures->values;

	container_read_limit(scrape, directory, file, which, figures);
	if (container_has(values, which) && values->value[which] >= unlimited)
		values->present &= ~(UINT64_C(1) << which);
}

static void read_usage(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	container_read_number(scrape, directory, "memory.usage_in_bytes", VALUE_MEMORY_USAGE, values);
	container_read_keys(
		scrape, directory, "memory.stat", memory_keys, NG_COUNT(memory_keys), &reader->memory, values);
	container_set_working_set(values);
	if (container_wants(reader, SET_MEMORY_DETAIL)) {
		container_read_number(scrape, directory, "memory.max_usage_in_bytes", VALUE_MEMORY_PEAK, values);
		container_read_number(scrape, directory, "memory.kmem.usage_in_bytes", VALUE_MEMORY_KERNEL, values);
	}
}

static void read_memory_limits(struct ng_scrape *scrape, int directory, struct container_figures *figures)
{
	read_limit(scrape, directory, "memory.limit_in_bytes", VALUE_MEMORY_LIMIT, figures);
	read_limit(scrape, directory, "memory.memsw.limit_in_bytes", VALUE_SWAP_LIMIT, figures);
	read_limit(scrape, directory, "memory.soft_limit_in_bytes", VALUE_MEMORY_RESERVATION, figures);
}

void container_read_events_v1(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct container_plan plan = { 0 };

	container_read_number(scrape, directory, "memory.failcnt", VALUE_MEMORY_FAILCNT, values);
	container_read_keys(scrape, directory, "memory.oom_control", oom_keys, NG_COUNT(oom_keys), &plan, values);
}

static void read_memory(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	bool usage = container_wants(reader, SET_MEMORY) || container_wants(reader, SET_MEMORY_DETAIL);
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_MEMORY);

	if (limits)
		miss_limits(figures, VALUE_MEMORY_LIMIT, VALUE_MEMORY_RESERVATION, directory);
	if (directory < 0)
		return;
	if (ng_cgroups_is_v2(reader->cgroups, NG_CGROUP_MEMORY)) {
		container_read_memory(scrape, reader, directory, !group->parent, &figures->values);
		if (limits && container_wants(reader, SET_SPEC))
			container_read_memory_limits(scrape, directory, figures);
		ng_cgroup_leave(group, directory);
		return;
	}
	if (usage)
		read_usage(scrape, reader, directory, &figures->values);
	if (usage || container_wants(reader, SET_EVENTS))
		container_read_events_v1(scrape, directory, &figures->values);
	if (limits && container_wants(reader, SET_SPEC))
		read_memory_limits(scrape, directory, figures);
	ng_cgroup_leave(group, directory);
}

/* "8:0 Read 4096"; the last line is the total. */
static int read_blkio(
	struct ng_scrape *scrape, int directory, const char *file, bool bytes, struct container_devices *devices)
{
	struct ng_span text, line;

	int r = container_peek(scrape, directory, NG_VALUE, file, &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		struct ng_span numbers, operation;
		uint32_t major, minor;
		uint64_t value;
		if (!ng_word_next(&line, &numbers) || !ng_word_next(&line, &operation) ||
			ng_u64_next(&line, &value) < 0 || !container_parse_device(numbers, &major, &minor))
			continue;
		bool read = ng_span_equal(operation, NG_SPAN("Read"));
		if (!read && !ng_span_equal(operation, NG_SPAN("Write")))
			continue;
		struct container_device *device = container_device_of(devices, major, minor);
		if (!device)
			return -ENOMEM;
		if (bytes)
			*(read ? &device->read_bytes : &device->written_bytes) = value;
		else
			*(read ? &device->reads : &device->writes) = value;
	}
	return r;
}

/* Returns whether the counters include descendants. */
static bool read_devices(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_devices *devices)
{
	devices->count = 0;
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_BLKIO);
	if (directory < 0)
		return false;
	if (ng_cgroups_is_v2(reader->cgroups, NG_CGROUP_BLKIO)) {
		bool read = container_read_devices(scrape, directory, devices) == 0;
		ng_cgroup_leave(group, directory);
		return read;
	}
	int bytes = read_blkio(scrape, directory, "blkio.throttle.io_service_bytes_recursive", true, devices),
	    counts = read_blkio(scrape, directory, "blkio.throttle.io_serviced_recursive", false, devices);
	bool whole = bytes == 0 && counts == 0;
	/* before Linux 4.18 only the cgroup's own counters exist */
	if (bytes == -ENOENT)
		bytes = read_blkio(scrape, directory, "blkio.throttle.io_service_bytes", true, devices);
	if (counts == -ENOENT)
		counts = read_blkio(scrape, directory, "blkio.throttle.io_serviced", false, devices);
	ng_cgroup_leave(group, directory);
	if (bytes < 0 || counts < 0)
		devices->count = 0; /* no zeroes for counters that could not be read */
	return whole;
}

static void read_tasks(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_PIDS);

	if (limits)
		miss_limits(figures, VALUE_THREADS_MAX, VALUE_THREADS_MAX, directory);
	if (directory < 0)
		return;
	container_read_number(scrape, directory, "pids.current", VALUE_THREADS, &figures->values);
	if (limits)
		container_read_limit(scrape, directory, "pids.max", VALUE_THREADS_MAX, figures);
	ng_cgroup_leave(group, directory);
}

/* PSI is part of v2; a hybrid machine has it in the unified tree, for the cgroups that also exist there. */
static void read_pressure(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_UNIFIED);

	if (directory < 0) {
		reader->psi[PSI_V1]++;
		return;
	}
	container_read_pressure(scrape, directory, reader->pressure_fd_plus_1, reader->psi, values);
	ng_cgroup_leave(group, directory);
}

static void read_start(struct ng_scrape *scrape, const struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values)
{
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_WALKED);

	if (directory >= 0)
		container_read_start(scrape, directory, "cgroup.clone_children", values);
	ng_cgroup_leave(group, directory);
}

static bool is_there(struct ng_scrape *scrape, const struct container_reader *reader, const struct ng_cgroup *group)
{
	struct stat info;
	int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_WALKED);

	bool found = container_failed(directory) ||
		     (directory >= 0 && (fstatat(directory, "cgroup.procs", &info, 0) == 0 || errno != ENOENT));
	ng_cgroup_leave(group, directory);
	return found;
}

/* v1 counts the events of a cgroup in no other cgroup. */
int container_read_counters_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_figures *figures, bool *ret_io)
{
	int r = read_cpu(scrape, reader, group, false, figures);

	if (r == 0 && (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL)))
		*ret_io = read_devices(scrape, reader, group, &figures->devices);
	return r == 0 || is_there(scrape, reader, group) ? r : -ENOENT;
}

int container_read_v1(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct container_values *values = &figures->values;
	const struct container_values before = *values;

	values->present &= container_kept_bits(limits);
	int r = read_cpu(scrape, reader, group, limits, figures);
	if (container_lacks(r)) {
		*values = before;
		return r;
	}
	if (limits && container_set_shares(&before, figures))
		reader->weights_changed = true;
	read_memory(scrape, reader, group, limits, figures);
	if (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL))
		read_devices(scrape, reader, group, &figures->devices);
	if (container_wants(reader, SET_TASKS))
		read_tasks(scrape, reader, group, limits, figures);
	if (container_wants(reader, SET_PRESSURE))
		read_pressure(scrape, reader, group, values);
	if (container_wants(reader, SET_HUGETLB)) {
		int directory = container_enter(scrape, reader->cgroups, group, NG_CGROUP_HUGETLB);
		if (directory >= 0)
			container_read_pages(scrape, &reader->huge_sizes, directory,
				!ng_cgroups_is_v2(reader->cgroups, NG_CGROUP_HUGETLB), &figures->pages);
		ng_cgroup_leave(group, directory);
	}
	if (!container_has(values, VALUE_STARTED))
		read_start(scrape, reader, group, values);
	if (values->present & ~container_kept_bits(false) || is_there(scrape, reader, group))
		return 0;
	*values = before;
	return -ENOENT;
}
