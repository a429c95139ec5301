/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the numbers and the layout do, zlib decompresses the stencil's output to exactly the page. */
#include "exposition/stencil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka needs the three headers above before it */
#include <cmocka.h>
#include <zlib.h>

enum { FAMILIES = 40, SAMPLES = 12 };

static struct ng_family families[FAMILIES];
static char names[FAMILIES][32], helps[FAMILIES][64];

struct fixture {
	struct ng_arena memory, arena;
	struct ng_page page;
	struct ng_encoded answer;
	struct ng_stencil *stencil;
	struct ng_packed packed;
	uint64_t random;
	unsigned packed_count;
};

static uint64_t next_random(struct fixture *fixture)
{
	fixture->random = fixture->random * 6364136223846793005u + 1442695040888963407u;
	return fixture->random >> 33;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	for (size_t i = 0; i < FAMILIES; i++) {
		snprintf(names[i], sizeof(names[i]), "node_family_%zu_bytes_total", i);
		snprintf(helps[i], sizeof(helps[i]), "Bytes of the family with the number %zu.", i);
		families[i] = (struct ng_family){ .name = names[i], .help = helps[i], .type = NG_COUNTER };
	}
	fixture->random = 1;
	fixture->stencil = ng_stencil_new();
	fixture->page.known = families;
	fixture->page.known_count = FAMILIES;
	fixture->page.heads = ng_page_heads(&fixture->memory, families, FAMILIES);
	*state = fixture;
	return fixture->page.heads ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	ng_stencil_free(fixture->stencil);
	ng_page_done(&fixture->page);
	ng_encoded_done(&fixture->answer);
	ng_arena_done(&fixture->memory);
	ng_arena_done(&fixture->arena);
	free(fixture->packed.bytes);
	free(fixture);
	return 0;
}

static void assert_unpacks(const struct ng_packed *packed, const struct ng_encoded *answer)
{
	char *text = malloc(answer->size + 1);
	z_stream stream = { .next_in = (Bytef *)packed->bytes,
		.avail_in = (uInt)packed->size,
		.next_out = (Bytef *)text,
		.avail_out = (uInt)answer->size + 1 };

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(stream.total_out, answer->size);
	assert_memory_equal(text, answer->bytes, answer->size);
	inflateEnd(&stream);
	free(text);
}

static void pack_and_check(struct fixture *fixture)
{
	ng_page_close(&fixture->page);
	ng_encoded_reset(&fixture->answer, true);
	ng_encode(&fixture->answer, NG_FORMAT_TEXT, &fixture->page);
	assert_int_equal(fixture->answer.error, 0);
	if (!ng_stencil_pack(fixture->stencil, &fixture->answer, &fixture->packed))
		return;
	fixture->packed_count++;
	assert_unpacks(&fixture->packed, &fixture->answer);
}

/* A page whose layout depends only on `layout`; each number is `value(round)`. */
static void write_page(struct fixture *fixture, unsigned layout,
	uint64_t (*value)(struct fixture *, unsigned, unsigned), unsigned round)
{
	ng_page_reset(&fixture->page);
	ng_arena_reset(&fixture->arena);
	for (unsigned i = 0; i < FAMILIES; i++) {
		if (layout >> (i % 8) & 1)
			continue;
		ng_family(&fixture->page, &families[i]);
		for (unsigned k = 0; k < SAMPLES; k++) {
			char device[16];
			snprintf(device, sizeof(device), "eth%u", k * 7);
			struct ng_labels *labels = NG_LABELS(&fixture->arena, { "device", ng_span(device) });
			ng_sample_u64(&fixture->page, labels, value(fixture, i * SAMPLES + k, round));
		}
	}
	assert_int_equal(fixture->page.error, 0);
}

static uint64_t any_value(struct fixture *fixture, unsigned index, unsigned round)
{
	(void)index;
	(void)round;
	return next_random(fixture) >> next_random(fixture) % 31;
}

/* Two thirds never change; the others grow by orders of magnitude, at different times. */
static uint64_t growing_value(struct fixture *fixture, unsigned index, unsigned round)
{
	uint64_t value = index;

	(void)fixture;
	for (unsigned i = 0; index % 3 == 0 && i < (round + index) / 8 % 17; i++)
		value = value * 10 + i;
	return value;
}

static uint64_t late_change(struct fixture *fixture, unsigned index, unsigned round)
{
	(void)fixture;
	return index == round / 50 ? round : 5;
}

static void test_all_numbers_change(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 200; round++) {
		write_page(fixture, 0, any_value, round);
		pack_and_check(fixture);
	}
	assert_true(fixture->packed_count > 190);
}

static void test_numbers_grow(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 400; round++) {
		write_page(fixture, 0, growing_value, round);
		pack_and_check(fixture);
	}
	assert_true(fixture->packed_count > 200);
}

static void test_a_number_changes_late(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 1000; round++) {
		write_page(fixture, 0, late_change, round);
		pack_and_check(fixture);
	}
	assert_true(fixture->packed_count > 900);
}

static void test_layout_changes(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 400; round++) {
		write_page(fixture, round / 7 % 5, any_value, round);
		pack_and_check(fixture);
	}
	assert_true(fixture->packed_count > 0);
}

/* No stencils are made for layouts that never recur. */
static void test_making_is_limited(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 400; round++) {
		write_page(fixture, round & 255, any_value, round);
		pack_and_check(fixture);
	}
	assert_int_equal(fixture->packed_count, 0);
}

/* The text of a number may contain bytes that no earlier number had. */
static void test_other_digits(void **state)
{
	static const char *const texts[] = { "1", "22", "333", "NaN", "+Inf", "1e+06", "-4", "0x10", "5", "6" };
	struct fixture *fixture = *state;

	for (unsigned round = 0; round < 60; round++) {
		write_page(fixture, 0, any_value, round);
		ng_family_dynamic(&fixture->page, NG_UNTYPED, NG_SPAN("other"), NG_SPAN("Text."));
		ng_sample_text(&fixture->page, NG_SUFFIX_NONE, NG_NO_LABELS, ng_span(texts[round % 10]));
		pack_and_check(fixture);
	}
	assert_true(fixture->packed_count > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_numbers_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_numbers_grow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_number_changes_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_layout_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_making_is_limited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_digits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
