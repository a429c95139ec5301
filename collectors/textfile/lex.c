/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a line of the text format, following github.com/prometheus/common/expfmt: TextParser. */
#include "format.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct ng_span skip_blanks(struct ng_span text)
{
	while (text.size && blank(text.text[0]))
		text = ng_span_skip(text, 1);
	return text;
}

static struct ng_span until_blank(struct ng_span *text)
{
	struct ng_span word = *text;
	size_t n = 0;

	while (n < text->size && !blank(text->text[n]))
		n++;
	word.size = n;
	*text = ng_span_skip(*text, n);
	return word;
}

/* Takes a name from the text; empty if there is none. */
static struct ng_span take_name(struct ng_span *text, bool metric)
{
	struct ng_span name = { text->text, 0 };

	for (; name.size < text->size; name.size++) {
		char c = text->text[name.size];
		if (!letter(c) && !(metric && c == ':') && !(name.size && digit(c)))
			break;
	}
	*text = ng_span_skip(*text, name.size);
	return name;
}

/* Whether the text is valid UTF-8 (Unicode 15, table 3-7). */
static bool utf8(struct ng_span text)
{
	const unsigned char *at = (const unsigned char *)text.text, *end = at + text.size;

	while (at < end) {
		unsigned char c = *at++, low = 0x80, high = 0xbf;
		unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
			return false;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		for (; more; more--, low = 0x80, high = 0xbf) {
			if (at == end || *at < low || *at > high)
				return false;
			at++;
		}
	}
	return true;
}

static bool escapes_valid(struct ng_span text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.text[i] != '\\')
			continue;
		if (++i == text.size || (text.text[i] != '\\' && text.text[i] != 'n' && text.text[i] != '"'))
			return false;
	}
	return true;
}

static int expected(const char **ret_expected, const char *what)
{
	*ret_expected = what;
	return -EBADMSG;
}

/* The later text format has names in quotes: {"a.b","c.d"="e"} 1. */
static int expected_name(struct ng_span text, const char **ret_expected, const char *what)
{
	bool quoted = text.size && (text.text[0] == '"' || text.text[0] == '{');

	return expected(ret_expected, quoted ? "a name without quotes, which are not supported" : what);
}

/* ---- comments ---- */

static int lex_comment(struct ng_span text, struct line *line, const char **ret_expected)
{
	text = skip_blanks(text);
	struct ng_span keyword = until_blank(&text);
	bool help = ng_span_equal(keyword, NG_SPAN("HELP")), type = ng_span_equal(keyword, NG_SPAN("TYPE"));

	text = skip_blanks(text);
	if (text.size == 0 || (!help && !type))
		return 0;
	line->name = take_name(&text, true);
	if (text.size == 0)
		return 0;
	if (line->name.size == 0 || !blank(text.text[0]))
		return expected_name(text, ret_expected, "a metric name");
	line->rest = skip_blanks(text);
	if (line->rest.size == 0)
		return 0;
	if (help && !escapes_valid(line->rest))
		return expected(ret_expected, "\\\\ or \\n after a backslash");
	line->kind = help ? LINE_HELP : LINE_TYPE;
	return 0;
}

/* ---- samples ---- */

static int lex_label_value(struct ng_span *text, struct ng_span *ret_value, const char **ret_expected)
{
	struct ng_span rest = skip_blanks(*text);
	size_t n = 1;

	if (rest.size == 0 || rest.text[0] != '"')
		return expected(ret_expected, "'\"' at the start of a label value");
	while (n < rest.size && rest.text[n] != '"')
		n += rest.text[n] == '\\' ? 2 : 1;
	if (n >= rest.size)
		return expected(ret_expected, "'\"' at the end of a label value");
	*ret_value = (struct ng_span){ rest.text + 1, n - 1 };
	*text = ng_span_skip(rest, n + 1);
	if (!escapes_valid(*ret_value))
		return expected(ret_expected, "\\\\, \\n or \\\" after a backslash");
	if (!utf8(*ret_value))
		return expected(ret_expected, "UTF-8 in a label value");
	return 0;
}

static int lex_label(struct ng_span *text, struct label *label, const char **ret_expected)
{
	label->name = take_name(text, false);
	if (label->name.size == 0)
		return expected_name(*text, ret_expected, "a label name, or '}'");
	*text = skip_blanks(*text);
	if (text->size == 0 || text->text[0] != '=')
		return expected(ret_expected, "'=' after a label name");
	if (ng_span_starts(label->name, NG_SPAN("__")))
		return expected(ret_expected, "no label name starting with __");
	*text = ng_span_skip(*text, 1);
	return lex_label_value(text, &label->value, ret_expected);
}

/* After the '{'. */
static int lex_labels(struct ng_arena *arena, struct ng_span *text, struct line *line, const char **ret_expected)
{
	for (;;) {
		*text = skip_blanks(*text);
		if (text->size && text->text[0] == '}')
			break;
		if (line->label_count == LABELS_MAX)
			return expected(ret_expected, "fewer labels");
		struct label *label = ng_push(arena, &line->labels, &line->label_count, &line->label_capacity);
		if (!label)
			return -ENOMEM;
		int r = lex_label(text, label, ret_expected);
		if (r < 0)
			return r;
		for (size_t i = 0; i + 1 < line->label_count; i++) {
			if (ng_span_equal(line->labels[i].name, label->name))
				return expected(ret_expected, "each label only once");
		}
		*text = skip_blanks(*text);
		if (text->size && text->text[0] == '}')
			break;
		if (text->size == 0 || text->text[0] != ',')
			return expected(ret_expected, "',' or '}' after a label");
		*text = ng_span_skip(*text, 1);
	}
	*text = ng_span_skip(*text, 1);
	return 0;
}

static int lex_sample(struct ng_arena *arena, struct ng_span text, struct line *line, const char **ret_expected)
{
	line->name = take_name(&text, true);
	if (line->name.size == 0)
		return expected_name(text, ret_expected, "a metric name");
	text = skip_blanks(text);
	if (text.size && text.text[0] == '{') {
		text = ng_span_skip(text, 1);
		int r = lex_labels(arena, &text, line, ret_expected);
		if (r < 0)
			return r;
		text = skip_blanks(text);
	}
	line->rest = until_blank(&text);
	line->kind = LINE_SAMPLE;
	struct number number;
	if (textfile_number(line->rest, &number) < 0)
		return expected(ret_expected, "a number as the value");
	if (text.size)
		return expected(ret_expected, "end of line after the value; timestamps are not supported");
	return 0;
}

int textfile_line(struct ng_arena *arena, struct ng_span *text, struct line *line, const char **ret_expected)
{
	struct ng_span rest;
	bool whole = ng_span_find(*text, '\n') < text->size;

	line->kind = LINE_NOTHING;
	line->label_count = 0;
	if (!ng_line_next(text, &rest))
		return 0;
	rest = skip_blanks(rest);
	if (rest.size == 0)
		return 1;
	if (!whole)
		return expected(ret_expected, "a line feed at the end of the file");
	int r = rest.text[0] == '#' ? lex_comment(ng_span_skip(rest, 1), line, ret_expected)
				    : lex_sample(arena, rest, line, ret_expected);
	return r < 0 ? r : 1;
}
