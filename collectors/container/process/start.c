/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start time of a cgroup that existed before us.
 *
 * The timestamps of a cgroup directory date from the last time its inode was instantiated, by whatever accessed it
 * first, which may be ourselves. Nothing is older than what it contains, so the cgroup started with its oldest process,
 * if that is earlier. If no process is visible, we use the time of the kubelet's link to the container log, which it
 * creates right after the start, or of the directory of the pod's logs. Cgroups whose creation we were notified of need
 * none of this.
 *
 *     /proc/4711/stat   4711 (web) S 1 ... (22nd word) 184223      in ticks since boot
 */
#include "process/start.h"

#include "kernel/open.h"
#include "model.h"
#include "process/processes.h"
#include "stats/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The first process of a cgroup is listed first. */
enum { PROCESSES_AT_MOST = 16, NAME_ROOM = 256 };

static const int64_t second_ns = 1000000000;

static uint64_t tick_ns(void)
{
	return (uint64_t)second_ns / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- processes ---- */

/*
 * The boot time from the clocks, if it agrees with /proc/stat, which only has whole seconds: a process that starts a
 * moment after its directory was created would otherwise appear to be older.
 */
static uint64_t with_fraction(uint64_t booted)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	int64_t clocks = (int64_t)(real.tv_sec - boot.tv_sec) * second_ns + real.tv_nsec - boot.tv_nsec;
	int64_t apart = clocks - (int64_t)booted * second_ns;
	return apart > -second_ns && apart < 2 * second_ns ? (uint64_t)clocks : booted * (uint64_t)second_ns;
}

/* CLOCK_REALTIME ns of the boot, into ->booted; 0 while unknown. Returns the error of reading it. */
static int find_boot_time(struct ng_scrape *scrape, struct container_starts *starts)
{
	struct ng_span text, line;
	uint64_t booted;

	if (starts->booted)
		return 0;
	int r = container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, "stat", &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		if (ng_span_starts(line, NG_SPAN("btime ")) && ng_u64(ng_span_skip(line, 6), &booted) == 0 &&
			booted < INT32_MAX)
			starts->booted = with_fraction(booted);
	}
	return r;
}

/*
 * PIDs in cgroup.procs may belong to a different PID namespace than --path.procfs. 0, -ESRCH or the error that
 * prevented the check.
 */
static int is_in(struct ng_scrape *scrape, uint64_t pid, const struct ng_cgroup *group)
{
	struct ng_span text, line, component;
	char path[CONTAINER_PROC_ROOM];

	container_proc_path(path, pid, "/cgroup");
	int r = container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		while (ng_part_next(&line, '/', &component)) {
			if (ng_span_equal(component, ng_span(group->name)))
				return 0;
		}
	}
	return r < 0 ? r : -ESRCH;
}

/* Lowers `*oldest` to the start of the oldest of its first processes; or returns the error of examining one. */
static int find_oldest(
	struct ng_scrape *scrape, struct container_starts *starts, const struct ng_cgroup *group, uint64_t *oldest)
{
	struct ng_span text, line;
	uint64_t pid, start;

	int r = find_boot_time(scrape, starts);
	if (r == 0 && starts->booted)
		r = container_read_ids(scrape, starts->cgroups, group, CONTAINER_PIDS, &text);
	for (size_t i = 0; r == 0 && starts->booted && i < PROCESSES_AT_MOST && ng_line_next(&text, &line); i++) {
		if (ng_u64(line, &pid) < 0 || !pid)
			continue;
		int seen = is_in(scrape, pid, group);
		if (seen == 0)
			seen = container_process_start(scrape, pid, &start);
		if (seen == 0)
			*oldest = earlier(*oldest, (starts->booted + start * tick_ns()) / (uint64_t)second_ns);
		else if (!ng_absent(seen))
			r = seen;
	}
	return ng_absent(r) ? 0 : r;
}

/* ---- logs ---- */

static char *append(char *at, const char *end, struct ng_span text)
{
	return (size_t)(end - at) > text.size ? mempcpy(at, text.text, text.size) : (char *)end;
}

static int find_time(int folder, const char *name, uint64_t *ret_time)
{
	struct statx info;

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_MTIME | STATX_BTIME, &info) < 0)
		return -errno;
	uint64_t changed = (uint64_t)info.stx_mtime.tv_sec, made = (uint64_t)info.stx_btime.tv_sec;
	*ret_time = (info.stx_mask & STATX_BTIME) && info.stx_btime.tv_sec > 0 ? earlier(changed, made) : changed;
	return 0;
}

/* Leaves `*ret_time` alone if there is no log; returns the error of reading it, unless a privilege is missing. */
static int find_log_time(
	struct ng_scrape *scrape, struct container_starts *starts, const struct container_row *row, uint64_t *ret_time)
{
	const struct container_named *named = row->named;
	bool pod = row->place.level == CONTAINER_POD;
	char name[NAME_ROOM], hex[2 * CONTAINER_ID_SIZE];
	char *at = name, *end = name + sizeof(name) - 1;

	if (!named || row->shown == SHOWN_SANDBOX)
		return 0;
	at = append(at, end, pod ? named->space : named->pod);
	at = append(at, end, NG_SPAN("_"));
	at = append(at, end, pod ? named->pod : named->space);
	at = append(at, end, NG_SPAN("_"));
	at = append(at, end, pod ? ng_span(row->place.uid) : named->container);
	if (!pod) {
		container_id_text(row->place.id, hex);
		at = append(at, end, NG_SPAN("-"));
		at = append(at, end, (struct ng_span){ hex, sizeof(hex) });
		at = append(at, end, NG_SPAN(".log"));
	}
	*at = '\0';
	NG_CLOSE int folder = ng_open_at(scrape, ng_root_fd(scrape, NG_ROOTFS), pod ? starts->pod_logs : starts->logs,
		O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = at == end ? 0 : folder < 0 ? folder : find_time(folder, name, ret_time);
	if (r < 0 && r != -EACCES)
		ng_drop_unread(scrape, r, name);
	return ng_absent(r) || r == -EACCES ? 0 : r;
}

/* ---- a cgroup ---- */

void container_find_start(struct ng_scrape *scrape, struct container_starts *starts, struct ng_cgroup *group)
{
	struct container_row *row = container_group(group)->row;
	struct container_values *values = &row->figures.values;
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);

	uint64_t start = UINT64_MAX;
	int r = find_oldest(scrape, starts, group, &start);
	/* a pod has no process of its own; its sandbox is the first container */
	for (struct ng_cgroup *at = group->first; r == 0 && row->place.level == CONTAINER_POD && at; at = at->next)
		r = find_oldest(scrape, starts, at, &start);
	if (r == 0 && start == UINT64_MAX)
		r = find_log_time(scrape, starts, row, &start);
	ng_arena_rewind(scrape->arena, mark);
	/* a time that is too late is worse than none: it is looked up again */
	if (r < 0)
		values->present &= ~(UINT64_C(1) << VALUE_STARTED);
	else if (container_has(values, VALUE_STARTED) && start < values->value[VALUE_STARTED])
		container_set(values, VALUE_STARTED, start);
}
