/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts processes, their descriptors and sockets: opt-in because it costs a system call for each of them. Descriptors
 * of other users' processes are visible only with CAP_SYS_PTRACE.
 */
#include "process/processes.h"

#include "kernel/process_stat.h"
#include "model.h"
#include "stats/files.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <nodegauge/privilege.h>
#include <sys/stat.h>

void container_proc_path(char path[CONTAINER_PROC_ROOM], uint64_t pid, const char *file)
{
	char digits[NG_DIGITS];
	struct ng_span number = ng_digits(digits, pid);

	memcpy(mempcpy(path, number.text, number.size), file, strlen(file) + 1);
}

int container_read_stat(struct ng_scrape *scrape, uint64_t id, unsigned field, struct ng_span *ret_word)
{
	char path[CONTAINER_PROC_ROOM];
	struct ng_span text;

	container_proc_path(path, id, "/stat");
	int r = container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text);
	return r < 0 ? r : ng_stat_field(text, field, ret_word);
}

int container_process_start(struct ng_scrape *scrape, uint64_t pid, uint64_t *ret_start)
{
	struct ng_span word;

	int r = container_read_stat(scrape, pid, NG_STAT_START, &word);
	return r == -EBADMSG ? -ESRCH : r < 0 ? r : ng_u64(word, ret_start);
}

int container_read_ids(struct ng_scrape *scrape, const struct ng_cgroups *cgroups, const struct ng_cgroup *group,
	enum container_ids which, struct ng_span *ret_text)
{
	/* crun puts the processes of a container one level deeper */
	static const struct {
		const char *name, *v1, *deeper;
	} files[] = {
		[CONTAINER_PIDS] = { "cgroup.procs", NULL, "container/cgroup.procs" },
		[CONTAINER_TIDS] = { "cgroup.threads", "tasks", "container/cgroup.threads" },
	};
	bool container = container_place_at(group)->level == CONTAINER_CONTAINER;
	int directory = container_enter(scrape, cgroups, group, NG_CGROUP_WALKED);

	int r = directory < 0 ? directory : container_peek(scrape, directory, NG_RECORDS, files[which].name, ret_text);
	if (r == -ENOENT && files[which].v1)
		r = container_peek(scrape, directory, NG_RECORDS, files[which].v1, ret_text);
	if (r == 0 && ret_text->size == 0 && container) {
		r = container_peek(scrape, directory, NG_RECORDS, files[which].deeper, ret_text);
		if (r == -ENOENT) {
			*ret_text = (struct ng_span){ "", 0 };
			r = 0;
		}
	}
	ng_cgroup_leave(group, directory);
	return r;
}

static int open_descriptors(struct ng_scrape *scrape, uint64_t pid)
{
	char path[CONTAINER_PROC_ROOM];

	container_proc_path(path, pid, "/fd");
	int proc = ng_root_fd(scrape, NG_PROC);
	return proc < 0 ? proc : ng_privileged_open(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct counts {
	uint64_t descriptors, sockets;
	bool descriptors_seen, descriptors_hidden, sockets_hidden;
};

/* A directory of descriptors that we may list may still have entries that we may not read: unseen is not zero. */
static int count_descriptors(struct ng_scrape *scrape, int directory, struct counts *counts)
{
	struct ng_names names;
	struct stat info;

	int r = directory < 0 ? directory : ng_names_at(scrape, directory, ".", &names);
	if (r < 0)
		return r;
	counts->descriptors_seen = true;
	counts->descriptors += names.count;
	for (size_t i = 0; i < names.count; i++) {
		if (fstatat(directory, names.name[i], &info, 0) == 0) {
			counts->sockets += S_ISSOCK(info.st_mode);
		} else if (errno != ENOENT) {
			if (!counts->sockets_hidden && errno != EACCES) /* a missing privilege is reported elsewhere */
				ng_drop_unread(scrape, -errno, "a descriptor of a process");
			counts->sockets_hidden = true;
		}
	}
	return 0;
}

void container_count_processes(struct ng_scrape *scrape, const struct ng_cgroups *cgroups,
	const struct ng_cgroup *group, bool deep, struct container_values *values)
{
	struct counts counts = { 0 };
	uint64_t processes = 0, pid;
	struct ng_span text, line;

	if (container_read_ids(scrape, cgroups, group, CONTAINER_PIDS, &text) < 0)
		return;
	bool raised = deep && ng_raise(CAP_SYS_PTRACE), searching = deep && ng_raise(CAP_DAC_READ_SEARCH);
	while (ng_line_next(&text, &line)) {
		processes++;
		if (!deep || ng_u64(line, &pid) < 0 || pid == 0)
			continue;
		struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
		int fds = open_descriptors(scrape, pid);
		int r = count_descriptors(scrape, fds, &counts);
		counts.descriptors_hidden = counts.descriptors_hidden || (r < 0 && !ng_absent(r));
		if (r < 0 && r != -EACCES) /* a missing privilege is reported elsewhere */
			ng_drop_unread(scrape, r, "the descriptors of a process");
		ng_close_fd(&fds);
		ng_arena_rewind(scrape->arena, mark);
	}
	if (raised)
		ng_lower(CAP_SYS_PTRACE);
	if (searching)
		ng_lower(CAP_DAC_READ_SEARCH);
	container_set(values, VALUE_PROCESSES, processes);
	counts.descriptors_seen = counts.descriptors_seen && !counts.descriptors_hidden;
	if (counts.descriptors_seen)
		container_set(values, VALUE_DESCRIPTORS, counts.descriptors);
	if (counts.descriptors_seen && !counts.sockets_hidden)
		container_set(values, VALUE_SOCKETS, counts.sockets);
}
