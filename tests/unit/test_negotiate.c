/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for formats and encodings, and the resulting responses. */
#include "support.h"

#include "exposition/negotiate.h"

#include <stdlib.h>

static void compression(void **state)
{
	static const struct {
		const char *header;
		bool gzip;
	} headers[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZIP", true },
		{ "x-gzip", true },
		{ "gzip, deflate, br, zstd", true },
		{ "deflate, gzip;q=1.0, *;q=0.5", true },
		{ " gzip ; q=0.5 ", true },
		{ "identity;q=0.5, gzip;q=0.4", false },
		{ "identity;q=0.5, gzip;q=0.5", true },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000", false },
		{ "gzip;q=0.001", true },
		{ "gzip;q=2", true },
		{ "gzip;q=0.0000000000000000000", false },
		{ "gzip;q=0.00000000000000000001", false },
		{ "gzip;q=0.99999999999999999999", true },
		{ "identity;q=1.0000000000000000000, gzip;q=0.9999999999999999999", false },
		{ "gzip;q=99999999999999999999", true },
		{ "gzip;q=", true },
		{ "gzip;q=x", true },
		{ "gzip;q=-1", true },
		{ "gzip;q=0.5;q=0", false },
		{ "gzip;Q=0", false },
		{ "identity", false },
		{ "identity;q=0", false },
		{ "*", false },
		{ "gzipped", false },
		{ "gzi", false },
		{ "zstd", false },
		{ ",,,gzip,,", true },
		{ ";q=1", false },
		{ ";;;", false },
		{ "gzip;;q=0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		print_message("'%s'\n", headers[i].header ? headers[i].header : "(none)");
		assert_int_equal(ng_negotiate_gzip(headers[i].header), headers[i].gzip);
	}
}

#define TEXT "text/plain; version=0.0.4; charset=utf-8; escaping="

static void types(void **state)
{
	static const char proto[] =
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
	static const struct {
		const char *header, *type;
	} headers[] = {
		{ NULL, TEXT "underscores" },
		{ "", TEXT "underscores" },
		{ "*/*", TEXT "underscores" },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT "underscores" },
		/* Prometheus 2.42 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			TEXT "underscores" },
		/* 2.49.0 with its quality of 2 */
		{ "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=2",
			TEXT "underscores" },
		/* 3.5 */
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		  "application/openmetrics-text;version=0.0.1;q=0.5,text/"
		  "plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
		  "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
			TEXT "allow-utf-8" },
		/* 3.0 repeats it */
		{ "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.3",
			TEXT "allow-utf-8" },
		{ "text/plain;version=0.0.4;escaping=dots", TEXT "dots" },
		{ "text/plain;version=0.0.4;escaping=values", TEXT "values" },
		{ "text/plain;version=0.0.4;escaping=nonsense", TEXT "underscores" },
		/* a clause after the one that matched does not count */
		{ "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;escaping=dots;q=0.5",
			TEXT "underscores" },
		{ "application/openmetrics-text;escaping=dots;q=0.5,text/plain;version=0.0.4;q=0.9",
			TEXT "underscores" },
		{ proto, TEXT "underscores" },
		{ ",;=,;q=,", TEXT "underscores" },
	};
	enum ng_format format;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		print_message("'%s'\n", headers[i].header ? headers[i].header : "(none)");
		assert_string_equal(ng_negotiate_type(headers[i].header, &format), headers[i].type);
		assert_int_equal(format, NG_FORMAT_TEXT);
	}
}

/* Headers of any length and with any number of clauses. */
static void long_headers(void **state)
{
	enum { SIZE = 20000 };
	char *header = malloc(SIZE + 1);
	enum ng_format format;

	(void)state;
	for (size_t size = 0; size <= SIZE; size += 997) {
		for (size_t i = 0; i < size; i++)
			header[i] = "a;q=0.1,"[i % 8];
		header[size] = '\0';
		assert_false(ng_negotiate_gzip(header));
		assert_string_equal(ng_negotiate_type(header, &format), TEXT "underscores");
	}
	memset(header, ',', SIZE);
	assert_string_equal(ng_negotiate_type(header, &format), TEXT "underscores");
	free(header);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(compression), TEST(types), TEST(long_headers) };

	return cmocka_run_group_tests_name("negotiate", tests, NULL, NULL);
}
