/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a group began that was there before us.
 *
 * The time of a directory of the kernel is that of the first look at it since its inode was read last, which may be
 * ours. Nothing is older than what is in it: so it began when its oldest process did, if that is earlier. Where no
 * process is to be seen the kubelet's link to the log of a container is next, which it makes right after the start, and
 * its directory of a pod's logs. What was told of when it was made needs none of this.
 *
 *     /proc/4711/stat   4711 (web) S 1 ... (22nd word) 184223      in ticks since the boot
 */
#include "container.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first process of a group is listed first. */
enum { PROCESSES_AT_MOST = 16, NAME_ROOM = 256 };

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- processes ---- */

/* CLOCK_REALTIME s of the boot; 0 while it is not known. */
static uint64_t boot_time(struct ng_scrape *scrape, struct container *state)
{
	struct ng_span text, line;

	if (state->booted)
		return state->booted;
	int r = ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, "stat", &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		if (ng_span_starts(line, NG_SPAN("btime ")))
			ng_u64(ng_span_skip(line, 6), &state->booted);
	}
	return state->booted;
}

/* The numbers of cgroup.procs may be of another PID namespace than --path.procfs is. */
static bool is_in(struct ng_scrape *scrape, uint64_t pid, const struct ng_cgroup *group)
{
	struct ng_span text, line, component;
	char path[CONTAINER_PROC_ROOM];

	container_proc_path(path, pid, "/cgroup");
	int r = ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		while (ng_part_next(&line, '/', &component)) {
			if (ng_span_equal(component, ng_span(group->name)))
				return true;
		}
	}
	return false;
}

/* UINT64_MAX where none is to be seen. */
static uint64_t oldest_process(struct ng_scrape *scrape, struct container *state, const struct ng_cgroup *group)
{
	uint64_t oldest = UINT64_MAX, booted = boot_time(scrape, state), pid, start;
	struct ng_span text, line;

	if (!booted || container_read_pids(scrape, state, group, &text) < 0)
		return oldest;
	for (size_t i = 0; i < PROCESSES_AT_MOST && ng_line_next(&text, &line); i++) {
		if (ng_u64(line, &pid) == 0 && pid && is_in(scrape, pid, group) &&
			container_process_start(scrape, pid, &start) == 0)
			oldest = earlier(oldest, booted + start / (uint64_t)sysconf(_SC_CLK_TCK));
	}
	return oldest;
}

/* ---- logs ---- */

static char *append(char *at, const char *end, struct ng_span text)
{
	return (size_t)(end - at) > text.size ? mempcpy(at, text.text, text.size) : (char *)end;
}

static uint64_t time_of(int folder, const char *name)
{
	struct statx info;

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_MTIME | STATX_BTIME, &info) < 0)
		return UINT64_MAX;
	uint64_t changed = (uint64_t)info.stx_mtime.tv_sec, made = (uint64_t)info.stx_btime.tv_sec;
	return (info.stx_mask & STATX_BTIME) && info.stx_btime.tv_sec > 0 ? earlier(changed, made) : changed;
}

static uint64_t log_time(struct ng_scrape *scrape, struct container *state, const struct container_row *row)
{
	const struct container_named *named = row->named;
	bool pod = row->place.level == CONTAINER_POD;
	char name[NAME_ROOM], hex[2 * CONTAINER_ID_SIZE];
	char *at = name, *end = name + sizeof(name) - 1;

	if (!named || row->shown == SHOWN_SANDBOX)
		return UINT64_MAX;
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
	int root = ng_root_fd(scrape, NG_ROOTFS);
	NG_CLOSE int folder =
		openat(root, pod ? state->names.pods.path : state->names.logs.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return at == end || folder < 0 ? UINT64_MAX : time_of(folder, name);
}

/* ---- a group ---- */

void container_find_start(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *group)
{
	struct container_row *row = container_group(group)->row;
	struct container_values *values = &row->figures.values;
	struct ng_arena *own = scrape->arena;

	ng_arena_reset(&state->reader.text);
	scrape->arena = &state->reader.text;
	uint64_t start = oldest_process(scrape, state, group);
	/* a pod has no process of its own; its sandbox is there first */
	for (struct ng_cgroup *at = group->first; row->place.level == CONTAINER_POD && at; at = at->next)
		start = earlier(start, oldest_process(scrape, state, at));
	if (start == UINT64_MAX)
		start = log_time(scrape, state, row);
	scrape->arena = own;
	if (container_has(values, VALUE_STARTED) && start < values->value[VALUE_STARTED])
		container_set(values, VALUE_STARTED, start);
}
