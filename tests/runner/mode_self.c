/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the parser and the comparison: they must be able to fail. */
#include "runner.h"

#define HEAD "# HELP a A.\n# TYPE a gauge\n"

static const char *const good[] = {
	"",
	HEAD "a 1\n",
	HEAD "a{x=\"1\"} 5.\na{x=\"2\"} .5e3\na{x=\"3\"} 1E+05\n",
	HEAD "a{x=\"1\",y=\"\"} -1.5e-7\na{x=\"2\"} NaN\na{x=\"3\"} +Inf\na{x=\"4\"} -Inf\n",
	HEAD "a{x=\"\\\\\\\"\\n\xc3\xa9\"} 0\n",
	HEAD "a{x=\"\t\r\x01\"} 0\n",
	"# HELP a \\\\ \\n\n# TYPE a counter\na 1\n# HELP a_b B.\n# TYPE a_b untyped\na_b 1\n",
	"# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 3\na_count 2\n",
	"# HELP a A.\n# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 3\na_count 2\n",
};

static const char *const bad[] = {
	"a 1\n",
	"# TYPE a gauge\na 1\n",
	"# HELP a A.\na 1\n",
	HEAD,
	HEAD "a 1",
	HEAD "\na 1\n",
	HEAD "a 1\r\n",
	HEAD "a 1 1700000000\n",
	HEAD "a  1\n",
	HEAD "a +1\n",
	HEAD "a .\n",
	HEAD "a .e1\n",
	HEAD "a 1e\n",
	HEAD "a 0x10\n",
	HEAD "a inf\n",
	HEAD "a \n",
	HEAD "a\n",
	HEAD "a{x=\"1\"}\n",
	HEAD "a{} 1\n",
	HEAD "a{x=\"1\",} 1\n",
	HEAD "a{x=\"1\" 1\n",
	HEAD "a{x=\"1} 1\n",
	HEAD "a{x=1} 1\n",
	HEAD "a{x=\"\\t\"} 1\n",
	HEAD "a{x=\"\\\"} 1\n",
	HEAD "a{x=\"\xff\"} 1\n",
	HEAD "a{x=\"\xed\xa0\x80\"} 1\n",
	HEAD "a{x=\"\xc3\"} 1\n",
	HEAD "a{1x=\"1\"} 1\n",
	HEAD "a{__x=\"1\"} 1\n",
	HEAD "a{x:y=\"1\"} 1\n",
	HEAD "a{x=\"1\",x=\"2\"} 1\n",
	HEAD "a 1\na 2\n",
	HEAD "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n",
	HEAD "b 1\n",
	HEAD "a_b 1\n",
	HEAD "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\na{x=\"1\"} 1\n",
	HEAD "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\n" HEAD "a{x=\"1\"} 1\n",
	HEAD HEAD "a 1\n",
	HEAD "a 1\n# HELP a A.\n",
	HEAD "a 1\n# EOF\n",
	"# HELP a \\t\n# TYPE a gauge\na 1\n",
	"# HELP a \\\n# TYPE a gauge\na 1\n",
	"# HELP a A.\n# TYPE a gauges\na 1\n",
	"# HELP 1a A.\n# TYPE 1a gauge\n1a 1\n",
	"# HELP a-b A.\n# TYPE a-b gauge\na-b 1\n",
	"# HELP a A.\n# TYPE a histogram\na 1\n",
	"# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 3\na_count 2\n",
	"# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n",
	"# HELP a A.\n# TYPE a histogram\na_bucket 2\n",
	"# HELP a A.\n# TYPE a gauge\na_sum 3\n",
	"# HELP a A.\n# TYPE a summary\na 3\n",
};

static const struct {
	const char *expected, *actual;
	bool equal;
} pairs[] = {
	{ "a 1\n", HEAD "a 1\n", true },
	{ "# TYPE a gauge\na 1.0\n", HEAD "a 1\n", true },
	{ "# TYPE a counter\na 1\n", HEAD "a 1\n", false },
	{ "a 1\n", HEAD "a 2\n", false },
	{ "a 0.3\n", HEAD "a 0.30000000000000004\n", true },
	{ "a 0.3\n", HEAD "a 0.3000000000000004\n", false },
	{ "a 9007199254740993\n", HEAD "a 9.007199254740992e15\n", true },
	{ "a NaN\n", HEAD "a NaN\n", true },
	{ "a NaN\n", HEAD "a 0\n", false },
	{ "a 0\n", HEAD "a NaN\n", false },
	{ "a +Inf\n", HEAD "a +Inf\n", true },
	{ "a +Inf\n", HEAD "a -Inf\n", false },
	{ "a *\n", HEAD "a 7\n", true },
	{ "a{y=\"2\",x=\"1\"} 1\n", HEAD "a{x=\"1\",y=\"2\"} 1\n", true },
	{ "a{x=\"1\"} 1\n", HEAD "a{x=\"2\"} 1\n", false },
	{ "a{x=\"*\"} 1\n", HEAD "a{x=\"2\"} 1\n", true },
	{ "a{x=\"*\"} 1\n", HEAD "a{x=\"2\"} 2\n", false },
	{ "a{x=\"*\"} 1\n", HEAD "a{y=\"2\"} 1\n", false },
	{ "a{x=\"1\"} 1\n", HEAD "a{x=\"1\"} 1\na{x=\"2\"} 1\n", false },
	{ "a{x=\"1\"} 1\na{x=\"2\"} 1\n", HEAD "a{x=\"1\"} 1\n", false },
	{ "", HEAD "a 1\n", false },
	{ "a 1\n", "", false },
};

static void check_reader(void)
{
	struct exposition exposition = { 0 };

	for (size_t i = 0; i < NG_COUNT(good); i++) {
		if (!exposition_read(&exposition, ng_span(good[i])))
			test_fail("refused: %s: %s", exposition.error, good[i]);
	}
	for (size_t i = 0; i < NG_COUNT(bad); i++) {
		if (exposition_read(&exposition, ng_span(bad[i])))
			test_fail("accepted: %s", bad[i]);
	}
	exposition_done(&exposition);
}

static void check_comparison(void)
{
	struct exposition expected = { 0 }, actual = { 0 };

	for (size_t i = 0; i < NG_COUNT(pairs); i++) {
		if (!exposition_read_expected(&expected, ng_span(pairs[i].expected)) ||
			!exposition_read(&actual, ng_span(pairs[i].actual)))
			test_fail("%zu: %s%s", i, expected.error, actual.error);
		else if (exposition_equal(&expected, &actual, NULL, NULL) != pairs[i].equal)
			test_fail("'%s' and '%s' %s", pairs[i].expected, pairs[i].actual, actual.error);
	}
	exposition_done(&expected);
	exposition_done(&actual);
}

void mode_self(void)
{
	check_reader();
	check_comparison();
}
