/* SPDX-License-Identifier: Apache-2.0 */
/* Families and samples, and as text. */
#include "pages.h"
#include "support.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct ng_family families[] = {
	{ .name = "a_total", .help = "How often \\ or\nhow \"much\".", .type = NG_COUNTER, .labels = "x" },
	{ .name = "b", .help = "B.", .type = NG_GAUGE },
	{ .name = "c_seconds", .help = "C.", .type = NG_HISTOGRAM },
	{ .name = "d", .help = "D.", .type = NG_UNTYPED },
	{ .name = "e", .help = "E.", .type = NG_SUMMARY },
};

static int open_page(void **state)
{
	return page_fixture_open(state, families, sizeof(families) / sizeof(families[0]));
}

/* The page as text. */
static struct ng_span text_of(struct page_fixture *fixture, struct ng_page *page)
{
	ng_page_close(page);
	ng_encoded_reset(&fixture->answer, true);
	ng_encode(&fixture->answer, NG_FORMAT_TEXT, page);
	ng_encode_end(&fixture->answer, NG_FORMAT_TEXT);
	assert_int_equal(fixture->answer.error, 0);
	return (struct ng_span){ fixture->answer.bytes, fixture->answer.size };
}

#define assert_page(page, string) assert_span(text_of(fixture, page), string)

/* Each recorded position is that of a number, in order. */
static void assert_values(const struct ng_encoded *text, const char *const *values, size_t count)
{
	assert_int_equal(text->value_count, count);
	for (size_t i = 0; i < count; i++) {
		struct ng_place value = text->values[i];
		assert_true(value.start < value.end && value.end <= text->size);
		assert_span(((struct ng_span){ text->bytes + value.start, value.end - value.start }), values[i]);
		assert_int_equal(text->bytes[value.end], '\n');
	}
}

static void samples(void **state)
{
	static const char *const values[] = { "18446744073709551615", "-9223372036854775808", "12.5", "-0.005", "0.25",
		"NaN", "1e+3" };
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	struct ng_labels *x = NG_LABELS(&fixture->arena, { "x", NG_SPAN("1") });

	ng_family(page, &families[0]);
	ng_sample_u64(page, x, UINT64_MAX);
	ng_family(page, &families[1]);
	ng_sample_i64(page, NG_NO_LABELS, INT64_MIN);
	ng_sample_scaled(page, x, 1250, 2);
	ng_family(page, &families[3]);
	ng_sample_decimal(page, NG_NO_LABELS, (struct ng_decimal){ -5, 3 });
	ng_sample_double(page, x, 0.25);
	ng_sample_double(page, NG_LABELS(&fixture->arena, { "x", NG_SPAN("2") }, { "y", NG_SPAN("3") }), NAN);
	ng_sample_text(page, NG_SUFFIX_NONE, NG_LABELS(&fixture->arena, { "x", NG_SPAN("4") }), NG_SPAN("1e+3"));
	assert_int_equal(page->error, 0);
	assert_page(page, "# HELP a_total How often \\\\ or\\nhow \"much\".\n"
			  "# TYPE a_total counter\n"
			  "a_total{x=\"1\"} 18446744073709551615\n"
			  "# HELP b B.\n"
			  "# TYPE b gauge\n"
			  "b -9223372036854775808\n"
			  "b{x=\"1\"} 12.5\n"
			  "# HELP d D.\n"
			  "# TYPE d untyped\n"
			  "d -0.005\n"
			  "d{x=\"1\"} 0.25\n"
			  "d{x=\"2\",y=\"3\"} NaN\n"
			  "d{x=\"4\"} 1e+3\n");
	assert_values(&fixture->answer, values, sizeof(values) / sizeof(values[0]));
	assert_int_equal(page->family_count, 3);
	assert_span(page->families[2].name, "d");
	assert_int_equal(page->families[2].type, NG_UNTYPED);
	assert_int_equal(page->families[2].end, page->sample_count);
}

/* Extreme decimals: the sign of values that cannot be negated. */
static void extreme_decimals(void **state)
{
	struct page_fixture *fixture = *state;

	ng_family(&fixture->page, &families[1]);
	ng_sample_decimal(&fixture->page, NG_NO_LABELS, (struct ng_decimal){ INT64_MIN, 18 });
	ng_sample_decimal(
		&fixture->page, NG_LABELS(&fixture->arena, { "x", NG_SPAN("") }), (struct ng_decimal){ INT64_MAX, 0 });
	assert_page(&fixture->page,
		"# HELP b B.\n# TYPE b gauge\nb -9.223372036854775808\nb{x=\"\"} 9223372036854775807\n");
}

/* A family without samples leaves no trace. */
static void empty_families(void **state)
{
	struct page_fixture *fixture = *state;

	ng_family(&fixture->page, &families[0]);
	ng_family(&fixture->page, &families[1]);
	ng_family_dynamic(&fixture->page, NG_GAUGE, NG_SPAN("x"), NG_SPAN("X."));
	ng_family(&fixture->page, &families[3]);
	assert_page(&fixture->page, "");
	ng_sample_u64(&fixture->page, NG_NO_LABELS, 1);
	ng_family(&fixture->page, &families[1]);
	assert_page(&fixture->page, "# HELP d D.\n# TYPE d untyped\nd 1\n");
	assert_int_equal(fixture->page.family_count, 1);
}

static void dynamic_families(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	char name[] = "node_x";

	ng_family_dynamic(page, NG_GAUGE, guarded("node_memory_Active(anon)_bytes"), guarded("From \\ the\nkernel."));
	ng_sample_u64(page, NG_NO_LABELS, 1);
	ng_family_dynamic(page, NG_COUNTER, guarded("9lives:\xff-z"), guarded("\xff"));
	ng_sample_u64(page, NG_NO_LABELS, 2);
	ng_family_dynamic(page, NG_UNTYPED, ng_span(name), NG_SPAN("X."));
	memset(name, '#', sizeof(name) - 1);
	ng_sample_u64(page, NG_NO_LABELS, 3);
	ng_family(page, &families[1]);
	ng_sample_u64(page, NG_NO_LABELS, 4);
	assert_page(page, "# HELP node_memory_Active_anon__bytes From \\\\ the\\nkernel.\n"
			  "# TYPE node_memory_Active_anon__bytes gauge\n"
			  "node_memory_Active_anon__bytes 1\n"
			  "# HELP _lives:__z \xef\xbf\xbd\n"
			  "# TYPE _lives:__z counter\n"
			  "_lives:__z 2\n"
			  "# HELP node_x X.\n"
			  "# TYPE node_x untyped\n"
			  "node_x 3\n"
			  "# HELP b B.\n"
			  "# TYPE b gauge\n"
			  "b 4\n");
}

static void suffixes(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;

	ng_family(page, &families[2]);
	ng_sample_text(page, NG_SUFFIX_BUCKET, NG_LABELS(&fixture->arena, { "le", NG_SPAN("+Inf") }), NG_SPAN("2"));
	ng_sample_text(page, NG_SUFFIX_SUM, NG_NO_LABELS, NG_SPAN("0.5"));
	ng_sample_text(page, NG_SUFFIX_COUNT, NG_NO_LABELS, NG_SPAN("2"));
	assert_page(page, "# HELP c_seconds C.\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"+Inf\"} 2\n"
			  "c_seconds_sum 0.5\nc_seconds_count 2\n");
}

/* ---- labels ---- */

struct escape {
	const char *value, *escaped;
};

static void escapes(void **state)
{
	static const struct escape escapes[] = {
		{ "", "" },
		{ "/var/lib", "/var/lib" },
		{ "a\\b\"c\nd", "a\\\\b\\\"c\\nd" },
		{ "\\", "\\\\" },
		{ "tab\tstays", "tab\tstays" },
		{ "\x01\x7f", "\x01\x7f" },
		/* all lengths, and the first and last of each */
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf" },
		{ "\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf" },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80" },
		/* invalid start bytes: one replacement for a run of them */
		{ "\xff\xfe\x80"
		  "a\x80\xc3\xa9\xff",
			"\xef\xbf\xbd"
			"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "a\x80z", "a\xef\xbf\xbdz" },
		{ "\xc0\xaf", "\xef\xbf\xbd" },
		{ "\xc1\xbf", "\xef\xbf\xbd" },
		{ "\xe0\x9f\xbf", "\xef\xbf\xbd" },
		{ "\xf0\x8f\xbf\xbf", "\xef\xbf\xbd" },
		{ "\xf5\x80\x80\x80", "\xef\xbf\xbd" },
		/* surrogates, and beyond the last character */
		{ "\xed\xa0\x80", "\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd" },
		/* truncated at the end: bytes after the text are not looked at */
		{ "a\xc3", "a\xef\xbf\xbd" },
		{ "\xe2\x82", "\xef\xbf\xbd" },
		{ "\xf0\x9f\x92", "\xef\xbf\xbd" },
		/* a sequence broken by something that needs an escape */
		{ "\xe2\x82\"", "\xef\xbf\xbd\\\"" },
		{ "\xc3\n", "\xef\xbf\xbd\\n" },
	};
	struct page_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		char right[128];
		struct ng_labels *labels = NG_LABELS(&fixture->arena, { "x", guarded(escapes[i].value) });
		snprintf(right, sizeof(right), "{x=\"%s\"}", escapes[i].escaped);
		assert_span(labels_text(labels), right);
	}
	struct ng_span nul = labels_text(NG_LABELS(&fixture->arena, { "x", guarded_bytes("a\0b", 3) }));
	assert_int_equal(nul.size, strlen("{x=\"a?b\"}"));
	assert_memory_equal(nul.text, "{x=\"a\0b\"}", nul.size);
}

static void many_labels(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_labels *two = NG_LABELS(&fixture->arena, { "device", NG_SPAN("sda") }, { "mode", NG_SPAN("") });
	char value[4000];

	assert_span(labels_text(two), "{device=\"sda\",mode=\"\"}");
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = "\xff\n"[i % 2];
	struct ng_span wide = labels_text(NG_LABELS(&fixture->arena, { "x", { value, sizeof(value) } }));
	assert_int_equal(wide.size, (3 + 2) * sizeof(value) / 2 + strlen("{x=\"\"}"));
	assert_span(labels_text(two), "{device=\"sda\",mode=\"\"}");
}

/* ---- errors ---- */

/* Labels that cannot be rendered fail the page, until it is reset. */
static void no_labels(void **state)
{
	struct page_fixture *fixture = *state;

	assert_null(ng_labels(&fixture->arena, NULL, 0));
	assert_true(ng_labels_valid(NG_NO_LABELS));
}

/* The maximum number of places, and one more. */
static void places(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;

	ng_family(page, &families[0]);
	ng_sample_scaled(page, NG_NO_LABELS, UINT64_MAX, NG_PLACES_MAX);
	assert_int_equal(page->error, 0);
	ng_sample_scaled(page, NG_NO_LABELS, 1, NG_PLACES_MAX + 1);
	assert_int_equal(page->error, -EINVAL);
}

static void errors_stick(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	struct ng_arena small = { .limit = 16 };
	struct ng_labels *labels = NG_LABELS(&small, { "device", NG_SPAN("a name that is longer than there is room") });

	ng_family(page, &families[1]);
	ng_sample_u64(page, NG_NO_LABELS, 1);
	ng_sample_u64(page, labels, 1);
	assert_int_equal(page->error, -ENOMEM);
	int error = page->error;
	ng_sample_u64(page, NG_NO_LABELS, 1);
	ng_family(page, &families[3]);
	ng_sample_u64(page, NG_NO_LABELS, 1);
	ng_family_dynamic(page, NG_GAUGE, NG_SPAN("x"), NG_SPAN("X."));
	ng_sample_u64(page, NG_NO_LABELS, 1);
	assert_int_equal(page->error, error);
	ng_page_reset(page);
	assert_int_equal(page->error, 0);
	assert_page(page, "");
	ng_family(page, &families[3]);
	ng_sample_u64(page, NG_NO_LABELS, 1);
	assert_page(page, "# HELP d D.\n# TYPE d untyped\nd 1\n");
	ng_arena_done(&small);
}

static void sample_without_family(void **state)
{
	struct page_fixture *fixture = *state;

	ng_sample_u64(&fixture->page, NG_NO_LABELS, 1);
	assert_true(fixture->page.error < 0);
	ng_page_reset(&fixture->page);
	ng_family_dynamic(&fixture->page, NG_GAUGE, NG_SPAN(""), NG_SPAN("X."));
	ng_sample_u64(&fixture->page, NG_NO_LABELS, 1);
	assert_true(fixture->page.error < 0);
	/* not under the name of the family before the reset */
	ng_page_reset(&fixture->page);
	ng_family(&fixture->page, &families[1]);
	ng_sample_u64(&fixture->page, NG_NO_LABELS, 1);
	ng_page_reset(&fixture->page);
	ng_sample_u64(&fixture->page, NG_NO_LABELS, 1);
	assert_true(fixture->page.error < 0);
}

/* ---- equal labels ---- */

/* The expected page for these samples, found by brute force; letters are values of the label. */
static void expect_page(char *out, const char *const *letters, size_t family_count, size_t *ret_refused)
{
	*ret_refused = 0;
	for (size_t f = 0; f < family_count; f++) {
		if (letters[f][0])
			out += sprintf(out, "# HELP d%zu X.\n# TYPE d%zu gauge\n", f, f);
		for (const char *letter = letters[f]; *letter; letter++) {
			if (strchr(letters[f], *letter) < letter)
				(*ret_refused)++;
			else
				out += sprintf(out, "d%zu{x=\"%c\"} %td\n", f, *letter, letter - letters[f]);
		}
	}
	*out = '\0';
}

static void write_page(struct page_fixture *fixture, const char *const *letters, size_t family_count)
{
	ng_page_reset(&fixture->page);
	ng_arena_reset(&fixture->arena);
	for (size_t f = 0; f < family_count; f++) {
		char name[8] = { 'd', (char)('0' + f) };
		ng_family_dynamic(&fixture->page, NG_GAUGE, ng_span(name), NG_SPAN("X."));
		for (const char *letter = letters[f]; *letter; letter++)
			ng_sample_u64(&fixture->page, NG_LABELS(&fixture->arena, { "x", { letter, 1 } }),
				(uint64_t)(letter - letters[f]));
	}
	ng_page_close(&fixture->page);
}

static void assert_written(struct page_fixture *fixture, const char *const *letters, size_t family_count)
{
	char expected[4096];
	size_t refused;

	expect_page(expected, letters, family_count, &refused);
	write_page(fixture, letters, family_count);
	assert_int_equal(fixture->page.error, 0);
	assert_page(&fixture->page, expected);
	assert_int_equal(fixture->page.twins.refused, refused);
}

static void twins(void **state)
{
	struct page_fixture *fixture = *state;

	assert_written(fixture, (const char *[]){ "abc", "abc" }, 2);
	assert_written(fixture, (const char *[]){ "abca", "abc" }, 2); /* the hashes of the next family prove nothing */
	assert_page(&fixture->page, "# HELP d0 X.\n# TYPE d0 gauge\nd0{x=\"a\"} 0\nd0{x=\"b\"} 1\nd0{x=\"c\"} 2\n"
				    "# HELP d1 X.\n# TYPE d1 gauge\nd1{x=\"a\"} 0\nd1{x=\"b\"} 1\nd1{x=\"c\"} 2\n");
	assert_span(fixture->page.twins.first_refused, "d0{x=\"a\"}");
	assert_written(fixture, (const char *[]){ "aab", "b" }, 2);
	assert_written(fixture, (const char *[]){ "aa", "b" }, 2); /* nor do those of refused samples */
	assert_written(fixture, (const char *[]){ "ab", "cc", "", "a" }, 4);
}

/* Pages that differ a little from one to the next. */
static void twins_at_random(void **state)
{
	struct page_fixture *fixture = *state;
	char text[4][10] = { "ab", "abc", "c", "" };
	const char *letters[4] = { text[0], text[1], text[2], text[3] };

	srand(7);
	for (unsigned round = 0; round < 20000; round++) {
		char *one = text[rand() % 4];
		size_t size = strlen(one);
		unsigned what = (unsigned)rand() % 4;
		if (what == 0 && size < sizeof(text[0]) - 1)
			one[size] = (char)('a' + rand() % 5);
		else if (what == 1 && size)
			one[size - 1] = '\0';
		else if (what == 2 && size)
			one[(size_t)rand() % size] = (char)('a' + rand() % 5);
		assert_written(fixture, letters, (size_t)(rand() % 4 + 1));
		memset(one + strlen(one), 0, sizeof(text[0]) - strlen(one));
	}
}

struct hashed {
	uint32_t hash;
	unsigned number;
};

static int compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Different labels with equal hashes: both stay, and a twin among them is still found. */
static void twins_by_hash_alone(void **state)
{
	enum { COUNT = 400000 };
	struct page_fixture *fixture = *state;
	struct hashed *all = calloc(COUNT, sizeof(*all));
	char label[2][32];
	unsigned at = 1;

	assert_non_null(all);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(label[0], sizeof(label[0]), "%u", i);
		ng_arena_reset(&fixture->arena);
		all[i] = (struct hashed){ NG_LABELS(&fixture->arena, { "x", ng_span(label[0]) })->hash, i };
	}
	qsort(all, COUNT, sizeof(*all), compare_hashed);
	while (at < COUNT && all[at].hash != all[at - 1].hash)
		at++;
	assert_true(at < COUNT);
	for (unsigned i = 0; i < 2; i++)
		snprintf(label[i], sizeof(label[i]), "%u", all[at - i].number);
	free(all);
	static const unsigned char order[][3] = { { 0, 1, 2 }, { 0, 1, 2 }, { 0, 1, 1 }, { 0, 0, 1 } };
	for (size_t round = 0; round < sizeof(order) / sizeof(order[0]); round++) {
		ng_page_reset(&fixture->page);
		ng_family(&fixture->page, &families[1]);
		for (unsigned i = 0; i < 3; i++) {
			if (order[round][i] < 2)
				ng_sample_u64(&fixture->page,
					NG_LABELS(&fixture->arena, { "x", ng_span(label[order[round][i]]) }), i);
		}
		ng_page_close(&fixture->page);
		assert_int_equal(fixture->page.sample_count, 2);
		assert_int_equal(fixture->page.twins.refused, round > 1);
	}
}

/* Samples of a histogram differ in the suffix. */
static void twins_with_suffix(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;

	for (unsigned round = 0; round < 2; round++) {
		ng_page_reset(page);
		ng_family(page, &families[2]);
		ng_sample_text(page, NG_SUFFIX_SUM, NG_NO_LABELS, NG_SPAN("1"));
		ng_sample_text(page, NG_SUFFIX_COUNT, NG_NO_LABELS, NG_SPAN("2"));
		ng_sample_text(page, NG_SUFFIX_COUNT, NG_NO_LABELS, NG_SPAN("3"));
		ng_page_close(page);
		assert_page(
			page, "# HELP c_seconds C.\n# TYPE c_seconds histogram\nc_seconds_sum 1\nc_seconds_count 2\n");
		assert_span(page->twins.first_refused, "c_seconds_count");
	}
}

/* A page keeps its memory across resets. */
static void capacity_is_kept(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *page = &fixture->page;
	const struct ng_sample *samples = NULL;
	const char *bytes = NULL;

	for (unsigned round = 0; round < 4; round++) {
		ng_page_reset(page);
		for (unsigned i = 0; i < 5000; i++) {
			char name[32];
			snprintf(name, sizeof(name), "dynamic_%u", i);
			ng_family_dynamic(page, NG_GAUGE, ng_span(name), NG_SPAN("X."));
			ng_sample_u64(page, NG_NO_LABELS, i);
		}
		assert_int_equal(page->error, 0);
		assert_int_equal(page->family_count, 5000);
		assert_span(page->families[4711].name, "dynamic_4711");
		struct ng_span text = text_of(fixture, page);
		if (round > 0) {
			assert_ptr_equal(page->samples, samples);
			assert_ptr_equal(text.text, bytes);
		}
		samples = page->samples;
		bytes = text.text;
	}
}

/* ---- joining ---- */

/* Page after page, with a family that continues on another page. */
static void joining(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_page *from = &fixture->page, to = { 0 };

	ng_family(from, &families[1]);
	ng_sample_u64(from, NG_NO_LABELS, 1);
	ng_family(from, &families[3]);
	ng_sample_u64(from, NG_LABELS(&fixture->arena, { "x", NG_SPAN("2") }), 2);
	ng_sample_u64(from, NG_LABELS(&fixture->arena, { "x", NG_SPAN("3") }), 3);
	ng_page_close(from);
	ng_family_dynamic(&to, NG_GAUGE, NG_SPAN("first"), NG_SPAN("F."));
	ng_sample_u64(&to, NG_NO_LABELS, 7);
	ng_family_dynamic(&to, NG_UNTYPED, NG_SPAN("d"), NG_SPAN("D of this page."));
	ng_sample_u64(&to, NG_LABELS(&fixture->arena, { "x", NG_SPAN("1") }), 1);
	ng_page_close(&to);
	to.families[1].next = &from->families[1];
	from->families[1].elsewhere = true;
	ng_encoded_reset(&fixture->answer, true);
	ng_encode(&fixture->answer, NG_FORMAT_TEXT, &to);
	to.families[1].elsewhere = true;
	ng_encode(&fixture->answer, NG_FORMAT_TEXT, from);
	assert_span(((struct ng_span){ fixture->answer.bytes, fixture->answer.size }),
		"# HELP first F.\n# TYPE first gauge\nfirst 7\n"
		"# HELP d D of this page.\n# TYPE d untyped\nd{x=\"1\"} 1\nd{x=\"2\"} 2\nd{x=\"3\"} 3\n"
		"# HELP b B.\n# TYPE b gauge\nb 1\n");
	assert_values(&fixture->answer, (const char *const[]){ "7", "1", "2", "3", "1" }, 5);
	ng_page_done(&to);
}

/* Samples of one page that an earlier one has too, whatever the order of their labels. */
static void joining_twins(void **state)
{
	struct page_fixture *fixture = *state;
	struct ng_arena *arena = &fixture->arena;
	struct ng_page *first = &fixture->page, second = { 0 };
	bool alike;

	ng_family(first, &families[3]);
	ng_sample_u64(first, NG_LABELS(arena, { "x", NG_SPAN("1") }, { "y", NG_SPAN("2") }), 1);
	ng_sample_u64(first, NG_LABELS(arena, { "x", NG_SPAN("2") }), 2);
	ng_family(first, &families[4]);
	ng_sample_u64(first, NG_NO_LABELS, 9);
	ng_page_close(first);
	ng_family_dynamic(&second, NG_UNTYPED, NG_SPAN("d"), NG_SPAN("D."));
	ng_sample_u64(&second, NG_LABELS(arena, { "x", NG_SPAN("3") }), 3);
	ng_sample_u64(&second, NG_LABELS(arena, { "x", NG_SPAN("2") }), 4);
	ng_sample_u64(&second, NG_LABELS(arena, { "y", NG_SPAN("2") }, { "x", NG_SPAN("1") }), 5);
	ng_sample_u64(&second, NG_LABELS(arena, { "x", NG_SPAN("2") }, { "y", NG_SPAN("1") }), 6);
	ng_page_close(&second);
	assert_int_equal(second.twins.refused, 0);
	first->families[0].next = &second.families[0];
	assert_int_equal(ng_twins_refuse(first, &first->families[0], &alike), 2);
	assert_span(first->twins.first_refused, "d{x=\"2\"}");
	ng_encoded_reset(&fixture->answer, true);
	ng_encode(&fixture->answer, NG_FORMAT_TEXT, first);
	assert_span(((struct ng_span){ fixture->answer.bytes, fixture->answer.size }),
		"# HELP d D.\n# TYPE d untyped\nd{x=\"1\",y=\"2\"} 1\nd{x=\"2\"} 2\nd{x=\"3\"} 3\n"
		"d{x=\"2\",y=\"1\"} 6\n# HELP e E.\n# TYPE e summary\ne 9\n");
	ng_page_done(&second);
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, open_page, page_fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAGE_TEST(samples),
		PAGE_TEST(extreme_decimals),
		PAGE_TEST(empty_families),
		PAGE_TEST(dynamic_families),
		PAGE_TEST(suffixes),
		PAGE_TEST(escapes),
		PAGE_TEST(many_labels),
		PAGE_TEST(no_labels),
		PAGE_TEST(places),
		PAGE_TEST(errors_stick),
		PAGE_TEST(sample_without_family),
		PAGE_TEST(twins),
		PAGE_TEST(twins_at_random),
		PAGE_TEST(twins_by_hash_alone),
		PAGE_TEST(twins_with_suffix),
		PAGE_TEST(capacity_is_kept),
		PAGE_TEST(joining),
		PAGE_TEST(joining_twins),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
