/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a pod, or of a container outside pods, as seen by one of its processes.
 *
 *     /proc/<pid>/net/dev:  eth0: 1296 16 0 0 0 0 0 0 936 12 0 0 0 0 0 0
 *
 * Pods and containers in the host's network are left out: their interfaces are the node's.
 */
#include "process/network.h"

#include "model.h"
#include "process/processes.h"
#include "stats/files.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The files of a network namespace have one inode each (fs/proc/proc_net.c). */
static int in_network_of_host(
	struct ng_scrape *scrape, struct container_networks *networks, const char *path, struct container_group *group)
{
	struct stat host, own;
	int proc = ng_root_fd(scrape, NG_PROC), r = 0;

	bool seen = true;

	if (fstatat(proc, path, &own, 0) < 0)
		r = -errno;
	else if (fstatat(proc, "1/net/dev", &host, 0) < 0)
		seen = false;
	/* if process 1 is not visible, nothing counts as being in its network */
	if (r == 0 && !seen && errno != ENOENT)
		r = -errno;
	group->member.in_host = r == 0 && seen && host.st_ino == own.st_ino && host.st_dev == own.st_dev;
	group->member.network = r == 0 ? own.st_ino : 0;
	if (r < 0)
		container_miss_network(scrape, networks, group, r, path);
	return r;
}

/* "veth1a2b3c4d": the host end of a container's interface, as named by docker and the CNI plugins. */
static bool is_near_end(struct ng_span name)
{
	static const size_t random_digits = 7;
	size_t i = strlen("veth");

	if (!ng_span_starts(name, NG_SPAN("veth")) || name.size < i + random_digits)
		return false;
	while (i < name.size && isxdigit((unsigned char)name.text[i]))
		i++;
	return i == name.size;
}

/*
 * Container traffic also passes through a bridge and the host ends of their interfaces, where it would be counted
 * again. On the node the same names are skipped as in cAdvisor; a pod may name its own interfaces as it likes.
 */
static bool is_skipped(struct ng_span name, bool node)
{
	bool bridge = ng_span_starts(name, NG_SPAN("docker")) || ng_span_starts(name, NG_SPAN("nerdctl"));

	if (node)
		return bridge || ng_span_starts(name, NG_SPAN("lo")) || ng_span_starts(name, NG_SPAN("veth"));
	return bridge || ng_span_equal(name, NG_SPAN("lo")) || is_near_end(name);
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

/* Interfaces whose names are not valid text could not be told apart: a pod that creates such interfaces loses them. */
static void parse_interfaces(struct ng_span text, bool node, struct container_interfaces *network)
{
	static const int8_t column[] = { 0, 1, 2, 3, -1, -1, -1, -1, 4, 5, 6, 7 };
	struct ng_span line;

	network->count = 0;
	while (ng_line_next(&text, &line)) {
		size_t colon = ng_span_find(line, ':');
		struct ng_span name = ng_trim((struct ng_span){ line.text, colon }),
			       rest = ng_span_skip(line, colon + 1);
		if (colon == line.size || name.size == 0 || is_skipped(name, node) || !ng_is_utf8(name))
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

/* The sandbox holds the pod's network, and is the first container created in a pod. */
static void find_sandbox(const struct ng_cgroup *pod, struct container_place *ret_place)
{
	uint64_t first = UINT64_MAX;

	for (const struct ng_cgroup *at = pod->first; at; at = at->next) {
		if (container_place_at(at)->level != CONTAINER_CONTAINER || at->generation >= first)
			continue;
		first = at->generation;
		*ret_place = *container_place_at(at);
	}
}

/* Containers may share a network (docker's --network=container:X, podman's pods): only the first one shows it. */
static bool is_first(struct ng_arena *arena, struct container_networks *networks, uint64_t network)
{
	for (size_t i = 0; i < networks->seen_count; i++) {
		if (networks->seen[i] == network)
			return false;
	}
	uint64_t *slot = ng_push(arena, &networks->seen, &networks->seen_count, &networks->seen_room);
	networks->missed = networks->missed || !slot;
	if (networks->missed)
		return false;
	*slot = network;
	return true;
}

void container_networks_begin(struct container_networks *networks)
{
	networks->seen = NULL;
	networks->seen_count = networks->seen_room = 0;
	networks->missed = false;
}

void container_read_network(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
	bool node = group->place.level == CONTAINER_ROOT;
	char path[CONTAINER_PROC_ROOM];
	struct ng_span text;

	if (!node && !container_has_network(group))
		return;
	bool found = !node && container_find_process(scrape, networks, at, now);
	container_proc_path(path, (uint64_t)group->member.pid, "/net/dev");
	/*
	 * A scan also finds the processes of other pods; what is uncertain is checked again. So is membership in the
	 * host's network: a runtime moves its process into the cgroup first, and into the network afterwards.
	 */
	if (found && (!group->member.network_known || group->member.in_host))
		group->member.network_known = in_network_of_host(scrape, networks, path, group) == 0;
	/* entries added by is_first stay until the end of the scrape */
	ng_arena_rewind(scrape->arena, mark);
	bool known = node || group->member.network_known;
	bool second = found && known && group->place.level != CONTAINER_POD &&
		      !is_first(scrape->arena, networks, group->member.network);
	mark = ng_arena_mark(scrape->arena);
	const char *file = node ? networks->path : found ? path : NULL;
	/* a pod that is not fully listed may be missing its sandbox, whose names are among the labels */
	bool whole = group->place.level != CONTAINER_POD || at->listed || group->place.final;
	if (file && known && whole && !group->member.in_host && !second &&
		container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_RECORDS, file, &text) == 0)
		parse_interfaces(text, node, &group->row->network);
	else
		group->row->network.count = 0; /* better no network than an outdated one */
	if (group->place.level == CONTAINER_POD)
		find_sandbox(at, &group->row->sandbox);
	ng_arena_rewind(scrape->arena, mark);
}
