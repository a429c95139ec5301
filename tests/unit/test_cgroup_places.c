/* SPDX-License-Identifier: Apache-2.0 */
/* Locates the cgroups: mounts of both versions, and the path to a cgroup. */
#include "groups.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- mounts ---- */

static void none(void **state)
{
	struct groups *groups = *state;

	scratch_unlink(&groups->scratch, "cgroup.controllers");
	groups_follow(groups, 10, 10, true);
	assert_int_equal(ng_cgroups_mode(groups->cgroups), NG_CGROUP_NONE);
	assert_int_equal(ng_cgroups_update(&groups->probe.scrape, groups->cgroups, true), -ENODATA);
	assert_string_equal(ng_cgroups_describe(groups->cgroups), "no cgroups");
}

static void version_1(void **state)
{
	struct groups *groups = *state;

	scratch_unlink(&groups->scratch, "cgroup.controllers");
	groups_make(groups, "cpu,cpuacct");
	groups_put(groups, "cpu,cpuacct/tasks", "");
	groups_make(groups, "memory");
	groups_put(groups, "memory/cgroup.procs", "");
	groups_make(groups, "memory/a");
	groups_make(groups, "cpu,cpuacct/only-here");
	groups_make(groups, "pids"); /* not mounted */
	groups_follow(groups, 1000, 1000, true);
	assert_int_equal(ng_cgroups_mode(groups->cgroups), NG_CGROUP_V1);
	assert_string_equal(ng_cgroups_describe(groups->cgroups), "cgroup v1 (cpu, cpuacct, memory)");
	groups_expect(groups, true, "+/ +/a ");
	struct ng_cgroup *group = groups_named(groups, "a");
	assert_int_equal(ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_CPU), -ENOENT);
	assert_int_equal(ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_PIDS), -ENOENT);
	groups_make(groups, "cpu,cpuacct/a");
	int directory = ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_CPU);
	assert_true(directory >= 0);
	ng_cgroup_leave(group, directory);
	groups_take(groups, "memory/a");
	groups_expect(groups, true, "-/a ");
}

/* ---- the path to a cgroup ---- */

/* A cgroup without a descriptor is opened by its path, if it is still the same cgroup. */
static void by_path(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_put(groups, "a/x/file", "1\n");
	groups_follow(groups, 1000, 1, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	assert_true(groups_state(groups).by_path >= 3);
	struct ng_cgroup *group = groups_named(groups, "x");
	int directory = ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_UNIFIED);
	assert_true(directory >= 0);
	assert_int_equal(faccessat(directory, "file", F_OK, 0), 0);
	ng_cgroup_leave(group, directory);
	assert_int_equal(fcntl(directory, F_GETFD), -1);
	group = groups_named(groups, "b");
	groups_make(groups, "spare");
	groups_take(groups, "b");
	assert_int_equal(ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_UNIFIED), -ENOENT);
	groups_make(groups, "b");
	assert_int_equal(ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_UNIFIED), -ENOENT);
}

/* As deep as a path may be, and deeper: beyond that, the cgroup is opened through its parents. */
static void deep(void **state)
{
	struct groups *groups = *state;
	int directory_of[21];
	char name[252];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	directory_of[0] = open(groups->scratch.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(mkdirat(directory_of[i], name, 0755), 0);
		directory_of[i + 1] = openat(directory_of[i], name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	groups_follow(groups, 1000, 1000, true);
	groups_update(groups, true);
	assert_int_equal(groups_state(groups).groups, 21);
	ng_cgroups_free(groups->cgroups);
	groups_follow(groups, 1000, 1, true);
	groups_update(groups, true);
	assert_int_equal(groups_state(groups).by_path, 20);
	groups_expect(groups, true, "");
	for (struct ng_cgroup *group = ng_cgroups_root(groups->cgroups); group; group = ng_cgroup_next(group)) {
		int directory = ng_cgroup_enter(&groups->probe.scrape, groups->cgroups, group, NG_CGROUP_UNIFIED);
		assert_true(directory >= 0);
		ng_cgroup_leave(group, directory);
	}
	/* too deep for the cleanup */
	for (unsigned i = 20; i-- > 0;) {
		assert_int_equal(unlinkat(directory_of[i], name, AT_REMOVEDIR), 0);
		close(directory_of[i + 1]);
	}
	close(directory_of[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUPS_TEST(none),
		GROUPS_TEST(version_1),
		GROUPS_TEST(by_path),
		GROUPS_TEST(deep),
	};

	return cmocka_run_group_tests_name("cgroup_places", tests, NULL, NULL);
}
