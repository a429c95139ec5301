/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers with collectors that fail, wait, get stuck and conflict. */
#include "support.h"

#include "engine/engine.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Instructions for the collectors of this test, which share them. */
static struct {
	atomic_int result;
	atomic_uint bad_values, first_line; /* to leave out, from that line on */
	atomic_bool stop;                   /* wait inside until `go` */
	sem_t go, inside;
	atomic_uint calls, logged_failures, logged_recoveries;
	atomic_bool gone; /* the stuck one has returned */
} told;

static const struct ng_family quick_families[] = {
	{ .name = "x_quick", .help = "Q.", .type = NG_GAUGE },
	{ .name = "x_common", .help = "From quick.", .type = NG_GAUGE, .labels = "from" },
};

static int quick_collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	ng_gauge_u64(scrape->page, &quick_families[0], 1);
	ng_family(scrape->page, &quick_families[1]);
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "from", NG_SPAN("quick") }), 1);
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "from", NG_SPAN("both") }), 1);
	return 0;
}

static const struct ng_collector quick = { NG_COLLECTOR_HEAD, .name = "quick", .summary = "Quick",
	.families = quick_families, .family_count = NG_COUNT(quick_families), .collect = quick_collect };

static const struct ng_family slow_families[] = {
	{ .name = "x_slow", .help = "S.", .type = NG_GAUGE },
};

/* Writes something first, so that a later failure has something to discard. */
static int slow_collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	atomic_fetch_add(&told.calls, 1);
	ng_gauge_u64(scrape->page, &slow_families[0], 1);
	if (atomic_load(&told.stop)) {
		sem_post(&told.inside);
		while (sem_wait(&told.go) < 0)
			continue;
		atomic_store(&told.gone, true);
	}
	int result = atomic_load(&told.result);
	if (result == -EBADMSG)
		return ng_broken(scrape, "slow", 7, "something better");
	if (result == 0)
		ng_drop(scrape);
	for (unsigned i = 0; i < atomic_load(&told.bad_values); i++)
		ng_drop_value(scrape, "slow", atomic_load(&told.first_line) + i, "a number");
	return result;
}

static const struct ng_collector slow = { NG_COLLECTOR_HEAD, .name = "slow", .summary = "Slow", .may_block = true,
	.families = slow_families, .family_count = NG_COUNT(slow_families), .collect = slow_collect };

static const struct ng_family other_families[] = {
	{ .name = "x_common", .help = "From other.", .type = NG_GAUGE, .labels = "from" },
	{ .name = "x_quick", .help = "Clashes.", .type = NG_COUNTER },
};

static int other_collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	ng_family(scrape->page, &other_families[0]);
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "from", NG_SPAN("other") }), 2);
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "from", NG_SPAN("both") }), 2);
	ng_family(scrape->page, &other_families[1]);
	ng_sample_u64(scrape->page, NG_NO_LABELS, 9);
	return 0;
}

static const struct ng_collector other = { NG_COLLECTOR_HEAD, .name = "other", .summary = "Other",
	.families = other_families, .family_count = NG_COUNT(other_families), .collect = other_collect };

static int text_collect(void *state, struct ng_scrape *scrape)
{
	(void)state;
	ng_family_dynamic(scrape->page, NG_GAUGE, NG_SPAN("x_common"), NG_SPAN("From a file."));
	ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "from", NG_SPAN("file") }), 3);
	ng_family_dynamic(scrape->page, NG_GAUGE, NG_SPAN("x_file"), NG_SPAN("F."));
	ng_sample_u64(scrape->page, NG_NO_LABELS, 4);
	return 0;
}

static const struct ng_collector text = { NG_COLLECTOR_HEAD, .name = "a_text", .summary = "Text", .yields = true,
	.collect = text_collect };

/* ---- an engine ---- */

struct fixture {
	struct ng_engine *engine;
	char *answer;
};

static void note_log(void *context, enum ng_level level, const char *message, const char *collector, const char *reason)
{
	(void)context;
	(void)message;
	(void)collector;
	(void)reason;
	if (level == NG_LOG_WARN)
		atomic_fetch_add(&told.logged_failures, 1);
	if (level == NG_LOG_INFO)
		atomic_fetch_add(&told.logged_recoveries, 1);
}

static void open_engine(struct fixture *fixture, const struct ng_collector *const *collectors, size_t count)
{
	struct ng_choice choices[4] = { 0 };
	struct ng_engine_config config = { .choices = choices, .choice_count = count, .log = note_log };
	struct ng_error error;

	memset(fixture, 0, sizeof(*fixture));
	for (size_t i = 0; i < NG_ROOTS; i++)
		config.roots[i] = "/nonexistent";
	for (size_t i = 0; i < count; i++)
		choices[i].collector = collectors[i];
	if (ng_engine_new(&config, &error, &fixture->engine) < 0)
		fail_msg("%s", error.text);
}

static void close_engine(struct fixture *fixture)
{
	ng_engine_free(fixture->engine);
	free(fixture->answer);
}

static char *text_of(const struct ng_body *body)
{
	struct ng_span answer = ng_body_text(body, NG_FORMAT_TEXT);

	return strndup(answer.text, answer.size);
}

static const char *gather_some(struct fixture *fixture, const struct ng_selection *selection, uint64_t ms)
{
	struct ng_body *body;

	free(fixture->answer);
	assert_int_equal(ng_engine_gather(fixture->engine, selection, ng_now() + ms * 1000000, &body), 0);
	fixture->answer = text_of(body);
	ng_body_release(body);
	return fixture->answer;
}

static const char *gather(struct fixture *fixture)
{
	return gather_some(fixture, NULL, 10000);
}

static unsigned count_of(const char *haystack, const char *needle)
{
	unsigned count = 0;

	while ((haystack = strstr(haystack, needle)) != NULL) {
		count++;
		haystack++;
	}
	return count;
}

#define assert_has(haystack, needle)   assert_int_equal(count_of((haystack), (needle)), 1)
#define assert_lacks(haystack, needle) assert_int_equal(count_of((haystack), (needle)), 0)

static int reset(void **state)
{
	(void)state;
	atomic_store(&told.result, 0);
	atomic_store(&told.bad_values, 0);
	atomic_store(&told.first_line, 1);
	atomic_store(&told.stop, false);
	atomic_store(&told.gone, false);
	atomic_store(&told.calls, 0);
	atomic_store(&told.logged_failures, 0);
	atomic_store(&told.logged_recoveries, 0);
	sem_init(&told.go, 0, 0);
	sem_init(&told.inside, 0, 0);
	return 0;
}

static const struct ng_collector *const quick_and_slow[] = { &quick, &slow };

/* ---- success and failure ---- */

static void failures(void **state)
{
	struct fixture fixture;
	const char *answer;
	struct ng_cell_view view;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	answer = gather(&fixture);
	assert_has(answer, "\nx_slow 1\n");
	assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 1\n");
	assert_has(answer, "nodegauge_collector_dropped_rows_total{collector=\"slow\"} 1\n");
	atomic_store(&told.result, -EBADMSG);
	for (unsigned i = 0; i < 3; i++) {
		answer = gather(&fixture);
		assert_lacks(answer, "x_slow");
		assert_has(answer, "\nx_quick 1\n");
		assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 0\n");
		assert_has(answer, "node_scrape_collector_success{collector=\"quick\"} 1\n");
		assert_has(answer, "node_scrape_collector_duration_seconds{collector=\"slow\"} ");
	}
	ng_engine_view(fixture.engine, 1, &view);
	assert_int_equal(view.result, -EBADMSG);
	assert_string_equal(view.reason, "slow: line 7: expected something better");
	atomic_store(&told.result, 0);
	gather(&fixture);
	answer = gather(&fixture);
	assert_has(answer, "\nx_slow 1\n");
	assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 1\n");
	/* logged once each */
	assert_int_equal(told.logged_failures, 1);
	assert_int_equal(told.logged_recoveries, 1);
	close_engine(&fixture);
}

/* Items left out cost only themselves; each text is logged once, and so is the recovery. */
static void left_out(void **state)
{
	struct fixture fixture;
	const char *answer;
	struct ng_cell_view view;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	atomic_store(&told.bad_values, 2);
	for (unsigned i = 0; i < 3; i++)
		answer = gather(&fixture);
	assert_has(answer, "\nx_slow 1\n");
	assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 1\n");
	assert_has(answer, "nodegauge_collector_dropped_values_total{collector=\"slow\"} 6\n");
	assert_int_equal(told.logged_failures, 2);
	ng_engine_view(fixture.engine, 1, &view);
	assert_string_equal(view.reason, "slow: line 1: expected a number (and 1 more)");
	for (unsigned i = 0; i < 5; i++) { /* comes and goes: not logged again */
		atomic_store(&told.bad_values, i % 2);
		gather(&fixture);
	}
	assert_int_equal(told.logged_failures, 2);
	assert_int_equal(told.logged_recoveries, 1);
	ng_engine_view(fixture.engine, 1, &view);
	assert_string_equal(view.reason, "");
	atomic_store(&told.first_line, 100);
	atomic_store(&told.bad_values, 1000);
	answer = gather(&fixture);
	assert_has(answer, "nodegauge_collector_dropped_values_total{collector=\"slow\"} 1008\n");
	assert_in_range(told.logged_failures, 3, 20);
	close_engine(&fixture);
}

/*
 * Several values of one line are one note; a collect that left out everything fails with the first note as its reason.
 */
static void notes(void **state)
{
	char reason[NG_NOTE_SIZE], noted[2][NG_NOTE_SIZE];
	struct ng_scrape scrape = {
		.reason = reason, .reason_size = sizeof(reason), .notes = noted, .note_room = NG_COUNT(noted)
	};

	(void)state;
	ng_drop_value(&scrape, "file", 3, "a number");
	ng_drop_value(&scrape, "file", 3, "a number");
	ng_drop_record(&scrape, "file", 4, "a number");
	ng_drop_unread(&scrape, -EIO, "other");
	ng_drop_unread(&scrape, -ENOENT, "none");
	assert_int_equal(scrape.dropped_values, 3);
	assert_int_equal(scrape.dropped, 1);
	assert_int_equal(scrape.note_count, 3);
	assert_string_equal(noted[0], "file: line 3: expected a number");
	assert_string_equal(noted[1], "file: line 4: expected a number");
	assert_string_equal(reason, "read other: Input/output error");
	assert_int_equal(ng_fail_noted(&scrape, -EIO), -EIO);
	assert_string_equal(reason, "file: line 3: expected a number");
}

static void no_data(void **state)
{
	struct fixture fixture;
	const char *answer;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	atomic_store(&told.result, -ENODATA);
	gather(&fixture);
	answer = gather(&fixture);
	assert_lacks(answer, "x_slow");
	assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 0\n");
	assert_int_equal(told.logged_failures, 0);
	assert_int_equal(told.logged_recoveries, 0);
	close_engine(&fixture);
}

static void selections(void **state)
{
	static const bool first[] = { true, false }, none[] = { false, false };
	struct ng_selection selection = { .cell = first };
	struct fixture fixture;
	const char *answer;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	answer = gather_some(&fixture, &selection, 10000);
	assert_has(answer, "\nx_quick 1\n");
	assert_lacks(answer, "slow");
	selection.cell = none;
	answer = gather_some(&fixture, &selection, 10000);
	assert_lacks(answer, "x_quick");
	assert_lacks(answer, "slow");
	answer = gather(&fixture);
	assert_has(answer, "\nx_slow 1\n");
	assert_int_equal(told.calls, 1);
	close_engine(&fixture);
}

/* ---- waiting ---- */

/*
 * A stuck collector costs only its own families and never more than the deadline, is not started again while it is
 * stuck, and recovers.
 */
static void stuck(void **state)
{
	struct fixture fixture;
	const char *answer;
	struct ng_cell_view view;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	gather(&fixture);
	atomic_store(&told.stop, true);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t before = ng_now();
		answer = gather_some(&fixture, NULL, 120);
		assert_in_range(ng_now() - before, 0, UINT64_C(2000000000));
		assert_has(answer, "\nx_quick 1\n");
		assert_lacks(answer, "x_slow");
		assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 0\n");
		assert_has(answer, "node_scrape_collector_success{collector=\"quick\"} 1\n");
	}
	assert_int_equal(told.calls, 2);
	assert_int_equal(told.logged_failures, 1);
	ng_engine_view(fixture.engine, 1, &view);
	assert_true(view.stuck);
	assert_int_equal(view.result, -ETIMEDOUT);
	atomic_store(&told.stop, false);
	sem_post(&told.go);
	for (unsigned i = 0; i < 100; i++) {
		usleep(10000);
		answer = gather(&fixture);
		if (strstr(answer, "\nx_slow 1\n"))
			break;
	}
	assert_has(answer, "\nx_slow 1\n");
	assert_has(answer, "node_scrape_collector_success{collector=\"slow\"} 1\n");
	assert_int_equal(told.logged_recoveries, 1);
	close_engine(&fixture);
}

/* A collector that was started before the others and is stuck does not keep them from being run. */
static void stuck_first(void **state)
{
	static struct ng_collector eager;
	const struct ng_collector *collectors[] = { &eager, &quick };
	struct fixture fixture;
	const char *answer;

	(void)state;
	eager = slow;
	eager.name = "eager";
	eager.may_block = false;
	open_engine(&fixture, collectors, 2);
	atomic_store(&told.stop, true);
	answer = gather_some(&fixture, NULL, 500);
	assert_has(answer, "\nx_quick 1\n");
	assert_lacks(answer, "x_slow");
	atomic_store(&told.stop, false);
	sem_post(&told.go);
	while (!atomic_load(&told.gone))
		usleep(1000);
	usleep(20000);
	answer = gather(&fixture);
	assert_has(answer, "\nx_slow 1\n");
	close_engine(&fixture);
}

/* An engine can be freed while a collector is stuck, whose memory is kept. */
static void freed_while_stuck(void **state)
{
	static struct ng_engine *left; /* so that leak checkers find it */
	struct fixture fixture;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	left = fixture.engine;
	atomic_store(&told.stop, true);
	gather_some(&fixture, NULL, 50);
	uint64_t before = ng_now();
	close_engine(&fixture);
	assert_in_range(ng_now() - before, 0, UINT64_C(1000000000));
	sem_post(&told.go);
	while (!atomic_load(&told.gone))
		usleep(1000);
	assert_non_null(left);
}

struct finished {
	atomic_uint calls;
	struct ng_body *body;
	int error;
};

static void note_finished(void *context, struct ng_body *body, int error)
{
	struct finished *finished = context;

	finished->body = body;
	finished->error = error;
	atomic_fetch_add(&finished->calls, 1);
}

static void one_at_a_time(void **state)
{
	struct fixture fixture;
	struct finished finished = { 0 };
	uint64_t deadline = ng_now() + UINT64_C(5000000000);

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	atomic_store(&told.stop, true);
	assert_int_equal(ng_engine_start(fixture.engine, NULL, deadline, note_finished, &finished), 0);
	while (sem_wait(&told.inside) < 0)
		continue;
	assert_int_equal(ng_engine_start(fixture.engine, NULL, deadline, note_finished, &finished), -EBUSY);
	assert_true(ng_engine_tick(fixture.engine, ng_now()) <= deadline);
	assert_int_equal(finished.calls, 0);
	sem_post(&told.go);
	while (!atomic_load(&finished.calls))
		usleep(1000);
	assert_int_equal(finished.calls, 1);
	assert_int_equal(finished.error, 0);
	assert_true(ng_engine_tick(fixture.engine, ng_now()) == UINT64_MAX);
	ng_body_release(finished.body);
	atomic_store(&told.stop, false);
	gather(&fixture);
	close_engine(&fixture);
}

/* A deadline in the past: a response without collectors, and the next one is complete. */
static void no_time_at_all(void **state)
{
	struct fixture fixture;
	struct ng_body *body;

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(ng_engine_gather(fixture.engine, NULL, 0, &body), 0);
		ng_body_release(body);
	}
	usleep(20000);
	const char *answer = gather(&fixture);
	assert_has(answer, "\nx_quick 1\n");
	assert_has(answer, "\nx_slow 1\n");
	close_engine(&fixture);
}

/* ---- joining ---- */

/* A family of two collectors appears once; types that conflict are left out; a file never adds to another's family. */
static void families_of_two(void **state)
{
	const struct ng_collector *collectors[] = { &text, &other, &quick };
	struct fixture fixture;

	(void)state;
	char dropped[64];
	open_engine(&fixture, collectors, 3);
	for (unsigned round = 0; round < 3; round++) {
		const char *answer = gather(&fixture);
		assert_has(answer, "# TYPE x_common gauge\nx_common{from=\"other\"} 2\nx_common{from=\"both\"} "
				   "2\nx_common{from=\"quick\"} 1\n");
		assert_has(answer, "# TYPE x_common ");
		assert_has(answer, "# TYPE x_quick ");
		assert_has(answer, "\nx_quick ");
		assert_lacks(answer, "from=\"file\"");
		assert_has(answer, "# TYPE x_file gauge\nx_file 4\n");
		assert_has(answer, "\nnodegauge_dropped_families_total ");
		snprintf(dropped, sizeof(dropped), "\nnodegauge_dropped_samples_total %u\n", round);
		assert_has(answer, dropped);
	}
	assert_int_equal(told.logged_failures, 3); /* two families and a sample, each once */
	close_engine(&fixture);
}

/* Responses that are still referenced do not change while others are made. */
static void held_answers(void **state)
{
	struct fixture fixture;
	struct ng_body *bodies[10];
	char *copies[10];

	(void)state;
	open_engine(&fixture, quick_and_slow, 2);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(ng_engine_gather(fixture.engine, NULL, ng_now() + 10000000000, &bodies[i]), 0);
		copies[i] = text_of(bodies[i]);
		for (unsigned k = 0; k < i; k++)
			assert_ptr_not_equal(bodies[k], bodies[i]);
	}
	for (unsigned i = 0; i < 10; i++) {
		assert_span(ng_body_text(bodies[i], NG_FORMAT_TEXT), copies[i]);
		ng_body_release(bodies[i]);
		free(copies[i]);
	}
	gather(&fixture);
	close_engine(&fixture);
}

/* ---- refusing to start ---- */

static int refusing_init(void *state, struct ng_setup *setup)
{
	(void)state;
	return ng_refuse(setup, "cannot work with %s", "this");
}

static unsigned dones;

static void counting_done(void *state)
{
	(void)state;
	dones++;
}

static void refusal(void **state)
{
	static struct ng_collector stubborn;
	struct ng_choice choices[2] = { { .collector = &quick }, { .collector = &stubborn } };
	struct ng_engine_config config = { .choices = choices, .choice_count = 2 };
	struct ng_engine *engine = (void *)choices;
	struct ng_error error = { "" };

	(void)state;
	stubborn = slow;
	stubborn.name = "stubborn";
	stubborn.init = refusing_init;
	stubborn.done = counting_done;
	for (size_t i = 0; i < NG_ROOTS; i++)
		config.roots[i] = "/nonexistent";
	assert_int_equal(ng_engine_new(&config, &error, &engine), -EINVAL);
	assert_null(engine);
	assert_int_equal(dones, 1);
	assert_non_null(strstr(error.text, "stubborn"));
	assert_non_null(strstr(error.text, "cannot work with this"));
}

#define ENGINE_TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(failures),
		ENGINE_TEST(left_out),
		ENGINE_TEST(notes),
		ENGINE_TEST(no_data),
		ENGINE_TEST(selections),
		ENGINE_TEST(stuck),
		ENGINE_TEST(stuck_first),
		ENGINE_TEST(freed_while_stuck),
		ENGINE_TEST(one_at_a_time),
		ENGINE_TEST(no_time_at_all),
		ENGINE_TEST(families_of_two),
		ENGINE_TEST(held_answers),
		ENGINE_TEST(refusal),
	};

	alarm(120); /* an engine that waits forever fails too */
	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
