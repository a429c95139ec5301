/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions of options, in the syntax that node_exporter's users write (RE2), matched by PCRE2, unanchored.
 *
 * What a pattern decided about a text is remembered, so that the names that come with every scrape cost one look-up. A
 * pattern belongs to one collector: it is not for use by two threads at once.
 */
#ifndef NODEGAUGE_PATTERN_H
#define NODEGAUGE_PATTERN_H

#include <nodegauge/text.h>

struct ng_pattern;

/* NULL and the empty pattern match everything. */
bool ng_pattern_matches(struct ng_pattern *pattern, struct ng_span text);

/* What include and exclude options let through: an include that is given must match, an exclude that is given must not.
 */
struct ng_filter {
	struct ng_pattern *include; /* NULL when not given, or given as "" */
	struct ng_pattern *exclude; /* likewise */
};
bool ng_filter_keeps(const struct ng_filter *filter, struct ng_span text);

#endif
