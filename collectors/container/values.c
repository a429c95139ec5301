/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a group of cgroup v2.
 *
 *     cpu.stat       usage_usec 1234567        memory.events   low 0          io.stat   8:0 rbytes=4096 wbytes=0
 *                    user_usec 1000000                         high 3                   rios=1 wios=0 dbytes=0 dios=0
 *                    system_usec 234567                        oom_kill 1
 *     cpu.pressure   some avg10=0.00 avg60=0.00 avg300=0.00 total=123456
 *                    full avg10=0.00 avg60=0.00 avg300=0.00 total=6543
 */
#include "values.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- files of keys ---- */

static uint64_t head_of(const char *key, size_t size)
{
	uint64_t head = 0, tail = 0;

	memcpy(&head, key, size < sizeof(head) ? size : sizeof(head));
	/* inactive_anon is not inactive_file */
	if (size > sizeof(tail))
		memcpy(&tail, key + size - sizeof(tail), sizeof(tail));
	return head + tail * 31 + size * UINT64_C(0x9e3779b97f4a7c15);
}

static int find_key(const struct container_key *keys, size_t count, struct ng_span name)
{
	for (size_t i = 0; i < count; i++) {
		if (keys[i].size == name.size && memcmp(keys[i].name, name.text, name.size) == 0)
			return (int)i;
	}
	return -1;
}

/* What the line at this place is about: as last time, or looked up and learned. */
static int key_of(struct container_plan *plan, uint32_t line, const struct container_key *keys, size_t count,
	struct ng_span name, bool *ret_known)
{
	uint64_t head = head_of(name.text, name.size);

	if (line < plan->count && plan->head[line] == head) {
		int known = plan->key[line];
		if (known < 0 || (keys[known].size == name.size && memcmp(keys[known].name, name.text, name.size) == 0))
			return known;
	}
	*ret_known = false;
	int found = find_key(keys, count, name);
	if (line < CONTAINER_PLAN_LINES && line <= plan->count) {
		plan->head[line] = head;
		plan->key[line] = (int16_t)found;
		plan->count = line + 1;
	}
	return found;
}

/*
 * The kernel prints the same keys in the same order all the time: what comes behind the last wanted one is left unread.
 * Only where all of them were seen is the last one known: groups without a controller have fewer lines than others.
 */
static void learn_end(struct container_plan *plan, uint32_t lines, size_t key_count)
{
	uint32_t end = 0;
	size_t seen = 0;

	for (uint32_t i = 0; i < plan->count && i < lines; i++) {
		if (plan->key[i] < 0)
			continue;
		seen++;
		end = i + 1;
	}
	plan->end = seen == key_count ? end : 0;
}

int container_read_keys(struct ng_scrape *scrape, int directory, const char *file, const struct container_key *keys,
	size_t key_count, struct container_plan *plan, struct container_values *values)
{
	struct ng_span text, line;
	bool known = true;
	uint32_t at = 0;

	int r = ng_peek_at(scrape, directory, NG_VALUE, file, &text);
	for (; r == 0 && !(known && plan->end && at == plan->end) && ng_line_next(&text, &line); at++) {
		size_t space = ng_span_find(line, ' ');
		int which = key_of(plan, at, keys, key_count, (struct ng_span){ line.text, space }, &known);
		uint64_t value;
		if (which < 0)
			continue;
		if (ng_u64(ng_span_skip(line, space + 1), &value) < 0) {
			ng_broken(scrape, file, at + 1, "a key and a whole number");
			ng_note(scrape);
			continue;
		}
		container_set(values, keys[which].value, keys[which].microseconds ? value * 1000 : value);
	}
	if (r == 0 && !known)
		learn_end(plan, at, key_count);
	return r;
}

int container_read_number(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_values *values)
{
	struct ng_span text;
	uint64_t value;

	int r = ng_peek_at(scrape, directory, NG_VALUE, file, &text);
	if (r < 0)
		return r;
	text = ng_trim(text);
	if (ng_span_equal(text, NG_SPAN("max")))
		return 0;
	if (ng_u64(text, &value) == 0) {
		container_set(values, which, value);
		return 0;
	}
	ng_broken(scrape, file, 1, "a whole number or max");
	ng_note(scrape);
	return 0;
}

void container_read_limit(struct ng_scrape *scrape, int directory, const char *file, enum container_value which,
	struct container_figures *figures)
{
	figures->limits_missed |=
		container_failed(container_read_number(scrape, directory, file, which, &figures->values));
}

/* ---- the files ---- */

static const struct container_key cpu_keys[] = {
	CONTAINER_KEY("usage_usec", VALUE_CPU_USAGE, .microseconds = true),
	CONTAINER_KEY("user_usec", VALUE_CPU_USER, .microseconds = true),
	CONTAINER_KEY("system_usec", VALUE_CPU_SYSTEM, .microseconds = true),
	CONTAINER_KEY("nr_periods", VALUE_CFS_PERIODS),
	CONTAINER_KEY("nr_throttled", VALUE_CFS_THROTTLED_PERIODS),
	CONTAINER_KEY("throttled_usec", VALUE_CFS_THROTTLED, .microseconds = true),
	CONTAINER_KEY("nr_bursts", VALUE_CFS_BURST_PERIODS),
	CONTAINER_KEY("burst_usec", VALUE_CFS_BURST, .microseconds = true),
};

/* The first ones are for the usual families, the others for memory-detail. */
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

/* ---- io.stat ---- */

struct container_device *container_device_of(struct container_devices *devices, uint32_t major, uint32_t minor)
{
	for (uint32_t i = 0; i < devices->count; i++) {
		if (devices->device[i].major == major && devices->device[i].minor == minor)
			return &devices->device[i];
	}
	if (devices->count == devices->room) {
		uint32_t room = devices->room ? devices->room * 2 : 2;
		struct container_device *wider = realloc(devices->device, room * sizeof(*wider));
		if (!wider)
			return NULL;
		devices->device = wider;
		devices->room = room;
	}
	struct container_device *device = &devices->device[devices->count++];
	*device = (struct container_device){ .major = major, .minor = minor };
	return device;
}

static bool number_behind(struct ng_span word, struct ng_span name, uint64_t *ret_value)
{
	return ng_span_starts(word, name) && ng_u64(ng_span_skip(word, name.size), ret_value) == 0;
}

static void parse_device(struct ng_span line, struct container_device *device)
{
	struct ng_span word;

	while (ng_word_next(&line, &word)) {
		if (number_behind(word, NG_SPAN("rbytes="), &device->read_bytes) ||
			number_behind(word, NG_SPAN("wbytes="), &device->written_bytes) ||
			number_behind(word, NG_SPAN("rios="), &device->reads) ||
			number_behind(word, NG_SPAN("wios="), &device->writes))
			continue;
		if (number_behind(word, NG_SPAN("cost.usage="), &device->cost[0]) ||
			number_behind(word, NG_SPAN("cost.wait="), &device->cost[1]) ||
			number_behind(word, NG_SPAN("cost.indebt="), &device->cost[2]) ||
			number_behind(word, NG_SPAN("cost.indelay="), &device->cost[3]))
			device->has_cost = true;
	}
}

/* "8:0" */
static bool parse_numbers(struct ng_span word, uint32_t *ret_major, uint32_t *ret_minor)
{
	struct ng_span major;
	uint64_t number[2];

	if (!ng_part_next(&word, ':', &major) || ng_u64(major, &number[0]) < 0 || ng_u64(word, &number[1]) < 0)
		return false;
	*ret_major = (uint32_t)number[0];
	*ret_minor = (uint32_t)number[1];
	return number[0] <= UINT32_MAX && number[1] <= UINT32_MAX;
}

/*
 * A device in which nothing was counted is printed as its numbers alone, by Linux 5.16 to 5.18 without a line feed
 * behind: the last one is what the line is about. "(unknown)" is a device that is going away.
 */
static void read_device(struct ng_span line, struct container_devices *devices)
{
	struct ng_span rest = line, word;
	uint32_t major = 0, minor = 0;
	bool known = false;

	while (ng_word_next(&rest, &word)) {
		if (ng_span_find(word, '=') < word.size) {
			struct container_device *device = known ? container_device_of(devices, major, minor) : NULL;
			if (device)
				parse_device(line, device);
			return;
		}
		known = parse_numbers(word, &major, &minor);
	}
}

static void read_devices(struct ng_scrape *scrape, int directory, struct container_devices *devices)
{
	struct ng_span text, line;

	devices->count = 0;
	if (ng_peek_at(scrape, directory, NG_VALUE, "io.stat", &text) < 0)
		return;
	while (ng_line_next(&text, &line))
		read_device(line, devices);
}

/* ---- pressure ---- */

void container_parse_pressure(struct ng_span text, uint64_t ret_total[2], bool ret_has[2])
{
	struct ng_span line;

	ret_has[0] = ret_has[1] = false;
	while (ng_line_next(&text, &line)) {
		bool full = ng_span_starts(line, NG_SPAN("full "));
		if (!full && !ng_span_starts(line, NG_SPAN("some ")))
			continue;
		const char *at = memrchr(line.text, '=', line.size);
		size_t skip = at ? (size_t)(at - line.text) + 1 : 0;
		if (skip < 6 || memcmp(at - 5, "total", 5) != 0)
			continue;
		ret_has[full] = ng_u64(ng_span_skip(line, skip), &ret_total[full]) == 0;
	}
}

void container_read_pressure(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	static const char *const files[CONTAINER_RESOURCES] = { "cpu.pressure", "memory.pressure", "io.pressure" };
	enum container_psi answer = PSI_NO_FILE;
	struct ng_span text;
	uint64_t total[2];
	bool has[2];

	for (size_t i = 0; i < CONTAINER_RESOURCES; i++) {
		int kept = reader->pressure_fd_plus_1 ? reader->pressure_fd_plus_1[i] : 0;
		int r = kept ? ng_read_kept(scrape, kept - 1, NG_VALUE, &text)
			     : ng_peek_at(scrape, directory, NG_VALUE, files[i], &text);
		if (r == -EOPNOTSUPP)
			answer = PSI_SWITCHED_OFF;
		if (r < 0)
			continue;
		answer = PSI_READ;
		container_parse_pressure(text, total, has);
		for (size_t k = 0; k < 2; k++) {
			if (has[k])
				container_set(values, (enum container_value)(VALUE_PRESSURE + 2 * i + k), total[k]);
		}
	}
	reader->psi[answer]++;
}

static void read_irq_pressure(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct ng_span text;
	uint64_t total[2];
	bool has[2];

	if (ng_peek_at(scrape, directory, NG_VALUE, "irq.pressure", &text) < 0)
		return;
	container_parse_pressure(text, total, has);
	if (has[1])
		container_set(values, VALUE_IRQ_STALLED, total[1]);
}

/* ---- huge pages ---- */

static struct container_page *page_of(struct container_pages *pages, const char *size)
{
	if (pages->count == pages->room) {
		uint32_t room = pages->room ? pages->room * 2 : 2;
		struct container_page *wider = realloc(pages->page, room * sizeof(*wider));
		if (!wider)
			return NULL;
		pages->page = wider;
		pages->room = room;
	}
	struct container_page *page = &pages->page[pages->count++];
	*page = (struct container_page){ 0 };
	strncpy(page->size, size, sizeof(page->size) - 1);
	return page;
}

static int read_page_number(
	struct ng_scrape *scrape, int directory, const char *size, const char *what, uint64_t *ret_value)
{
	const char *file = ng_join(scrape->arena, "hugetlb.", size, what);
	struct ng_span text, line;

	int r = file ? ng_peek_at(scrape, directory, NG_VALUE, file, &text) : -ENOMEM;
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), ret_value) == 0)
		return 0;
	while (ng_line_next(&text, &line)) {
		if (ng_span_starts(line, NG_SPAN("max ")))
			return ng_u64(ng_span_skip(line, 4), ret_value);
	}
	return -ENODATA;
}

void container_read_pages(struct ng_scrape *scrape, const struct container_reader *reader, int directory, bool v1,
	struct container_pages *pages)
{
	pages->count = 0;
	for (size_t i = 0; i < reader->huge_sizes.count; i++) {
		const char *size = reader->huge_sizes.name[i];
		uint64_t usage;
		if (read_page_number(scrape, directory, size, v1 ? ".rsvd.usage_in_bytes" : ".rsvd.current", &usage) <
				0 &&
			read_page_number(scrape, directory, size, v1 ? ".usage_in_bytes" : ".current", &usage) < 0)
			continue;
		struct container_page *page = page_of(pages, size);
		if (!page)
			return;
		page->usage = usage;
		page->has_failures =
			read_page_number(scrape, directory, size, v1 ? ".failcnt" : ".events", &page->failures) == 0;
		page->has_max = v1 && read_page_number(scrape, directory, size, ".max_usage_in_bytes", &page->max) == 0;
	}
}

/* ---- limits ---- */

/* "max 100000", "50000 100000" */
static int read_cpu_limit(struct ng_scrape *scrape, int directory, struct container_values *values)
{
	struct ng_span text, quota;
	uint64_t value;

	int r = ng_peek_at(scrape, directory, NG_VALUE, "cpu.max", &text);
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

/* cAdvisor's way back from a weight (1 to 10000) to shares (2 to 262144). */
static uint64_t shares_of(uint64_t weight)
{
	return weight ? 2 + (weight - 1) * 262142 / 9999 : 0;
}

static void read_limits(struct ng_scrape *scrape, const struct container_reader *reader, int directory,
	struct container_figures *figures)
{
	struct container_values *values = &figures->values;

	if (container_wants(reader, SET_SPEC)) {
		container_read_limit(scrape, directory, "memory.max", VALUE_MEMORY_LIMIT, figures);
		container_read_limit(scrape, directory, "memory.min", VALUE_MEMORY_RESERVATION, figures);
		container_read_limit(scrape, directory, "memory.swap.max", VALUE_SWAP_LIMIT, figures);
		container_read_limit(scrape, directory, "cpu.weight", VALUE_CPU_WEIGHT, figures);
		if (container_has(values, VALUE_CPU_WEIGHT))
			container_set(values, VALUE_CPU_SHARES, shares_of(values->value[VALUE_CPU_WEIGHT]));
	}
	if (container_wants(reader, SET_TASKS))
		container_read_limit(scrape, directory, "pids.max", VALUE_THREADS_MAX, figures);
	figures->limits_missed |= container_failed(read_cpu_limit(scrape, directory, values));
}

/* The times of the inode are those of its first use, which is no later than ours; the older of the two, as cAdvisor. */
static void read_start(int directory, struct container_values *values)
{
	struct stat own, events;

	if (fstat(directory, &own) < 0)
		return;
	int64_t at = own.st_mtime;
	if (fstatat(directory, "cgroup.events", &events, 0) == 0 && events.st_mtime < at)
		at = events.st_mtime;
	if (at > 0)
		container_set(values, VALUE_STARTED, (uint64_t)at);
}

/* ---- a group ---- */

uint64_t container_kept_bits(void)
{
	uint64_t bits = UINT64_C(1) << VALUE_STARTED | UINT64_C(1) << VALUE_LAST_OOM_KILL;

	for (unsigned i = VALUE_CPU_QUOTA; i <= VALUE_THREADS_MAX; i++)
		bits |= UINT64_C(1) << i;
	return bits;
}

static void read_memory(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	container_read_number(scrape, directory, "memory.current", VALUE_MEMORY_USAGE, values);
	container_read_keys(scrape, directory, "memory.stat", memory_keys,
		container_wants(reader, SET_MEMORY_DETAIL) ? NG_COUNT(memory_keys) : PLAIN_MEMORY_KEYS, &reader->memory,
		values);
	/* the root has no memory.current */
	if (!container_has(values, VALUE_MEMORY_USAGE) && container_has(values, VALUE_MEMORY_ANON) &&
		container_has(values, VALUE_MEMORY_FILE))
		container_set(values, VALUE_MEMORY_USAGE,
			values->value[VALUE_MEMORY_ANON] + values->value[VALUE_MEMORY_FILE]);
	if (container_has(values, VALUE_MEMORY_USAGE) && container_has(values, VALUE_MEMORY_INACTIVE_FILE)) {
		uint64_t usage = values->value[VALUE_MEMORY_USAGE], idle = values->value[VALUE_MEMORY_INACTIVE_FILE];
		container_set(values, VALUE_MEMORY_WORKING_SET, usage > idle ? usage - idle : 0);
	}
	if (!reader->no_swap)
		container_read_number(scrape, directory, "memory.swap.current", VALUE_MEMORY_SWAP, values);
	else if (container_has(values, VALUE_MEMORY_USAGE))
		container_set(values, VALUE_MEMORY_SWAP, 0);
	if (container_wants(reader, SET_MEMORY_DETAIL))
		container_read_number(scrape, directory, "memory.peak", VALUE_MEMORY_PEAK, values);
}

static void read_events(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_values *values)
{
	container_read_keys(
		scrape, directory, "memory.events", event_keys, NG_COUNT(event_keys), &reader->events, values);
	if (container_has(values, VALUE_EVENTS_MAX))
		container_set(values, VALUE_MEMORY_FAILCNT, values->value[VALUE_EVENTS_MAX]);
}

void container_read_events(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	struct container_values *values)
{
	int directory = ng_cgroup_enter(scrape, reader->cgroups, group, NG_CGROUP_MEMORY);

	if (directory >= 0)
		read_events(scrape, reader, directory, values);
	ng_cgroup_leave(group, directory);
}

static void read_files(
	struct ng_scrape *scrape, struct container_reader *reader, int directory, struct container_figures *figures)
{
	struct container_values *values = &figures->values;

	if (container_wants(reader, SET_MEMORY) || container_wants(reader, SET_MEMORY_DETAIL))
		read_memory(scrape, reader, directory, values);
	if (container_wants(reader, SET_MEMORY) || container_wants(reader, SET_EVENTS))
		read_events(scrape, reader, directory, values);
	if (container_wants(reader, SET_IO) || container_wants(reader, SET_IO_DETAIL))
		read_devices(scrape, directory, &figures->devices);
	if (container_wants(reader, SET_TASKS))
		container_read_number(scrape, directory, "pids.current", VALUE_THREADS, values);
	if (container_wants(reader, SET_PRESSURE))
		container_read_pressure(scrape, reader, directory, values);
	if (container_wants(reader, SET_CPU_DETAIL)) {
		read_local_throttling(scrape, directory, values);
		read_group_counts(scrape, directory, values);
		read_fork_events(scrape, directory, values);
		if (container_wants(reader, SET_PRESSURE))
			read_irq_pressure(scrape, directory, values);
	}
	if (container_wants(reader, SET_HUGETLB))
		container_read_pages(scrape, reader, directory, false, &figures->pages);
}

/* Files of a group that has gone answer as if they were missing, one that was opened before with ENODEV. */
static bool is_gone(int directory, int error)
{
	struct stat info;

	if (error == -ENODEV)
		return true;
	return fstatat(directory, "cgroup.procs", &info, 0) < 0 && errno == ENOENT;
}

static int read_v2(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct container_values before = figures->values;

	int directory = ng_cgroup_enter(scrape, reader->cgroups, group, NG_CGROUP_UNIFIED);
	if (directory < 0)
		return directory;
	figures->values.present &=
		limits ? UINT64_C(1) << VALUE_STARTED | UINT64_C(1) << VALUE_LAST_OOM_KILL : container_kept_bits();
	int r = container_read_keys(
		scrape, directory, "cpu.stat", cpu_keys, NG_COUNT(cpu_keys), &reader->cpu, &figures->values);
	if (!container_lacks(r) && (r == 0 || !is_gone(directory, r))) {
		read_files(scrape, reader, directory, figures);
		if (limits)
			read_limits(scrape, reader, directory, figures);
		if (!container_has(&figures->values, VALUE_STARTED))
			read_start(directory, &figures->values);
		/* nothing is missing that was there before: it cannot have gone in between */
		bool whole = before.present && !(before.present & ~figures->values.present & ~container_kept_bits());
		r = !whole && is_gone(directory, 0) ? -ENOENT : 0;
	} else if (!container_lacks(r)) {
		r = -ENOENT;
	}
	ng_cgroup_leave(group, directory);
	if (r < 0)
		figures->values = before;
	return r;
}

int container_read(struct ng_scrape *scrape, struct container_reader *reader, const struct ng_cgroup *group,
	bool limits, struct container_figures *figures)
{
	struct ng_arena *own = scrape->arena;

	figures->limits_missed = false;
	ng_arena_reset(&reader->text);
	scrape->arena = &reader->text;
	int r = ng_cgroups_mode(reader->cgroups) == NG_CGROUP_V2
			? read_v2(scrape, reader, group, limits, figures)
			: container_read_v1(scrape, reader, group, limits, figures);
	scrape->arena = own;
	return r;
}

void container_figures_done(struct container_figures *figures)
{
	free(figures->devices.device);
	free(figures->pages.page);
	*figures = (struct container_figures){ 0 };
}
