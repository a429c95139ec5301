/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes and threads by state, and their limits.
 *
 *     1 (systemd) S 0 1 1 0 -1 4194560 9061 9416027 94 2620 36 98 54406 13885 20 0 1 0 29 109604864 ...
 *     |  |        | field 3: state                                            |    field 20: threads
 *
 * Each process costs one read of its stat file; for a process with several threads, each thread costs another read.
 *
 * Source: proc_pid_stat(5), do_task_stat in fs/proc/array.c.
 */
#include "kernel/process_stat.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <nodegauge/collector.h>
#include <nodegauge/privilege.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { STATES = 128 };

struct processes {
	struct ng_file threads_max, pid_max;
};

enum { MAX_PROCESSES, MAX_THREADS, PIDS, STATE, THREADS, THREADS_STATE };

static const struct ng_family families[] = {
	[MAX_PROCESSES] = { .name = "node_processes_max_processes",
		.help = "Limit on PIDs (kernel.pid_max).",
		.type = NG_GAUGE },
	[MAX_THREADS] = { .name = "node_processes_max_threads",
		.help = "System-wide limit on threads (kernel.threads-max).",
		.type = NG_GAUGE },
	[PIDS] = { .name = "node_processes_pids", .help = "Number of processes.", .type = NG_GAUGE },
	[STATE] = { .name = "node_processes_state",
		.help = "Processes by state.",
		.type = NG_GAUGE,
		.labels = "state" },
	[THREADS] = { .name = "node_processes_threads", .help = "Number of threads.", .type = NG_GAUGE },
	[THREADS_STATE] = { .name = "node_processes_threads_state",
		.help = "Threads by state.",
		.type = NG_GAUGE,
		.labels = "thread_state" },
};

struct census {
	uint64_t processes, threads;
	uint64_t state[STATES], thread_state[STATES];
	bool unknown;        /* some process could not be read, so the counts would be wrong */
	bool thread_unknown; /* the same for a thread */
	bool hidden;         /* other users' processes are hidden, and there is no privilege to see them */
	bool proc;           /* the kernel's /proc rather than a copy: no need to look into processes with one thread */
};

struct task {
	unsigned char state;
	uint64_t threads;
};

static int parse(struct ng_span text, struct task *task)
{
	struct ng_span state, threads;

	if (ng_stat_field(text, NG_STAT_STATE, &state) < 0 || state.size != 1 ||
		ng_stat_field(text, NG_STAT_THREADS, &threads) < 0)
		return -EBADMSG;
	task->state = (unsigned char)state.text[0];
	return task->state < STATES && ng_u64(threads, &task->threads) == 0 ? 0 : -EBADMSG;
}

/* ---- counting ---- */

/* A process may exit between listing and reading. */
static bool has_ended(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

static int read_task(struct ng_scrape *scrape, const char *directory, struct task *task)
{
	const char *path = ng_join(scrape->arena, directory, "/stat", NULL);
	struct ng_span text;

	int r = path ? ng_read(scrape, NG_PROC, NG_WHOLE, path, &text) : -ENOMEM;
	return r < 0 ? r : parse(text, task);
}

/*
 * Records a process or thread that exists but could not be read. The path has no number, to avoid a log line for each.
 */
static void leave_out(struct ng_scrape *scrape, int error, const char *path, bool *unknown)
{
	if (error == -EBADMSG) {
		ng_drop_record(scrape, path, 1, "a state and the number of threads");
		return;
	}
	*unknown = true;
	ng_drop_unread(scrape, error, path);
}

static void count_threads(struct ng_scrape *scrape, const char *pid, const struct task *leader, struct census *census)
{
	const char *directory = ng_join(scrape->arena, pid, "/task/", NULL);
	struct ng_names names;
	struct task task;

	int r = directory ? ng_names(scrape, NG_PROC, directory, &names) : -ENOMEM;
	if (r < 0 && !has_ended(r))
		leave_out(scrape, r, "[pid]/task", &census->thread_unknown);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		int one = 0;
		task = *leader;
		if (strcmp(names.name[i], pid) != 0) {
			const char *thread = ng_join(scrape->arena, directory, names.name[i], NULL);
			one = thread ? read_task(scrape, thread, &task) : -ENOMEM;
		}
		if (one == 0)
			census->thread_state[task.state]++;
		else if (!has_ended(one))
			leave_out(scrape, one, "[pid]/task/[tid]/stat", &census->thread_unknown);
	}
}

static void count_process(struct ng_scrape *scrape, const char *pid, struct census *census)
{
	struct task task;

	int r = read_task(scrape, pid, &task);
	if (has_ended(r))
		return;
	if (census->hidden && (r == -EACCES || r == -EPERM)) {
		ng_drop(scrape);
		return;
	}
	census->processes++;
	if (r < 0) {
		leave_out(scrape, r, "[pid]/stat", &census->unknown);
		return;
	}
	census->threads += task.threads;
	census->state[task.state]++;
	if (!census->proc || task.threads > 1)
		count_threads(scrape, pid, &task, census);
	else
		census->thread_state[task.state] += task.threads;
}

static bool is_pid(const char *name)
{
	uint64_t pid;

	return ng_u64(ng_span(name), &pid) == 0;
}

/*
 * Every /proc has a process 1. With hidepid its files cannot be opened; entries hidden from a listing cause no error to
 * react to, so the privilege is raised for the whole walk.
 */
static bool others_hidden(const struct ng_scrape *scrape)
{
	return faccessat(ng_root_fd(scrape, NG_PROC), "1/stat", R_OK, AT_EACCESS) < 0;
}

static int count_all(struct ng_scrape *scrape, struct census *census)
{
	struct ng_names names;
	struct statfs fs;

	census->hidden = others_hidden(scrape);
	bool raised = census->hidden && ng_raise(CAP_SYS_PTRACE);
	census->hidden = census->hidden && !raised;
	census->proc = fstatfs(ng_root_fd(scrape, NG_PROC), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
	int r = ng_names(scrape, NG_PROC, ".", &names);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
		if (is_pid(names.name[i]))
			count_process(scrape, names.name[i], census);
		ng_arena_rewind(scrape->arena, mark);
	}
	if (raised)
		ng_lower(CAP_SYS_PTRACE);
	return r;
}

static void emit_limit(struct ng_scrape *scrape, struct ng_file *file, const struct ng_family *family)
{
	struct ng_span text;
	uint64_t limit;

	int r = ng_file_read(scrape, file, &text);
	if (r < 0)
		ng_drop_unread(scrape, r, file->path);
	else if (ng_u64(ng_trim(text), &limit) < 0)
		ng_drop_value(scrape, file->path, 1, "a 64-bit integer");
	else
		ng_gauge_u64(scrape->page, family, limit);
}

/* ---- emitting ---- */

static void emit_states(struct ng_scrape *scrape, const struct ng_family *family, const uint64_t count[STATES])
{
	ng_family(scrape->page, family);
	for (size_t i = 0; i < STATES; i++) {
		const char state = (char)i;
		if (count[i])
			ng_sample_u64(
				scrape->page, NG_LABELS(scrape->arena, { family->labels, { &state, 1 } }), count[i]);
	}
}

static void emit(struct ng_scrape *scrape, const struct census *census)
{
	if (census->unknown)
		return;
	ng_gauge_u64(scrape->page, &families[PIDS], census->processes);
	ng_gauge_u64(scrape->page, &families[THREADS], census->threads);
	emit_states(scrape, &families[STATE], census->state);
	if (!census->thread_unknown)
		emit_states(scrape, &families[THREADS_STATE], census->thread_state);
}

/* ---- life ---- */

static int processes_collect(void *state, struct ng_scrape *scrape)
{
	struct processes *processes = state;
	struct census census = { 0 };

	int r = count_all(scrape, &census);
	if (r < 0)
		return r;
	emit(scrape, &census);
	emit_limit(scrape, &processes->pid_max, &families[MAX_PROCESSES]);
	emit_limit(scrape, &processes->threads_max, &families[MAX_THREADS]);
	return 0;
}

static const struct ng_privilege privileges[] = {
	{ .capability = "CAP_SYS_PTRACE", .lost = "other users' processes where /proc is mounted with hidepid" },
};

static const struct ng_state_file files[] = {
	NG_STATE_FILE(processes, threads_max, NG_PROC, NG_VALUE, "sys/kernel/threads-max"),
	NG_STATE_FILE(processes, pid_max, NG_PROC, NG_VALUE, "sys/kernel/pid_max"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "processes",
	.summary = "Processes and threads by state",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct processes),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = processes_collect,
};
NG_COLLECTOR(descriptor);
