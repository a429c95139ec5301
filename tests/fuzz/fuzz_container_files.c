/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as the files of one control group, of cgroup v2 or v1, through the collector's own readers; a plain reader of
 * the files of keys has to agree.
 *
 * An input is a line that names a file, then its content; lines "--NAME" begin the next file:
 *
 *     cpu.stat
 *     usage_usec 12
 *     --io.stat
 *     8:0 rbytes=1
 */
#include "../runner/tree.h"
#include "kernel/cgroup_tree.h"
#include "kernel/kernel.h"
#include "model.h"
#include "process/processes.h"
#include "stats/read.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = { "cpu.stat", "cpu.stat.local", "cpu.max", "cpu.weight", "memory.stat",
	"memory.current", "memory.events", "memory.max", "memory.min", "memory.low", "memory.swap.current",
	"memory.peak", "io.stat", "cpu.pressure", "memory.pressure", "io.pressure", "irq.pressure", "pids.current",
	"pids.max", "pids.events", "cgroup.stat", "cgroup.procs", "hugetlb.2MB.current", "hugetlb.2MB.events",
	"cpuacct.usage", "cpuacct.stat", "container/cpu.max", "container/memory.max", "container/memory.min",
	"container/pids.max", "container/cgroup.procs", "cpu.cfs_quota_us", "memory.usage_in_bytes",
	"memory.limit_in_bytes", "memory.oom_control", "blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced",
	"hugetlb.2MB.usage_in_bytes" };

/* A tree of each kind, with one group that has all of the files. */
struct world {
	char *root;
	struct ng_kernel kernel;
	struct ng_arena arena;
	struct ng_scrape scrape;
	char reason[256];
	struct ng_cgroups *cgroups;
	struct ng_cgroup *group;
	struct container_reader reader;
	struct container_figures figures;
	int directory;
};
static struct world worlds[2];
static const char *huge[] = { "2MB" };

static unsigned added(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	struct world *world = context;

	(void)scrape;
	if (group->depth != 1)
		return NG_CGROUP_DESCEND;
	world->group = group;
	container_group(group)->place.level = CONTAINER_CONTAINER;
	return 0;
}

static void put(const char *directory, const char *name, struct ng_span text)
{
	char *path = format("%s/%s", directory, name);

	tree_write(path, text.text ? text.text : "", text.size);
	free(path);
}

static void make_world(struct world *world, bool v1)
{
	static const char *const mounts[] = { "cpu,cpuacct", "memory", "blkio", "pids", "hugetlb" };
	const struct ng_cgroups_hooks hooks = {
		.payload_size = sizeof(struct container_group), .added = added, .context = world
	};
	struct ng_setup setup = { .arena = &world->arena, .kernel = &world->kernel };

	world->root = tree_new();
	for (size_t i = 0; i < NG_ROOTS; i++)
		world->kernel.root_fd[i] = -ENOENT;
	for (size_t i = 0; v1 && i < NG_COUNT(mounts); i++) {
		/* one directory for all: what a file says is what matters */
		char *path = format("%s/%s", world->root, mounts[i]);
		if (i == 0) {
			mkdir(path, 0755);
			put(path, "cgroup.procs", NG_SPAN(""));
		} else if (symlink(mounts[0], path) < 0) {
			abort();
		}
		free(path);
	}
	if (!v1)
		put(world->root, "cgroup.controllers", NG_SPAN("cpu\n"));
	char *group = format("%s/%sgroup", world->root, v1 ? "memory/" : "");
	mkdir(group, 0755);
	world->directory = open(group, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mkdirat(world->directory, "container", 0755); /* where crun puts processes, and limits */
	free(group);
	world->kernel.root_fd[NG_CGROUP] = open(world->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	world->scrape = (struct ng_scrape){ .arena = &world->arena,
		.kernel = &world->kernel,
		.reason = world->reason,
		.reason_size = sizeof(world->reason) };
	if (ng_cgroups_new(&setup, &hooks, 10, 10, false, &world->cgroups) < 0 ||
		ng_cgroups_update(&world->scrape, world->cgroups, true) < 0 || !world->group)
		abort();
	world->reader.cgroups = world->cgroups;
	world->reader.sets = UINT32_MAX;
	world->reader.inner = true;
	world->reader.huge_sizes = (struct ng_names){ huge, 1 };
}

static void clean_up(void)
{
	tree_remove(worlds[0].root);
	tree_remove(worlds[1].root);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_world(&worlds[0], false);
	make_world(&worlds[1], true);
	atexit(clean_up);
	return 0;
}

/* ---- the plain reader ---- */

/* The last line with that key and a number: what the collector has to have. */
static bool plain_key(struct ng_span text, struct ng_span key, uint64_t *ret_value)
{
	struct ng_span line;
	bool found = false;

	while (ng_line_next(&text, &line)) {
		size_t space = ng_span_find(line, ' ');
		uint64_t value;
		if (!ng_span_equal((struct ng_span){ line.text, space }, key))
			continue;
		if (ng_u64(ng_span_skip(line, space + 1), &value) == 0) {
			*ret_value = value;
			found = true;
		}
	}
	return found;
}

/* A key that is there once; twice is nothing that a kernel writes. */
static size_t count_key(struct ng_span text, struct ng_span key)
{
	struct ng_span line;
	size_t count = 0;

	while (ng_line_next(&text, &line))
		count += ng_span_equal((struct ng_span){ line.text, ng_span_find(line, ' ') }, key);
	return count;
}

static void compare(
	const struct world *world, struct ng_span text, const char *key, enum container_value which, uint64_t factor)
{
	const struct container_values *values = &world->figures.values;
	uint64_t value;

	if (count_key(text, ng_span(key)) > 1)
		return;
	bool found = plain_key(text, ng_span(key), &value);
	if (found != container_has(values, which) || (found && values->value[which] != value * factor)) {
		fprintf(stderr, "ERROR: %s is read as %d %llu\n", key, container_has(values, which),
			(unsigned long long)values->value[which]);
		abort();
	}
}

/* Keys that are there twice may hide what is behind them; other letters than these are in no key. */
static bool is_kernels(struct ng_span text)
{
	struct ng_span rest = text, line;

	for (size_t i = 0; i < text.size; i++) {
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789_ \n", text.text[i], 39))
			return false;
	}
	while (ng_line_next(&rest, &line)) {
		if (count_key(text, (struct ng_span){ line.text, ng_span_find(line, ' ') }) > 1)
			return false;
	}
	return true;
}

static void compare_keys(const struct world *world, struct ng_span name, struct ng_span text)
{
	if (world != &worlds[0] || text.size > 4000 || !is_kernels(text))
		return;
	if (ng_span_equal(name, NG_SPAN("cpu.stat"))) {
		compare(world, text, "usage_usec", VALUE_CPU_USAGE, 1000);
		compare(world, text, "nr_throttled", VALUE_CFS_THROTTLED_PERIODS, 1);
		compare(world, text, "burst_usec", VALUE_CFS_BURST, 1000);
	}
	if (ng_span_equal(name, NG_SPAN("memory.stat"))) {
		compare(world, text, "anon", VALUE_MEMORY_ANON, 1);
		compare(world, text, "inactive_file", VALUE_MEMORY_INACTIVE_FILE, 1);
		compare(world, text, "workingset_refault_file", VALUE_MEMORY_REFAULT_FILE, 1);
		compare(world, text, "zswapped", VALUE_MEMORY_ZSWAPPED, 1);
	}
}

/* ---- one input ---- */

static const char *known(struct ng_span name)
{
	for (size_t i = 0; i < NG_COUNT(files); i++) {
		if (ng_span_equal(name, ng_span(files[i])))
			return files[i];
	}
	return NULL;
}

static void write_file(const struct world *world, const char *name, struct ng_span text)
{
	int fd = openat(world->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || (text.size && write(fd, text.text, text.size) < 0))
		abort();
	close(fd);
}

static struct ng_span body_of(struct ng_span *rest, struct ng_span *ret_next)
{
	const char *end = rest->size ? memmem(rest->text, rest->size, "\n--", 3) : NULL;
	struct ng_span body = *rest;

	*ret_next = (struct ng_span){ NULL, 0 };
	if (end) {
		body.size = (size_t)(end + 1 - rest->text);
		*rest = ng_span_skip(*rest, body.size + 2);
		ng_line_next(rest, ret_next);
	}
	return body;
}

static void run_world(struct world *world, struct ng_span input)
{
	struct ng_span name, body, next, rest = input;

	write_file(world, "cgroup.procs", NG_SPAN(""));
	for (bool more = ng_line_next(&rest, &name); more; name = next, more = next.size > 0) {
		body = body_of(&rest, &next);
		const char *file = known(name);
		if (file)
			write_file(world, file, body);
	}
	for (unsigned round = 0; round < 2; round++) {
		ng_arena_reset(&world->arena);
		container_read(&world->scrape, &world->reader, world->group, round == 0, &world->figures);
		container_count_processes(&world->scrape, world->cgroups, world->group, true, &world->figures.values);
	}
	rest = input;
	for (bool more = ng_line_next(&rest, &name); more; name = next, more = next.size > 0) {
		body = body_of(&rest, &next);
		/* the last one was not overwritten by another */
		if (!next.size)
			compare_keys(world, name, body);
	}
	rest = input;
	for (bool more = ng_line_next(&rest, &name); more; name = next, more = next.size > 0) {
		body_of(&rest, &next);
		const char *file = known(name);
		if (file)
			unlinkat(world->directory, file, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ng_span input = { (const char *)data, size };

	run_world(&worlds[0], input);
	run_world(&worlds[1], input);
	return 0;
}
