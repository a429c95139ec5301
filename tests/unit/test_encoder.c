/* SPDX-License-Identifier: Apache-2.0 */
/* What an encoder is given: families, the names and values of labels, values as they were written; and its answer. */
#include "pages.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct ng_family families[] = {
	{ .name = "a_total", .help = "How \"much\" of \\.", .type = NG_COUNTER, .labels = "x" },
	{ .name = "h_seconds", .help = "H.", .type = NG_HISTOGRAM },
};

static int open_page(void **state)
{
	return page_fixture_open(state, families, sizeof(families) / sizeof(families[0]));
}

/* The labels of a sample as name=value, in order, values without escapes. */
static struct ng_span plain_labels(const struct ng_page *page, const struct ng_sample *sample)
{
	static char text[256];
	struct ng_pairs pairs = ng_sample_pairs(page, sample);
	struct ng_span name, value;
	char *at = text;

	while (ng_pairs_next(&pairs, &name, &value)) {
		at = mempcpy(at, name.text, name.size);
		*at++ = '=';
		at = ng_unescape(at, value);
		*at++ = ';';
	}
	return (struct ng_span){ text, (size_t)(at - text) };
}

static const struct ng_sample *sample_at(const struct ng_page *page, uint32_t index, enum ng_value_kind kind)
{
	assert_true(index < page->sample_count);
	assert_int_equal(page->samples[index].kind, kind);
	return &page->samples[index];
}

static void families_and_labels(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	struct ng_arena *arena = &fixture->arena;
	struct ng_labels *odd = NG_LABELS(arena, { "a", NG_SPAN("\\\"}\n,b=\"") }, { "b", NG_SPAN("") });

	ng_family(page, &families[0]);
	ng_sample_u64(page, odd, 1);
	ng_sample_u64(page, NG_NO_LABELS, 2);
	ng_sample_u64(page, NG_LABELS_WITH(arena, odd, { "c", NG_SPAN("d\n") }), 3);
	ng_sample_u64(page, ng_labels_join(arena, NG_LABELS_WITH(arena, odd, { "c", NG_SPAN("e") }), odd), 4);
	ng_family_dynamic(page, NG_GAUGE, NG_SPAN("dy-namic"), NG_SPAN("D\n."));
	ng_sample_u64(page, odd, 5);
	ng_page_close(page);
	assert_int_equal(page->error, 0);
	assert_int_equal(page->family_count, 2);
	assert_span(page->families[0].name, "a_total");
	assert_span(page->families[0].help, "How \"much\" of \\.");
	assert_int_equal(page->families[0].type, NG_COUNTER);
	assert_int_equal(page->families[0].end - page->families[0].first, 4);
	assert_span(page->families[1].name, "dy_namic");
	assert_span(page->families[1].help, "D\n.");
	assert_int_equal(page->families[1].first, 4);
	assert_span(plain_labels(page, &page->samples[0]), "a=\\\"}\n,b=\";b=;");
	assert_span(plain_labels(page, &page->samples[1]), "");
	assert_span(plain_labels(page, &page->samples[2]), "a=\\\"}\n,b=\";b=;c=d\n;");
	assert_span(plain_labels(page, &page->samples[3]), "a=\\\"}\n,b=\";b=;c=e;a=\\\"}\n,b=\";b=;");
	/* one copy of a set, no matter how many samples refer to it */
	assert_int_equal(page->samples[0].labels, page->samples[4].labels);
}

/* The page does not depend on the collector's data. */
static void sets_are_copied(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	char digits[] = "12";

	ng_family(page, &families[1]);
	ng_sample_text(page, NG_SUFFIX_BUCKET, NG_LABELS(&fixture->arena, { "le", NG_SPAN("+Inf") }), ng_span(digits));
	memset(digits, '#', 2);
	ng_arena_reset(&fixture->arena);
	memset(ng_alloc(&fixture->arena, 900), '#', 900);
	ng_sample_part(page, NG_SUFFIX_COUNT, NG_NO_LABELS, 12);
	ng_page_close(page);
	const struct ng_sample *bucket = sample_at(page, 0, NG_VALUE_TEXT), *count = sample_at(page, 1, NG_VALUE_U64);
	assert_span(plain_labels(page, bucket), "le=+Inf;");
	assert_span(ng_sample_value(page, bucket), "12");
	assert_int_equal(bucket->suffix, NG_SUFFIX_BUCKET);
	assert_int_equal(count->suffix, NG_SUFFIX_COUNT);
}

static void values_are_exact(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	struct ng_labels *labels[6];

	for (size_t i = 0; i < 6; i++)
		labels[i] = NG_LABELS(&fixture->arena, { "x", { &"012345"[i], 1 } });
	ng_family(page, &families[0]);
	ng_sample_u64(page, labels[0], UINT64_MAX);
	ng_sample_i64(page, labels[1], INT64_MIN);
	ng_sample_scaled(page, labels[2], UINT64_MAX, 9);
	ng_sample_decimal(page, labels[3], (struct ng_decimal){ INT64_MIN, 18 });
	ng_sample_double(page, labels[4], 0.1);
	ng_sample_text(page, NG_SUFFIX_NONE, labels[5], NG_SPAN("1.50e+003"));
	ng_page_close(page);
	assert_true(sample_at(page, 0, NG_VALUE_U64)->value.u64 == UINT64_MAX);
	assert_true(sample_at(page, 1, NG_VALUE_I64)->value.i64 == INT64_MIN);
	assert_true(sample_at(page, 2, NG_VALUE_SCALED)->value.u64 == UINT64_MAX);
	assert_int_equal(page->samples[2].places, 9);
	assert_true(sample_at(page, 3, NG_VALUE_DECIMAL)->value.i64 == INT64_MIN);
	assert_int_equal(page->samples[3].places, 18);
	assert_true(sample_at(page, 4, NG_VALUE_DOUBLE)->value.number == 0.1);
	assert_span(ng_sample_value(page, sample_at(page, 5, NG_VALUE_TEXT)), "1.50e+003");
}

/* A set on one page is not mistaken for one on another, or on the same page before its reset. */
static void sets_of_other_pages(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page, other = { 0 };
	struct ng_labels *one = NG_LABELS(&fixture->arena, { "x", NG_SPAN("1") });
	struct ng_labels *two = NG_LABELS(&fixture->arena, { "x", NG_SPAN("2") });

	for (unsigned round = 0; round < 3; round++) {
		ng_page_reset(page);
		ng_family(page, &families[0]);
		ng_family_dynamic(&other, NG_GAUGE, NG_SPAN("o"), NG_SPAN("O."));
		ng_sample_u64(page, round & 1 ? two : one, 1);
		ng_sample_u64(&other, round & 1 ? one : two, 1);
		ng_sample_u64(page, round & 1 ? one : two, 2);
		ng_sample_u64(&other, round & 1 ? two : one, 2);
		ng_page_close(page);
		ng_page_close(&other);
		assert_span(plain_labels(page, &page->samples[0]), round & 1 ? "x=2;" : "x=1;");
		assert_span(plain_labels(page, &page->samples[1]), round & 1 ? "x=1;" : "x=2;");
		assert_span(plain_labels(&other, &other.samples[0]), round & 1 ? "x=1;" : "x=2;");
		assert_span(plain_labels(&other, &other.samples[1]), round & 1 ? "x=2;" : "x=1;");
		ng_page_reset(&other);
	}
	ng_page_done(&other);
}

/* The buffer grows by what is requested, and is kept; a response that is too large fails permanently. */
static void answers(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_encoded *answer = &fixture->answer;

	ng_encoded_reset(answer, true);
	char *room = ng_encoded_room(answer, 5000);
	assert_non_null(room);
	assert_true(answer->capacity >= 5000 + NG_PAGE_SLACK);
	assert_ptr_equal(ng_encoded_room(answer, 5000), room);
	assert_true(ng_encoded_values(answer, 1000) && answer->value_capacity >= 1000);
	assert_null(ng_encoded_room(answer, NG_PAGE_LIMIT));
	assert_int_equal(answer->error, -EFBIG);
	assert_null(ng_encoded_room(answer, 1));
	ng_encoded_reset(answer, false);
	assert_int_equal(answer->error, 0);
	assert_ptr_equal(ng_encoded_room(answer, 1), room);
	assert_false(ng_encoded_values(answer, 1));
}

/* Positions of numbers are recorded only if the compressor wants them, and not for responses that it would not use. */
static void noting(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;

	for (unsigned count = 10; count < 200000; count *= 100) {
		ng_page_reset(page);
		for (unsigned i = 0; i < count; i++) {
			char name[32];
			snprintf(name, sizeof(name), "dynamic_%u", i);
			ng_family_dynamic(page, NG_GAUGE, ng_span(name), NG_SPAN("X."));
			ng_sample_u64(page, NG_NO_LABELS, i);
		}
		ng_page_close(page);
		for (int wanted = 0; wanted <= 1; wanted++) {
			ng_encoded_reset(&fixture->answer, wanted);
			ng_encode(&fixture->answer, NG_FORMAT_TEXT, page);
			ng_encode_end(&fixture->answer, NG_FORMAT_TEXT);
			assert_int_equal(fixture->answer.error, 0);
			assert_int_equal(fixture->answer.noting, wanted && count < 100000);
			if (fixture->answer.noting)
				assert_int_equal(fixture->answer.value_count, count);
		}
	}
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_page, page_fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(families_and_labels),
		PAGE_TEST(sets_are_copied),
		PAGE_TEST(values_are_exact),
		PAGE_TEST(sets_of_other_pages),
		PAGE_TEST(answers),
		PAGE_TEST(noting),
	};

	return cmocka_run_group_tests_name("encoder", tests, NULL, NULL);
}
