/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a process of a pod, or of a container outside pods, through which the network can be read.
 *
 *     cgroup.procs: 4711        /proc/4711/cgroup: 0::/kubepods.slice/kubepods-pod<UID>.slice/cri-containerd-<ID>.scope
 *
 * cgroup.procs lists the processes of a cgroup, but shows 0 for those outside our PID namespace. In that case
 * /proc/<pid>/cgroup of all processes below --path.procfs is searched, once for all new pods. The same is done if the
 * processes of a pod are in cgroups below its containers, or its containers are elsewhere. A PID is trusted as long as
 * its start time stays the same.
 */
#include "process/network.h"

#include "model.h"
#include "process/processes.h"
#include "stats/files.h"

#include <stdlib.h>
#include <unistd.h>

static const uint64_t retry_ns = 60u * UINT64_C(1000000000);
static const uint64_t scan_pause_ns = 5u * UINT64_C(1000000000);

void container_miss_network(struct ng_scrape *scrape, struct container_networks *networks,
	const struct container_group *group, int error, const char *what)
{
	ng_drop_unread(scrape, error, what);
	if (group->place.level != CONTAINER_POD && !ng_absent(error))
		networks->missed = true;
}

/* ---- processes of a cgroup ---- */

/* The next of the cgroups that a process is in, one per hierarchy: "0::/system.slice/ssh.service". */
static bool next_place(struct ng_span *text, struct container_place *ret_place, size_t *ret_depth)
{
	struct ng_span line, number, controllers, component;

	while (ng_line_next(text, &line)) {
		if (!ng_part_next(&line, ':', &number) || !ng_part_next(&line, ':', &controllers))
			continue;
		container_place_of(line, ret_place);
		for (*ret_depth = 0; ng_part_next(&line, '/', &component);)
			++*ret_depth;
		return true;
	}
	return false;
}

static int read_places(struct ng_scrape *scrape, uint64_t pid, struct ng_span *ret_text)
{
	char path[CONTAINER_PROC_ROOM];

	container_proc_path(path, pid, "/cgroup");
	return container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, ret_text);
}

/* Whether a process in this place belongs to the pod, or to the container outside pods. */
static bool is_of(const struct container_place *place, const struct container_place *owner)
{
	if (owner->level == CONTAINER_POD)
		return strcmp(place->uid, owner->uid) == 0;
	return place->has_id && !place->kubernetes && memcmp(place->id, owner->id, CONTAINER_ID_SIZE) == 0;
}

/* 0, -ESRCH or the error that prevented the check. */
static int belongs_to(struct ng_scrape *scrape, uint64_t pid, const struct container_place *owner)
{
	struct container_place place;
	struct ng_span text;
	size_t depth;
	int r = read_places(scrape, pid, &text);

	while (r == 0 && next_place(&text, &place, &depth)) {
		if (is_of(&place, owner))
			return 0;
	}
	return r < 0 ? r : -ESRCH;
}

static void take(struct container_group *pod, uint64_t pid, uint64_t start)
{
	pod->member.pid = (int)pid;
	pod->member.start = start;
	pod->member.network_known = false;
}

static bool lists(struct ng_span text, uint64_t pid)
{
	struct ng_span line;
	uint64_t other;

	while (ng_line_next(&text, &line)) {
		if (ng_u64(line, &other) == 0 && other == pid)
			return true;
	}
	return false;
}

/* Our own PID in --path.procfs; 0 if it does not show us. */
static uint64_t own_pid(struct ng_scrape *scrape)
{
	char text[32];
	uint64_t pid;

	ssize_t n = readlinkat(ng_root_fd(scrape, NG_PROC), "self", text, sizeof(text));
	return n > 0 && ng_u64((struct ng_span){ text, (size_t)n }, &pid) == 0 && pid <= INT32_MAX ? pid : 0;
}

/*
 * PIDs in cgroup.procs belong to our PID namespace, but --path.procfs may show another one, where the same numbers are
 * other processes, except for our own. PIDs are reused: re-check membership after reading the start time; if the cgroup
 * still lists the PID, the process belongs to it. 0, -ESRCH or the error that prevented the check.
 */
static int take_listed(struct ng_scrape *scrape, struct container_networks *networks, const struct ng_cgroup *at,
	struct container_group *pod, uint64_t pid)
{
	uint64_t own = own_pid(scrape), start, there = own && pid == (uint64_t)getpid() ? own : pid;
	struct ng_span again;

	int r = container_process_start(scrape, there, &start);
	if (r == 0 && (own == (uint64_t)getpid() || there != pid)) {
		r = container_read_ids(scrape, networks->cgroups, at, CONTAINER_PIDS, &again);
		if (r == 0 && !lists(again, pid))
			r = -ESRCH;
	} else if (r == 0) {
		r = belongs_to(scrape, pid, &pod->place);
	}
	if (r == 0)
		take(pod, there, start);
	return r;
}

/* Returns whether some processes could not be found because they are outside our PID namespace. */
static bool find_in_group(struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at,
	struct container_group *pod)
{
	struct ng_span text, line;
	uint64_t pid;
	bool hidden = false;

	int r = container_read_ids(scrape, networks->cgroups, at, CONTAINER_PIDS, &text);
	while (r == 0 && !pod->member.pid && ng_line_next(&text, &line)) {
		if (ng_u64(line, &pid) < 0 || pid > INT32_MAX)
			continue;
		int taken = pid ? take_listed(scrape, networks, at, pod, pid) : -ESRCH;
		hidden = hidden || taken < 0;
		/* it might have been the right one: another process may be in a different network namespace */
		if (taken < 0 && !ng_absent(taken))
			r = taken;
	}
	if (r < 0)
		container_miss_network(scrape, networks, pod, r, "a process");
	return hidden;
}

/* ---- all processes ---- */

/* The best process of a pod so far; ->pid is 0 if there is none. */
struct match {
	struct container_group *pod;
	uint64_t pid, start;
	size_t depth; /* of its cgroup */
	bool delegated;
};

/*
 * Services may create cgroups under any name, and processes in cgroups that a container creates may have a network of
 * their own. So the process closest to the pod, and the oldest among equals, is taken to have the pod's network.
 */
static bool is_better(const struct match *a, const struct match *b)
{
	if (!b->pid)
		return true;
	if (a->delegated != b->delegated)
		return b->delegated;
	return a->depth != b->depth ? a->depth < b->depth : a->start < b->start;
}

/* 0, or the error of examining the process. */
static int consider(
	struct ng_scrape *scrape, struct match *match, uint64_t pid, const struct container_place *place, size_t depth)
{
	struct match other = { match->pod, pid, 0, depth, place->delegated };

	if (!is_better(&other, match))
		return 0;
	/* in this order: a process that reuses the PID has a different start time */
	int r = container_process_start(scrape, pid, &other.start);
	if (r == 0)
		r = belongs_to(scrape, pid, &match->pod->place);
	if (r == 0 && is_better(&other, match))
		*match = other;
	return r;
}

/*
 * A container that may be a pod's sandbox or one of its containers shares that pod's network, which is shown for
 * whichever has names.
 */
bool container_has_network(const struct container_group *group)
{
	const struct container_row *row = group->row;

	return group->place.level == CONTAINER_POD ||
	       (row && row->shown == SHOWN_CONTAINER && container_is_outside(row) && !container_is_nameless(row));
}

static int pods_without(
	struct ng_scrape *scrape, struct container_networks *networks, struct match **ret_match, size_t *ret_count)
{
	size_t room = 0;

	*ret_match = NULL;
	*ret_count = 0;
	for (struct ng_cgroup *at = ng_cgroups_root(networks->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_group *group = container_group(at);
		if (group->member.pid || !container_has_network(group))
			continue;
		struct match *slot = ng_push(scrape->arena, ret_match, ret_count, &room);
		if (!slot)
			return -ENOMEM;
		*slot = (struct match){ .pod = group };
	}
	return 0;
}

/*
 * Finds processes for all pods that have none, in one pass over all processes. 0, -ESRCH if one of their processes
 * exited meanwhile, or the error of examining a process: then no process is accepted, because the missed one might have
 * been better.
 */
static int find_by_scan(struct ng_scrape *scrape, struct container_networks *networks)
{
	struct match *match;
	size_t count, depth;
	struct ng_names pids;
	bool ended = false;

	int r = pods_without(scrape, networks, &match, &count);
	if (r == 0)
		r = ng_names(scrape, NG_PROC, ".", &pids);
	for (size_t i = 0; r == 0 && i < pids.count; i++) {
		struct container_place place;
		struct ng_span text;
		uint64_t pid;
		if (ng_u64(ng_span(pids.name[i]), &pid) < 0 || pid > INT32_MAX)
			continue;
		struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
		int seen = read_places(scrape, pid, &text);
		while (seen == 0 && next_place(&text, &place, &depth)) {
			bool known = place.uid[0] || place.has_id;
			for (size_t k = 0; seen == 0 && known && k < count; k++) {
				if (!is_of(&place, &match[k].pod->place))
					continue;
				seen = consider(scrape, &match[k], pid, &place, depth);
				ended = ended || seen < 0;
			}
		}
		ng_arena_rewind(scrape->arena, mark);
		r = container_failed(seen) ? seen : 0;
	}
	if (r < 0)
		return r;
	for (size_t k = 0; k < count; k++) {
		if (match[k].pid)
			take(match[k].pod, match[k].pid, match[k].start);
	}
	return ended ? -ESRCH : 0;
}

/* Processes may be in cgroups that the container created itself, as systemd does. */
static bool is_populated(struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at)
{
	struct ng_span text;

	int directory = container_enter(scrape, networks->cgroups, at, NG_CGROUP_UNIFIED);
	int r = directory < 0 ? directory : container_peek(scrape, directory, NG_VALUE, "cgroup.events", &text);
	ng_cgroup_leave(at, directory);
	return r == 0 && ng_span_starts(text, NG_SPAN("populated 1\n"));
}

/* Returns whether some processes could not be found there. */
static bool find_in_containers(struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at,
	struct container_group *pod)
{
	bool hidden = false;

	if (pod->place.level != CONTAINER_POD) {
		hidden = find_in_group(scrape, networks, at, pod);
		return hidden || (!pod->member.pid && is_populated(scrape, networks, at));
	}
	for (struct ng_cgroup *child = at->first; child && !pod->member.pid; child = child->next)
		hidden = find_in_group(scrape, networks, child, pod) || hidden;
	if (pod->member.pid || at->first || !networks->elsewhere)
		return hidden || (!pod->member.pid && is_populated(scrape, networks, at));
	for (struct ng_cgroup *each = ng_cgroups_root(networks->cgroups); each && !pod->member.pid;
		each = ng_cgroup_next(each)) {
		const struct container_place *place = container_place_at(each);
		if (place->level == CONTAINER_CONTAINER && strcmp(place->uid, pod->place.uid) == 0)
			hidden = find_in_group(scrape, networks, each, pod) || is_populated(scrape, networks, each) ||
				 hidden;
	}
	return hidden;
}

static void find_process(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *pod = container_group(at);

	if (!find_in_containers(scrape, networks, at, pod) || pod->member.pid)
		return;
	pod->member.wanted = true;
	if (pod->member.tried_at && now - pod->member.tried_at < retry_ns)
		return;
	bool again = networks->scan_failed && now != networks->scan_at;
	if (networks->scan_at && now - networks->scan_at < scan_pause_ns && !again)
		return;
	networks->scan_at = now;
	int r = find_by_scan(scrape, networks);
	networks->scan_failed = r < 0;
	if (r < 0)
		container_miss_network(scrape, networks, pod, r, "all processes");
	if (networks->scan_failed)
		return;
	for (struct ng_cgroup *each = ng_cgroups_root(networks->cgroups); each; each = ng_cgroup_next(each)) {
		struct container_group *group = container_group(each);
		if (group->member.wanted)
			group->member.tried_at = now;
		group->member.wanted = false;
	}
}

bool container_find_process(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *pod = container_group(at);
	uint64_t start;
	int r = pod->member.pid ? container_process_start(scrape, (uint64_t)pod->member.pid, &start) : -ESRCH;

	if (container_failed(r)) {
		container_miss_network(scrape, networks, pod, r, "a process");
		return false; /* transient: the next scrape retries */
	}
	if (r == 0 && start == pod->member.start)
		return true;
	if (pod->member.pid)
		pod->member.tried_at = 0; /* look for another one at once */
	pod->member.pid = 0;
	find_process(scrape, networks, at, now);
	return pod->member.pid;
}
