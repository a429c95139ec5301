/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting processes, their descriptors and sockets: opt-in, as it costs a system call for each of them. Descriptors
 * of processes of other users are seen with CAP_SYS_PTRACE only.
 */
#include "container.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { PATH_ROOM = 64 };

static int open_descriptors(struct ng_scrape *scrape, uint64_t pid)
{
	char digits[24], path[PATH_ROOM], *at = path;
	size_t n = 0;

	do
		digits[n++] = (char)('0' + pid % 10);
	while (pid /= 10);
	while (n)
		*at++ = digits[--n];
	memcpy(at, "/fd", 4);
	int proc = ng_root_fd(scrape, NG_PROC);
	int fd = proc < 0 ? proc : openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fd;
}

static void count_descriptors(struct ng_scrape *scrape, int directory, uint64_t *descriptors, uint64_t *sockets)
{
	struct ng_names names;
	struct stat info;

	if (ng_names_at(scrape, directory, ".", &names) < 0)
		return;
	*descriptors += names.count;
	for (size_t i = 0; i < names.count; i++)
		*sockets += fstatat(directory, names.name[i], &info, 0) == 0 && S_ISSOCK(info.st_mode);
}

void container_count_processes(struct ng_scrape *scrape, struct container *state, const struct ng_cgroup *group,
	struct container_values *values)
{
	uint64_t processes = 0, descriptors = 0, sockets = 0, pid;
	bool seen = false, deep = container_wants(&state->reader, SET_DESCRIPTORS);
	struct ng_span text, line;

	int directory = ng_cgroup_enter(scrape, state->cgroups, group, NG_CGROUP_UNIFIED);
	if (directory < 0)
		directory = ng_cgroup_enter(scrape, state->cgroups, group, NG_CGROUP_CPUACCT);
	int r = directory < 0 ? directory : ng_peek_at(scrape, directory, NG_RECORDS, "cgroup.procs", &text);
	/* crun puts the processes one level deeper */
	if (r == 0 && text.size == 0)
		ng_peek_at(scrape, directory, NG_RECORDS, "container/cgroup.procs", &text);
	ng_cgroup_leave(group, directory);
	if (r < 0)
		return;
	while (ng_line_next(&text, &line)) {
		processes++;
		if (!deep || ng_u64(line, &pid) < 0 || pid == 0)
			continue;
		int fds = open_descriptors(scrape, pid);
		seen = seen || fds >= 0;
		if (fds >= 0)
			count_descriptors(scrape, fds, &descriptors, &sockets);
		ng_close_fd(&fds);
	}
	container_set(values, VALUE_PROCESSES, processes);
	if (seen) {
		container_set(values, VALUE_DESCRIPTORS, descriptors);
		container_set(values, VALUE_SOCKETS, sockets);
	}
}
