/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- exceptions: case, faults, call, family, reason ---- */

static bool is_about(const char *where, const struct test_case *source)
{
	size_t n = strlen(source->collector);

	return !strncmp(where, source->collector, n) &&
	       (where[n] == '\0' || (where[n] == '/' && !strcmp(where + n + 1, source->name)));
}

static bool read_row(struct findings *findings, char *line, const struct test_case *source)
{
	const char *column[5];

	for (size_t i = 0; i < NG_COUNT(column); i++) {
		column[i] = strsep(&line, "\t");
		if (!column[i] || !*column[i])
			return test_fail("faults.tsv: a row of %zu columns instead of %zu", i, NG_COUNT(column));
	}
	if (!is_about(column[0], source))
		return true;
	findings->exception =
		reallocarray(findings->exception, findings->exception_count + 1, sizeof(*findings->exception));
	if (!findings->exception)
		abort();
	findings->exception[findings->exception_count++] = (struct exception){ column[1], column[2], column[3] };
	return true;
}

bool findings_init(struct findings *findings, const struct test_case *source)
{
	char *path = format("%s/../../faults.tsv", source->path), *rest;
	bool done = true;

	*findings = (struct findings){ .rows = (char *)tree_read(path).text };
	rest = findings->rows;
	strsep(&rest, "\n"); /* the column names */
	for (char *line; done && (line = strsep(&rest, "\n")) != NULL;)
		done = !*line || *line == '#' || read_row(findings, line, source);
	free(path);
	return done;
}

static bool has_word(const char *words, const char *word)
{
	struct ng_span rest = ng_span(words), next;

	while (ng_part_next(&rest, ',', &next)) {
		if (ng_span_equal(next, NG_SPAN("*")) || ng_span_equal(next, ng_span(word)))
			return true;
	}
	return false;
}

bool findings_excepted(const struct findings *findings, const char *fault, const char *call, struct ng_span family)
{
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)family.size, family.text);
	for (size_t i = 0; i < findings->exception_count; i++) {
		const struct exception *row = &findings->exception[i];
		if (has_word(row->faults, fault) && fnmatch(row->call, call, 0) == 0 &&
			fnmatch(row->family, name, 0) == 0)
			return true;
	}
	return false;
}

/* ---- findings ---- */

/* Replaces each number by one '#'. */
static char *kind_of(const char *text)
{
	char *kind = strdup(text), *to = kind;

	if (!kind)
		abort();
	for (const char *at = text; *at; at++) {
		if (!isdigit((unsigned char)*at))
			*to++ = *at;
		else if (to == kind || to[-1] != '#')
			*to++ = '#';
	}
	*to = '\0';
	return kind;
}

static void add_fault(struct finding *finding, const char *fault)
{
	if (has_word(finding->faults, fault))
		return;
	char *faults = format("%s,%s", finding->faults, fault);
	free(finding->faults);
	finding->faults = faults;
}

void findings_add(struct findings *findings, const char *fault, const char *format, ...)
{
	char *text, *kind;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	kind = kind_of(text);
	for (size_t i = 0; i < findings->count; i++) {
		if (!strcmp(findings->finding[i].kind, kind)) {
			add_fault(&findings->finding[i], fault);
			free(text);
			free(kind);
			return;
		}
	}
	findings->finding = reallocarray(findings->finding, findings->count + 1, sizeof(*findings->finding));
	if (!findings->finding)
		abort();
	findings->finding[findings->count++] = (struct finding){ strdup(fault), text, kind };
}

void findings_done(struct findings *findings, const char *mode, const struct test_case *source)
{
	if (findings->count)
		test_fail("%zu kinds, the first: %s: %s", findings->count, findings->finding[0].faults,
			findings->finding[0].text);
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->finding[i];
		printf("# %s %s/%s: %s (%s)\n", mode, source->collector, source->name, finding->text, finding->faults);
		free(finding->faults);
		free(finding->text);
		free(finding->kind);
	}
	free(findings->finding);
	free(findings->exception);
	free(findings->rows);
}
