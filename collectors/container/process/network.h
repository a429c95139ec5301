/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of pods, and of containers that are in none: see network.c and find.c. */
#ifndef CONTAINER_NETWORK_H
#define CONTAINER_NETWORK_H

#include "process/part.h"

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

struct container_networks {
	struct ng_cgroups *cgroups; /* borrowed */
	const char *path;           /* of the node's network, below /proc */
	uint64_t elsewhere;         /* containers of pods that are not below the group of their pod */
	uint64_t scan_at;           /* when /proc was searched for processes last */
	bool scan_failed;           /* in passing: the next scrape does it again */
	uint64_t *seen;             /* of containers that are in no pod, of this scrape; in its arena */
	size_t seen_count, seen_room;
	bool missed; /* one of them could not be read: the next that is seen may not be the first */
};

/* A scrape begins. */
void container_networks_begin(struct container_networks *networks);

/* The network of a pod, or of the node, into its row. */
void container_read_network(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *group, uint64_t now);

/* ---- find.c ---- */

struct container_group;

/* Whether it is a pod, or a container that is in none. */
bool container_has_network(const struct container_group *group);

/* Whether there is a process in it, which is kept as long as it lives. */
bool container_find_process(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *pod, uint64_t now);

/* Counts a network that could not be seen; one that others may share is not looked for among them in this scrape. */
void container_miss_network(struct ng_scrape *scrape, struct container_networks *networks,
	const struct container_group *group, int error, const char *what);

#endif
