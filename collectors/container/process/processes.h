/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a cgroup. */
#ifndef CONTAINER_PROCESSES_H
#define CONTAINER_PROCESSES_H

#include "stats/values.h"

#include "kernel/cgroups.h"

/* "123/net/dev", below /proc */
enum { CONTAINER_PROC_ROOM = 64 };
void container_proc_path(char path[CONTAINER_PROC_ROOM], uint64_t pid, const char *file);

/* The start time of a process, in ticks since boot. */
int container_process_start(struct ng_scrape *scrape, uint64_t pid, uint64_t *ret_start);

/* One field of /proc/<id>/stat of a process or a task, see kernel/process_stat.h. */
int container_read_stat(struct ng_scrape *scrape, uint64_t id, unsigned field, struct ng_span *ret_word);

/* The processes of a group, or its tasks: a line with an ID each, 0 for one that is not in our PID namespace. */
enum container_ids { CONTAINER_PIDS, CONTAINER_TIDS };
int container_read_ids(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum container_ids which, struct ng_span *ret_text);

/* Values that can only be obtained by counting a cgroup's processes; `deep`: also their descriptors and sockets. */
void container_count_processes(struct ng_scrape *scrape, const struct ng_cgroups *cgroups,
	const struct ng_cgroup *group, bool deep, struct container_values *values);

#endif
