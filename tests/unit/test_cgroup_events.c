/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications about cgroups, and recovery from lost ones. */
#include "groups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Replaces the C library's function: the kernel's own limit applies to everyone running as this user. */
static unsigned watches_left = UINT32_MAX;

int inotify_add_watch(int inotify, const char *path, uint32_t mask)
{
	int watch = -1;

	if (access(path, F_OK) < 0)
		return -1;
	errno = ENOSPC;
	if (watches_left > 0)
		watch = (int)syscall(SYS_inotify_add_watch, inotify, path, mask);
	watches_left -= watch >= 0;
	return watch;
}

static void events(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups->flags |= NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	groups_put(groups, "b/cgroup.events", "populated 1\nfrozen 0\n");
	groups_put(groups, "b/memory.events", "oom_kill 0\n");
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_put(groups, "b/cgroup.events", "populated 1\nfrozen 1\n");
	groups_expect(groups, false, "");
	groups_put(groups, "b/cgroup.events", "populated 0\nfrozen 0\n");
	groups_update(groups, false);
	assert_non_null(strstr(groups->told, "e/b "));
	groups_put(groups, "b/memory.events", "oom_kill 1\n");
	groups_update(groups, false);
	assert_non_null(strstr(groups->told, "m/b "));
	assert_null(strstr(groups->told, "e/b "));
}

/* Watches that could not be added are added once there is room. */
static void too_few_watches(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups->flags |= NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	for (const char *const *at = (const char *const[]){ "a", "b", NULL }; *at; at++) {
		char name[64];
		snprintf(name, sizeof(name), "%s/cgroup.events", *at);
		groups_put(groups, name, "populated 1\n");
	}
	groups_put(groups, "b/memory.events", "oom_kill 0\n");
	watches_left = 3;
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	assert_int_equal(groups_state(groups).watches, 3);
	assert_true(groups_state(groups).polling);
	watches_left = 2;
	groups_update(groups, true);
	assert_false(groups_state(groups).polling);
	assert_int_equal(groups_state(groups).watches, 5);
	watches_left = UINT32_MAX;
	groups_update(groups, true);
	assert_int_equal(groups_state(groups).watches, 7); /* four directories, and three existing files */
	groups_put(groups, "b/cgroup.events", "populated 0\n");
	groups_put(groups, "b/memory.events", "oom_kill 1\n");
	groups_update(groups, false);
	assert_non_null(strstr(groups->told, "e/b "));
	assert_non_null(strstr(groups->told, "m/b "));
}

/* ---- when events are lost ---- */

static void overflown(void **state)
{
	struct groups *groups = *state;
	unsigned long most = 16384;
	char name[32], line[32] = "";

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	int fd = open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0)
		most = strtoul(line, NULL, 10);
	if (fd >= 0)
		close(fd);
	for (unsigned long i = 0; i < most / 2 + 10; i++) {
		snprintf(name, sizeof(name), "churn%lu", i % 7);
		groups_make(groups, name);
		groups_take(groups, name);
	}
	groups_make(groups, "late");
	groups_take(groups, "b");
	/* a queue can hold more than an update reads at once */
	for (unsigned i = 0; i < 200 && groups_state(groups).overflows == 0; i++)
		groups_update(groups, false);
	assert_int_equal(groups_state(groups).overflows, 1);
	assert_non_null(groups_named(groups, "late"));
	assert_null(groups_named(groups, "b"));
	assert_int_equal(groups_state(groups).groups, 4);
	groups_expect(groups, true, "");
}

/* Events that could not be followed up are recovered, although they are reported only once. */
static void without_descriptors(void **state)
{
	struct groups *groups = *state;
	struct rlimit limit;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_make(groups, "c");
	groups_make(groups, "d");
	groups_take(groups, "b");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, limit.rlim_max }), 0);
	int r = ng_cgroups_update(&groups->probe.scrape, groups->cgroups, false);
	/* a whole update fails too while there are no descriptors */
	int again = ng_cgroups_update(&groups->probe.scrape, groups->cgroups, true);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(again, -EMFILE);
	groups_expect(groups, false, "-/b +/c +/d ");
	groups_expect(groups, true, "");
}

/* An unexpected link count is investigated, although nothing was reported. */
static void told_by_the_links(void **state)
{
	struct groups *groups = *state;
	char bytes[4096];

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_make(groups, "a/silent");
	while (read(ng_cgroups_descriptor(groups->cgroups), bytes, sizeof(bytes)) > 0)
		continue;
	groups_expect(groups, false, "");
	groups_expect(groups, true, "+/a/silent ");
	groups_take(groups, "a/silent");
	while (read(ng_cgroups_descriptor(groups->cgroups), bytes, sizeof(bytes)) > 0)
		continue;
	groups_expect(groups, true, "-/a/silent ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUPS_TEST(events),
		GROUPS_TEST(too_few_watches),
		GROUPS_TEST(overflown),
		GROUPS_TEST(without_descriptors),
		GROUPS_TEST(told_by_the_links),
	};

	return cmocka_run_group_tests_name("cgroup_events", tests, NULL, NULL);
}
