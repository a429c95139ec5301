/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of pods: usage of removed containers is derived from their pod's totals. */
#include "container.h"

#include <stdio.h>

/* ---- a pod made of files: its first container is the sandbox ---- */

struct counts {
	unsigned usage, kills, read_bytes;
};

static void count(struct stage *stage, const char *group, struct counts counts)
{
	char text[200];

	stage_put(stage, group, "cgroup.procs", "");
	snprintf(text, sizeof(text), "usage_usec %u\nuser_usec %u\nsystem_usec 0\n", counts.usage, counts.usage);
	stage_put(stage, group, "cpu.stat", text);
	snprintf(text, sizeof(text), "low 0\nhigh 0\nmax %u\noom %u\noom_kill %u\noom_group_kill 0\n", counts.kills,
		counts.kills, counts.kills);
	stage_put(stage, group, "memory.events", text);
	snprintf(text, sizeof(text), "8:0 rbytes=%u wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n", counts.read_bytes);
	stage_put(stage, group, "io.stat", text);
}

static int start(void **state)
{
	struct stage *stage = stage_new();
	char name[200];

	stage->state.reader.sets = UINT32_MAX & ~(1u << SET_HUGETLB);
	count(stage, POD, (struct counts){ 1000, 5, 100 });
	stage_put(stage, POD, "memory.events.local", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\noom_group_kill 0\n");
	count(stage, stage_container('0', name), (struct counts){ 10, 0, 0 });
	count(stage, stage_container('1', name), (struct counts){ 200, 1, 40 });
	count(stage, stage_container('2', name), (struct counts){ 300, 0, 0 });
	count(stage, stage_container('3', name), (struct counts){ 0, 0, 0 });
	stage_follow(stage);
	*state = stage;
	return 0;
}

static void settle(struct stage *stage)
{
	struct ng_scrape *scrape = &stage->groups->probe.scrape;

	stage_update(stage);
	for (struct container_account *account = stage->state.settlement.accounts; account; account = account->next)
		account->again = 0;
	container_accounts_settle(scrape, &stage->state.settlement, true);
	assert_null(stage->state.settlement.accounts);
}

static void take(struct stage *stage, char digit)
{
	char name[200];

	scratch_clear(&stage->groups->scratch, stage_container(digit, name));
}

static const struct container_row *gone(const struct stage *stage, char digit)
{
	const struct container_row *row = stage_gone(stage, digit);

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
		sum += stage->state.settlement.lost[i];
	return sum;
}

static const struct container_account *account_of(struct stage *stage)
{
	struct ng_cgroup *at = ng_cgroups_root(stage->state.cgroups);

	while (at && container_place_at(at)->level != CONTAINER_POD)
		at = ng_cgroup_next(at);
	assert_non_null(at);
	return container_group(at)->settled.account;
}

/* ---- cases ---- */

/* It was never read; what the pod had counted before we knew it does not belong to it. */
static void one(void **state)
{
	struct stage *stage = *state;

	settle(stage);
	take(stage, '1');
	/* until its end it used 70 more, read 8 more bytes, and was killed */
	count(stage, POD, (struct counts){ 1070, 6, 108 });
	settle(stage);
	expect(gone(stage, '1'), 270, 2, 48);
	assert_int_equal(lost(stage), 0);
	/* and another one after that */
	take(stage, '2');
	count(stage, POD, (struct counts){ 1075, 6, 108 });
	settle(stage);
	expect(gone(stage, '2'), 305, 0, 0);
	expect(gone(stage, '1'), 270, 2, 48);
	assert_int_equal(lost(stage), 0);
}

/* Events at the pod's own limit belong to the pod: they are in memory.events.local. */
static void own_events(void **state)
{
	struct stage *stage = *state;

	settle(stage);
	take(stage, '1');
	count(stage, POD, (struct counts){ 1070, 9, 100 });
	stage_put(stage, POD, "memory.events.local", "low 0\nhigh 0\nmax 7\noom 4\noom_kill 4\noom_group_kill 0\n");
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
	/* the rest, known only for the pod: 510 of 610 us and 1 of 3 kills were read */
	assert_int_equal(stage->state.settlement.lost[CONTAINER_LOST_TOGETHER], 2);
	assert_int_equal(account_of(stage)->lost[CONTAINER_LOST_CPU], 100 * 1000);
	assert_int_equal(account_of(stage)->lost[CONTAINER_LOST_KILLS], 2);
	assert_int_equal(account_of(stage)->missing, 0);
}

/* The figures are not available while they are still being read. */
static void not_while_it_is_read(void **state)
{
	struct stage *stage = *state;
	struct ng_scrape *scrape = &stage->groups->probe.scrape;
	char name[200], file[300];

	settle(stage);
	take(stage, '1');
	snprintf(file, sizeof(file), "%s/cpu.stat", stage_container('2', name));
	scratch_unlink(&stage->groups->scratch, file);
	stage_update(stage);
	container_accounts_settle(scrape, &stage->state.settlement, true);
	assert_non_null(stage->state.settlement.accounts);
	assert_true(container_accounts_next(&stage->state.settlement) < UINT64_MAX);
	count(stage, stage_container('2', name), (struct counts){ 320, 0, 0 });
	count(stage, POD, (struct counts){ 1090, 6, 108 });
	settle(stage);
	expect(gone(stage, '1'), 270, 2, 48);
}

#define ACCOUNT_TEST(name) cmocka_unit_test_setup_teardown(name, start, stage_stop)

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
