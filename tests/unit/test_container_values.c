/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the files of one cgroup after another: what was learned from one must not change what is read from the next. */
#include "kernel/cgroup_tree.h"
#include "scratch.h"
#include "stats/read.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* With psi=0, the kernel has the files but refuses to read them: replaces the C library's function. */
static bool switched_off;
ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
	if (switched_off) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return syscall(SYS_pread64, fd, bytes, size, offset);
}

struct stage {
	struct scratch scratch;
	struct probe probe;
	struct ng_cgroups *cgroups;
	struct container_reader reader;
	struct container_figures figures;
};

static unsigned added(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)context;
	(void)scrape;
	(void)group;
	return NG_CGROUP_DESCEND;
}

static void put(const struct stage *stage, const char *group, const char *file, const char *text)
{
	char name[SCRATCH_PATH];

	snprintf(name, sizeof(name), "%s/%s", group, file);
	scratch_mkdir_above(&stage->scratch, name);
	scratch_put(&stage->scratch, name, text);
}

static int start(void **context)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	scratch_init(&stage->scratch, "/tmp", "test_container_values");
	probe_init(&stage->probe);
	probe_open(&stage->probe, NG_CGROUP, &stage->scratch, "");
	stage->reader.sets = UINT32_MAX;
	put(stage, ".", "cgroup.controllers", "cpu\n");
	*context = stage;
	return 0;
}

static int stop(void **context)
{
	struct stage *stage = *context;

	ng_cgroups_free(stage->cgroups);
	container_figures_done(&stage->figures);
	scratch_done(&stage->scratch);
	probe_done(&stage->probe);
	free(stage);
	return 0;
}

static int read_group(struct stage *stage, const char *name, bool limits)
{
	if (!stage->cgroups) {
		const struct ng_cgroups_hooks hooks = { .added = added, .context = stage };
		struct ng_setup setup = { .arena = &stage->probe.arena, .kernel = &stage->probe.kernel };
		assert_int_equal(ng_cgroups_new(&setup, &hooks, 100, 100, false, &stage->cgroups), 0);
		stage->reader.cgroups = stage->cgroups;
		assert_int_equal(ng_cgroups_update(&stage->probe.scrape, stage->cgroups, true), 0);
	}
	struct ng_cgroup *group = ng_cgroups_root(stage->cgroups);
	while (group && strcmp(group->name, name) != 0)
		group = ng_cgroup_next(group);
	assert_non_null(group);
	return container_read(&stage->probe.scrape, &stage->reader, group, limits, &stage->figures);
}

static void expect(const struct stage *stage, enum container_value which, int64_t value)
{
	const struct container_values *values = &stage->figures.values;

	assert_int_equal(container_has(values, which), value >= 0);
	if (value >= 0)
		assert_int_equal(values->value[which], value);
}

static void few_lines_then_many(void **context)
{
	struct stage *stage = *context;

	put(stage, ".", "cpu.stat", "usage_usec 1\nuser_usec 2\nsystem_usec 3\nnice_usec 0\n");
	put(stage, ".", "cgroup.procs", "");
	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "cpu.stat",
		"usage_usec 4\nuser_usec 5\nsystem_usec 6\nnice_usec 0\nnr_periods 7\nnr_throttled 8\nthrottled_usec "
		"9\n"
		"nr_bursts 10\nburst_usec 11\n");
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(read_group(stage, "", true), 0);
		expect(stage, VALUE_CPU_USAGE, 1000);
		expect(stage, VALUE_CFS_PERIODS, -1);
		assert_int_equal(read_group(stage, "a", true), 0);
		expect(stage, VALUE_CPU_SYSTEM, 6000);
		expect(stage, VALUE_CFS_PERIODS, 7);
		expect(stage, VALUE_CFS_THROTTLED, 9000);
		expect(stage, VALUE_CFS_BURST, 11000);
	}
}

/* Keys with a common prefix swap places. */
static void lines_that_move(void **context)
{
	struct stage *stage = *context;

	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "memory.stat",
		"anon 1\nfile 2\ninactive_anon 3\ninactive_file 4\nworkingset_activate_anon 5\n"
		"workingset_refault_anon 6\nworkingset_refault_file 7\nzswapped 8\nzswap 9\n");
	put(stage, "b", "cgroup.procs", "");
	put(stage, "b", "memory.stat",
		"anon 10\nfile 20\ninactive_file 40\ninactive_anon 30\nworkingset_refault_file 70\n"
		"workingset_activate_anon 50\nworkingset_refault_anon 60\nzswap 90\nzswapped 80\n");
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned tens = 1; tens <= 10; tens += 9) {
			assert_int_equal(read_group(stage, tens == 1 ? "a" : "b", true), 0);
			expect(stage, VALUE_MEMORY_ANON, 1 * tens);
			expect(stage, VALUE_MEMORY_FILE, 2 * tens);
			expect(stage, VALUE_MEMORY_INACTIVE_FILE, 4 * tens);
			expect(stage, VALUE_MEMORY_REFAULT_ANON, 6 * tens);
			expect(stage, VALUE_MEMORY_REFAULT_FILE, 7 * tens);
			expect(stage, VALUE_MEMORY_ZSWAPPED, 8 * tens);
			expect(stage, VALUE_MEMORY_ZSWAP, 9 * tens);
		}
	}
}

/* More lines than can be remembered, with a wanted one after them. */
static void many_lines(void **context)
{
	struct stage *stage = *context;
	static char text[16384];
	size_t used = 0;

	for (unsigned i = 0; i < 300; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "future_key_%u %u\n", i, i);
	snprintf(text + used, sizeof(text) - used, "anon 11\nfile 22\npgfault 33\n");
	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "memory.stat", text);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(read_group(stage, "a", true), 0);
		expect(stage, VALUE_MEMORY_ANON, 11);
		expect(stage, VALUE_MEMORY_FAULTS, 33);
	}
}

/* Limits keep their last value while they are not read, and disappear with their file. */
static void limits(void **context)
{
	struct stage *stage = *context;

	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "memory.max", "1000\n");
	put(stage, "a", "cpu.max", "500 1000\n");
	put(stage, "a", "memory.current", "1\n");
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_MEMORY_LIMIT, 1000);
	put(stage, "a", "memory.max", "2000\n");
	put(stage, "a", "cpu.max", "max 1000\n");
	put(stage, "a", "memory.current", "2\n");
	assert_int_equal(read_group(stage, "a", false), 0);
	expect(stage, VALUE_MEMORY_LIMIT, 1000);
	expect(stage, VALUE_CPU_QUOTA, 500);
	expect(stage, VALUE_MEMORY_USAGE, 2);
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_MEMORY_LIMIT, 2000);
	expect(stage, VALUE_CPU_QUOTA, -1);
	expect(stage, VALUE_CPU_PERIOD, 1000);
	scratch_unlink(&stage->scratch, "a/memory.max");
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_MEMORY_LIMIT, -1);
	assert_false(stage->figures.limits_missed);
}

/* For a removed cgroup, the values last read are kept. */
static void gone(void **context)
{
	struct stage *stage = *context;

	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "cpu.stat", "usage_usec 77\n");
	put(stage, "a", "memory.current", "5\n");
	put(stage, "a", "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n");
	assert_int_equal(read_group(stage, "a", true), 0);
	scratch_clear(&stage->scratch, "a");
	assert_int_equal(read_group(stage, "a", true), -ENOENT);
	expect(stage, VALUE_CPU_USAGE, 77000);
	expect(stage, VALUE_MEMORY_USAGE, 5);
	assert_int_equal(stage->figures.devices.count, 1);
	assert_int_equal(stage->figures.devices.device[0].writes, 4);
}

/* The start of a cgroup is read once, and the older of two times is used. */
static void started(void **context)
{
	struct stage *stage = *context;
	struct timespec times[2] = { { .tv_sec = 1000000 }, { .tv_sec = 1000000 } };
	char path[SCRATCH_PATH];

	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "cpu.stat", "usage_usec 1\n");
	put(stage, "a", "cgroup.events", "populated 1\n");
	scratch_path(&stage->scratch, "a/cgroup.events", path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_STARTED, 1000000);
	times[0].tv_sec = times[1].tv_sec = 2000000;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_STARTED, 1000000);
}

/* Missing figures are counted, by the reason why they are missing. */
static void no_pressure(void **context)
{
	struct stage *stage = *context;

	put(stage, "a", "cgroup.procs", "");
	put(stage, "b", "cgroup.procs", "");
	put(stage, "b", "io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n");
	assert_int_equal(read_group(stage, "a", true), 0);
	assert_int_equal(read_group(stage, "b", true), 0);
	assert_int_equal(stage->reader.psi[PSI_NO_FILE], 1);
	assert_int_equal(stage->reader.psi[PSI_READ], 1);
	expect(stage, VALUE_PRESSURE + 2 * CONTAINER_DISK, 9);
	expect(stage, VALUE_PRESSURE + 2 * CONTAINER_DISK + 1, -1);
	switched_off = true;
	read_group(stage, "b", true);
	switched_off = false;
	assert_int_equal(stage->reader.psi[PSI_SWITCHED_OFF], 1);
	expect(stage, VALUE_PRESSURE + 2 * CONTAINER_DISK, -1);
}

/* Makes an existing file unreadable: replaces it by a directory. */
static void spoil(const struct stage *stage, const char *file)
{
	scratch_unlink(&stage->scratch, file);
	scratch_mkdir(&stage->scratch, file);
}

static void mend(const struct stage *stage, const char *file, const char *text)
{
	scratch_rmdir(&stage->scratch, file);
	scratch_put(&stage->scratch, file, text);
}

/* A value that cannot be read is absent, and nothing else takes its place. */
static void unreadable(void **context)
{
	struct stage *stage = *context;
	const char *sizes[] = { "2MB" };

	stage->reader.huge_sizes = (struct ng_names){ .name = sizes, .count = 1 };
	put(stage, "a", "cgroup.procs", "");
	put(stage, "a", "cpu.stat", "usage_usec 1\nuser_usec 2\nsystem_usec 3\n");
	put(stage, "a", "memory.current", "1000\n");
	put(stage, "a", "memory.stat", "anon 1\nfile 2\ninactive_file 1\n");
	put(stage, "a", "memory.max", "2000\n");
	put(stage, "a", "hugetlb.2MB.rsvd.current", "4096\n");
	put(stage, "a", "hugetlb.2MB.current", "2048\n");
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_MEMORY_USAGE, 1000);
	expect(stage, VALUE_MEMORY_LIMIT, 2000);
	assert_int_equal(stage->figures.pages.count, 1);
	assert_int_equal(stage->figures.pages.page[0].usage, 4096);
	spoil(stage, "a/memory.current");
	spoil(stage, "a/memory.max");
	spoil(stage, "a/hugetlb.2MB.rsvd.current");
	assert_int_equal(read_group(stage, "a", true), 0);
	expect(stage, VALUE_MEMORY_USAGE, -1);
	expect(stage, VALUE_MEMORY_WORKING_SET, -1);
	expect(stage, VALUE_MEMORY_ANON, 1);
	expect(stage, VALUE_MEMORY_LIMIT, -1);
	assert_true(stage->figures.unknown >> VALUE_MEMORY_LIMIT & 1);
	assert_int_equal(stage->figures.pages.count, 0);
	mend(stage, "a/memory.max", "max\n");
	assert_int_equal(read_group(stage, "a", true), 0);
	assert_false(stage->figures.unknown >> VALUE_MEMORY_LIMIT & 1);
	/* only the root has no memory.current */
	put(stage, ".", "cgroup.procs", "");
	put(stage, ".", "cpu.stat", "usage_usec 1\nuser_usec 2\nsystem_usec 3\n");
	put(stage, ".", "memory.stat", "anon 1\nfile 2\ninactive_file 1\n");
	assert_int_equal(read_group(stage, "", true), 0);
	expect(stage, VALUE_MEMORY_USAGE, 3);
}

#define VALUE_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VALUE_TEST(few_lines_then_many),
		VALUE_TEST(lines_that_move),
		VALUE_TEST(many_lines),
		VALUE_TEST(limits),
		VALUE_TEST(gone),
		VALUE_TEST(started),
		VALUE_TEST(no_pressure),
		VALUE_TEST(unreadable),
	};

	return cmocka_run_group_tests_name("container_values", tests, NULL, NULL);
}
