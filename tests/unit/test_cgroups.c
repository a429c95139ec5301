/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of control groups on a tree of plain directories, which count their links and have watches, too. */
#include "kernel/cgroups.h"

#include "kernel/kernel.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char root[64];
	struct ng_kernel kernel;
	struct ng_arena arena;
	struct ng_scrape scrape;
	char reason[256], told[4096];
	size_t told_size;
	struct ng_cgroups *cgroups;
	unsigned flags;
	const char *shallow; /* a name that is not followed */
	const char *scarce;  /* a name below which anybody may make groups */
};

static void tell(struct tree *tree, char what, const struct ng_cgroup *group)
{
	struct ng_span path = ng_cgroup_path(&tree->arena, group);
	size_t room = sizeof(tree->told) - tree->told_size;

	tree->told_size +=
		(size_t)snprintf(tree->told + tree->told_size, room, "%c%.*s ", what, (int)path.size, path.text);
	if (tree->told_size >= sizeof(tree->told))
		tree->told_size = sizeof(tree->told) - 1;
}

static unsigned added(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	struct tree *tree = context;

	(void)scrape;
	/* the payload is there and zeroed */
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(group->payload[i], 0);
	memset(group->payload, 1, 24);
	tell(tree, '+', group);
	if (tree->scarce && !strcmp(group->name, tree->scarce))
		return tree->flags | NG_CGROUP_SCARCE;
	return tree->shallow && !strcmp(group->name, tree->shallow) ? 0 : tree->flags;
}

static void removed(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, '-', group);
}

static void emptied(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, 'e', group);
}

static void memory_event(void *context, struct ng_scrape *scrape, struct ng_cgroup *group)
{
	(void)scrape;
	tell(context, 'm', group);
}

static void at(const struct tree *tree, char path[512], const char *name)
{
	snprintf(path, 512, "%s/%s", tree->root, name);
}

static void make(const struct tree *tree, const char *name)
{
	char path[512];

	at(tree, path, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void take(const struct tree *tree, const char *name)
{
	char path[512];

	at(tree, path, name);
	assert_int_equal(rmdir(path), 0);
}

static void put(const struct tree *tree, const char *name, const char *text)
{
	char path[512];

	at(tree, path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int start(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	snprintf(tree->root, sizeof(tree->root), "%s/test_cgroups.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(tree->root));
	for (size_t i = 0; i < NG_ROOTS; i++)
		tree->kernel.root_fd[i] = -ENOENT;
	tree->kernel.root_fd[NG_CGROUP] = open(tree->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree->scrape = (struct ng_scrape){ .arena = &tree->arena,
		.kernel = &tree->kernel,
		.reason = tree->reason,
		.reason_size = sizeof(tree->reason) };
	tree->flags = NG_CGROUP_DESCEND;
	put(tree, "cgroup.controllers", "cpu\n");
	put(tree, "cgroup.procs", "");
	*state = tree;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int stop(void **state)
{
	struct tree *tree = *state;

	ng_cgroups_free(tree->cgroups);
	nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	close(tree->kernel.root_fd[NG_CGROUP]);
	ng_arena_done(&tree->arena);
	free(tree);
	return 0;
}

static void follow(struct tree *tree, uint64_t limit, uint64_t descriptors, bool watch)
{
	const struct ng_cgroups_hooks hooks = { .payload_size = 24,
		.added = added,
		.removed = removed,
		.emptied = emptied,
		.memory_event = memory_event,
		.context = tree };
	struct ng_setup setup = { .arena = &tree->arena, .kernel = &tree->kernel };

	assert_int_equal(ng_cgroups_new(&setup, &hooks, limit, descriptors, watch, &tree->cgroups), 0);
}

/* What the hooks say of an update. */
static void expect(struct tree *tree, bool whole, const char *told)
{
	tree->told_size = 0;
	tree->told[0] = '\0';
	ng_arena_reset(&tree->arena);
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, whole), 0);
	assert_string_equal(tree->told, told);
}

static struct ng_cgroups_state state_of(const struct tree *tree)
{
	struct ng_cgroups_state state;

	ng_cgroups_state(tree->cgroups, &state);
	return state;
}

static struct ng_cgroup *named(struct tree *tree, const char *name)
{
	struct ng_cgroup *group = ng_cgroups_root(tree->cgroups);

	while (group && strcmp(group->name, name) != 0)
		group = ng_cgroup_next(group);
	return group;
}

/* ---- coming and going ---- */

static void comes_and_goes(struct tree *tree, bool whole)
{
	expect(tree, whole, "+/ +/a +/a/x +/b ");
	expect(tree, whole, "");
	make(tree, "c");
	make(tree, "a/y");
	make(tree, "a/y/z");
	/* whoever is told knows the order in which they came, a walk the names only */
	tree->told_size = 0;
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, whole), 0);
	assert_non_null(strstr(tree->told, "+/c "));
	assert_non_null(strstr(tree->told, "+/a/y +/a/y/z "));
	take(tree, "b");
	expect(tree, whole, "-/b ");
	take(tree, "a/y/z");
	take(tree, "a/y");
	take(tree, "a/x");
	take(tree, "a");
	tree->told_size = 0;
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, whole), 0);
	const char *z = strstr(tree->told, "-/a/y/z "), *y = strstr(tree->told, "-/a/y "),
		   *a = strstr(tree->told, "-/a ");
	assert_true(z && y && a && z < y && y < a);
	assert_int_equal(state_of(tree).groups, 2);
	expect(tree, whole, "");
}

static void start_tree(struct tree *tree)
{
	make(tree, "a");
	make(tree, "a/x");
	make(tree, "b");
}

static void watched(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	comes_and_goes(tree, false);
	assert_false(state_of(tree).polling);
	assert_int_equal(state_of(tree).watches, 2);
}

static void watched_and_walked(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	comes_and_goes(tree, true);
}

static void not_watched(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 1000, 1000, false);
	assert_int_equal(ng_cgroups_descriptor(tree->cgroups), -1);
	comes_and_goes(tree, true);
	assert_true(state_of(tree).polling);
	make(tree, "unseen");
	expect(tree, false, "");
	expect(tree, true, "+/unseen ");
}

static void past_the_descriptors(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 1000, 1, true);
	comes_and_goes(tree, false);
}

static void renamed(void **state)
{
	struct tree *tree = *state;
	char from[512], to[512];

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	at(tree, from, "a");
	at(tree, to, "new");
	assert_int_equal(rename(from, to), 0);
	expect(tree, true, "-/a/x -/a +/new +/new/x ");
	assert_int_equal(state_of(tree).groups, 4);
}

/* A path that is made again is another group, whether both were told one by one or not. */
static void made_again(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	uint64_t before = named(tree, "b")->generation;
	make(tree, "spare"); /* so that no file system gives the same number twice */
	take(tree, "b");
	make(tree, "b");
	tree->told_size = 0;
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, false), 0);
	assert_non_null(strstr(tree->told, "-/b "));
	assert_non_null(strstr(tree->told, "+/b "));
	assert_true(named(tree, "b")->generation != before);
	take(tree, "b");
	take(tree, "spare");
	make(tree, "b");
	expect(tree, true, "-/b -/spare +/b ");
	assert_int_equal(state_of(tree).groups, 4);
}

/* ---- limits ---- */

static void limited(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	make(tree, "c");
	make(tree, "c/deep");
	follow(tree, 4, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	assert_int_equal(state_of(tree).refused, 1);
	assert_int_equal(ng_cgroups_root(tree->cgroups)->refused, 1);
	expect(tree, true, "");
	assert_int_equal(state_of(tree).refused, 1);
	take(tree, "c/deep");
	take(tree, "c");
	expect(tree, true, "");
	assert_int_equal(ng_cgroups_root(tree->cgroups)->refused, 0);
	make(tree, "d");
	expect(tree, true, "");
	assert_int_equal(state_of(tree).refused, 2);
}

static void limited_and_not_watched(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	follow(tree, 2, 1000, false);
	expect(tree, true, "+/ +/a ");
	for (unsigned i = 0; i < 5; i++)
		expect(tree, true, "");
	/* what each walk meets again is refused once */
	assert_int_equal(state_of(tree).refused, 2);
}

/* What was refused is taken when there is room. */
static void room_again(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	make(tree, "c");
	follow(tree, 4, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	expect(tree, true, "");
	take(tree, "a/x");
	expect(tree, true, "-/a/x +/c ");
	assert_int_equal(ng_cgroups_root(tree->cgroups)->refused, 0);
}

/* Where anybody may make groups, they get half of the room. */
static void half_of_the_room(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	tree->scarce = "a";
	make(tree, "a/y");
	make(tree, "a/z");
	make(tree, "c");
	follow(tree, 6, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b +/c ");
	assert_int_equal(state_of(tree).refused, 2);
	make(tree, "d");
	expect(tree, true, "+/d ");
	take(tree, "a/x");
	expect(tree, true, "-/a/x ");
}

/* A group without a descriptor is entered by its path, if it is still the one that it was. */
static void by_path(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	put(tree, "a/x/file", "1\n");
	follow(tree, 1000, 1, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	assert_true(state_of(tree).by_path >= 3);
	struct ng_cgroup *group = named(tree, "x");
	int directory = ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_UNIFIED);
	assert_true(directory >= 0);
	assert_int_equal(faccessat(directory, "file", F_OK, 0), 0);
	ng_cgroup_leave(group, directory);
	assert_int_equal(fcntl(directory, F_GETFD), -1);
	group = named(tree, "b");
	make(tree, "spare");
	take(tree, "b");
	assert_int_equal(ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_UNIFIED), -ENOENT);
	make(tree, "b");
	assert_int_equal(ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_UNIFIED), -ENOENT);
}

/* As deep as a path may be, and deeper. */
static void deep(void **state)
{
	struct tree *tree = *state;
	int directory_of[21];
	char name[252];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	directory_of[0] = open(tree->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(mkdirat(directory_of[i], name, 0755), 0);
		directory_of[i + 1] = openat(directory_of[i], name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	follow(tree, 1000, 1000, true);
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, true), 0);
	assert_int_equal(state_of(tree).groups, 21);
	ng_cgroups_free(tree->cgroups);
	/* past the budget what lies deeper than a path reaches cannot be entered */
	follow(tree, 1000, 1, true);
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, true), 0);
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, true), 0);
	for (struct ng_cgroup *group = ng_cgroups_root(tree->cgroups); group; group = ng_cgroup_next(group)) {
		int directory = ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_UNIFIED);
		assert_true(group->depth > 16 ? directory < 0 : directory >= 0);
		ng_cgroup_leave(group, directory);
	}
	/* too deep for who cleans up */
	for (unsigned i = 20; i-- > 0;) {
		assert_int_equal(unlinkat(directory_of[i], name, AT_REMOVEDIR), 0);
		close(directory_of[i + 1]);
	}
	close(directory_of[0]);
}

static void not_followed(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	tree->shallow = "a";
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/b ");
	make(tree, "a/y");
	expect(tree, true, "");
}

/* ---- when events are lost ---- */

static void overflown(void **state)
{
	struct tree *tree = *state;
	unsigned long most = 16384;
	char name[32], line[32] = "";

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	int fd = open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0)
		most = strtoul(line, NULL, 10);
	if (fd >= 0)
		close(fd);
	if (most > 100000)
		skip();
	for (unsigned long i = 0; i < most / 2 + 10; i++) {
		snprintf(name, sizeof(name), "churn%lu", i % 7);
		make(tree, name);
		take(tree, name);
	}
	make(tree, "late");
	take(tree, "b");
	/* as much as an update takes at once is not all */
	for (unsigned i = 0; i < 200 && state_of(tree).overflows == 0; i++)
		assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, false), 0);
	assert_int_equal(state_of(tree).overflows, 1);
	assert_non_null(named(tree, "late"));
	assert_null(named(tree, "b"));
	assert_int_equal(state_of(tree).groups, 4);
	expect(tree, true, "");
}

/* Events that could not be followed are made up for, though they are told once. */
static void without_descriptors(void **state)
{
	struct tree *tree = *state;
	struct rlimit limit;

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	make(tree, "c");
	make(tree, "d");
	take(tree, "b");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, limit.rlim_max }), 0);
	int r = ng_cgroups_update(&tree->scrape, tree->cgroups, false);
	/* as long as it fails */
	int again = ng_cgroups_update(&tree->scrape, tree->cgroups, true);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(r, -EMFILE);
	assert_int_equal(again, -EMFILE);
	expect(tree, false, "-/b +/c +/d ");
	expect(tree, true, "");
}

/* A number of links that does not fit what is known is looked into, though nothing was told. */
static void told_by_the_links(void **state)
{
	struct tree *tree = *state;
	char bytes[4096];

	start_tree(tree);
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	make(tree, "a/silent");
	while (read(ng_cgroups_descriptor(tree->cgroups), bytes, sizeof(bytes)) > 0)
		continue;
	expect(tree, false, "");
	expect(tree, true, "+/a/silent ");
	take(tree, "a/silent");
	while (read(ng_cgroups_descriptor(tree->cgroups), bytes, sizeof(bytes)) > 0)
		continue;
	expect(tree, true, "-/a/silent ");
}

static void events(void **state)
{
	struct tree *tree = *state;

	start_tree(tree);
	tree->flags |= NG_CGROUP_EVENTS | NG_CGROUP_OOMS;
	put(tree, "b/cgroup.events", "populated 1\nfrozen 0\n");
	put(tree, "b/memory.events", "oom_kill 0\n");
	follow(tree, 1000, 1000, true);
	expect(tree, true, "+/ +/a +/a/x +/b ");
	put(tree, "b/cgroup.events", "populated 1\nfrozen 1\n");
	expect(tree, false, "");
	put(tree, "b/cgroup.events", "populated 0\nfrozen 0\n");
	tree->told_size = 0;
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, false), 0);
	assert_non_null(strstr(tree->told, "e/b "));
	put(tree, "b/memory.events", "oom_kill 1\n");
	tree->told_size = 0;
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, false), 0);
	assert_non_null(strstr(tree->told, "m/b "));
	assert_null(strstr(tree->told, "e/b "));
}

/* Much coming and going leaves neither watches nor descriptors behind. */
static void leaks_nothing(void **state)
{
	struct tree *tree = *state;
	char name[64];
	int before = dup(0);

	close(before);
	follow(tree, 1000, 100, true);
	expect(tree, true, "+/ ");
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "g%u", i);
			make(tree, name);
		}
		assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, round % 2), 0);
		for (unsigned i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "g%u", (i * 7 + round) % 20);
			take(tree, name);
		}
		assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, round % 3 == 0), 0);
		ng_arena_reset(&tree->arena);
		tree->told_size = 0;
	}
	assert_int_equal(state_of(tree).groups, 1);
	assert_int_equal(state_of(tree).watches, 1);
	assert_int_equal(state_of(tree).by_path, 0);
	ng_cgroups_free(tree->cgroups);
	tree->cgroups = NULL;
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* ---- what there is ---- */

static void none(void **state)
{
	struct tree *tree = *state;
	char path[512];

	at(tree, path, "cgroup.controllers");
	unlink(path);
	follow(tree, 10, 10, true);
	assert_int_equal(ng_cgroups_mode(tree->cgroups), NG_CGROUP_NONE);
	assert_int_equal(ng_cgroups_update(&tree->scrape, tree->cgroups, true), -ENODATA);
	assert_string_equal(ng_cgroups_describe(tree->cgroups), "no control groups");
}

static void version_1(void **state)
{
	struct tree *tree = *state;
	char path[512];

	at(tree, path, "cgroup.controllers");
	unlink(path);
	make(tree, "cpu,cpuacct");
	put(tree, "cpu,cpuacct/tasks", "");
	make(tree, "memory");
	put(tree, "memory/cgroup.procs", "");
	make(tree, "memory/a");
	make(tree, "cpu,cpuacct/only-here");
	make(tree, "pids"); /* not mounted */
	follow(tree, 1000, 1000, true);
	assert_int_equal(ng_cgroups_mode(tree->cgroups), NG_CGROUP_V1);
	assert_string_equal(ng_cgroups_describe(tree->cgroups), "cgroup v1 (cpu, cpuacct, memory)");
	expect(tree, true, "+/ +/a ");
	struct ng_cgroup *group = named(tree, "a");
	assert_int_equal(ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_CPU), -ENOENT);
	assert_int_equal(ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_PIDS), -ENOENT);
	make(tree, "cpu,cpuacct/a");
	int directory = ng_cgroup_enter(&tree->scrape, tree->cgroups, group, NG_CGROUP_CPU);
	assert_true(directory >= 0);
	ng_cgroup_leave(group, directory);
	take(tree, "memory/a");
	expect(tree, true, "-/a ");
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(watched),
		TREE_TEST(watched_and_walked),
		TREE_TEST(not_watched),
		TREE_TEST(past_the_descriptors),
		TREE_TEST(renamed),
		TREE_TEST(made_again),
		TREE_TEST(limited),
		TREE_TEST(limited_and_not_watched),
		TREE_TEST(room_again),
		TREE_TEST(half_of_the_room),
		TREE_TEST(by_path),
		TREE_TEST(deep),
		TREE_TEST(not_followed),
		TREE_TEST(overflown),
		TREE_TEST(without_descriptors),
		TREE_TEST(told_by_the_links),
		TREE_TEST(events),
		TREE_TEST(leaks_nothing),
		TREE_TEST(none),
		TREE_TEST(version_1),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
