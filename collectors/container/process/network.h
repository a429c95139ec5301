/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of pods and of containers outside pods: see network.c and find.c. */
#ifndef CONTAINER_NETWORK_H
#define CONTAINER_NETWORK_H

#include "process/part.h"

#include "kernel/cgroups.h"
#include <nodegauge/collector.h>

struct container_networks {
	struct ng_cgroups *cgroups; /* borrowed */
	const char *path;           /* of the node's network, below /proc */
	uint64_t elsewhere;         /* containers of pods that are not below the cgroup of their pod */
	uint64_t scan_at;           /* when /proc was last searched for processes */
	bool scan_failed;           /* because of a transient error: the next scrape retries */
	uint64_t *seen;             /* networks of containers outside pods seen in this scrape; in its arena */
	size_t seen_count, seen_room;
	bool missed; /* one of them could not be read: the next one seen may not be the first */
};

/* Call at the beginning of a scrape. */
void container_networks_begin(struct container_networks *networks);

/* Reads the network of a pod, or of the node, into its row. */
void container_read_network(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *group, uint64_t now);

/* ---- find.c ---- */

struct container_group;

/* Whether it is a pod, or a container outside pods. */
bool container_has_network(const struct container_group *group);

/* Finds a process in it, and keeps it as long as it lives; false if there is none. */
bool container_find_process(
	struct ng_scrape *scrape, struct container_networks *networks, struct ng_cgroup *pod, uint64_t now);

/*
 * Counts a network that could not be read; if it may be shared, the other containers that share it are not considered
 * in this scrape.
 */
void container_miss_network(struct ng_scrape *scrape, struct container_networks *networks,
	const struct container_group *group, int error, const char *what);

#endif
