/* SPDX-License-Identifier: Apache-2.0 */
/* Extracts the selected values from the text. */
#include "netstat.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char expected[] = "names and their values";

/* The number at the beginning of `text`, after blanks. */
static int take_value(struct rows *rows, const struct column *column, struct ng_span text, size_t line)
{
	struct row *row = ng_push(rows->scrape->arena, &rows->row, &rows->count, &rows->capacity);

	if (!row)
		return -ENOMEM;
	row->column = column;
	row->negative = text.size && text.text[0] == '-'; /* Tcp MaxConn */
	text = ng_span_skip(text, row->negative);
	if (ng_u64_next(&text, &row->magnitude) < 0 || (row->negative && row->magnitude > (uint64_t)INT64_MAX + 1)) {
		ng_drop_value(rows->scrape, rows->path, (unsigned)line, "a whole number for each name");
		rows->count--;
	}
	return 0;
}

/*
 * How many of the next eight bytes are blanks. Most of the text is not wanted, and words are seldom longer than two
 * digits, so words are counted eight bytes at a time instead of being searched one by one.
 */
static size_t count_eight(const char *at)
{
	static const uint64_t ones = 0x0101010101010101, low = 0x7f7f7f7f7f7f7f7f;
	uint64_t eight;

	memcpy(&eight, at, sizeof(eight));
	eight ^= ones * ' ';
	/* bit 7 of each byte that is now zero, and no other */
	uint64_t zero = ~(((eight & low) + low) | eight | low);
	return (size_t)((zero >> 7) * ones >> 56);
}

static size_t count_blanks(struct ng_span span)
{
	const char *at = span.text, *end = at + span.size;
	size_t n = 0;

	for (; end - at >= 8; at += 8)
		n += count_eight(at);
	while (at < end)
		n += *at++ == ' ';
	return n;
}

/* Drops everything up to and including the n-th blank; false if there are fewer. */
static bool skip_blanks(struct ng_span *span, size_t n)
{
	const char *at = span->text, *end = at + span->size;

	for (; end - at >= 8; at += 8) {
		size_t found = count_eight(at);
		if (found >= n)
			break;
		n -= found;
	}
	while (n && at < end)
		n -= *at++ == ' ';
	*span = (struct ng_span){ at, (size_t)(end - at) };
	return n == 0;
}

/* Drops at most `n` lines and returns how many had a line feed. */
static size_t skip_lines(struct ng_span *text, size_t n)
{
	size_t done = 0;

	for (; done < n; done++) {
		size_t feed = ng_span_find(*text, '\n');
		if (feed == text->size)
			break;
		*text = ng_span_skip(*text, feed + 1);
	}
	return done;
}

/* A line of values: one blank before each, as many as in the line of names. */
static int take_values(const struct block *block, struct ng_span line, size_t number, struct rows *rows)
{
	size_t done = 0;

	for (size_t i = 0; i < block->count; i++) {
		if (!skip_blanks(&line, block->column[i].index - done) || line.size == 0 || is_blank(line.text[0]))
			return -EBADMSG;
		done = block->column[i].index;
		int r = take_value(rows, &block->column[i], line, number);
		if (r < 0)
			return r;
	}
	return count_blanks(line) == block->blanks - done ? 0 : -EBADMSG;
}

/* An incomplete table is left out: there is no telling which name lacks its value. */
static int take_block(const struct block *block, struct ng_span *text, struct rows *rows, size_t *line)
{
	struct ng_span values, protocol = netstat_protocol(block->head);
	size_t before = rows->count;
	int r = -EBADMSG;

	if (!block->alone) {
		++*line;
		if (!ng_line_next(text, &values) || !ng_span_starts(values, protocol))
			return -ESTALE;
		r = take_values(block, values, *line, rows);
	}
	if (r == -EBADMSG) {
		rows->count = before;
		ng_drop_record(rows->scrape, rows->path, (unsigned)*line, expected);
		return 0;
	}
	rows->understood = true;
	return r;
}

int netstat_read_tables(const struct plan *plan, struct ng_span text, struct rows *rows, size_t *ret_line)
{
	struct ng_span names;
	size_t b = 0;

	for (*ret_line = 1; ng_line_next(&text, &names); ++*ret_line, b++) {
		if (b == plan->count || !ng_span_equal(plan->block[b].head, names))
			return -ESTALE;
		int r = take_block(&plan->block[b], &text, rows, ret_line);
		if (r < 0)
			return r;
	}
	return b == plan->count ? 0 : -ESTALE;
}

/* While the kernel runs, lines are never removed or renamed, only added, so it is enough to count them. */
int netstat_read_list(const struct plan *plan, struct ng_span text, struct rows *rows, size_t *ret_line)
{
	size_t feeds = 0;

	for (size_t b = 0; b < plan->count; b++) {
		const struct block *block = &plan->block[b];
		*ret_line = block->feeds + 1;
		feeds += skip_lines(&text, block->feeds - feeds);
		if (feeds != block->feeds || !ng_span_starts(text, block->head))
			return -ESTALE;
		struct ng_span line =
			ng_span_skip((struct ng_span){ text.text, ng_span_find(text, '\n') }, block->head.size);
		if (block->alone) {
			if (ng_trim(line).size)
				return -ESTALE;
			ng_drop_record(rows->scrape, rows->path, (unsigned)*ret_line, expected);
			continue;
		}
		if (line.size == 0 || !is_blank(line.text[0]))
			return -ESTALE;
		int r = take_value(rows, block->column, line, *ret_line);
		if (r < 0)
			return r;
	}
	feeds += skip_lines(&text, SIZE_MAX);
	rows->understood = feeds != 0;
	return feeds == plan->feeds ? 0 : -ESTALE;
}
