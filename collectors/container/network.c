/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a pod, as one of its processes sees it.
 *
 *     /proc/<pid>/net/dev:  eth0: 1296 16 0 0 0 0 0 0 936 12 0 0 0 0 0 0
 *
 * cgroup.procs names the processes of a group, but prints 0 for those that our PID namespace does not have: then
 * /proc/<pid>/cgroup of all processes of --path.procfs is searched, once for all pods that have come. A pid is trusted
 * as long as its start time stays the same. Pods in the network of the host are left out: their interfaces are the
 * node's.
 */
#include "container.h"

#include <stdlib.h>
#include <sys/stat.h>

static const uint64_t retry_ns = 60u * UINT64_C(1000000000);
static const uint64_t scan_pause_ns = 5u * UINT64_C(1000000000);

enum { PATH_ROOM = 64 };

/* "123/net/dev" */
static void proc_path(char path[PATH_ROOM], int pid, const char *file)
{
	char digits[NG_DIGITS];
	struct ng_span number = ng_digits(digits, (unsigned)pid);

	memcpy(mempcpy(path, number.text, number.size), file, strlen(file) + 1);
}

/* ---- which process ---- */

/* The 22nd word of /proc/<pid>/stat; the second one may have blanks and parentheses. */
static bool start_time(struct ng_scrape *scrape, int pid, uint64_t *ret_start)
{
	char path[PATH_ROOM];
	struct ng_span text, word;

	proc_path(path, pid, "/stat");
	if (ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text) < 0 || text.size == 0)
		return false;
	const char *at = memrchr(text.text, ')', text.size);
	if (!at)
		return false;
	text = ng_span_skip(text, (size_t)(at - text.text) + 1);
	for (unsigned i = 3; i <= 22; i++) {
		if (!ng_word_next(&text, &word))
			return false;
	}
	return ng_u64(word, ret_start) == 0;
}

static bool belongs_to(struct ng_scrape *scrape, int pid, const char *uid)
{
	struct container_place place;
	struct ng_span text, line;
	char path[PATH_ROOM];

	proc_path(path, pid, "/cgroup");
	if (ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text) < 0)
		return false;
	while (ng_line_next(&text, &line)) {
		struct ng_span number, controllers;
		if (!ng_part_next(&line, ':', &number) || !ng_part_next(&line, ':', &controllers))
			continue;
		container_place_of(line, &place);
		if (strcmp(place.uid, uid) == 0)
			return true;
	}
	return false;
}

static bool take_process(struct ng_scrape *scrape, struct container_group *pod, int pid)
{
	uint64_t start;

	if (!belongs_to(scrape, pid, pod->place.uid) || !start_time(scrape, pid, &start))
		return false;
	pod->pid = pid;
	pod->pid_start = start;
	pod->network_known = false;
	return true;
}

/* Returns whether there are processes that our PID namespace does not have. */
static bool find_in_group(
	struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, struct container_group *pod)
{
	struct ng_span text, line;
	uint64_t pid;
	bool hidden = false;

	int directory = ng_cgroup_enter(scrape, state->cgroups, at, NG_CGROUP_UNIFIED);
	if (directory < 0)
		directory = ng_cgroup_enter(scrape, state->cgroups, at, NG_CGROUP_MEMORY);
	int r = directory < 0 ? directory : ng_peek_at(scrape, directory, NG_VALUE, "cgroup.procs", &text);
	ng_cgroup_leave(at, directory);
	while (r == 0 && !pod->pid && ng_line_next(&text, &line)) {
		if (ng_u64(line, &pid) < 0 || pid > INT32_MAX)
			continue;
		hidden = hidden || pid == 0;
		if (pid)
			take_process(scrape, pod, (int)pid);
	}
	return hidden;
}

/* The pods that have no process yet, by one look at all processes; false when the look was none. */
static bool find_by_scan(struct ng_scrape *scrape, struct container *state)
{
	struct container_group **pod = NULL, **slot;
	size_t count = 0, room = 0, missing;
	struct ng_names pids;
	bool done = true;

	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_group *group = container_group(at);
		if (group->place.level != CONTAINER_POD || group->pid)
			continue;
		slot = ng_push(scrape->arena, &pod, &count, &room);
		if (!slot)
			return false;
		*slot = group;
	}
	missing = count;
	if (count == 0 || ng_names(scrape, NG_PROC, ".", &pids) < 0)
		return false;
	for (size_t i = 0; missing && i < pids.count; i++) {
		struct container_place place;
		struct ng_span text, line;
		char path[PATH_ROOM];
		uint64_t pid;
		if (ng_u64(ng_span(pids.name[i]), &pid) < 0 || pid > INT32_MAX)
			continue;
		proc_path(path, (int)pid, "/cgroup");
		int r = ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text);
		done = done && !container_failed(r);
		while (r == 0 && ng_line_next(&text, &line)) {
			struct ng_span number, controllers;
			if (!ng_part_next(&line, ':', &number) || !ng_part_next(&line, ':', &controllers))
				continue;
			container_place_of(line, &place);
			for (size_t k = 0; place.uid[0] && k < count; k++) {
				if (pod[k]->pid || strcmp(pod[k]->place.uid, place.uid) != 0)
					continue;
				bool taken = take_process(scrape, pod[k], (int)pid);
				done = done && taken;
				missing -= taken;
			}
		}
	}
	return done;
}

static void find_process(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *pod = container_group(at);
	bool hidden = false;

	for (struct ng_cgroup *child = at->first; child && !pod->pid; child = child->next)
		hidden = find_in_group(scrape, state, child, pod) || hidden;
	if (pod->pid || !hidden)
		return;
	if (pod->pid_tried_at && now - pod->pid_tried_at < retry_ns)
		return;
	bool again = state->network_scan_failed && now != state->network_scan_at;
	if (state->network_scan_at && now - state->network_scan_at < scan_pause_ns && !again)
		return;
	state->network_scan_at = now;
	state->network_scan_failed = !find_by_scan(scrape, state);
	if (state->network_scan_failed)
		return;
	for (struct ng_cgroup *each = ng_cgroups_root(state->cgroups); each; each = ng_cgroup_next(each)) {
		if (container_group(each)->place.level == CONTAINER_POD)
			container_group(each)->pid_tried_at = now;
	}
}

/* ---- its network ---- */

/* The files of one network namespace have one inode each (fs/proc/proc_net.c). */
static int in_network_of_host(struct ng_scrape *scrape, const char *path, bool *ret_same)
{
	struct stat host, own;
	int proc = ng_root_fd(scrape, NG_PROC), r = 0;

	if (fstatat(proc, path, &own, 0) < 0 || fstatat(proc, "1/net/dev", &host, 0) < 0)
		r = -errno;
	*ret_same = r == 0 && host.st_ino == own.st_ino && host.st_dev == own.st_dev;
	return r;
}

/* As cAdvisor: a pod's other end lies in the host, where it would be counted again. */
static bool is_skipped(struct ng_span name)
{
	return ng_span_starts(name, NG_SPAN("lo")) || ng_span_starts(name, NG_SPAN("veth")) ||
	       ng_span_starts(name, NG_SPAN("docker")) || ng_span_starts(name, NG_SPAN("nerdctl"));
}

static struct container_interface *add_interface(struct container_interfaces *network, struct ng_span name)
{
	struct container_interface *wider =
		container_room_for_one(network->interface, network->count, &network->room, sizeof(*wider));

	if (!wider)
		return NULL;
	network->interface = wider;
	struct container_interface *interface = &network->interface[network->count];
	*interface = (struct container_interface){ 0 };
	if (name.size >= sizeof(interface->name))
		return NULL;
	memcpy(interface->name, name.text, name.size);
	return interface;
}

static void parse_interfaces(struct ng_span text, struct container_interfaces *network)
{
	static const int8_t column[] = { 0, 1, 2, 3, -1, -1, -1, -1, 4, 5, 6, 7 };
	struct ng_span line;

	network->count = 0;
	while (ng_line_next(&text, &line)) {
		size_t colon = ng_span_find(line, ':');
		struct ng_span name = ng_trim((struct ng_span){ line.text, colon }),
			       rest = ng_span_skip(line, colon + 1);
		if (colon == line.size || name.size == 0 || is_skipped(name))
			continue;
		struct container_interface *interface = add_interface(network, name);
		size_t i = 0;
		uint64_t value;
		for (; interface && i < NG_COUNT(column) && ng_u64_next(&rest, &value) == 0; i++) {
			if (column[i] >= 0)
				interface->value[column[i]] = value;
		}
		network->count += interface && i == NG_COUNT(column);
	}
}

void container_read_network(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct ng_arena *own = scrape->arena;
	char path[PATH_ROOM];
	struct ng_span text;
	uint64_t start;

	if (group->place.level != CONTAINER_ROOT && group->place.level != CONTAINER_POD)
		return;
	ng_arena_reset(&state->reader.text);
	scrape->arena = &state->reader.text;
	/* one that was found before: another one is looked for at once */
	if (group->pid && (!start_time(scrape, group->pid, &start) || start != group->pid_start)) {
		group->pid = 0;
		group->pid_tried_at = 0;
	}
	if (group->place.level == CONTAINER_POD && !group->pid)
		find_process(scrape, state, at, now);
	proc_path(path, group->pid, "/net/dev");
	/* a scan finds the processes of other pods as well; what is not certain is asked again */
	if (group->pid && !group->network_known)
		group->network_known = !container_failed(in_network_of_host(scrape, path, &group->host_network));
	bool known = group->place.level == CONTAINER_ROOT || group->network_known;
	const char *file = group->place.level == CONTAINER_ROOT ? state->net_path : group->pid ? path : NULL;
	if (file && known && !group->host_network &&
		ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_RECORDS, file, &text) == 0)
		parse_interfaces(text, &group->row->network);
	else if (group->host_network || !file)
		group->row->network.count = 0; /* nothing, rather than what was true once */
	scrape->arena = own;
}
