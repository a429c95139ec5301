/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans of kernel text and strict numbers.
 *
 * A span borrows its bytes; it is not NUL-terminated. Functions named `_next` remove what they return from the front of
 * the given span. Numbers are strict: the whole span must be the number, otherwise the result is -EINVAL, or -ERANGE if
 * it does not fit.
 */
#ifndef NODEGAUGE_TEXT_H
#define NODEGAUGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ng_span {
	const char *text;
	size_t size;
};

/* A span over a string literal. */
#define NG_SPAN(literal) ((struct ng_span){ "" literal, sizeof(literal) - 1 })

/* A span over a C string; NULL gives the empty span. */
static inline struct ng_span ng_span(const char *string)
{
	return (struct ng_span){ string, string ? strlen(string) : 0 };
}

static inline bool ng_span_equal(struct ng_span a, struct ng_span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

static inline bool ng_span_starts(struct ng_span span, struct ng_span prefix)
{
	return span.size >= prefix.size && memcmp(span.text, prefix.text, prefix.size) == 0;
}

static inline bool ng_span_ends(struct ng_span span, struct ng_span suffix)
{
	return span.size >= suffix.size && memcmp(span.text + span.size - suffix.size, suffix.text, suffix.size) == 0;
}

/* Drops the first `n` bytes, or all if there are fewer. */
static inline struct ng_span ng_span_skip(struct ng_span span, size_t n)
{
	if (n > span.size)
		n = span.size;
	/* the text of an empty span may be NULL; compilers turn this into one addition */
	return (struct ng_span){ n ? span.text + n : span.text, span.size - n };
}

/* The index of `byte`, or span.size if there is none. */
static inline size_t ng_span_find(struct ng_span span, char byte)
{
	const char *at = span.size ? memchr(span.text, byte, span.size) : NULL;
	return at ? (size_t)(at - span.text) : span.size;
}

/* Compares as memcmp does, shorter first; for qsort. */
int ng_span_compare(struct ng_span a, struct ng_span b);

/* Without blanks (space, tab, CR, LF, NUL) at both ends. */
struct ng_span ng_trim(struct ng_span span);

/* The next line without its line feed; false at the end of the text. The last line needs no line feed. */
bool ng_line_next(struct ng_span *text, struct ng_span *ret_line);

/* The next word; words are separated by spaces and tabs. False if there is none. */
bool ng_word_next(struct ng_span *line, struct ng_span *ret_word);

/* The part up to `separator`, which is dropped, or the whole rest; false at the end. Parts may be empty. */
bool ng_part_next(struct ng_span *rest, char separator, struct ng_span *ret_part);

int ng_u64(struct ng_span text, uint64_t *ret_value);
int ng_i64(struct ng_span text, int64_t *ret_value);

/* Hexadecimal, with or without 0x. */
int ng_hex(struct ng_span text, uint64_t *ret_value);

/* The next word as a number; -ENODATA if there is no word. */
int ng_u64_next(struct ng_span *line, uint64_t *ret_value);

/* The next word as a hexadecimal number; -ENODATA if there is no word. */
int ng_hex_next(struct ng_span *line, uint64_t *ret_value);

/* "12.340" is { 12340, 3 }: the value is digits * 10^-places, exactly. Not for exponents; -ERANGE past 18 digits. */
struct ng_decimal {
	int64_t digits;
	unsigned places;
};
int ng_decimal(struct ng_span text, struct ng_decimal *ret_value);

/* The digits of a number, for labels and paths, at the end of `room`. Pages format values themselves. */
enum { NG_DIGITS = 20 };
static inline struct ng_span ng_digits(char room[static NG_DIGITS], uint64_t value)
{
	size_t at = NG_DIGITS;

	do
		room[--at] = (char)('0' + value % 10);
	while (value /= 10);
	return (struct ng_span){ room + at, NG_DIGITS - at };
}

#endif
