/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions in options, in the syntax that node_exporter users know (RE2), matched by PCRE2, unanchored.
 *
 * Results are cached, so that names that recur in every scrape cost one lookup. A pattern belongs to one collector and
 * must not be used by two threads concurrently.
 */
#ifndef NODEGAUGE_PATTERN_H
#define NODEGAUGE_PATTERN_H

#include <nodegauge/text.h>

struct ng_pattern;

/* NULL and the empty pattern match everything. */
bool ng_pattern_matches(struct ng_pattern *pattern, struct ng_span text);

/* A filter made of include and exclude options: include, if given, must match, and exclude, if given, must not. */
struct ng_filter {
	struct ng_pattern *include; /* NULL if not given, or given as "" */
	struct ng_pattern *exclude; /* likewise */
};
bool ng_filter_keeps(const struct ng_filter *filter, struct ng_span text);

#endif
