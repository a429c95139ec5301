/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <math.h>
#include <nodegauge/page.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char pairs[] =
	"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
	"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/* Writes the digits so that they end at `end`; returns where they start. */
static char *digits_before(char *end, uint64_t value)
{
	while (value >= 100) {
		end -= 2;
		memcpy(end, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value >= 10) {
		end -= 2;
		memcpy(end, pairs + value * 2, 2);
	} else {
		*--end = (char)('0' + value);
	}
	return end;
}

char *ng_render_u64(char *at, uint64_t value)
{
	char digits[20];

	if (value < 10) {
		*at = (char)('0' + value);
		return at + 1;
	}
	const char *start = digits_before(digits + sizeof(digits), value);
	size_t n = (size_t)(digits + sizeof(digits) - start);
	memcpy(at, start, n);
	return at + n;
}

char *ng_render_i64(char *at, int64_t value)
{
	if (value >= 0)
		return ng_render_u64(at, (uint64_t)value);
	*at = '-';
	return ng_render_u64(at + 1, 0 - (uint64_t)value);
}

char *ng_render_scaled(char *at, uint64_t value, unsigned places)
{
	char digits[20];

	if (value == 0 || places == 0)
		return ng_render_u64(at, value);
	const char *start = digits_before(digits + sizeof(digits), value), *end = digits + sizeof(digits);
	while (places && end[-1] == '0') {
		end--;
		places--;
	}
	size_t n = (size_t)(end - start);
	if (places == 0) {
		memcpy(at, start, n);
		return at + n;
	}
	if (n <= places) {
		memcpy(at, "0.", 2);
		at += 2;
		memset(at, '0', places - n);
		at += places - n;
		memcpy(at, start, n);
		return at + n;
	}
	memcpy(at, start, n - places);
	at += n - places;
	*at++ = '.';
	memcpy(at, end - places, places);
	return at + places;
}

char *ng_render_double(char *at, double value)
{
	if (isnan(value)) {
		memcpy(at, "NaN", 3);
		return at + 3;
	}
	if (isinf(value)) {
		memcpy(at, value > 0 ? "+Inf" : "-Inf", 4);
		return at + 4;
	}
	if (fabs(value) < 9007199254740992.0 && value == (double)(int64_t)value)
		return ng_render_i64(at, (int64_t)value);
	for (int precision = 15; precision < 17; precision++) {
		int n = snprintf(at, NG_NUMBER_MAX, "%.*g", precision, value);
		if (strtod(at, NULL) == value)
			return at + n;
	}
	return at + snprintf(at, NG_NUMBER_MAX, "%.17g", value);
}

_Static_assert(NG_DOUBLE_ROOM == NG_NUMBER_MAX, "both are the room that ng_render_double needs");
char *ng_double_text(char at[NG_DOUBLE_ROOM], double value)
{
	return ng_render_double(at, value);
}

double ng_double_value(struct ng_span text)
{
	char copy[401], *end;

	if (text.size == 0 || text.size >= sizeof(copy))
		return NAN;
	memcpy(copy, text.text, text.size);
	copy[text.size] = '\0';
	double value = strtod(copy, &end);
	return end == copy + text.size ? value : NAN;
}
