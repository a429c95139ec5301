/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods, containers, systemd units: usage, limits and pressure from the control groups, under cAdvisor's names, without
 * the API server, a socket or a privilege.
 *
 * Between scrapes a tick follows the tree, takes the last totals of what ends and samples pressure.
 */
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static const uint64_t second_ns = 1000000000;
static const uint64_t limits_ns = 60u * UINT64_C(1000000000);

/*
 * The end of a process is told of its group and of those above it one by one, and what is known of them has to be read
 * before they are removed: so some looks may follow at once, and only who goes on is made to wait.
 */
static const uint64_t look_ns = 5u * UINT64_C(1000000);
enum { LOOKS_AT_ONCE = 32 };

static const char default_levels[] = "node,qos,pod,container,slice,service,scope,machine,other";
static const char default_sets[] = "cpu,memory,events,io,network,spec,pressure,info,machine";

/* ---- lists of words ---- */

static const char *set_name(size_t set)
{
	static const char *const names[SETS] = {
		[SET_CPU] = "cpu",
		[SET_CPU_DETAIL] = "cpu-detail",
		[SET_MEMORY] = "memory",
		[SET_MEMORY_DETAIL] = "memory-detail",
		[SET_EVENTS] = "events",
		[SET_TASKS] = "tasks",
		[SET_PROCESSES] = "processes",
		[SET_DESCRIPTORS] = "descriptors",
		[SET_IO] = "io",
		[SET_IO_DETAIL] = "io-detail",
		[SET_NETWORK] = "network",
		[SET_SPEC] = "spec",
		[SET_PRESSURE] = "pressure",
		[SET_HUGETLB] = "hugetlb",
		[SET_INFO] = "info",
		[SET_IDENTITY] = "identity",
		[SET_MACHINE] = "machine",
	};

	return names[set];
}

static const char *level_name(size_t level)
{
	return container_level_name((enum container_shown)level);
}

static int parse_words(struct ng_setup *setup, const char *flag, const char *text, const char *(*name)(size_t index),
	size_t count, uint32_t *ret_bits)
{
	struct ng_span rest = ng_span(text), word;
	char known[256];
	size_t used = 0;

	*ret_bits = 0;
	while (ng_part_next(&rest, ',', &word)) {
		size_t at = 0;
		word = ng_trim(word);
		while (at < count && !ng_span_equal(word, ng_span(name(at))))
			at++;
		if (at < count) {
			*ret_bits |= 1u << at;
		} else if (word.size) {
			for (size_t i = 0; i < count && used < sizeof(known); i++)
				used += (size_t)snprintf(
					known + used, sizeof(known) - used, "%s%s", i ? "," : "", name(i));
			return ng_refuse(setup, "--collector.container.%s: unknown word '%.*s': take some of %s", flag,
				(int)(word.size < 60 ? word.size : 60), word.text, known);
		}
	}
	return 0;
}

/* ---- the tree ---- */

static unsigned interests(const struct container_group *group)
{
	unsigned flags = (group->place.final ? 0 : NG_CGROUP_DESCEND) | (group->place.session ? NG_CGROUP_SCARCE : 0);

	if (!group->row || group->row->naming == NAMING_NONE)
		return flags;
	switch (group->row->shown) {
	case SHOWN_POD:
	case SHOWN_SERVICE:
	case SHOWN_SCOPE:
	case SHOWN_MACHINE:
		return flags | NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	case SHOWN_CONTAINER:
		return flags | NG_CGROUP_EVENTS | (group->place.kubernetes ? 0 : NG_CGROUP_OOMS);
	case SHOWN_SESSION:
		return flags | NG_CGROUP_EVENTS;
	default:
		return flags;
	}
}

static unsigned group_added(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);
	const struct container_place *parent = at->parent ? &container_group(at->parent)->place : NULL;

	if (parent)
		container_place_step(parent, (struct ng_span){ at->name, at->name_size }, &group->place);
	else
		container_place_root(&group->place);
	if (group->place.level == CONTAINER_CONTAINER && parent->level == CONTAINER_POD &&
		container_group(at->parent)->newest < at->generation)
		container_group(at->parent)->newest = at->generation;
	group->added_at = ng_now();
	group->newborn = state->started;
	group->primed = state->started && at->fresh;
	enum container_shown shown = container_shown_as(&group->place, parent, ng_span(at->name));
	if (shown < SHOWN_LEVELS) {
		state->live[shown]++;
		state->created[shown]++;
		group->row = container_row_new(state, at, &group->place, shown);
	}
	if (group->row && group->row->naming == NAMING_DONE)
		container_row_name(scrape, state, group->row, ng_cgroup_path(scrape->arena, at));
	if (group->row && group->row->naming == NAMING_WANTED)
		state->wanted++;
	return interests(group);
}

static void group_removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);
	const struct container_place *parent = at->parent ? &container_group(at->parent)->place : NULL;
	enum container_shown shown = container_shown_as(&group->place, parent, ng_span(at->name));

	if (shown < SHOWN_LEVELS) {
		state->live[shown]--;
		state->removed[shown]++;
	}
	container_close_pressure(state, group);
	free(group->peaks);
	if (group->row)
		container_row_leave(scrape, state, at);
}

static uint64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

/* Reads a group into its row. A kill that was not there the last time happened now, or since. */
static int read_row(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct container_values *values = &group->row->figures.values;
	bool known = container_has(values, VALUE_EVENTS_OOM_KILL) || group->newborn;
	uint64_t kills = container_has(values, VALUE_EVENTS_OOM_KILL) ? values->value[VALUE_EVENTS_OOM_KILL] : 0;
	bool limits = !group->limits_at || now - group->limits_at >= limits_ns;

	state->reader.pressure_fd_plus_1 = group->pressure_fd_plus_1;
	int r = container_read(scrape, &state->reader, at, limits, &group->row->figures);
	state->reader.pressure_fd_plus_1 = NULL;
	if (r < 0)
		return r;
	if (limits)
		group->limits_at = group->row->figures.limits_missed ? 0 : now;
	uint64_t wall = wall_clock();
	group->row->seen_at = wall / second_ns;
	if (known && container_has(values, VALUE_EVENTS_OOM_KILL) && values->value[VALUE_EVENTS_OOM_KILL] > kills)
		container_set(values, VALUE_LAST_OOM_KILL, wall);
	return 0;
}

static void group_emptied(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	const struct container_row *row = container_group(at)->row;

	if (row && (row->naming == NAMING_DONE || row->naming == NAMING_WANTED))
		read_row(scrape, state, at, ng_now());
}

static void group_memory_event(void *context, struct ng_scrape *scrape, struct ng_cgroup *at)
{
	struct container *state = context;
	struct container_group *group = container_group(at);

	if (!group->row || !container_wants(&state->reader, SET_EVENTS))
		return;
	struct container_values now = { 0 }, *values = &group->row->figures.values;
	bool known = container_has(values, VALUE_EVENTS_OOM_KILL) || group->newborn;
	uint64_t kills = container_has(values, VALUE_EVENTS_OOM_KILL) ? values->value[VALUE_EVENTS_OOM_KILL] : 0;
	container_read_events(scrape, &state->reader, at, &now);
	if (!container_has(&now, VALUE_EVENTS_OOM_KILL))
		return;
	if (known && now.value[VALUE_EVENTS_OOM_KILL] > kills)
		container_set(values, VALUE_LAST_OOM_KILL, wall_clock());
	container_set(values, VALUE_EVENTS_OOM_KILL, now.value[VALUE_EVENTS_OOM_KILL]);
}

/* ---- a scrape ---- */

static void read_shown(struct ng_scrape *scrape, struct container *state, struct ng_cgroup *at, uint64_t now)
{
	struct container_group *group = container_group(at);
	struct container_row *row = group->row;

	if (container_wants(&state->reader, SET_PROCESSES) || container_wants(&state->reader, SET_DESCRIPTORS))
		container_count_processes(scrape, state, at, &row->figures.values);
	if (container_wants(&state->reader, SET_NETWORK))
		container_read_network(scrape, state, at, now);
	if (row->shown == SHOWN_NODE && container_wants(&state->reader, SET_SPEC) && state->machine.memory &&
		!container_has(&row->figures.values, VALUE_MEMORY_LIMIT))
		container_set(&row->figures.values, VALUE_MEMORY_LIMIT, state->machine.memory);
	row->has_peaks = state->sampler.round > 1 && row->shown != SHOWN_NODE && row->shown != SHOWN_CONTAINER &&
			 row->shown != SHOWN_SANDBOX && container_has(&row->figures.values, VALUE_PRESSURE);
	memset(row->peak, 0, sizeof(row->peak));
	if (group->peaks)
		container_peaks_of(group->peaks, &state->sampler, row->peak);
}

static int add_row(struct ng_arena *arena, struct container_rows *rows, size_t *room, struct container_row *row)
{
	struct container_row **slot = ng_push(arena, &rows->row, &rows->count, room);

	if (!slot)
		return -ENOMEM;
	*slot = row;
	return 0;
}

/*
 * Parents come before children: the kernel brings the sums of a whole branch up to date with the first reading. Groups
 * that have gone are dropped when all are read, with what is below them, and their rows leave. Without descriptors or
 * memory there is no answer: half of one would look like a whole one.
 */
static int read_rows(struct ng_scrape *scrape, struct container *state, uint64_t now)
{
	struct ng_cgroup **gone = NULL, **slot;
	size_t gone_count = 0, gone_room = 0;

	memset(state->reader.psi, 0, sizeof(state->reader.psi));
	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (!row || row->naming != NAMING_DONE || row->outdone)
			continue;
		/* there was no memory for them */
		if (!row->labels.text && container_row_name(scrape, state, row, ng_cgroup_path(scrape->arena, at)) < 0)
			return ng_failed(scrape, -ENOMEM, "name", at->name);
		int r = read_row(scrape, state, at, now);
		if (container_lacks(r))
			return ng_failed(scrape, r, "read the group", at->name);
		row->fresh = r == 0;
		if (row->fresh) {
			read_shown(scrape, state, at, now);
		} else if (at->parent) {
			slot = ng_push(scrape->arena, &gone, &gone_count, &gone_room);
			if (slot)
				*slot = at;
		}
	}
	/* children were found after their parents, and go before them */
	while (gone_count)
		ng_cgroups_drop(scrape, state->cgroups, gone[--gone_count]);
	return 0;
}

static int list_rows(struct ng_arena *arena, struct container *state, struct container_rows *rows, size_t *room)
{
	int r = 0;

	for (struct ng_cgroup *at = ng_cgroups_root(state->cgroups); r == 0 && at; at = ng_cgroup_next(at)) {
		struct container_row *row = container_group(at)->row;
		if (row && row->naming == NAMING_DONE && !row->outdone && row->fresh)
			r = add_row(arena, rows, room, row);
	}
	return r;
}

static int add_leaving(struct ng_arena *arena, struct container *state, struct container_rows *rows, size_t *room)
{
	int r = 0;

	for (struct container_row *row = state->leaving; r == 0 && row; row = row->next) {
		if (row->naming == NAMING_DONE && !row->outdone)
			r = add_row(arena, rows, room, row);
	}
	return r;
}

static int collect(void *context, struct ng_scrape *scrape)
{
	struct container *state = context;
	struct container_rows rows = { 0 };
	uint64_t now = ng_now();
	size_t room = 0;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE) {
		ng_failed(scrape, -ENODATA, "find control groups below", ng_root_path(scrape, NG_CGROUP));
		return -ENODATA;
	}
	state->recent_readers = scrape->recent_readers;
	int r = ng_cgroups_update(scrape, state->cgroups, true);
	state->listing_failed = r < 0;
	if (r < 0)
		return r;
	state->started = true;
	container_machine_read(scrape, state);
	container_resolve(scrape, state, now);
	r = read_rows(scrape, state, now);
	if (r == 0)
		r = list_rows(scrape->arena, state, &rows, &room);
	if (r == 0)
		r = add_leaving(scrape->arena, state, &rows, &room);
	if (r < 0)
		return r;
	container_write(scrape, state, &rows);
	container_rows_seen(state, scrape->readers, scrape->recent_readers, now);
	return 0;
}

/* ---- between scrapes ---- */

static bool tree_told(const struct container *state, const struct ng_wait *wait)
{
	for (size_t i = 0; i < wait->count; i++) {
		if (wait->descriptor[i].fd == ng_cgroups_descriptor(state->cgroups) && wait->descriptor[i].revents)
			return true;
	}
	return false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void wait_for_more(struct container *state, struct ng_wait *wait)
{
	int events = ng_cgroups_descriptor(state->cgroups);

	wait->count = 0;
	container_triggers_wait(state, wait);
	if (events >= 0 && state->looks_until <= wait->now + LOOKS_AT_ONCE * look_ns)
		wait->descriptor[wait->count++] = (struct pollfd){ .fd = events, .events = POLLIN };
	else if (events >= 0)
		wait->until = earlier(wait->until, state->looks_until - LOOKS_AT_ONCE * look_ns);
	if (state->sampler.interval)
		wait->until = earlier(wait->until, state->sampler.next);
}

static void tick(void *context, struct ng_scrape *scrape, struct ng_wait *wait)
{
	struct container *state = context;
	struct container_sampler *sampler = &state->sampler;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE)
		return;
	container_triggers_take(scrape, state, wait);
	container_triggers_open(scrape, state, wait->now);
	if (tree_told(state, wait))
		state->looks_until = (state->looks_until > wait->now ? state->looks_until : wait->now) + look_ns;
	/* a walk that failed is made again by the next scrape: until then not all is known */
	state->listing_failed = ng_cgroups_update(scrape, state->cgroups, false) < 0 || state->listing_failed;
	state->started = state->started || !state->listing_failed;
	if (sampler->interval && wait->now >= sampler->next) {
		container_sample(scrape, state, wait->now);
		container_resolve(scrape, state, wait->now);
		sampler->next = sampler->next + 2 * sampler->interval > wait->now ? sampler->next + sampler->interval
										  : wait->now + sampler->interval;
		if (sampler->next <= wait->now)
			sampler->next = wait->now + sampler->interval;
	}
	wait_for_more(state, wait);
}

/* ---- set-up ---- */

/* The default lies on the host; what was given is taken as it stands. */
static const char *log_path(const char *given, const char *usual)
{
	return strcmp(given, usual) == 0 ? given + 1 : given;
}

/* Where few descriptors are allowed, connections and the files of other collectors come first. */
static uint64_t share_descriptors(struct container *state)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 128;
	uint64_t all = limit.rlim_cur, files = all < 1024 ? all / 16 : all / 2;
	if (state->max_files > files)
		state->max_files = files;
	return all > state->max_files + 4096 ? all - state->max_files - 2048 : all < 1024 ? all / 8 : all / 4;
}

static int read_options(struct container *state, struct ng_setup *setup)
{
	int r = parse_words(setup, "levels", state->levels_text, level_name, SHOWN_LEVELS, &state->levels);

	if (r == 0)
		r = parse_words(setup, "families", state->sets_text, set_name, SETS, &state->reader.sets);
	if (r < 0)
		return r;
	if (state->sample_interval && (state->sample_interval < second_ns || state->sample_interval > 60 * second_ns))
		return ng_refuse(
			setup, "--collector.container.sample-interval: expected 0 to switch it off, or 1s to 60s");
	if (!*state->image)
		return ng_refuse(setup,
			"--collector.container.image: the placeholder must not be empty, as the rules of "
			"kubernetes-mixin leave out what has no image");
	return 0;
}

static int init(void *context, struct ng_setup *setup)
{
	struct container *state = context;
	const struct ng_cgroups_hooks hooks = {
		.payload_size = sizeof(struct container_group),
		.added = group_added,
		.removed = group_removed,
		.emptied = group_emptied,
		.memory_event = group_memory_event,
		.context = state,
	};
	static const char *const pressure[CONTAINER_RESOURCES] = { "pressure/cpu", "pressure/memory", "pressure/io" };
	bool own;

	int r = read_options(state, setup);
	if (r < 0)
		return r;
	state->reader.text.limit = (size_t)16 << 20;
	state->meminfo = ng_shared(setup, NG_PROC, NG_WHOLE, "meminfo");
	state->net_path = ng_join(setup->arena, ng_net_path(setup, &own), "/dev", NULL);
	container_names_init(&state->names, log_path(state->logs, "/var/log/containers"),
		log_path(state->pod_logs, "/var/log/pods"));
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		state->sampler.node[i] = NG_FILE(NG_PROC, NG_WHOLE, pressure[i]);
	uint64_t directories = share_descriptors(state);
	if (container_wants(&state->reader, SET_PRESSURE) && state->sample_interval) {
		state->sampler.interval = state->sample_interval;
		state->sampler.kept_rounds = (uint32_t)(60 * second_ns / state->sample_interval);
		state->sampler.budget = state->max_files;
		state->triggers.wanted = state->triggers_wanted;
	}
	r = ng_cgroups_new(setup, &hooks, state->max_groups, directories, state->watch, &state->cgroups);
	if (r < 0 || !state->net_path)
		return -ENOMEM;
	state->reader.cgroups = state->cgroups;
	snprintf(setup->notice, setup->notice_size, "%s", ng_cgroups_describe(state->cgroups));
	return 0;
}

static void done(void *context)
{
	struct container *state = context;

	/* rows are freed by the hook */
	ng_cgroups_free(state->cgroups);
	while (state->leaving) {
		struct container_row *next = state->leaving->next;
		container_row_free(state, state->leaving);
		state->leaving = next;
	}
	ng_table_done(&state->by_key);
	container_triggers_close(state);
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		ng_file_close(&state->sampler.node[i]);
	ng_arena_done(&state->reader.text);
	ng_arena_done(&state->sizes);
	ng_arena_done(&state->memory);
}

/* ---- the descriptor ---- */

static const struct ng_option options[] = {
	NG_OPTION(container, levels_text, NG_OPTION_STRING, "levels", default_levels,
		"Which groups to show: node, qos, pod, container, sandbox, slice, service, scope, session, machine, "
		"other."),
	NG_OPTION(container, sets_text, NG_OPTION_STRING, "families", default_sets,
		"Which families to show: cpu, cpu-detail, memory, memory-detail, events, tasks, processes, "
		"descriptors, io, "
		"io-detail, network, spec, pressure, hugetlb, info, identity, machine."),
	NG_OPTION(container, image, NG_OPTION_STRING, "image", "unknown",
		"The image of containers whose image is not known; kubernetes-mixin leaves out what has none."),
	NG_OPTION(container, sample_interval, NG_OPTION_DURATION, "sample-interval", "1s",
		"How often pressure is sampled between scrapes; 0 for never."),
	NG_OPTION(container, triggers_wanted, NG_OPTION_BOOL, "triggers", "true",
		"Count the events of the kernel's pressure triggers for the node."),
	NG_OPTION(container, max_files, NG_OPTION_UNSIGNED, "max-files", "512",
		"Pressure files that the sampler keeps open; each holds 4.8 kB of kernel memory."),
	NG_OPTION(container, max_groups, NG_OPTION_UNSIGNED, "max-groups", "20000",
		"Control groups that are followed at most."),
	NG_OPTION(container, watch, NG_OPTION_BOOL, "watch", "true",
		"Follow the tree by inotify; without it groups that come and go between scrapes are not seen."),
	NG_OPTION(container, logs, NG_OPTION_STRING, "-path.container-logs", "/var/log/containers",
		"Where the kubelet's links to container logs are; their names name the containers."),
	NG_OPTION(container, pod_logs, NG_OPTION_STRING, "-path.pod-logs", "/var/log/pods",
		"Where the kubelet's directories of pod logs are."),
	NG_OPTION(container, oci_states, NG_OPTION_LIST, "-path.oci-state", "",
		"State directory of the container runtime, for images and names, such as /run/containerd; needs root. "
		"May "
		"be repeated."),
};

static const struct ng_privilege privileges[] = {
	{ .capability = "root or CAP_DAC_READ_SEARCH",
		.lost = "images, and names without log links, from --path.oci-state",
		.option = "-path.oci-state",
		.word = "" },
	{ .capability = "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE",
		.lost = "open files and sockets of other users' processes",
		.option = "families",
		.word = "descriptors" },
};

static const struct ng_writable writables[] = { { NG_PROC, "pressure" } };

static const struct ng_collector container = {
	NG_COLLECTOR_HEAD,
	.name = "container",
	.summary = "Pods, containers and systemd units: usage, limits, pressure",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = container_families,
	.family_count = CONTAINER_ALL_FAMILIES,
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct container),
	.init = init,
	.collect = collect,
	.done = done,
	.tick = tick,
	.writables = writables,
	.writable_count = NG_COUNT(writables),
};
NG_COLLECTOR(container);
