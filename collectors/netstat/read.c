/* SPDX-License-Identifier: Apache-2.0 */
/* Taking the wanted values out of the text. */
#include "netstat.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The number that `text` begins with, after blanks. */
static int take_value(struct rows *rows, const struct column *column, struct ng_span text)
{
	struct row *row = ng_push(rows->arena, &rows->row, &rows->count, &rows->capacity);

	if (!row)
		return -ENOMEM;
	row->column = column;
	row->negative = text.size && text.text[0] == '-'; /* Tcp MaxConn */
	text = ng_span_skip(text, row->negative);
	return ng_u64_next(&text, &row->magnitude) < 0 ? -EBADMSG : 0;
}

/*
 * How many of the next eight bytes are blanks. Most of the text is not wanted, and a word of it is seldom longer than
 * two digits: so words are counted by eight bytes rather than looked for one by one.
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

/* Drops what stands before the end of the n-th blank; false where there are fewer. */
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

/* Drops `n` lines at most and returns how many had a line feed. */
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

/* A line of values: one blank before each, and as many as in the line of names. */
static int take_values(const struct block *block, struct ng_span line, struct rows *rows)
{
	size_t done = 0, protocol = ng_span_find(block->head, ':') + 1;

	if (!ng_span_starts(line, (struct ng_span){ block->head.text, protocol }))
		return -EBADMSG;
	for (size_t i = 0; i < block->count; i++) {
		if (!skip_blanks(&line, block->column[i].index - done) || line.size == 0 || is_blank(line.text[0]))
			return -EBADMSG;
		done = block->column[i].index;
		int r = take_value(rows, &block->column[i], line);
		if (r < 0)
			return r;
	}
	return count_blanks(line) == block->blanks - done ? 0 : -EBADMSG;
}

int netstat_read_tables(const struct plan *plan, struct ng_span text, struct rows *rows, size_t *ret_line)
{
	struct ng_span names, values;
	size_t b = 0;

	for (*ret_line = 1; ng_line_next(&text, &names); *ret_line += 2, b++) {
		if (b == plan->count || !ng_span_equal(plan->block[b].head, names))
			return -ESTALE;
		if (!ng_line_next(&text, &values))
			return -EBADMSG;
		int r = take_values(&plan->block[b], values, rows);
		if (r < 0)
			return r;
	}
	return b ? 0 : -EBADMSG;
}

/* Lines are never taken away or renamed while the kernel runs, only added: so it is enough to count them. */
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
		if (line.size == 0 || !is_blank(line.text[0]))
			return -ESTALE;
		int r = take_value(rows, block->column, line);
		if (r < 0)
			return r;
	}
	feeds += skip_lines(&text, SIZE_MAX);
	*ret_line = feeds;
	return feeds && feeds == plan->feeds ? 0 : -ESTALE;
}
