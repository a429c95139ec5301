/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

static const char expected[] = "a key and as many numbers as the kernel documents";

static size_t count_words(struct ng_span line)
{
	struct ng_span word;
	size_t count = 0;

	while (ng_word_next(&line, &word))
		count++;
	return count;
}

static int parse_line(
	struct ng_scrape *scrape, const char *path, unsigned number, struct ng_span rest, struct nfs_line *line)
{
	size_t columns = line->columns;
	uint64_t announced;

	line->present = true;
	line->given = 0;
	if (line->counts) {
		if (ng_u64_next(&rest, &announced) < 0 || announced != count_words(rest))
			return -EBADMSG;
		columns = announced < columns ? (size_t)announced : columns;
		for (size_t i = columns; i < line->columns; i++) {
			line->value[i] = 0;
			line->given |= UINT64_C(1) << i;
		}
	}
	uint64_t given = 0;
	int r = columns ? ng_columns(scrape, path, number, &rest, columns, line->value, &given) : 0;
	line->given = r < 0 ? 0 : line->given | given;
	return r;
}

int nfs_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct nfs_line *lines, size_t count)
{
	struct ng_span line, key;
	bool any = false;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		size_t at = 0;
		if (!ng_word_next(&line, &key))
			continue;
		while (at < count && !ng_span_equal(lines[at].key, key))
			at++;
		if (at == count)
			continue;
		if (parse_line(scrape, path, number, line, &lines[at]) < 0)
			ng_drop_record(scrape, path, number, expected);
		else
			any = true;
	}
	return any ? 0 : ng_broken(scrape, path, 1, expected);
}

void nfs_emit(struct ng_scrape *scrape, const struct ng_family *family, const struct nfs_line *line, size_t column)
{
	if (!(line->given >> column & 1))
		return;
	ng_family(scrape->page, family);
	ng_sample_u64(scrape->page, NG_NO_LABELS, line->value[column]);
}

void nfs_emit_procedures(struct ng_scrape *scrape, const struct nfs_procedures *procedures, const struct nfs_line *line)
{
	for (size_t i = 0; i < procedures->count; i++) {
		if (!procedures->name[i] || (line->present && !(line->given >> i & 1)))
			continue;
		struct ng_labels *labels = NG_LABELS(
			scrape->arena, { "method", ng_span(procedures->name[i]) }, { "proto", procedures->protocol });
		ng_sample_u64(scrape->page, labels, line->present ? line->value[i] : 0);
	}
}
