/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work between gathers: at its times, on the events it waits for, never while the collector runs, and it can be
 * stopped.
 */
#include "support.h"

#include "engine/engine.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { NEVER, EACH_50_MS, BY_PIPE };

static struct {
	atomic_int kind;
	atomic_uint ticks, told, collects, meetings;
	atomic_bool inside, slow;
	int pipe[2];
} seen;

static void pause_ms(unsigned ms)
{
	usleep(ms * 1000);
}

static void enter(bool slow)
{
	if (atomic_exchange(&seen.inside, true))
		atomic_fetch_add(&seen.meetings, 1);
	if (slow)
		pause_ms(20);
	atomic_store(&seen.inside, false);
}

static const struct ng_family families[] = { { .name = "x_ticking", .help = "T.", .type = NG_GAUGE } };

static int collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	enter(atomic_load(&seen.slow));
	atomic_fetch_add(&seen.collects, 1);
	ng_gauge_u64(scrape->page, &families[0], 1);
	return 0;
}

static void tick(void *state, struct ng_scrape *scrape, struct ng_wait *wait)
{
	char byte;

	(void)state;
	assert_non_null(scrape->arena);
	assert_non_null(ng_alloc(scrape->arena, 1000));
	assert_true(wait->until == UINT64_MAX && wait->now > 0);
	enter(atomic_load(&seen.slow));
	for (size_t i = 0; i < wait->count; i++) {
		if (wait->descriptor[i].revents & POLLIN && read(seen.pipe[0], &byte, 1) == 1)
			atomic_fetch_add(&seen.told, 1);
	}
	wait->count = 0;
	if (atomic_load(&seen.kind) == EACH_50_MS)
		wait->until = wait->now + 50000000;
	if (atomic_load(&seen.kind) == BY_PIPE)
		wait->descriptor[wait->count++] = (struct pollfd){ .fd = seen.pipe[0], .events = POLLIN };
	atomic_fetch_add(&seen.ticks, 1);
}

static const struct ng_collector ticking = { NG_COLLECTOR_HEAD, .name = "ticking", .summary = "Ticking",
	.families = families, .family_count = NG_COUNT(families), .collect = collect, .tick = tick };

static struct ng_engine *open_engine(int kind, bool once)
{
	struct ng_choice choice = { .collector = &ticking };
	struct ng_engine_config config = { .choices = &choice, .choice_count = 1, .once = once };
	struct ng_engine *engine;
	struct ng_error error;

	atomic_store(&seen.kind, kind);
	atomic_store(&seen.ticks, 0);
	atomic_store(&seen.told, 0);
	atomic_store(&seen.meetings, 0);
	for (size_t i = 0; i < NG_ROOTS; i++)
		config.roots[i] = "/nonexistent";
	assert_int_equal(ng_engine_new(&config, &error, &engine), 0);
	return engine;
}

/* Waits until a count is reached, with enough time for a busy machine. */
static bool reaches(atomic_uint *count, unsigned least)
{
	for (unsigned i = 0; i < 500 && atomic_load(count) < least; i++)
		pause_ms(10);
	return atomic_load(count) >= least;
}

static void at_its_times(void **state)
{
	struct ng_engine *engine = open_engine(EACH_50_MS, false);
	uint64_t before = ng_now();

	(void)state;
	assert_true(reaches(&seen.ticks, 5));
	/* at least four pauses */
	assert_true(ng_now() - before >= 190000000);
	ng_engine_free(engine);
	unsigned ticks = atomic_load(&seen.ticks);
	pause_ms(150);
	assert_int_equal(atomic_load(&seen.ticks), ticks);
}

static void once_for_never(void **state)
{
	struct ng_engine *engine = open_engine(NEVER, false);

	(void)state;
	assert_true(reaches(&seen.ticks, 1));
	pause_ms(200);
	assert_int_equal(atomic_load(&seen.ticks), 1);
	/* a tick that waits forever ends at once */
	uint64_t before = ng_now();
	ng_engine_free(engine);
	assert_true(ng_now() - before < 400000000);
}

static void when_told(void **state)
{
	struct ng_engine *engine = open_engine(BY_PIPE, false);

	(void)state;
	assert_true(reaches(&seen.ticks, 1));
	pause_ms(100);
	assert_int_equal(atomic_load(&seen.ticks), 1);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(write(seen.pipe[1], "x", 1), 1);
		assert_true(reaches(&seen.told, i));
	}
	assert_int_equal(atomic_load(&seen.told), 3);
	assert_true(atomic_load(&seen.ticks) <= 4);
	ng_engine_free(engine);
}

static void never_together(void **state)
{
	struct ng_engine *engine = open_engine(EACH_50_MS, false);

	(void)state;
	atomic_store(&seen.slow, true);
	for (unsigned i = 0; i < 25; i++) {
		struct ng_body *body = NULL;
		assert_int_equal(ng_engine_gather(engine, NULL, ng_now() + 5000000000u, &body), 0);
		ng_body_release(body);
	}
	assert_true(reaches(&seen.ticks, 5));
	assert_int_equal(atomic_load(&seen.meetings), 0);
	atomic_store(&seen.slow, false);
	ng_engine_free(engine);
}

static void not_for_one_answer(void **state)
{
	struct ng_engine *engine = open_engine(EACH_50_MS, true);

	(void)state;
	pause_ms(150);
	assert_int_equal(atomic_load(&seen.ticks), 0);
	ng_engine_free(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_its_times),
		TEST(once_for_never),
		TEST(when_told),
		TEST(never_together),
		TEST(not_for_one_answer),
	};

	alarm(120);
	if (pipe(seen.pipe) < 0)
		return 1;
	return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
