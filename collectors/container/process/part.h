/* SPDX-License-Identifier: Apache-2.0 */
/* What process/ keeps of each group: a process in the network of a pod, or of a container that is in none. */
#ifndef CONTAINER_PROCESS_PART_H
#define CONTAINER_PROCESS_PART_H

#include <stdbool.h>
#include <stdint.h>

struct container_member {
	int pid;                     /* 0: none */
	uint64_t start;              /* its start time: a pid may come again */
	uint64_t tried_at;           /* when it was looked for among all processes */
	bool wanted;                 /* there are processes, and it was not looked for since */
	bool in_host, network_known; /* it is in the network of the host, where known */
	uint64_t network;            /* inode that stands for it, where known */
};

#endif
