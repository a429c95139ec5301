/* SPDX-License-Identifier: Apache-2.0 */
/* Following the tree: a group for whose row there was no memory has one as soon as there is some. */
#include "../../collectors/container/container.h"
#include "groups.h"

#include <stdlib.h>

/* The next allocation of that size fails. */
static size_t failing;
static unsigned failures;

void *__libc_calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size)
{
	if (!failing || count * size != failing)
		return __libc_calloc(count, size);
	failing = 0;
	failures++;
	return NULL;
}

struct stage {
	struct groups *groups;
	struct container state;
};

static int start(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	assert_non_null(stage);
	stage->state.levels = UINT32_MAX;
	stage->state.image = "unknown";
	groups_start((void **)&stage->groups);
	groups_make(stage->groups, "system.slice");
	groups_make(stage->groups, "system.slice/a.service");
	groups_make(stage->groups, "kubepods");
	groups_make(stage->groups, "kubepods/podeaba4d29-74e5-4595-ace3-91b35ee08a0b");
	*state = stage;
	return 0;
}

static int stop(void **state)
{
	struct stage *stage = *state;
	struct container *container = &stage->state;

	ng_cgroups_free(container->cgroups);
	container_accounts_done(container);
	ng_table_done(&container->by_key);
	groups_stop((void **)&stage->groups);
	free(stage);
	return 0;
}

static void follow(struct stage *stage)
{
	const struct ng_cgroups_hooks hooks = container_hooks(&stage->state);
	struct ng_setup setup = { .arena = &stage->groups->probe.arena, .kernel = &stage->groups->probe.kernel };

	assert_int_equal(ng_cgroups_new(&setup, &hooks, 1000, 1000, true, &stage->state.cgroups), 0);
	stage->state.reader.cgroups = stage->state.cgroups;
	assert_int_equal(ng_cgroups_update(&stage->groups->probe.scrape, stage->state.cgroups, true), 0);
}

static unsigned rows(struct stage *stage, unsigned *ret_accounts)
{
	unsigned count = 0;

	*ret_accounts = 0;
	for (struct ng_cgroup *at = ng_cgroups_root(stage->state.cgroups); at; at = ng_cgroup_next(at)) {
		count += container_group(at)->row != NULL;
		*ret_accounts += container_group(at)->account != NULL;
	}
	return count;
}

static void expect(struct stage *stage, unsigned wanted, unsigned wanted_accounts)
{
	unsigned accounts, count = rows(stage, &accounts);

	assert_int_equal(count, wanted);
	assert_int_equal(accounts, wanted_accounts);
}

static void no_memory_for_a_row(void **state)
{
	struct stage *stage = *state;

	failing = sizeof(struct container_row);
	follow(stage);
	assert_int_equal(failures, 1);
	expect(stage, 4, 1);
	container_complete(&stage->groups->probe.scrape, &stage->state);
	expect(stage, 5, 1);
}

static void no_memory_for_an_account(void **state)
{
	struct stage *stage = *state;

	failures = 0;
	failing = sizeof(struct container_account);
	follow(stage);
	assert_int_equal(failures, 1);
	expect(stage, 5, 0);
	container_complete(&stage->groups->probe.scrape, &stage->state);
	expect(stage, 5, 1);
}

/* The watches that go with the row are there as well. */
static void watched_afterwards(void **state)
{
	struct stage *stage = *state;
	struct ng_cgroups_state tree;

	groups_put(stage->groups, "system.slice/a.service/cgroup.events", "populated 1\n");
	groups_put(stage->groups, "kubepods/podeaba4d29-74e5-4595-ace3-91b35ee08a0b/cgroup.events", "populated 1\n");
	follow(stage);
	ng_cgroups_state(stage->state.cgroups, &tree);
	uint64_t watches = tree.watches;
	ng_cgroups_free(stage->state.cgroups);
	ng_table_done(&stage->state.by_key);
	for (unsigned i = 0; i < SHOWN_LEVELS; i++)
		stage->state.live[i] = 0;
	groups_make(stage->groups, "system.slice/b.service");
	groups_put(stage->groups, "system.slice/b.service/cgroup.events", "populated 1\n");
	follow(stage);
	ng_cgroups_state(stage->state.cgroups, &tree);
	uint64_t more = tree.watches - watches;
	assert_true(more > 0);
	failing = sizeof(struct container_row);
	groups_make(stage->groups, "system.slice/c.service");
	groups_put(stage->groups, "system.slice/c.service/cgroup.events", "populated 1\n");
	assert_int_equal(ng_cgroups_update(&stage->groups->probe.scrape, stage->state.cgroups, true), 0);
	assert_int_equal(failing, 0);
	container_complete(&stage->groups->probe.scrape, &stage->state);
	assert_int_equal(ng_cgroups_update(&stage->groups->probe.scrape, stage->state.cgroups, true), 0);
	ng_cgroups_state(stage->state.cgroups, &tree);
	assert_int_equal(tree.watches, watches + 2 * more);
}

#define FOLLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOW_TEST(no_memory_for_a_row),
		FOLLOW_TEST(no_memory_for_an_account),
		FOLLOW_TEST(watched_afterwards),
	};

	return cmocka_run_group_tests_name("container_follow", tests, NULL, NULL);
}
