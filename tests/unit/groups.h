/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of control groups: plain directories, which count their links and have watches, too. */
#ifndef TESTS_UNIT_GROUPS_H
#define TESTS_UNIT_GROUPS_H

#include "scratch.h"
#include "support.h"

#include "kernel/cgroups.h"

struct groups {
	struct scratch scratch;
	struct probe probe;
	struct ng_cgroups *cgroups; /* from groups_follow on; freed by groups_stop */
	unsigned flags;             /* what is wanted of each group */
	const char *shallow;        /* a name that is not followed */
	const char *scarce;         /* a name below which anybody may make groups */
	char told[4096];            /* by the last update, see groups_expect */
	size_t told_size;
};

/* Around each test: a root of version 2 with no groups below it. */
#define GROUPS_TEST(name) cmocka_unit_test_setup_teardown(name, groups_start, groups_stop)
int groups_start(void **state);
int groups_stop(void **state);

void groups_make(const struct groups *groups, const char *name);
void groups_make_usual(const struct groups *groups); /* a, a/x and b */
void groups_take(const struct groups *groups, const char *name);
void groups_put(const struct groups *groups, const char *name, const char *text);

/* ng_cgroups_new */
void groups_follow(struct groups *groups, uint64_t limit, uint64_t descriptors, bool watch);

/* An update that succeeds. It tells: "+/a " was added, "-/a " removed, "e/a " emptied, "m/a " had a memory event. */
void groups_update(struct groups *groups, bool whole);
void groups_expect(struct groups *groups, bool whole, const char *told);

struct ng_cgroups_state groups_state(const struct groups *groups);

/* The first group of a name, or NULL. */
struct ng_cgroup *groups_named(const struct groups *groups, const char *name);

#endif
