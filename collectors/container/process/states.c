/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a cgroup's tasks, and the open file limit of its first process: opt-in because it costs a file per
 * task.
 *
 *     /proc/<tid>/stat    4711 (nginx) S 1 4711 ...
 *     /proc/<pid>/limits  Max open files            1024                 524288               files
 *
 * cAdvisor uses taskstats (CGROUPSTATS), which does not support cgroup v2; the kubelet does not query it and reports
 * zeroes. Source: proc_pid_stat(5), fs/proc/array.c (task_state_array).
 */
#include "process/states.h"

#include "kernel/process_stat.h"
#include "model.h"
#include "process/processes.h"
#include "stats/files.h"

#include <math.h>
#include <stdlib.h>

/* Its index; CONTAINER_STATES for any other state, such as a zombie. */
static size_t state_of(char letter)
{
	static const char letters[] = "RSTtD";
	static const uint8_t state[] = { 0, 1, 2, 2, 3 };
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? state[at - letters] : CONTAINER_STATES;
}

/* Tasks that ended meanwhile are not counted; where one is not of our PID namespace nothing is known. */
static bool count_states(struct ng_scrape *scrape, struct ng_span tids, uint64_t ret_count[CONTAINER_STATES + 1])
{
	struct ng_span line, word;
	uint64_t tid;

	memset(ret_count, 0, (CONTAINER_STATES + 1) * sizeof(*ret_count));
	while (ng_line_next(&tids, &line)) {
		if (ng_u64(line, &tid) < 0 || tid == 0)
			return false;
		struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
		int r = container_read_stat(scrape, tid, NG_STAT_STATE, &word);
		if (r == 0)
			ret_count[state_of(word.text[0])]++;
		ng_arena_rewind(scrape->arena, mark);
		if (r < 0 && !ng_absent(r))
			return false;
	}
	return true;
}

/* cAdvisor's load: a weighted mean of the samples, in which a sample that is 10 s old has the weight 1/e. */
static void add_load(struct container_states *states, uint64_t now)
{
	double keep = states->counted_at ? exp(-(double)(now - states->counted_at) / 1e10) : 0;

	states->load = states->load * keep + (double)states->count[0] * (1 - keep);
	states->blocked = states->blocked * keep + (double)states->count[3] * (1 - keep);
	states->counted_at = now;
}

static void read_file_limit(struct ng_scrape *scrape, uint64_t pid, struct container_states *states)
{
	static const struct ng_span key = NG_SPAN("Max open files");
	char path[CONTAINER_PROC_ROOM];
	struct ng_span text, line, word;

	container_proc_path(path, pid, "/limits");
	if (container_peek(scrape, ng_root_fd(scrape, NG_PROC), NG_WHOLE, path, &text) < 0)
		return;
	while (ng_line_next(&text, &line)) {
		if (!ng_span_starts(line, key))
			continue;
		line = ng_span_skip(line, key.size);
		if (!ng_word_next(&line, &word))
			return;
		states->unlimited = ng_span_equal(word, NG_SPAN("unlimited"));
		states->has_limit = states->unlimited || ng_u64(word, &states->file_limit) == 0;
		return;
	}
}

void container_read_states(
	struct ng_scrape *scrape, const struct ng_cgroups *cgroups, struct ng_cgroup *at, uint64_t now)
{
	struct container_row *row = container_group(at)->row;
	struct ng_arena_mark mark = ng_arena_mark(scrape->arena);
	struct ng_span tids;
	uint64_t first;

	if (!row->states)
		row->states = calloc(1, sizeof(*row->states));
	if (!row->states)
		return;
	struct container_states *states = row->states;
	states->known = states->has_limit = false;
	/* of the tasks themselves, not of those in groups below; crun's group below a container is its own */
	if (container_read_ids(scrape, cgroups, at, CONTAINER_TIDS, &tids) == 0) {
		states->known = count_states(scrape, tids, states->count);
		if (states->known)
			add_load(states, now);
		if (row->place.level == CONTAINER_CONTAINER && ng_u64_next(&tids, &first) == 0 && first)
			read_file_limit(scrape, first, states);
	}
	ng_arena_rewind(scrape->arena, mark);
}
