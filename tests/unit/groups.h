/* SPDX-License-Identifier: Apache-2.0 */
/* A cgroup tree made of plain directories, which also have link counts and watches. */
#ifndef TESTS_UNIT_GROUPS_H
#define TESTS_UNIT_GROUPS_H

#include "scratch.h"
#include "support.h"

#include "kernel/cgroups.h"

struct groups {
	struct scratch scratch;
	struct probe probe;
	struct ng_cgroups *cgroups; /* from groups_follow on; freed by groups_stop */
	unsigned flags;             /* what `added` requests for each cgroup */
	const char *shallow;        /* a name that is not followed */
	const char *scarce;         /* a name below which any user may create cgroups */
	char told[4096];            /* reported by the last update, see groups_expect */
	size_t told_size;
};

/* For each test: a v2 root without any cgroups below it. */
#define GROUPS_TEST(name) cmocka_unit_test_setup_teardown(name, groups_start, groups_stop)
int groups_start(void **state);
int groups_stop(void **state);

void groups_make(const struct groups *groups, const char *name);
void groups_make_usual(const struct groups *groups); /* a, a/x and b */
void groups_take(const struct groups *groups, const char *name);
void groups_put(const struct groups *groups, const char *name, const char *text);

/* ng_cgroups_new */
void groups_follow(struct groups *groups, uint64_t limit, uint64_t descriptors, bool watch);

/*
 * An update that must succeed. Reports are "+/a " for added, "-/a " for removed, "e/a " for emptied, "m/a " for a
 * memory event.
 */
void groups_update(struct groups *groups, bool whole);
void groups_expect(struct groups *groups, bool whole, const char *told);

struct ng_cgroups_state groups_state(const struct groups *groups);

/* The first cgroup with that name, or NULL. */
struct ng_cgroup *groups_named(const struct groups *groups, const char *name);

#endif
