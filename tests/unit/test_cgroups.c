/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup tree: additions, removals, and the limit. */
#include "groups.h"

#include <stdio.h>
#include <unistd.h>

/* ---- additions and removals ---- */

static void comes_and_goes(struct groups *groups, bool whole)
{
	groups_expect(groups, whole, "+/ +/a +/a/x +/b ");
	groups_expect(groups, whole, "");
	groups_make(groups, "c");
	groups_make(groups, "a/y");
	groups_make(groups, "a/y/z");
	/* notifications arrive in order, but a walk only sees the names */
	groups_update(groups, whole);
	assert_non_null(strstr(groups->told, "+/c "));
	assert_non_null(strstr(groups->told, "+/a/y +/a/y/z "));
	groups_take(groups, "b");
	groups_expect(groups, whole, "-/b ");
	groups_take(groups, "a/y/z");
	groups_take(groups, "a/y");
	groups_take(groups, "a/x");
	groups_take(groups, "a");
	groups_update(groups, whole);
	const char *z = strstr(groups->told, "-/a/y/z "), *y = strstr(groups->told, "-/a/y "),
		   *a = strstr(groups->told, "-/a ");
	assert_true(z && y && a && z < y && y < a);
	assert_int_equal(groups_state(groups).groups, 2);
	groups_expect(groups, whole, "");
}

static void watched(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	comes_and_goes(groups, false);
	assert_false(groups_state(groups).polling);
	assert_int_equal(groups_state(groups).watches, 2);
}

static void watched_and_walked(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	comes_and_goes(groups, true);
}

static void not_watched(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, false);
	assert_int_equal(ng_cgroups_descriptor(groups->cgroups), -1);
	comes_and_goes(groups, true);
	assert_true(groups_state(groups).polling);
	groups_make(groups, "unseen");
	groups_expect(groups, false, "");
	groups_expect(groups, true, "+/unseen ");
}

static void past_the_descriptors(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1, true);
	comes_and_goes(groups, false);
}

static void renamed(void **state)
{
	struct groups *groups = *state;
	char from[SCRATCH_PATH], to[SCRATCH_PATH];

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	scratch_path(&groups->scratch, "a", from);
	scratch_path(&groups->scratch, "new", to);
	assert_int_equal(rename(from, to), 0);
	groups_expect(groups, true, "-/a/x -/a +/new +/new/x ");
	assert_int_equal(groups_state(groups).groups, 4);
}

/* A path that is recreated is a different cgroup, whether or not both steps were reported individually. */
static void made_again(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	uint64_t before = groups_named(groups, "b")->generation;
	groups_make(groups, "spare"); /* so that no file system reuses the number */
	groups_take(groups, "b");
	groups_make(groups, "b");
	groups_update(groups, false);
	assert_non_null(strstr(groups->told, "-/b "));
	assert_non_null(strstr(groups->told, "+/b "));
	assert_true(groups_named(groups, "b")->generation != before);
	groups_take(groups, "b");
	groups_take(groups, "spare");
	groups_make(groups, "b");
	groups_expect(groups, true, "-/b -/spare +/b ");
	assert_int_equal(groups_state(groups).groups, 4);
}

static void not_followed(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups->shallow = "a";
	groups_follow(groups, 1000, 1000, true);
	groups_expect(groups, true, "+/ +/a +/b ");
	groups_make(groups, "a/y");
	groups_expect(groups, true, "");
}

/* Frequent additions and removals leak neither watches nor descriptors. */
static void leaks_nothing(void **state)
{
	struct groups *groups = *state;
	char name[64];
	int before = dup(0);

	close(before);
	groups_follow(groups, 1000, 100, true);
	groups_expect(groups, true, "+/ ");
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "g%u", i);
			groups_make(groups, name);
		}
		groups_update(groups, round % 2);
		for (unsigned i = 0; i < 20; i++) {
			snprintf(name, sizeof(name), "g%u", (i * 7 + round) % 20);
			groups_take(groups, name);
		}
		groups_update(groups, round % 3 == 0);
	}
	assert_int_equal(groups_state(groups).groups, 1);
	assert_int_equal(groups_state(groups).watches, 1);
	assert_int_equal(groups_state(groups).by_path, 0);
	ng_cgroups_free(groups->cgroups);
	groups->cgroups = NULL;
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* ---- limits ---- */

static void limited(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_make(groups, "c");
	groups_make(groups, "c/deep");
	groups_follow(groups, 4, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	assert_int_equal(groups_state(groups).refused, 1);
	assert_int_equal(ng_cgroups_root(groups->cgroups)->refused, 1);
	groups_expect(groups, true, "");
	assert_int_equal(groups_state(groups).refused, 1);
	groups_take(groups, "c/deep");
	groups_take(groups, "c");
	groups_expect(groups, true, "");
	assert_int_equal(ng_cgroups_root(groups->cgroups)->refused, 0);
	groups_make(groups, "d");
	groups_expect(groups, true, "");
	assert_int_equal(groups_state(groups).refused, 2);
}

static void limited_and_not_watched(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_follow(groups, 2, 1000, false);
	groups_expect(groups, true, "+/ +/a ");
	for (unsigned i = 0; i < 5; i++)
		groups_expect(groups, true, "");
	/* directories seen again on every walk are refused only once */
	assert_int_equal(groups_state(groups).refused, 2);
}

/* Cgroups that were refused are added once there is room. */
static void room_again(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_make(groups, "c");
	groups_follow(groups, 4, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_expect(groups, true, "");
	groups_take(groups, "a/x");
	groups_expect(groups, true, "-/a/x +/c ");
	assert_int_equal(ng_cgroups_root(groups->cgroups)->refused, 0);
}

/* Below a cgroup where any user may create cgroups, only half of the limit is available. */
static void half_of_the_room(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups->scarce = "a";
	groups_make(groups, "a/y");
	groups_make(groups, "a/z");
	groups_make(groups, "c");
	groups_follow(groups, 6, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b +/c ");
	assert_int_equal(groups_state(groups).refused, 2);
	groups_make(groups, "d");
	groups_expect(groups, true, "+/d ");
	groups_take(groups, "a/x");
	groups_expect(groups, true, "-/a/x ");
}

/* ---- age ---- */

/* The cgroups that were created while we watched, in the order of a walk. */
static void expect_born(const struct groups *groups, const char *names)
{
	char text[256] = "";
	size_t size = 0;

	for (struct ng_cgroup *group = ng_cgroups_root(groups->cgroups); group; group = ng_cgroup_next(group)) {
		if (group->born)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s ", group->name);
	}
	assert_string_equal(text, names);
}

/* A cgroup below one that was listed completely must be newer than the listing, whether it was reported or not. */
static void born(struct groups *groups, bool watch)
{
	groups_make_usual(groups);
	groups_follow(groups, 1000, 1000, watch);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_make(groups, "c");
	groups_make(groups, "c/deep");
	groups_make(groups, "a/x/low");
	groups_update(groups, true);
	assert_int_equal(groups_state(groups).groups, 7);
	expect_born(groups, "low c deep ");
}

static void born_and_told(void **state)
{
	born(*state, true);
}

static void born_and_found(void **state)
{
	born(*state, false);
}

/* A refused cgroup may be as old as all others; one that is reported when there is room again is not. */
static void refused_before(void **state)
{
	struct groups *groups = *state;

	groups_make_usual(groups);
	groups_make(groups, "c");
	groups_follow(groups, 4, 1000, true);
	groups_expect(groups, true, "+/ +/a +/a/x +/b ");
	groups_take(groups, "a/x");
	groups_expect(groups, true, "-/a/x +/c ");
	expect_born(groups, "");
	groups_take(groups, "c");
	groups_make(groups, "d");
	groups_expect(groups, true, "-/c +/d ");
	expect_born(groups, "d ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUPS_TEST(watched),
		GROUPS_TEST(watched_and_walked),
		GROUPS_TEST(not_watched),
		GROUPS_TEST(past_the_descriptors),
		GROUPS_TEST(renamed),
		GROUPS_TEST(made_again),
		GROUPS_TEST(not_followed),
		GROUPS_TEST(leaks_nothing),
		GROUPS_TEST(limited),
		GROUPS_TEST(limited_and_not_watched),
		GROUPS_TEST(room_again),
		GROUPS_TEST(half_of_the_room),
		GROUPS_TEST(born_and_told),
		GROUPS_TEST(born_and_found),
		GROUPS_TEST(refused_before),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
