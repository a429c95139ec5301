/* SPDX-License-Identifier: Apache-2.0 */
/* Per-cgroup data of process/: a process in the network of a pod, or of a container outside pods. */
#ifndef CONTAINER_PROCESS_PART_H
#define CONTAINER_PROCESS_PART_H

#include <stdbool.h>
#include <stdint.h>

struct container_member {
	int pid;                     /* 0: none */
	uint64_t start;              /* its start time, because PIDs are reused */
	uint64_t tried_at;           /* when all processes were last searched for it */
	bool wanted;                 /* there are processes, and no search has been made since */
	bool in_host, network_known; /* whether it is in the host's network, if known */
	uint64_t network;            /* inode that identifies it, if known */
};

#endif
