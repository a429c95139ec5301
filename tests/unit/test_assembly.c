/* SPDX-License-Identifier: Apache-2.0 */
/* Joining pages when memory is short: each allocation of a gather fails in turn, and the answer is whole or refused. */
#include "support.h"

#include "../runner/interpose.h"
#include "engine/engine.h"

/* ---- two collectors with the same samples; one of them writes another sample twice ---- */

enum { SAMPLES = 20 };

enum { COMMON, TWICE };
static const struct ng_family families[] = {
	[COMMON] = { .name = "node_x", .help = "X.", .type = NG_GAUGE, .labels = "i" },
	[TWICE] = { .name = "node_twice", .help = "T.", .type = NG_GAUGE, .labels = "i" },
};

static int collect(void *state, struct ng_scrape *scrape)
{
	char digits[NG_DIGITS];

	(void)state;
	ng_family(scrape->page, &families[COMMON]);
	for (unsigned i = 0; i < SAMPLES; i++)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "i", ng_digits(digits, i) }), i);
	return 0;
}

static int collect_twice(void *state, struct ng_scrape *scrape)
{
	ng_family(scrape->page, &families[TWICE]);
	for (unsigned i = 0; i < 2; i++)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "i", NG_SPAN("7") }), i);
	return collect(state, scrape);
}

static const struct ng_collector one = { NG_COLLECTOR_HEAD, .name = "one", .summary = "One", .families = families,
	.family_count = NG_COUNT(families), .collect = collect_twice };
static const struct ng_collector two = { NG_COLLECTOR_HEAD, .name = "two", .summary = "Two", .families = families,
	.family_count = NG_COUNT(families), .collect = collect };

enum { OWN_SAMPLES = 300 }; /* so that its page grows while it is written */

static const struct ng_family own = { .name = "alone", .help = "O.", .type = NG_GAUGE, .labels = "i" };

static void write_own(void *context, struct ng_scrape *scrape, const struct ng_family *written)
{
	char digits[NG_DIGITS];

	(void)context;
	ng_family(scrape->page, &written[0]);
	for (unsigned i = 0; i < OWN_SAMPLES; i++)
		ng_sample_u64(scrape->page, NG_LABELS(scrape->arena, { "i", ng_digits(digits, i) }), i);
}

static struct ng_engine *new_engine(void)
{
	static const struct ng_choice choices[] = { { .collector = &one }, { .collector = &two } };
	static const struct ng_writer writer = { .families = &own, .family_count = 1, .write = write_own };
	struct ng_engine_config config = { .roots = { "/", "/", "/", "/", "/", "/" },
		.choices = choices,
		.choice_count = NG_COUNT(choices),
		.writers = &writer,
		.writer_count = 1,
		.once = true };
	struct ng_engine *engine;
	struct ng_error error;

	assert_int_equal(ng_engine_new(&config, &error, &engine), 0);
	return engine;
}

static unsigned count(struct ng_span text, const char *line)
{
	unsigned found = 0;

	for (const char *at = text.text, *end = text.text + text.size;
		(at = memmem(at, (size_t)(end - at), line, strlen(line))); at++)
		found++;
	return found;
}

/* Whether the gather gave an answer; one that it gives is whole. A collector that failed for want of memory is left
 * out. */
static bool gather(struct ng_engine *engine, bool whole)
{
	const struct ng_selection packed = { .formats = 1u << NG_FORMAT_TEXT, .packed = 1u << NG_FORMAT_TEXT };
	struct ng_body *body;

	if (ng_engine_gather(engine, &packed, ng_now() + UINT64_C(20000000000), &body) < 0)
		return false;
	struct ng_span text = ng_body_text(body, NG_FORMAT_TEXT);
	unsigned samples = count(text, "\nnode_x{i=\"7\"} ");
	assert_true(samples == 1 || (samples == 0 && !whole));
	assert_int_equal(count(text, "\nnode_x{"), samples * SAMPLES);
	unsigned twice = count(text, "\nnode_twice{");
	assert_true(twice == 1 || (twice == 0 && !whole));
	assert_int_equal(count(text, "\nalone{"), OWN_SAMPLES);
	ng_body_release(body);
	return true;
}

static void each_allocation_fails(void **state)
{
	unsigned long number = 0, allocations = 0;
	unsigned refused = 0;

	(void)state;
	if (!allocations_start())
		skip(); /* a sanitizer keeps its own allocator */
	do {
		struct ng_engine *engine = new_engine();
		allocations_fail(++number);
		bool answered = gather(engine, false);
		allocations = allocations_stop();
		refused += !answered;
		/* what failed for want of memory is tried again */
		assert_true(gather(engine, true));
		ng_engine_free(engine);
	} while (allocations >= number);
	assert_true(refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(each_allocation_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
