/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/negotiate.h"

#include <nodegauge/text.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Longer headers are ignored. */
enum { HEADER_MAX = 4096, CLAUSES_MAX = 32 };

struct clause {
	struct ng_span name; /* "gzip", "text/plain" */
	struct ng_span rest; /* the parameters */
	unsigned quality;    /* thousandths */
};

static bool same(struct ng_span a, const char *b)
{
	return a.size == strlen(b) && strncasecmp(a.text, b, a.size) == 0;
}

/* "0.8" in thousandths. Values above 1 count as 1, because Prometheus 2.49.0 sent 2; invalid values count as 1. */
static unsigned parse_quality(struct ng_span text)
{
	struct ng_decimal value;
	size_t point = ng_span_find(text, '.');

	/* more decimal places would overflow, and none of them matters */
	if (text.size > point + 4)
		text.size = point + 4;
	if (ng_decimal(text, &value) < 0 || value.digits < 0)
		return 1000;
	for (; value.places < 3 && value.digits <= 1000; value.places++)
		value.digits *= 10;
	return value.digits > 1000 ? 1000 : (unsigned)value.digits;
}

/* The next parameter "name=value" of a clause. */
static bool parameter_next(struct ng_span *rest, struct ng_span *ret_name, struct ng_span *ret_value)
{
	struct ng_span part;

	if (!ng_part_next(rest, ';', &part))
		return false;
	size_t equals = ng_span_find(part, '=');
	*ret_name = ng_trim((struct ng_span){ part.text, equals });
	*ret_value = ng_trim(ng_span_skip(part, equals + 1));
	return true;
}

static bool clause_next(struct ng_span *header, struct clause *ret_clause)
{
	struct ng_span part, name, value;

	if (!ng_part_next(header, ',', &part))
		return false;
	size_t semicolon = ng_span_find(part, ';');
	*ret_clause = (struct clause){
		.name = ng_trim((struct ng_span){ part.text, semicolon }),
		.rest = ng_span_skip(part, semicolon + 1),
		.quality = 1000,
	};
	for (struct ng_span rest = ret_clause->rest; parameter_next(&rest, &name, &value);) {
		if (same(name, "q"))
			ret_clause->quality = parse_quality(value);
	}
	return true;
}

bool ng_negotiate_gzip(const char *accept_encoding)
{
	struct ng_span header = ng_span(accept_encoding);
	struct clause clause;
	unsigned gzip = 0, identity = 1;

	if (header.size > HEADER_MAX)
		return false;
	while (clause_next(&header, &clause)) {
		if (same(clause.name, "gzip") || same(clause.name, "x-gzip"))
			gzip = clause.quality;
		else if (same(clause.name, "identity"))
			identity = clause.quality;
	}
	return gzip > 0 && gzip >= identity;
}

/* ---- Accept ---- */

static const char *const types[] = {
	"text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
	"text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
	"text/plain; version=0.0.4; charset=utf-8; escaping=dots",
	"text/plain; version=0.0.4; charset=utf-8; escaping=values",
};

static size_t escaping(struct ng_span value, size_t otherwise)
{
	static const char *const schemes[COUNT(types)] = { "underscores", "allow-utf-8", "dots", "values" };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (same(value, schemes[i]))
			return i;
	}
	return otherwise;
}

/* By preference; clauses of equal preference stay in the order of the header. */
static size_t sorted_clauses(struct ng_span header, struct clause clauses[CLAUSES_MAX])
{
	struct clause clause;
	size_t count = 0;

	while (count < CLAUSES_MAX && clause_next(&header, &clause)) {
		size_t at = count++;
		for (; at > 0 && clauses[at - 1].quality < clause.quality; at--)
			clauses[at] = clauses[at - 1];
		clauses[at] = clause;
	}
	return count;
}

const char *ng_negotiate_type(const char *accept, enum ng_format *ret_format)
{
	struct ng_span header = ng_span(accept), name, value;
	struct clause clauses[CLAUSES_MAX];
	size_t scheme = 0, count = header.size > HEADER_MAX ? 0 : sorted_clauses(header, clauses);

	for (size_t i = 0; i < count; i++) {
		bool matches = same(clauses[i].name, "text/plain");
		for (struct ng_span rest = clauses[i].rest; parameter_next(&rest, &name, &value);) {
			if (same(name, "escaping"))
				scheme = escaping(value, scheme);
			else if (same(name, "version"))
				matches = matches && same(value, "0.0.4");
		}
		if (matches)
			break;
	}
	*ret_format = NG_FORMAT_TEXT;
	return types[scheme];
}
