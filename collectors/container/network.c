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

/* ---- which process ---- */

/* The 22nd word of /proc/<pid>/stat; the second one may have blanks and parentheses. */
static int start_time(struct ng_scrape *scrape, uint64_t pid, uint64_t *ret_start)
{
	char path[CONTAINER_PROC_ROOM];
	struct ng_span text, word;

	container_proc_path(path, pid, "/stat");
	int r = ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text);
	if (r < 0)
		return r;
	const char *at = text.size ? memrchr(text.text, ')', text.size) : NULL;
	if (!at)
		return -ESRCH;
	text = ng_span_skip(text, (size_t)(at - text.text) + 1);
	for (unsigned i = 3; i <= 22; i++) {
		if (!ng_word_next(&text, &word))
			return -ESRCH;
	}
	return ng_u64(word, ret_start);
}

/* The next of the groups that a process is in, one of each hierarchy: "0::/system.slice/ssh.service". */
static bool next_place(struct ng_span *text, struct container_place *ret_place)
{
	struct ng_span line, number, controllers;

	while (ng_line_next(text, &line)) {
		if (!ng_part_next(&line, ':', &number) || !ng_part_next(&line, ':', &controllers))
			continue;
		container_place_of(line, ret_place);
		return true;
	}
	return false;
}

static int read_places(struct ng_scrape *scrape, uint64_t pid, struct ng_span *ret_text)
{
	char path[CONTAINER_PROC_ROOM];

	container_proc_path(path, pid, "/cgroup");
	return ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, ret_text);
}

/* A service may make groups under the names of any pod. */
static bool is_of(const struct container_place *process, const struct container_place *pod)
{
	return strcmp(process->uid, pod->uid) == 0 && (!process->delegated || pod->delegated);
}

static bool belongs_to(struct ng_scrape *scrape, uint64_t pid, const struct container_place *pod)
{
	struct container_place place;
	struct ng_span text;

	if (read_places(scrape, pid, &text) < 0)
		return false;
	while (next_place(&text, &place)) {
		if (is_of(&place, pod))
			return true;
	}
	return false;
}

static bool take_process(struct ng_scrape *scrape, struct container_group *pod, uint64_t pid)
{
	uint64_t start;

	if (!belongs_to(scrape, pid, &pod->place) || start_time(scrape, pid, &start) < 0)
		return false;
	pod->pid = (int)pid;
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

	int r = container_read_pids(scrape, state, at, &text);
	while (r == 0 && !pod->pid && ng_line_next(&text, &line)) {
		if (ng_u64(line, &pid) < 0 || pid > INT32_MAX)
			continue;
		hidden = hidden || pid == 0;
		if (pid)
			take_process(scrape, pod, pid);
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
		struct ng_span text;
		uint64_t pid;
		if (ng_u64(ng_span(pids.name[i]), &pid) < 0 || pid > INT32_MAX)
			continue;
		int r = read_places(scrape, pid, &text);
		done = done && !container_failed(r);
		while (r == 0 && next_place(&text, &place)) {
			for (size_t k = 0; place.uid[0] && k < count; k++) {
				if (pod[k]->pid || !is_of(&place, &pod[k]->place))
					continue;
				bool taken = take_process(scrape, pod[k], pid);
				done = done && taken;
				missing -= taken;
			}
		}
	}
	return done;
}

/* Processes may be below groups that a container made itself, as systemd in it does. */
static bool is_populated(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at)
{
	struct ng_span text;

	int directory = ng_cgroup_enter(scrape, state->cgroups, at, NG_CGROUP_UNIFIED);
	int r = directory < 0 ? directory : ng_peek_at(scrape, directory, NG_VALUE, "cgroup.events", &text);
	ng_cgroup_leave(at, directory);
	return r == 0 && ng_span_starts(text, NG_SPAN("populated 1\n"));
}

static void find_process(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *pod = container_group(at);
	bool hidden = false;

	for (struct ng_cgroup *child = at->first; child && !pod->pid; child = child->next)
		hidden = find_in_group(scrape, state, child, pod) || hidden;
	if (pod->pid || !(hidden || is_populated(scrape, state, at)))
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

/* Whether there is one: that which was found before, if it lives, or another. */
static bool has_process(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *pod = container_group(at);
	uint64_t start;
	int r = pod->pid ? start_time(scrape, (uint64_t)pod->pid, &start) : -ESRCH;

	if (container_failed(r))
		return false; /* in passing: the next scrape asks again */
	if (r == 0 && start == pod->pid_start)
		return true;
	if (pod->pid)
		pod->pid_tried_at = 0; /* another one is looked for at once */
	pod->pid = 0;
	find_process(scrape, state, at, now);
	return pod->pid;
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

/* Interfaces whose names are no text could not be told apart: a pod that makes such loses them. */
static void parse_interfaces(struct ng_span text, struct container_interfaces *network)
{
	static const int8_t column[] = { 0, 1, 2, 3, -1, -1, -1, -1, 4, 5, 6, 7 };
	struct ng_span line;

	network->count = 0;
	while (ng_line_next(&text, &line)) {
		size_t colon = ng_span_find(line, ':');
		struct ng_span name = ng_trim((struct ng_span){ line.text, colon }),
			       rest = ng_span_skip(line, colon + 1);
		if (colon == line.size || name.size == 0 || is_skipped(name) || !ng_is_utf8(name))
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
	bool node = group->place.level == CONTAINER_ROOT;
	char path[CONTAINER_PROC_ROOM];
	struct ng_span text;

	if (!node && group->place.level != CONTAINER_POD)
		return;
	ng_arena_reset(&state->reader.text);
	scrape->arena = &state->reader.text;
	bool found = !node && has_process(scrape, state, at, now);
	container_proc_path(path, (uint64_t)group->pid, "/net/dev");
	/*
	 * A scan finds the processes of other pods as well; what is not certain is asked again. So is who is in the
	 * node's network: a runtime puts its process into the group first, and then into the network.
	 */
	if (found && (!group->network_known || group->host_network))
		group->network_known = !container_failed(in_network_of_host(scrape, path, &group->host_network));
	bool known = node || group->network_known;
	const char *file = node ? state->net_path : found ? path : NULL;
	if (file && known && !group->host_network &&
		ng_peek_at(scrape, ng_root_fd(scrape, NG_PROC), NG_RECORDS, file, &text) == 0)
		parse_interfaces(text, &group->row->network);
	else if (group->host_network || !file)
		group->row->network.count = 0; /* nothing, rather than what was true once */
	scrape->arena = own;
}
