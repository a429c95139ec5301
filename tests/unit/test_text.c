/* SPDX-License-Identifier: Apache-2.0 */
/* Spans and strict numbers. Every text ends where readable memory ends. */
#include "support.h"

#include "base/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void lines(void **state)
{
	struct ng_span text = guarded("a\n\nbc\n"), line;

	(void)state;
	assert_true(ng_line_next(&text, &line));
	assert_span(line, "a");
	assert_true(ng_line_next(&text, &line));
	assert_span(line, "");
	assert_true(ng_line_next(&text, &line));
	assert_span(line, "bc");
	assert_false(ng_line_next(&text, &line));

	text = guarded("no end");
	assert_true(ng_line_next(&text, &line));
	assert_span(line, "no end");
	assert_false(ng_line_next(&text, &line));

	text = guarded("");
	assert_false(ng_line_next(&text, &line));
}

static void words(void **state)
{
	struct ng_span text = guarded(" \t eth0:\t 1  22 "), word;

	(void)state;
	assert_true(ng_word_next(&text, &word));
	assert_span(word, "eth0:");
	assert_true(ng_word_next(&text, &word));
	assert_span(word, "1");
	assert_true(ng_word_next(&text, &word));
	assert_span(word, "22");
	assert_false(ng_word_next(&text, &word));
	assert_false(ng_word_next(&text, &word));

	text = guarded("");
	assert_false(ng_word_next(&text, &word));
	text = guarded(" \t");
	assert_false(ng_word_next(&text, &word));
	assert_int_equal(text.size, 0);
}

static void parts(void **state)
{
	struct ng_span text = guarded("a,,b,"), part;

	(void)state;
	assert_true(ng_part_next(&text, ',', &part));
	assert_span(part, "a");
	assert_true(ng_part_next(&text, ',', &part));
	assert_span(part, "");
	assert_true(ng_part_next(&text, ',', &part));
	assert_span(part, "b");
	assert_false(ng_part_next(&text, ',', &part));
}

static void trimming(void **state)
{
	(void)state;
	assert_span(ng_trim(guarded(" \t\r\nx y\n\n")), "x y");
	assert_span(ng_trim(guarded_front("\nx")), "x");
	assert_span(ng_trim(guarded_bytes("7\0\0", 3)), "7");
	assert_span(ng_trim(guarded(" \n")), "");
	assert_span(ng_trim(guarded("")), "");
	assert_span(ng_trim(guarded_front("")), "");
}

static void spans(void **state)
{
	struct ng_span span = guarded("abc");

	(void)state;
	assert_true(ng_span_equal(span, NG_SPAN("abc")));
	assert_false(ng_span_equal(span, NG_SPAN("abcd")));
	assert_false(ng_span_equal(span, NG_SPAN("abd")));
	assert_true(ng_span_starts(span, NG_SPAN("")));
	assert_true(ng_span_starts(span, NG_SPAN("ab")));
	assert_false(ng_span_starts(span, NG_SPAN("abcd")));
	assert_true(ng_span_ends(span, NG_SPAN("bc")));
	assert_false(ng_span_ends(span, NG_SPAN("ab")));
	assert_false(ng_span_ends(span, NG_SPAN("zabc")));
	assert_span(ng_span_skip(span, 2), "c");
	assert_span(ng_span_skip(span, 4), "");
	assert_int_equal(ng_span_find(span, 'c'), 2);
	assert_int_equal(ng_span_find(span, 'x'), 3);
	assert_true(ng_span_compare(span, NG_SPAN("abc")) == 0);
	assert_true(ng_span_compare(span, NG_SPAN("abcd")) < 0);
	assert_true(ng_span_compare(span, NG_SPAN("ab")) > 0);
	assert_true(ng_span_compare(guarded("\xff"), NG_SPAN("a")) > 0);
	assert_true(ng_span_compare(NG_SPAN(""), NG_SPAN("")) == 0);
}

/* The empty span may have a NULL pointer; no function may do arithmetic with it. */
static void nothing(void **state)
{
	struct ng_span none = ng_span(NULL), out;
	struct ng_decimal decimal;
	uint64_t value;

	(void)state;
	assert_int_equal(none.size, 0);
	assert_true(ng_span_equal(none, NG_SPAN("")));
	assert_int_equal(ng_trim(none).size, 0);
	assert_int_equal(ng_span_skip(none, 1).size, 0);
	assert_int_equal(ng_span_find(none, 'a'), 0);
	assert_int_equal(ng_span_compare(none, none), 0);
	assert_false(ng_line_next(&none, &out));
	assert_false(ng_word_next(&none, &out));
	assert_int_equal(ng_u64(none, &value), -EINVAL);
	assert_int_equal(ng_hex(none, &value), -EINVAL);
	assert_int_equal(ng_decimal(none, &decimal), -EINVAL);
}

struct number {
	const char *text;
	int result;
	uint64_t value;
};

static void unsigned_numbers(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 },
		{ "7", 0, 7 },
		{ "007", 0, 7 },
		{ "9999999999999999999", 0, 9999999999999999999u },
		{ "18446744073709551614", 0, UINT64_MAX - 1 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551620", -ERANGE, 0 },
		{ "18446744073709551625", -ERANGE, 0 },
		{ "28446744073709551615", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "184467440737095516150", -ERANGE, 0 },
		{ "00000000000000000000000000000000000001", 0, 1 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "/", -EINVAL, 0 },
		{ ":", -EINVAL, 0 },
		{ "\xb1", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = 4711;
		print_message("'%s'\n", numbers[i].text);
		assert_int_equal(ng_u64(guarded(numbers[i].text), &value), numbers[i].result);
		assert_true(value == (numbers[i].result ? 4711 : numbers[i].value));
	}
}

/* Numbers with all lengths of digits, compared with the C library. */
static void unsigned_numbers_of_all_lengths(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 64; bits++) {
		for (int delta = -1; delta <= 1; delta++) {
			uint64_t right = (UINT64_C(1) << bits) + (uint64_t)delta, value;
			char text[32];
			snprintf(text, sizeof(text), "%" PRIu64, right);
			assert_int_equal(ng_u64(guarded(text), &value), 0);
			assert_true(value == right);
			snprintf(text, sizeof(text), "%" PRIx64, right);
			assert_int_equal(ng_hex(guarded(text), &value), 0);
			assert_true(value == right);
		}
	}
}

static void signed_numbers(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} numbers[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "-1", 0, -1 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "-99999999999999999999", -ERANGE, 0 },
		{ "-", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t value = 4711;
		print_message("'%s'\n", numbers[i].text);
		assert_int_equal(ng_i64(guarded(numbers[i].text), &value), numbers[i].result);
		assert_true(value == (numbers[i].result ? 4711 : numbers[i].value));
	}
}

static void hexadecimal_numbers(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 },
		{ "0x0", 0, 0 },
		{ "ff", 0, 255 },
		{ "0xFF", 0, 255 },
		{ "0XfF", 0, 255 },
		{ "ffffffffffffffff", 0, UINT64_MAX },
		{ "0x0000000000000000ffffffffffffffff", 0, UINT64_MAX },
		{ "10000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "x1", -EINVAL, 0 },
		{ "g", -EINVAL, 0 },
		{ "@", -EINVAL, 0 },
		{ "`", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = 4711;
		print_message("'%s'\n", numbers[i].text);
		assert_int_equal(ng_hex(guarded(numbers[i].text), &value), numbers[i].result);
		assert_true(value == (numbers[i].result ? 4711 : numbers[i].value));
	}
}

static void numbers_in_a_row(void **state)
{
	struct ng_span line = guarded("1 ff  x 3"), hex = guarded("ff"), none = guarded(" ");
	uint64_t value;

	(void)state;
	assert_int_equal(ng_u64_next(&line, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(ng_hex_next(&line, &value), 0);
	assert_int_equal(value, 255);
	assert_int_equal(ng_u64_next(&line, &value), -EINVAL);
	assert_int_equal(ng_u64_next(&line, &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(ng_u64_next(&line, &value), -ENODATA);
	assert_int_equal(ng_hex_next(&hex, &value), 0);
	assert_int_equal(ng_hex_next(&none, &value), -ENODATA);
}

static void decimals(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t digits;
		unsigned places;
	} numbers[] = {
		{ "12.340", 0, 12340, 3 },
		{ "0.00", 0, 0, 2 },
		{ "-0.5", 0, -5, 1 },
		{ "5", 0, 5, 0 },
		{ "123456789012345678", 0, 123456789012345678, 0 },
		{ "999999999999999999", 0, 999999999999999999, 0 },
		{ "9.99999999999999999", 0, 999999999999999999, 17 },
		{ "0.000000000000000001", 0, 1, 18 },
		{ "99999999999999999999", -ERANGE, 0, 0 },
		{ "-99999999999999999999", -ERANGE, 0, 0 },
		{ "0.0000000000000000001", -ERANGE, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ ".", -EINVAL, 0, 0 },
		{ "-", -EINVAL, 0, 0 },
		{ "-.", -EINVAL, 0, 0 },
		{ "1.2.3", -EINVAL, 0, 0 },
		{ "1e3", -EINVAL, 0, 0 },
		{ "1,2", -EINVAL, 0, 0 },
		{ "nan", -EINVAL, 0, 0 },
		{ "inf", -EINVAL, 0, 0 },
		{ "1 ", -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct ng_decimal value = { 4711, 0 };
		print_message("'%s'\n", numbers[i].text);
		assert_int_equal(ng_decimal(guarded(numbers[i].text), &value), numbers[i].result);
		assert_true(value.digits == (numbers[i].result ? 4711 : numbers[i].digits));
		assert_true(value.places == numbers[i].places);
	}
}

static void durations(void **state)
{
	static const struct number durations[] = {
		{ "0", 0, 0 },
		{ "0s", 0, 0 },
		{ "1ns", 0, 1 },
		{ "2us", 0, 2000 },
		{ "100ms", 0, 100000000 },
		{ "5s", 0, 5000000000 },
		{ "1m30s", 0, 90000000000 },
		{ "1h2m3s4ms5us6ns", 0, 3723004005006 },
		{ "1.5s", 0, 1500000000 },
		{ ".5s", 0, 500000000 },
		{ "0.001ms", 0, 1000 },
		{ "277777h", 0, 277777 * UINT64_C(3600000000000) },
		{ "277778h", -ERANGE, 0 },
		{ "999999999999999h", -ERANGE, 0 },
		/* 19 times 277777h, which overflows */
		{ "277777h277777h277777h277777h277777h277777h277777h277777h277777h277777h"
		  "277777h277777h277777h277777h277777h277777h277777h277777h277777h",
			-ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "5", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "5 s", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
		{ "5d", -EINVAL, 0 },
		{ "5s3", -EINVAL, 0 },
		{ "1.2.3s", -EINVAL, 0 },
		{ "5x", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		uint64_t ns = 4711;
		print_message("'%s'\n", durations[i].text);
		assert_int_equal(ng_duration(guarded(durations[i].text), &ns), durations[i].result);
		assert_true(ns == (durations[i].result ? 4711 : durations[i].value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines),
		TEST(words),
		TEST(parts),
		TEST(trimming),
		TEST(spans),
		TEST(nothing),
		TEST(unsigned_numbers),
		TEST(unsigned_numbers_of_all_lengths),
		TEST(signed_numbers),
		TEST(hexadecimal_numbers),
		TEST(numbers_in_a_row),
		TEST(decimals),
		TEST(durations),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
