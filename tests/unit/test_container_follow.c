/* SPDX-License-Identifier: Apache-2.0 */
/* Following the tree: a cgroup whose row could not be allocated gets one as soon as there is memory. */
#include "container.h"
#include "follow.h"

#include <dlfcn.h>
#include <stdlib.h>

/* The next allocation of this size fails. */
static size_t failing;
static unsigned failures;

/* The next calloc may be the sanitizer's, whose free() does not accept memory from another one. */
void *calloc(size_t count, size_t size)
{
	static void *(*next)(size_t, size_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "calloc");
	if (!failing || count * size != failing)
		return next(count, size);
	failing = 0;
	failures++;
	return NULL;
}

static int start(void **state)
{
	struct stage *stage = stage_new();

	groups_make(stage->groups, "system.slice");
	groups_make(stage->groups, "system.slice/a.service");
	groups_make(stage->groups, "kubepods");
	groups_make(stage->groups, POD);
	*state = stage;
	return 0;
}

static void follow(struct stage *stage)
{
	stage_follow(stage);
	stage_update(stage);
}

static unsigned rows(struct stage *stage, unsigned *ret_accounts)
{
	unsigned count = 0;

	*ret_accounts = 0;
	for (struct ng_cgroup *at = ng_cgroups_root(stage->state.cgroups); at; at = ng_cgroup_next(at)) {
		count += container_group(at)->row != NULL;
		*ret_accounts += container_group(at)->settled.account != NULL;
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

/* The watches that go with the row are added too. */
static void watched_afterwards(void **state)
{
	struct stage *stage = *state;
	struct ng_cgroups_state tree;

	groups_put(stage->groups, "system.slice/a.service/cgroup.events", "populated 1\n");
	groups_put(stage->groups, POD "/cgroup.events", "populated 1\n");
	follow(stage);
	ng_cgroups_state(stage->state.cgroups, &tree);
	uint64_t watches = tree.watches;
	ng_cgroups_free(stage->state.cgroups);
	ng_table_done(&stage->state.model.by_key);
	for (unsigned i = 0; i < SHOWN_LEVELS; i++)
		stage->state.follow.census.live[i] = 0;
	groups_make(stage->groups, "system.slice/b.service");
	groups_put(stage->groups, "system.slice/b.service/cgroup.events", "populated 1\n");
	follow(stage);
	ng_cgroups_state(stage->state.cgroups, &tree);
	uint64_t more = tree.watches - watches;
	assert_true(more > 0);
	failing = sizeof(struct container_row);
	groups_make(stage->groups, "system.slice/c.service");
	groups_put(stage->groups, "system.slice/c.service/cgroup.events", "populated 1\n");
	stage_update(stage);
	assert_int_equal(failing, 0);
	container_complete(&stage->groups->probe.scrape, &stage->state);
	stage_update(stage);
	ng_cgroups_state(stage->state.cgroups, &tree);
	assert_int_equal(tree.watches, watches + 2 * more);
}

/* ---- OOM kills on v1 ---- */

static void put_kills(struct stage *stage, char digit, const char *kills)
{
	char path[210] = "memory/";

	stage_container(digit, path + strlen(path));
	stage_put(stage, path, "memory.oom_control", kills);
}

static void take_container(struct stage *stage, char digit)
{
	char path[210] = "memory/";

	stage_container(digit, path + strlen(path));
	scratch_clear(&stage->groups->scratch, path);
}

static void settle(struct stage *stage, const char *node)
{
	groups_put(stage->groups, "proc/vmstat", node);
	stage_update(stage);
	container_kills_settle(&stage->groups->probe.scrape, &stage->state.settlement);
}

static uint64_t kills_of_leaving(const struct stage *stage, char digit)
{
	const struct container_row *row = stage_gone(stage, digit);

	assert_non_null(row);
	return row->figures.values.value[VALUE_EVENTS_OOM_KILL];
}

static void kills_of_v1(void **state)
{
	struct stage *stage = *state;

	scratch_unlink(&stage->groups->scratch, "cgroup.controllers");
	groups_make(stage->groups, "memory");
	groups_put(stage->groups, "memory/cgroup.procs", "");
	groups_make(stage->groups, "memory/kubepods");
	groups_make(stage->groups, "memory/" POD);
	groups_make(stage->groups, "proc");
	probe_open(&stage->groups->probe, NG_PROC, &stage->groups->scratch, "proc");
	/* the first one is the sandbox */
	for (char digit = '0'; digit <= '5'; digit++)
		put_kills(stage, digit,
			digit == '1' ? "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"
				     : "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
	stage->state.reader.sets = UINT32_MAX;
	follow(stage);
	assert_int_equal(ng_cgroups_mode(stage->state.cgroups), NG_CGROUP_V1);
	/* four kills of others, from before we started */
	settle(stage, "pgfault 1\noom_kill 5\nx 1\n");
	/* the removed one was killed */
	take_container(stage, '1');
	settle(stage, "pgfault 1\noom_kill 6\nx 1\n");
	assert_int_equal(kills_of_leaving(stage, '1'), 2);
	/* one that is alive was killed, and the removed one was not */
	put_kills(stage, '2', "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
	take_container(stage, '3');
	settle(stage, "pgfault 1\noom_kill 7\nx 1\n");
	assert_int_equal(kills_of_leaving(stage, '3'), 0);
	assert_int_equal(stage->state.settlement.lost[CONTAINER_LOST_TOGETHER], 0);
	/* one of the two */
	take_container(stage, '4');
	take_container(stage, '5');
	settle(stage, "pgfault 1\noom_kill 8\nx 1\n");
	assert_int_equal(kills_of_leaving(stage, '4') + kills_of_leaving(stage, '5'), 0);
	assert_int_equal(stage->state.settlement.lost[CONTAINER_LOST_TOGETHER], 2);
}

#define FOLLOW_TEST(name) cmocka_unit_test_setup_teardown(name, start, stage_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOW_TEST(no_memory_for_a_row),
		FOLLOW_TEST(no_memory_for_an_account),
		FOLLOW_TEST(watched_afterwards),
		FOLLOW_TEST(kills_of_v1),
	};

	return cmocka_run_group_tests_name("container_follow", tests, NULL, NULL);
}
