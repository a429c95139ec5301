/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods, containers, systemd units: usage, limits and pressure from their cgroups, under cAdvisor's names. Needs neither
 * the API server nor a socket nor any privilege.
 *
 * Between scrapes a tick follows the tree, reads the final totals of what ends, and samples pressure.
 */
#include "collector.h"

#include "collect.h"
#include "emit/families.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const uint64_t second_ns = 1000000000;

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
		[SET_STATES] = "states",
		[SET_IO] = "io",
		[SET_IO_DETAIL] = "io-detail",
		[SET_FILESYSTEM] = "filesystem",
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

/* An empty word selects nothing at all. */
static int refuse_word(
	struct ng_setup *setup, const char *flag, struct ng_span word, const char *(*name)(size_t), size_t count)
{
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? "," : "", name(i));
	return ng_refuse(setup, "--collector.container.%s: unknown value '%.*s': use any of %s", flag,
		(int)(word.size < 60 ? word.size : 60), word.text, known);
}

static int parse_words(struct ng_setup *setup, const char *flag, const char *text, const char *(*name)(size_t index),
	size_t count, uint32_t *ret_bits)
{
	struct ng_span rest = ng_span(text), word;

	*ret_bits = 0;
	while (ng_part_next(&rest, ',', &word)) {
		size_t at = 0;
		word = ng_trim(word);
		while (at < count && !ng_span_equal(word, ng_span(name(at))))
			at++;
		if (at < count)
			*ret_bits |= 1u << at;
		else if (word.size)
			return refuse_word(setup, flag, word, name, count);
	}
	return *ret_bits ? 0 : refuse_word(setup, flag, (struct ng_span){ "", 0 }, name, count);
}

/* ---- setup ---- */

/* The default is a path on the host; a path that was given is used as is. */
static const char *log_path(const char *given, const char *usual)
{
	return strcmp(given, usual) == 0 ? given + 1 : given;
}

/* When few descriptors are allowed, connections and the files of other collectors take precedence. */
static uint64_t share_descriptors(struct container *state)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 128;
	uint64_t all = limit.rlim_cur, files = all < 1024 ? all / 16 : all / 2;
	if (state->options.max_files > files)
		state->options.max_files = files;
	return all > state->options.max_files + 4096 ? all - state->options.max_files - 2048
	       : all < 1024                          ? all / 8
						     : all / 4;
}

static int read_options(struct container *state, struct ng_setup *setup)
{
	int r = parse_words(setup, "levels", state->options.levels, level_name, SHOWN_LEVELS, &state->model.levels);

	if (r == 0)
		r = parse_words(setup, "families", state->options.sets, set_name, SETS, &state->reader.sets);
	if (r < 0)
		return r;
	if (state->options.sample_interval &&
		(state->options.sample_interval < second_ns || state->options.sample_interval > 60 * second_ns))
		return ng_refuse(
			setup, "--collector.container.sample-interval: expected 1s to 60s, or 0 to turn it off");
	if (!state->options.max_groups)
		return ng_refuse(setup, "--collector.container.max-groups: expected 1 or more");
	if (!*state->model.image)
		return ng_refuse(setup, "--collector.container.image: the placeholder must not be empty: the rules of "
					"kubernetes-mixin ignore containers without an image");
	return 0;
}

static int init(void *context, struct ng_setup *setup)
{
	struct container *state = context;
	bool own;

	int r = read_options(state, setup);
	if (r < 0)
		return r;
	state->machine.meminfo = ng_shared(setup, NG_PROC, NG_WHOLE, "meminfo");
	if (container_wants(&state->reader, SET_IO_DETAIL))
		state->filesystems.diskstats = ng_shared(setup, NG_PROC, NG_RECORDS, "diskstats");
	state->networks.path = ng_join(setup->arena, ng_net_path(setup, &own), "/dev", NULL);
	container_names_init(&state->resolver.names, log_path(state->options.logs, "/var/log/containers"),
		log_path(state->options.pod_logs, "/var/log/pods"));
	state->starts.logs = state->resolver.names.logs.path;
	state->starts.pod_logs = state->resolver.names.pods.path;
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		state->sampler.node[i] = NG_FILE(NG_PROC, NG_WHOLE, container_node_pressure[i]);
	uint64_t directories = share_descriptors(state);
	if (container_wants(&state->reader, SET_PRESSURE) && state->options.sample_interval) {
		state->sampler.interval = state->options.sample_interval;
		state->sampler.kept_rounds = (uint32_t)((60 * second_ns + state->options.sample_interval - 1) /
							state->options.sample_interval);
		state->sampler.budget = state->options.max_files;
		state->triggers.wanted = state->options.triggers;
	}
	r = container_follow_open(state, setup, state->options.max_groups, directories, state->options.watch);
	if (r < 0 || !state->networks.path)
		return -ENOMEM;
	snprintf(setup->notice, setup->notice_size, "%s", ng_cgroups_describe(state->cgroups));
	return 0;
}

static int collect(void *context, struct ng_scrape *scrape)
{
	struct container *state = context;

	if (ng_cgroups_mode(state->cgroups) == NG_CGROUP_NONE) {
		ng_failed(scrape, -ENODATA, "find cgroups below", ng_root_path(scrape, NG_CGROUP));
		return -ENODATA;
	}
	state->model.recent_readers = scrape->recent_readers;
	int r = container_follow_all(scrape, state);
	return r < 0 ? r : container_collect(scrape, state);
}

static void done(void *context)
{
	struct container *state = context;

	/* the removal hook frees the rows */
	ng_cgroups_free(state->cgroups);
	container_rows_done(&state->model);
	container_accounts_done(&state->settlement);
	container_triggers_close(&state->triggers);
	for (size_t i = 0; i < CONTAINER_RESOURCES; i++)
		ng_file_close(&state->sampler.node[i]);
	ng_mounts_close(&state->filesystems.mounts);
	ng_arena_done(&state->machine.sizes);
	ng_arena_done(&state->devices.memory);
}

/* ---- the descriptor ---- */

static const struct ng_option options[] = {
	NG_OPTION(container, options.levels, NG_OPTION_STRING, "levels", default_levels,
		"Comma-separated levels of cgroups to report: node, qos, pod, container, sandbox, slice, service, "
		"scope, session, machine, other."),
	NG_OPTION(container, options.sets, NG_OPTION_STRING, "families", default_sets,
		"Comma-separated sets of metric families to report: cpu, cpu-detail, memory, memory-detail, events, "
		"tasks, processes, descriptors, states, io, io-detail, filesystem, network, spec, pressure, hugetlb, "
		"info, identity, machine."),
	NG_OPTION(container, model.image, NG_OPTION_STRING, "image", "unknown",
		"Value of the image label if the image is unknown; kubernetes-mixin ignores containers without one."),
	NG_OPTION(container, options.sample_interval, NG_OPTION_DURATION, "sample-interval", "1s",
		"Interval of pressure sampling between scrapes, from 1s to 60s; 0 turns it off."),
	NG_OPTION(container, options.triggers, NG_OPTION_BOOL, "triggers", "true",
		"Count the events of the kernel's pressure triggers for the node."),
	NG_OPTION(container, options.max_files, NG_OPTION_UNSIGNED, "max-files", "512",
		"Maximum number of pressure files that the sampler keeps open; each uses 4.8 kB of kernel memory."),
	NG_OPTION(container, options.max_groups, NG_OPTION_UNSIGNED, "max-groups", "20000",
		"Maximum number of cgroups to track."),
	NG_OPTION(container, options.watch, NG_OPTION_BOOL, "watch", "true",
		"Watch the cgroup tree with inotify; without it, cgroups that come and go between scrapes are missed."),
	NG_OPTION(container, options.logs, NG_OPTION_STRING, "-path.container-logs", "/var/log/containers",
		"Directory of the kubelet's container log links, which give containers their names."),
	NG_OPTION(container, options.pod_logs, NG_OPTION_STRING, "-path.pod-logs", "/var/log/pods",
		"Directory of the kubelet's pod logs."),
	NG_OPTION(container, resolver.oci_states, NG_OPTION_LIST, "-path.oci-state", "",
		"State directory of the container runtime to get images and names from, such as /run/containerd, "
		"/var/lib/docker or /var/lib/containers/storage; requires root or CAP_DAC_READ_SEARCH. May be "
		"repeated."),
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
	{ .capability = "root or CAP_DAC_READ_SEARCH", .lost = "the label system_uuid of machine_*" },
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
	.tick = container_tick,
	.writables = writables,
	.writable_count = NG_COUNT(writables),
};
NG_COLLECTOR(container);
