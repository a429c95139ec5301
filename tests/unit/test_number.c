/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, compared with the C library and with exact decimals. */
#include "support.h"

#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char text[2 * NG_NUMBER_MAX];

/* Renders into `text`, and checks that no more than NG_NUMBER_MAX bytes were touched. */
#define RENDER(function, ...)                                                                                          \
	do {                                                                                                           \
		memset(text, '#', sizeof(text));                                                                       \
		char *end_ = function(text, __VA_ARGS__);                                                              \
		assert_in_range(end_ - text, 1, NG_NUMBER_MAX);                                                        \
		for (size_t i_ = NG_NUMBER_MAX; i_ < sizeof(text); i_++)                                               \
			assert_int_equal(text[i_], '#');                                                               \
		*end_ = '\0';                                                                                          \
	} while (0)

static void whole(uint64_t value)
{
	char right[32];

	snprintf(right, sizeof(right), "%" PRIu64, value);
	RENDER(ng_render_u64, value);
	assert_string_equal(text, right);
	snprintf(right, sizeof(right), "%" PRIi64, (int64_t)value);
	RENDER(ng_render_i64, (int64_t)value);
	assert_string_equal(text, right);
}

static void integers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (unsigned i = 0; i < 20; i++, power *= 10) {
		for (uint64_t delta = 0; delta < 3; delta++) {
			whole(power + delta);
			whole(power - delta);
			whole(0 - (power - delta));
		}
	}
	for (unsigned i = 0; i < 64; i++)
		whole((UINT64_C(1) << i) - 1);
	whole(UINT64_MAX);
	whole((uint64_t)INT64_MIN);
}

/* value * 10^-places, computed by moving characters. */
static void shift(char *out, uint64_t value, unsigned places)
{
	char digits[96];
	int n = snprintf(digits, sizeof(digits), "%0*" PRIu64, (int)places + 1, value);

	memcpy(out, digits, (size_t)n - places);
	out += (size_t)n - places;
	if (places == 0) {
		*out = '\0';
		return;
	}
	*out++ = '.';
	memcpy(out, digits + n - places, places);
	out += places;
	while (out[-1] == '0')
		out--;
	if (out[-1] == '.')
		out--;
	*out = '\0';
}

static void scaled_once(uint64_t value, unsigned places)
{
	char right[128];

	shift(right, value, places);
	RENDER(ng_render_scaled, value, places);
	assert_string_equal(text, right);
}

static void scaled(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (unsigned places = 0; places <= 64; places++) {
		uint64_t power = 1;
		for (unsigned i = 0; i < 20; i++, power *= 10) {
			scaled_once(power - 1, places);
			scaled_once(power, places);
			scaled_once(power + 1, places);
			scaled_once(power * 7, places);
		}
		scaled_once(0, places);
		scaled_once(UINT64_MAX, places);
		scaled_once(120, places);
		scaled_once(100500, places);
	}
	for (unsigned i = 0; i < 100000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		scaled_once(random >> (random >> 58), i % 20);
	}
	RENDER(ng_render_scaled, 1234500, 2);
	assert_string_equal(text, "12345");
	RENDER(ng_render_scaled, 1234500, 6);
	assert_string_equal(text, "1.2345");
	RENDER(ng_render_scaled, 5, 3);
	assert_string_equal(text, "0.005");
}

static void round_trip(double value)
{
	char *end;

	RENDER(ng_render_double, value);
	assert_true(strtod(text, &end) == value);
	assert_int_equal(*end, '\0');
}

static void doubles(void **state)
{
	static const double values[] = { 0.1, 0.2, 0.3, 1.0 / 3, 2.5, 1e-5, 1e-7, 123456.789, 1e15, 1e16, 1e17, 1e21,
		1e22, 1e23, 4503599627370496.5, 9007199254740991.0, 9007199254740992.0, 9007199254740993.0,
		9007199254740994.0, 9223372036854774784.0, 9223372036854775808.0, 18446744073709551616.0, 1e100, 5e-324,
		2.2250738585072011e-308, DBL_MIN, DBL_MAX, DBL_EPSILON, 1.7976931348623157e308 };
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		round_trip(values[i]);
		round_trip(-values[i]);
	}
	for (unsigned i = 0; i < 100000; i++) {
		double value;
		random = random * 6364136223846793005u + 1442695040888963407u;
		memcpy(&value, &random, sizeof(value));
		if (isfinite(value))
			round_trip(value);
	}
}

static void spelled(double value, const char *right)
{
	RENDER(ng_render_double, value);
	assert_string_equal(text, right);
}

static void special_doubles(void **state)
{
	(void)state;
	spelled(NAN, "NaN");
	spelled(-NAN, "NaN");
	spelled(INFINITY, "+Inf");
	spelled(-INFINITY, "-Inf");
	spelled(0.0, "0");
	spelled(1.0, "1");
	spelled(-1.0, "-1");
	spelled(1e6, "1000000");
	spelled(0.1, "0.1");
	spelled(0.3, "0.3");
	spelled(2.5, "2.5");
	RENDER(ng_render_double, -0.0);
	assert_true(strtod(text, NULL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integers),
		TEST(scaled),
		TEST(doubles),
		TEST(special_doubles),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
