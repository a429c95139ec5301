/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of pods: what a removed container counted is told from what its pod has. */
#include "groups.h"
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

#define POD "kubepods/podeaba4d29-74e5-4595-ace3-91b35ee08a0b"

struct stage {
	struct groups *groups;
	struct container state;
};

/* ---- a pod of files ---- */

struct counts {
	unsigned usage, kills, read_bytes;
};

static void put(struct stage *stage, const char *group, const char *file, const char *text)
{
	char name[300];

	snprintf(name, sizeof(name), "%s/%s", group, file);
	scratch_mkdir_above(&stage->groups->scratch, name);
	groups_put(stage->groups, name, text);
}

static void count(struct stage *stage, const char *group, struct counts counts)
{
	char text[200];

	put(stage, group, "cgroup.procs", "");
	snprintf(text, sizeof(text), "usage_usec %u\nuser_usec %u\nsystem_usec 0\n", counts.usage, counts.usage);
	put(stage, group, "cpu.stat", text);
	snprintf(text, sizeof(text), "low 0\nhigh 0\nmax %u\noom %u\noom_kill %u\noom_group_kill 0\n", counts.kills,
		counts.kills, counts.kills);
	put(stage, group, "memory.events", text);
	snprintf(text, sizeof(text), "8:0 rbytes=%u wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n", counts.read_bytes);
	put(stage, group, "io.stat", text);
}

/* "POD/1111...": the first one is the sandbox. */
static const char *container(char digit, char name[200])
{
	char id[65];

	memset(id, digit, 64);
	id[64] = '\0';
	snprintf(name, 200, POD "/%s", id);
	return name;
}

static int start(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	char name[200];

	assert_non_null(stage);
	stage->state.levels = UINT32_MAX;
	stage->state.image = "unknown";
	stage->state.reader.sets = UINT32_MAX & ~(1u << SET_HUGETLB);
	groups_start((void **)&stage->groups);
	count(stage, POD, (struct counts){ 1000, 5, 100 });
	put(stage, POD, "memory.events.local", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n");
	count(stage, container('0', name), (struct counts){ 10, 0, 0 });
	count(stage, container('1', name), (struct counts){ 200, 1, 40 });
	count(stage, container('2', name), (struct counts){ 300, 0, 0 });
	count(stage, container('3', name), (struct counts){ 0, 0, 0 });
	const struct ng_cgroups_hooks hooks = container_hooks(&stage->state);
	struct ng_setup setup = { .arena = &stage->groups->probe.arena, .kernel = &stage->groups->probe.kernel };
	assert_int_equal(ng_cgroups_new(&setup, &hooks, 1000, 1000, true, &stage->state.cgroups), 0);
	stage->state.reader.cgroups = stage->state.cgroups;
	*state = stage;
	return 0;
}

static int stop(void **state)
{
	struct stage *stage = *state;
	struct container *container = &stage->state;

	ng_cgroups_free(container->cgroups);
	while (container->leaving) {
		struct container_row *next = container->leaving->next;
		container_row_free(container, container->leaving);
		container->leaving = next;
	}
	container_accounts_done(container);
	ng_table_done(&container->by_key);
	ng_arena_done(&container->reader.text);
	groups_stop((void **)&stage->groups);
	free(stage);
	return 0;
}

static void settle(struct stage *stage)
{
	struct ng_scrape *scrape = &stage->groups->probe.scrape;

	assert_int_equal(ng_cgroups_update(scrape, stage->state.cgroups, true), 0);
	for (struct container_account *account = stage->state.accounts; account; account = account->next)
		account->again = 0;
	container_accounts_settle(scrape, &stage->state, true);
	assert_null(stage->state.accounts);
}

static void take(struct stage *stage, char digit)
{
	char name[200];

	scratch_clear(&stage->groups->scratch, container(digit, name));
}

static const struct container_row *gone(const struct stage *stage, char digit)
{
	const struct container_row *row = stage->state.leaving;

	while (row && row->place.id[0] != (digit - '0') * 17)
		row = row->next;
	assert_non_null(row);
	return row;
}

static void expect(const struct container_row *row, uint64_t usage, uint64_t kills, uint64_t read_bytes)
{
	const struct container_values *values = &row->figures.values;

	assert_int_equal(values->value[VALUE_CPU_USAGE], usage * 1000);
	assert_int_equal(values->value[VALUE_CPU_USER] + values->value[VALUE_CPU_SYSTEM], usage * 1000);
	assert_int_equal(
		container_has(values, VALUE_EVENTS_OOM_KILL) ? values->value[VALUE_EVENTS_OOM_KILL] : 0, kills);
	assert_int_equal(container_has(values, VALUE_LAST_OOM_KILL), kills > 0);
	assert_int_equal(row->figures.devices.count ? row->figures.devices.device[0].read_bytes : 0, read_bytes);
}

static uint64_t lost(const struct stage *stage)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CONTAINER_LOST_REASONS; i++)
		sum += stage->state.lost[i];
	return sum;
}

static const struct container_account *account_of(struct stage *stage)
{
	struct ng_cgroup *at = ng_cgroups_root(stage->state.cgroups);

	while (at && container_place_at(at)->level != CONTAINER_POD)
		at = ng_cgroup_next(at);
	assert_non_null(at);
	return container_group(at)->account;
}

/* ---- cases ---- */

/* Nobody read it; what the pod had counted before we knew it is none of its. */
static void one(void **state)
{
	struct stage *stage = *state;

	settle(stage);
	take(stage, '1');
	/* it used 70 more until its end, read 8 bytes more, and was killed */
	count(stage, POD, (struct counts){ 1070, 6, 108 });
	settle(stage);
	expect(gone(stage, '1'), 270, 2, 48);
	assert_int_equal(lost(stage), 0);
	/* and another one after it */
	take(stage, '2');
	count(stage, POD, (struct counts){ 1075, 6, 108 });
	settle(stage);
	expect(gone(stage, '2'), 305, 0, 0);
	expect(gone(stage, '1'), 270, 2, 48);
	assert_int_equal(lost(stage), 0);
}

/* Hits of its own limit are the pod's: they are in memory.events.local. */
static void own_events(void **state)
{
	struct stage *stage = *state;

	settle(stage);
	take(stage, '1');
	count(stage, POD, (struct counts){ 1070, 9, 100 });
	put(stage, POD, "memory.events.local", "low 0\nhigh 0\nmax 7\noom 4\noom_kill 4\noom_group_kill 0\n");
	settle(stage);
	expect(gone(stage, '1'), 270, 1, 40);
	assert_int_equal(gone(stage, '1')->figures.values.value[VALUE_EVENTS_MAX], 1);
}

static void several(void **state)
{
	struct stage *stage = *state;

	settle(stage);
	take(stage, '1');
	take(stage, '2');
	count(stage, POD, (struct counts){ 1100, 7, 130 });
	settle(stage);
	/* what the account knew of them: 510 of 610 us, 1 of 3 kills */
	assert_int_equal(stage->state.lost[CONTAINER_LOST_TOGETHER], 2);
	assert_int_equal(account_of(stage)->lost[CONTAINER_LOST_CPU], 100 * 1000);
	assert_int_equal(account_of(stage)->lost[CONTAINER_LOST_KILLS], 2);
	assert_int_equal(account_of(stage)->missing, 0);
}

/* The figures of the pod are not to be had before they are complete. */
static void not_while_it_is_read(void **state)
{
	struct stage *stage = *state;
	struct ng_scrape *scrape = &stage->groups->probe.scrape;
	char name[200], file[300];

	settle(stage);
	take(stage, '1');
	snprintf(file, sizeof(file), "%s/cpu.stat", container('2', name));
	scratch_unlink(&stage->groups->scratch, file);
	assert_int_equal(ng_cgroups_update(scrape, stage->state.cgroups, true), 0);
	container_accounts_settle(scrape, &stage->state, true);
	assert_non_null(stage->state.accounts);
	assert_true(container_accounts_next(&stage->state) < UINT64_MAX);
	count(stage, container('2', name), (struct counts){ 320, 0, 0 });
	count(stage, POD, (struct counts){ 1090, 6, 108 });
	settle(stage);
	expect(gone(stage, '1'), 270, 2, 48);
}

#define ACCOUNT_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ACCOUNT_TEST(one),
		ACCOUNT_TEST(own_events),
		ACCOUNT_TEST(several),
		ACCOUNT_TEST(not_while_it_is_read),
	};

	return cmocka_run_group_tests_name("container_account", tests, NULL, NULL);
}
