/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include <math.h>
#include <stdlib.h>

/* A number longer than the first is rejected; one longer than the second is rewritten. */
enum { NUMBER_LONGEST = 400, NUMBER_LONG = 24 };

static bool equal_in_any_case(struct ng_span text, const char *lower)
{
	size_t n = strlen(lower);

	if (text.size != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((text.text[i] | 0x20) != lower[i])
			return false;
	}
	return true;
}

static bool parse_special(struct ng_span text, struct number *number)
{
	bool sign = text.size && (text.text[0] == '+' || text.text[0] == '-');
	struct ng_span word = ng_span_skip(text, sign);

	number->special = true;
	if (equal_in_any_case(word, "inf") || equal_in_any_case(word, "infinity"))
		number->text = sign && text.text[0] == '-' ? NG_SPAN("-Inf") : NG_SPAN("+Inf");
	else if (!sign && equal_in_any_case(word, "nan"))
		number->text = NG_SPAN("NaN");
	else
		number->special = false;
	return number->special;
}

static size_t count_digits(struct ng_span text)
{
	size_t n = 0;

	while (n < text.size && text.text[n] >= '0' && text.text[n] <= '9')
		n++;
	return n;
}

static bool parse_exponent(struct ng_span text)
{
	size_t sign = text.size > 1 && (text.text[1] == '+' || text.text[1] == '-');

	if (text.size == 0 || (text.text[0] | 0x20) != 'e')
		return false;
	text = ng_span_skip(text, 1 + sign);
	return text.size && count_digits(text) == text.size;
}

int textfile_number(struct ng_span text, struct number *ret_number)
{
	bool sign = text.size && (text.text[0] == '+' || text.text[0] == '-');
	struct ng_span rest = ng_span_skip(text, sign);
	size_t whole = count_digits(rest), places = 0;

	*ret_number = (struct number){ .text = sign && text.text[0] == '+' ? rest : text, .whole = !sign };
	if (text.size > NUMBER_LONGEST)
		return -EINVAL;
	if (parse_special(text, ret_number))
		return 0;
	ret_number->whole = !sign && whole == text.size && whole < 20;
	rest = ng_span_skip(rest, whole);
	bool point = rest.size && rest.text[0] == '.';
	if (point) {
		rest = ng_span_skip(rest, 1);
		places = count_digits(rest);
		rest = ng_span_skip(rest, places);
	}
	if (whole + places == 0 || (rest.size && !parse_exponent(rest)))
		return -EINVAL;
	/* not every scraper accepts ".5" and "5." */
	ret_number->odd = text.size > NUMBER_LONG || whole == 0 || (point && places == 0);
	if ((rest.size || whole > 300) && isinf(textfile_number_value(ret_number)))
		return -EINVAL;
	return 0;
}

double textfile_number_value(const struct number *number)
{
	return ng_double_value(number->text);
}

char *textfile_number_copy(char at[NUMBER_ROOM], const struct number *number)
{
	char longer[NG_DOUBLE_ROOM];

	if (!number->odd)
		return text_put(at, number->text);
	const char *end = ng_double_text(longer, textfile_number_value(number));
	return text_put(at, (struct ng_span){ longer, (size_t)(end - longer) });
}

char *textfile_number_count(char at[NUMBER_ROOM], const struct number *number)
{
	static const double half = 9223372036854775808.0; /* 2^63 */
	char digits[NG_DIGITS];
	uint64_t count;

	if (number->whole)
		return text_put(at, number->text);
	double value = textfile_number_value(number);
	if (value >= half && value < 2 * half)
		count = (uint64_t)value;
	else if (value < half && value > -half)
		count = (uint64_t)(int64_t)value;
	else
		count = value >= half ? 0 : (uint64_t)1 << 63;
	return text_put(at, ng_digits(digits, count));
}

/* ---- values in labels ---- */

struct digits {
	char digit[NG_DOUBLE_ROOM];
	int count;
	int point; /* number of digits before the decimal point; may be negative */
};

/* "-1.25e-07" without the sign: digits 125, point -6. */
static struct digits take_apart(const char *at, const char *end)
{
	struct digits digits = { .count = 0 };
	int exponent = 0, sign = 1;
	bool point = false;

	for (; at < end && *at != 'e'; at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		digits.point += !point && (digits.count || *at != '0');
		digits.point -= point && !digits.count && *at == '0';
		if (digits.count || *at != '0')
			digits.digit[digits.count++] = *at;
	}
	for (at++; at < end; at++) {
		if (*at == '-')
			sign = -1;
		else if (*at != '+')
			exponent = exponent * 10 + (*at - '0');
	}
	digits.point += sign * exponent;
	while (digits.count && digits.digit[digits.count - 1] == '0')
		digits.count--;
	return digits;
}

static char *write_scientific(char *at, const struct digits *digits)
{
	int exponent = digits->point - 1;

	*at++ = digits->digit[0];
	if (digits->count > 1) {
		*at++ = '.';
		at = text_put(at, (struct ng_span){ digits->digit + 1, (size_t)digits->count - 1 });
	}
	*at++ = 'e';
	*at++ = exponent < 0 ? '-' : '+';
	exponent = abs(exponent);
	if (exponent >= 100)
		*at++ = (char)('0' + exponent / 100);
	*at++ = (char)('0' + exponent / 10 % 10);
	*at++ = (char)('0' + exponent % 10);
	return at;
}

static char *write_plain(char *at, const struct digits *digits)
{
	if (digits->point <= 0)
		*at++ = '0';
	for (int i = 0; i < digits->point; i++)
		*at++ = i < digits->count ? digits->digit[i] : '0';
	if (digits->count <= digits->point)
		return at;
	*at++ = '.';
	for (int i = digits->point; i < 0; i++)
		*at++ = '0';
	int first = digits->point > 0 ? digits->point : 0;
	return text_put(at, (struct ng_span){ digits->digit + first, (size_t)(digits->count - first) });
}

char *textfile_number_label(char at[NUMBER_ROOM], double value)
{
	char text[NG_DOUBLE_ROOM];
	const char *start = text, *end = ng_double_text(text, value);

	if (!isfinite(value))
		return text_put(at, (struct ng_span){ start, (size_t)(end - start) });
	if (value == 0)
		return text_put(at, NG_SPAN("0"));
	if (*start == '-') {
		*at++ = '-';
		start++;
	}
	struct digits digits = take_apart(start, end);
	/* the exponent form begins at 1e-05 and at 1e+06, like %g with six digits, even if there are more */
	return digits.point < -3 || digits.point > 6 ? write_scientific(at, &digits) : write_plain(at, &digits);
}
