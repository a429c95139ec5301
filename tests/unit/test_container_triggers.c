/* SPDX-License-Identifier: Apache-2.0 */
/* Which events of the kernel's pressure triggers count. */
#include "sampling/triggers.h"
#include "scratch.h"
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TENTHS = 60 };
static const uint64_t tenth_ns = 100000000;

/* A file in place of the kernel's, whose total we cannot control. */
struct stage {
	struct scratch scratch;
	struct container_triggers triggers;
	uint64_t total; /* us */
};

static void put(const struct stage *stage)
{
	char text[128];

	snprintf(text, sizeof(text), "some avg10=0.00 avg60=0.00 avg300=0.00 total=%llu\n",
		(unsigned long long)stage->total);
	scratch_put(&stage->scratch, "cpu", text);
}

static int start(void **context)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	char path[SCRATCH_PATH];

	assert_non_null(stage);
	scratch_init(&stage->scratch, "/tmp", "test_container_triggers");
	put(stage);
	scratch_path(&stage->scratch, "cpu", path);
	stage->triggers.fd_plus_1[CONTAINER_CPU] = open(path, O_RDONLY | O_CLOEXEC) + 1;
	assert_true(stage->triggers.fd_plus_1[CONTAINER_CPU] > 0);
	*context = stage;
	return 0;
}

static int stop(void **context)
{
	struct stage *stage = *context;

	container_triggers_close(&stage->triggers);
	scratch_done(&stage->scratch);
	free(stage);
	return 0;
}

static void event(struct stage *stage, uint64_t now)
{
	struct ng_wait wait = { .now = now };

	container_triggers_wait(&stage->triggers, &wait);
	assert_int_equal(wait.count, 1);
	wait.descriptor[0].revents = POLLPRI;
	container_triggers_take(&stage->triggers, &wait);
}

/*
 * Minutes of rounds: in each of them tasks wait for `stall_us`, and the kernel reports it `later`; the sampler reads
 * the total once a second, at varying times. Returns how many events counted.
 */
static uint64_t run(struct stage *stage, unsigned rounds, uint64_t stall_us, unsigned later)
{
	uint64_t now = 100 * tenth_ns;

	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned at = 0; at < TENTHS + round % 7; at++, now += tenth_ns) {
			if (at == 0) {
				stage->total += stall_us;
				put(stage);
			}
			if ((now / tenth_ns) % 10 == 3)
				container_triggers_advance(&stage->triggers, CONTAINER_CPU, stage->total, now);
			if (at == later)
				event(stage, now);
		}
	}
	return stage->triggers.events[CONTAINER_CPU];
}

static void none_is_lost(void **context)
{
	assert_int_equal(run(*context, 40, 300000, 19), 40);
}

static void at_once(void **context)
{
	assert_int_equal(run(*context, 40, 300000, 0), 40);
}

/* The kernel fires without a reason. */
static void nothing_happened(void **context)
{
	assert_int_equal(run(*context, 40, 1000, 19), 0);
}

/* A stall is counted only once. */
static void one_stall_twice(void **context)
{
	struct stage *stage = *context;

	stage->total = 500000;
	put(stage);
	event(stage, 100 * tenth_ns);
	event(stage, 120 * tenth_ns);
	event(stage, 140 * tenth_ns);
	assert_int_equal(stage->triggers.events[CONTAINER_CPU], 1);
}

/* The first two windows start from a total that is not this trigger's. */
static void just_armed(void **context)
{
	struct stage *stage = *context;

	stage->triggers.armed_at[CONTAINER_CPU] = 100 * tenth_ns;
	stage->total = 500000;
	put(stage);
	event(stage, 120 * tenth_ns);
	assert_int_equal(stage->triggers.events[CONTAINER_CPU], 0);
	stage->total = 900000;
	put(stage);
	event(stage, 141 * tenth_ns);
	assert_int_equal(stage->triggers.events[CONTAINER_CPU], 1);
}

#define TRIGGER_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRIGGER_TEST(none_is_lost),
		TRIGGER_TEST(at_once),
		TRIGGER_TEST(nothing_happened),
		TRIGGER_TEST(one_stall_twice),
		TRIGGER_TEST(just_armed),
	};

	return cmocka_run_group_tests_name("container_triggers", tests, NULL, NULL);
}
