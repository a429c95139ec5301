/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There are about 400 counters, of which only a few are reported. The selection is made once for each line of names and
 * cached with the bytes of that line, so that a scrape only compares these bytes and then parses numbers.
 */
#ifndef COLLECTORS_NETSTAT_H
#define COLLECTORS_NETSTAT_H

#include <nodegauge/collector.h>

/* A wanted counter. */
struct column {
	const struct ng_family *known; /* or NULL, and then: */
	struct ng_span name;           /* of the family */
	size_t index;                  /* blanks before its value in the line */
};

/* A line of names, or in snmp6 the name that begins a line. */
struct block {
	struct ng_span head;
	bool alone; /* no values belong to it */
	struct column *column;
	size_t count, capacity;
	size_t blanks; /* in the line of names */
	size_t feeds;  /* in snmp6: line feeds before it */
};

/* Kept for each file. */
struct plan {
	struct ng_arena arena;
	struct block *block;
	size_t count, capacity;
	size_t feeds; /* line feeds in snmp6 */
};

enum { NETSTAT, SNMP, SNMP6, FILES };

struct netstat {
	struct ng_pattern *fields;
	struct ng_shared *netstat;  /* our own families use it as well */
	struct ng_file file[FILES]; /* except the first, which only has its name here */
	struct plan plan[FILES];
};

struct row {
	const struct column *column;
	uint64_t magnitude;
	bool negative;
};

struct rows {
	struct ng_scrape *scrape;
	const char *path; /* of the file that is being read */
	struct row *row;
	size_t count, capacity;
	bool understood; /* something in that file */
};

/* The family of a counter that the descriptor lists, or NULL. `name` is the full name of the family. */
const struct ng_family *netstat_known(struct ng_span name);

/* Makes a new plan of file `f` from its text. */
int netstat_plan(struct netstat *netstat, size_t f, struct ng_arena *scratch, struct ng_span text);

/* The "Tcp:" at the beginning of the line, or the empty span. */
static inline struct ng_span netstat_protocol(struct ng_span line)
{
	size_t size = ng_span_find(line, ' ');

	return (struct ng_span){ line.text, size > 1 && line.text[size - 1] == ':' ? size : 0 };
}

/*
 * Reads the values that the plan selects, and leaves out bad ones; -ESTALE if the text does not match the plan.
 * `ret_line` counts from 1.
 */
int netstat_read_tables(const struct plan *plan, struct ng_span text, struct rows *rows, size_t *ret_line);
int netstat_read_list(const struct plan *plan, struct ng_span text, struct rows *rows, size_t *ret_line);

#endif
