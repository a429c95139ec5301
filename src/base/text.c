/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <nodegauge/text.h>

int ng_span_compare(struct ng_span a, struct ng_span b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int r = common ? memcmp(a.text, b.text, common) : 0;

	return r ? r : (a.size > b.size) - (a.size < b.size);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

struct ng_span ng_trim(struct ng_span span)
{
	while (span.size && is_blank(span.text[span.size - 1]))
		span.size--;
	while (span.size && is_blank(span.text[0]))
		span = ng_span_skip(span, 1);
	return span;
}

bool ng_line_next(struct ng_span *text, struct ng_span *ret_line)
{
	return ng_part_next(text, '\n', ret_line);
}

bool ng_part_next(struct ng_span *rest, char separator, struct ng_span *ret_part)
{
	if (rest->size == 0)
		return false;
	size_t n = ng_span_find(*rest, separator);
	*ret_part = (struct ng_span){ rest->text, n };
	*rest = ng_span_skip(*rest, n + 1);
	return true;
}

bool ng_word_next(struct ng_span *line, struct ng_span *ret_word)
{
	if (line->size == 0) {
		*ret_word = *line;
		return false;
	}
	const char *at = line->text, *end = at + line->size;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	const char *start = at;
	while (at < end && *at != ' ' && *at != '\t')
		at++;
	*line = (struct ng_span){ at, (size_t)(end - at) };
	*ret_word = (struct ng_span){ start, (size_t)(at - start) };
	return at > start;
}

int ng_u64(struct ng_span text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (text.size == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.size; i++) {
		unsigned digit = (unsigned char)text.text[i] - (unsigned)'0';
		if (digit > 9)
			return -EINVAL;
		/* 19 digits always fit */
		if (i >= 19 && (value > UINT64_MAX / 10 || (value == UINT64_MAX / 10 && digit > UINT64_MAX % 10)))
			return -ERANGE;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return 0;
}

int ng_i64(struct ng_span text, int64_t *ret_value)
{
	uint64_t magnitude;
	bool negative = text.size && text.text[0] == '-';

	int r = ng_u64(ng_span_skip(text, negative), &magnitude);
	if (r < 0)
		return r;
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int ng_hex(struct ng_span text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (ng_span_starts(text, NG_SPAN("0x")) || ng_span_starts(text, NG_SPAN("0X")))
		text = ng_span_skip(text, 2);
	if (text.size == 0)
		return -EINVAL;
	for (size_t i = 0; i < text.size; i++) {
		int digit = hex_digit(text.text[i]);
		if (digit < 0)
			return -EINVAL;
		if (value >> 60)
			return -ERANGE;
		value = value << 4 | (unsigned)digit;
	}
	*ret_value = value;
	return 0;
}

/* These two are in the innermost loops of many collectors: one pass over the bytes instead of two. */

static const char *skip_blanks(const struct ng_span *line)
{
	const char *at = line->text, *end = at + line->size;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static void set_rest(struct ng_span *line, const char *at)
{
	*line = (struct ng_span){ at, (size_t)(line->text + line->size - at) };
}

/* A word that is not a number, or a long number. */
static int number_slow(struct ng_span *line, int (*parse)(struct ng_span, uint64_t *), uint64_t *ret_value)
{
	struct ng_span word;

	return ng_word_next(line, &word) ? parse(word, ret_value) : -ENODATA;
}

int ng_u64_next(struct ng_span *line, uint64_t *ret_value)
{
	const char *start = skip_blanks(line), *end = line->text + line->size, *at = start;
	uint64_t value = 0;
	unsigned digit;

	for (; at < end && (digit = (unsigned char)*at - (unsigned)'0') <= 9; at++)
		value = value * 10 + digit;
	/* 19 digits always fit */
	if (at == start || at - start > 19 || (at < end && *at != ' ' && *at != '\t'))
		return number_slow(line, ng_u64, ret_value);
	set_rest(line, at);
	*ret_value = value;
	return 0;
}

int ng_hex_next(struct ng_span *line, uint64_t *ret_value)
{
	const char *start = skip_blanks(line), *end = line->text + line->size, *at = start;
	uint64_t value = 0;
	int digit;

	for (; at < end && (digit = hex_digit(*at)) >= 0; at++)
		value = value << 4 | (unsigned)digit;
	if (at == start || at - start > 16 || (at < end && *at != ' ' && *at != '\t'))
		return number_slow(line, ng_hex, ret_value);
	set_rest(line, at);
	*ret_value = value;
	return 0;
}

int ng_decimal(struct ng_span text, struct ng_decimal *ret_value)
{
	int64_t digits = 0;
	unsigned seen = 0, places = 0;
	bool point = false, negative = text.size && text.text[0] == '-';

	for (size_t i = negative; i < text.size; i++) {
		char c = text.text[i];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return -EINVAL;
		if (digits > (INT64_MAX - 9) / 10)
			return -ERANGE;
		digits = digits * 10 + (c - '0');
		seen++;
		places += point;
	}
	if (seen == 0)
		return -EINVAL;
	if (places > 18)
		return -ERANGE;
	*ret_value = (struct ng_decimal){ negative ? -digits : digits, places };
	return 0;
}
