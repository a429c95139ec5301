/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a group. */
#ifndef CONTAINER_PROCESSES_H
#define CONTAINER_PROCESSES_H

#include "stats/values.h"

#include "kernel/cgroups.h"

/* "123/net/dev", below /proc */
enum { CONTAINER_PROC_ROOM = 64 };
void container_proc_path(char path[CONTAINER_PROC_ROOM], uint64_t pid, const char *file);

/* Of a process, in ticks since the boot. */
int container_process_start(struct ng_scrape *scrape, uint64_t pid, uint64_t *ret_start);

/* Lines with a pid each; 0 for a process that our PID namespace does not have. */
int container_read_pids(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	struct ng_span *ret_text);

/* What only counting the processes of a group tells; `deep`: with their descriptors and sockets. */
void container_count_processes(struct ng_scrape *scrape, const struct ng_cgroups *cgroups,
	const struct ng_cgroup *group, bool deep, struct container_values *values);

#endif
