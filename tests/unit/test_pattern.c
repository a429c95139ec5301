/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions in the syntax that node_exporter's users know (https://github.com/google/re2/wiki/Syntax). */
#include "support.h"

#include "base/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct ng_pattern *compiled(const char *expression)
{
	struct ng_error error = { "" };
	struct ng_pattern *pattern;

	if (ng_pattern_new(expression, &error, &pattern) < 0)
		fail_msg("%s", error.text);
	return pattern;
}

struct matching {
	const char *expression, *text;
	bool matches;
};

static void spellings(void **state)
{
	static const struct matching matchings[] = {
		/* unanchored */
		{ "eth", "veth0", true },
		{ "^eth", "veth0", false },
		{ "eth$", "veth", true },
		{ "eth$", "veth0", false },
		/* the defaults of node_exporter */
		{ "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "loop0", true },
		{ "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "nvme0n1p12", true },
		{ "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "nvme0n1", false },
		{ "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$", "sda", false },
		{ "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)", "/dev",
			true },
		{ "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)", "/devel",
			false },
		{ "^(?:.*_(?:InErrors|InErrs)|Ip_Forwarding)$", "Udp_InErrors", true },
		/* groups, classes, flags */
		{ "^(?P<kind>eth|en)\\d", "en0", true },
		{ "^(?i)ETH0$", "eth0", true },
		{ "(?i:ETH)0", "eth0", true },
		{ "^[[:alpha:]]+$", "eth", true },
		{ "^[[:alpha:]]+$", "eth0", false },
		{ "^[[:^digit:]]+$", "eth", true },
		{ "^[^a-z]+$", "ETH0", true },
		{ "\\bfoo\\b", "a foo b", true },
		{ "\\Aeth\\z", "eth", true },
		{ "\\Aeth\\z", "eth\n", false },
		{ "^\\Qa.b\\E$", "a.b", true },
		{ "^\\Qa.b\\E$", "axb", false },
		{ "^\\x41\\x{42}$", "AB", true },
		{ "^a{2,3}$", "aa", true },
		{ "^a{2,3}$", "aaaa", false },
		{ "a*?b", "aab", true },
		/* '$' is the end of the text, not of a line; '.' does not match a line feed */
		{ "^eth0$", "eth0\n", false },
		{ "^a.b$", "a\nb", false },
		{ "(?s)^a.b$", "a\nb", true },
		{ "(?m)^b$", "a\nb", true },
		/* empty alternatives */
		{ "^(|eth)$", "", true },
		{ "^(|eth)$", "eth", true },
		{ "^$", "", true },
		{ "^$", "x", false },
		/* bytes that are not UTF-8 */
		{ "^eth", "eth\xff", true },
		{ "\xc3\xa9$", "caf\xc3\xa9", true },
		/* a dot matches a character, not one of its bytes */
		{ "^.$", "\xc3\xa9", true },
		{ "^caf..$", "caf\xc3\xa9", false },
		{ "^\\pL+$", "caf\xc3\xa9", true },
		{ "^[\xc3\xa9\xc3\xa8]$", "\xc3\xa8", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(matchings) / sizeof(matchings[0]); i++) {
		struct ng_pattern *pattern = compiled(matchings[i].expression);
		print_message("'%s' on '%s'\n", matchings[i].expression, matchings[i].text);
		assert_int_equal(ng_pattern_matches(pattern, guarded(matchings[i].text)), matchings[i].matches);
		assert_int_equal(ng_pattern_matches(pattern, guarded(matchings[i].text)), matchings[i].matches);
		ng_pattern_free(pattern);
	}
}

static void everything(void **state)
{
	(void)state;
	assert_true(ng_pattern_matches(NULL, NG_SPAN("x")));
	assert_null(compiled(""));
	struct ng_pattern *pattern = compiled(".*");
	assert_true(ng_pattern_matches(pattern, NG_SPAN("")));
	assert_true(ng_pattern_matches(pattern, ng_span(NULL)));
	ng_pattern_free(pattern);
	ng_pattern_free(NULL);
}

static void bad_expressions(void **state)
{
	static const char *const bad[] = { "(", "a)", "[a", "*", "a**b(", "\\", "(?z)", "a{2,1}", "[[:nonsense:]]",
		"(?P<n>a" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ng_error error = { "" };
		struct ng_pattern *pattern = (void *)&error;
		print_message("'%s'\n", bad[i]);
		assert_int_equal(ng_pattern_new(bad[i], &error, &pattern), -EINVAL);
		assert_null(pattern);
		assert_non_null(strstr(error.text, bad[i]));
	}
	/* the message is truncated rather than overflowing its buffer */
	char expression[3000];
	struct {
		struct ng_error error;
		char behind[4];
	} room = { .behind = "####" };
	memset(expression, '(', sizeof(expression) - 1);
	expression[sizeof(expression) - 1] = '\0';
	struct ng_pattern *pattern;
	assert_true(ng_pattern_new(expression, &room.error, &pattern) < 0);
	assert_memory_equal(room.behind, "####", 4);
}

/* Results stay correct while the cache fills up, grows and is emptied. */
static void memory_of_answers(void **state)
{
	struct ng_pattern *pattern = compiled("^eth[0-9]*[02468]$");

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 40000; i++) {
			char name[16];
			int n = snprintf(name, sizeof(name), "eth%u", i);
			bool matches = ng_pattern_matches(pattern, (struct ng_span){ name, (size_t)n });
			if (matches != (i % 2 == 0))
				fail_msg("%s", name);
		}
	}
	ng_pattern_free(pattern);
}

/* Names that differ only in a trailing NUL or in length are different. */
static void names_alike(void **state)
{
	struct ng_pattern *pattern = compiled("^a$");

	(void)state;
	assert_true(ng_pattern_matches(pattern, guarded("a")));
	assert_false(ng_pattern_matches(pattern, guarded_bytes("a\0", 2)));
	assert_false(ng_pattern_matches(pattern, guarded_bytes("a\0\0\0\0\0\0\0\0", 9)));
	assert_false(ng_pattern_matches(pattern, guarded_bytes("\0", 1)));
	assert_false(ng_pattern_matches(pattern, guarded("")));
	assert_true(ng_pattern_matches(pattern, guarded("a")));
	ng_pattern_free(pattern);
}

/* An expression that would backtrack forever gives up. */
static void explosions(void **state)
{
	struct ng_pattern *pattern = compiled("^(a+)+$");
	char name[64];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[63] = 'b';
	assert_false(ng_pattern_matches(pattern, (struct ng_span){ name, sizeof(name) }));
	assert_true(ng_pattern_matches(pattern, (struct ng_span){ name, 20 }));
	ng_pattern_free(pattern);
}

static void filters(void **state)
{
	struct ng_filter filter = { 0 };

	(void)state;
	assert_true(ng_filter_keeps(&filter, NG_SPAN("eth0")));
	filter.exclude = compiled("^lo$");
	assert_true(ng_filter_keeps(&filter, NG_SPAN("eth0")));
	assert_false(ng_filter_keeps(&filter, NG_SPAN("lo")));
	filter.include = compiled("^(eth|lo)");
	assert_true(ng_filter_keeps(&filter, NG_SPAN("eth0")));
	assert_false(ng_filter_keeps(&filter, NG_SPAN("lo")));
	assert_false(ng_filter_keeps(&filter, NG_SPAN("wlan0")));
	ng_pattern_free(filter.exclude);
	filter.exclude = NULL;
	assert_true(ng_filter_keeps(&filter, NG_SPAN("lo")));
	ng_pattern_free(filter.include);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(spellings),
		TEST(everything),
		TEST(bad_expressions),
		TEST(memory_of_answers),
		TEST(names_alike),
		TEST(explosions),
		TEST(filters),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
