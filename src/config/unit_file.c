/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     [Service]
 *     Environment="OPTIONS=--collector.cpu.info"
 *     ExecStart=/usr/local/bin/node_exporter $OPTIONS \
 *         '--collector.textfile.directory=/var/lib/node_exporter' \
 *         "--collector.filesystem.mount-points-exclude=^/(sys|proc)($$|/)"
 *
 * Defined by systemd: src/shared/conf-parser.c (config_parse) and src/basic/extract-word.c.
 */
#include "config/unit_file.h"

#include <nodegauge/collector.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static bool is_blank(char byte)
{
	return byte && strchr(blanks, byte);
}

static struct ng_span next_line(struct ng_span *text)
{
	struct ng_span line = { text->text, ng_span_find(*text, '\n') };

	*text = ng_span_skip(*text, line.size + 1);
	while (line.size && is_blank(line.text[0]))
		line = ng_span_skip(line, 1);
	if (line.size && line.text[line.size - 1] == '\r')
		line.size--;
	return line;
}

static bool is_continued(struct ng_span line)
{
	size_t backslashes = 0;

	while (backslashes < line.size && line.text[line.size - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 1;
}

/*
 * Moves past a line and its continuation lines, and returns their size; joins them in `out` unless it is NULL. Each
 * backslash at the end of a line becomes a blank. Comments in between are skipped.
 */
static size_t join_lines(struct ng_span *text, char *out)
{
	size_t size = 0;
	bool continued = true;

	while (continued && text->size) {
		struct ng_span line = next_line(text);
		if (line.size && (line.text[0] == '#' || line.text[0] == ';'))
			continue;
		if (out)
			memcpy(out + size, line.text, line.size);
		size += line.size;
		continued = is_continued(line);
		if (out && continued)
			out[size - 1] = ' ';
	}
	return size;
}

static struct ng_span logical_line(struct ng_arena *arena, struct ng_span *text)
{
	struct ng_span ahead = *text;
	char *joined = ng_alloc(arena, join_lines(&ahead, NULL) + 1);

	if (!joined)
		return (struct ng_span){ NULL, 0 };
	return ng_trim((struct ng_span){ joined, join_lines(text, joined) });
}

bool ng_unit_next(struct ng_arena *arena, struct ng_unit_reader *reader, struct ng_unit_setting *ret_setting)
{
	while (reader->text.size) {
		struct ng_span line = logical_line(arena, &reader->text);
		if (!line.text)
			return false;
		size_t equals = ng_span_find(line, '=');
		if (line.size > 1 && line.text[0] == '[' && line.text[line.size - 1] == ']') {
			reader->section = (struct ng_span){ line.text + 1, line.size - 2 };
		} else if (equals < line.size) {
			*ret_setting = (struct ng_unit_setting){ reader->section,
				ng_trim((struct ng_span){ line.text, equals }),
				ng_trim(ng_span_skip(line, equals + 1)) };
			return true;
		}
	}
	return false;
}

/* ---- words ---- */

/* The digits of an escape such as \x2d or \055; false if there are too few, in which case nothing is consumed. */
static bool number(struct ng_span *text, size_t digits, unsigned base, char *ret_byte)
{
	static const char figures[] = "0123456789abcdef0123456789ABCDEF";
	unsigned value = 0;

	if (text->size < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		const char *figure = text->text[i] ? strchr(figures, text->text[i]) : NULL;
		if (!figure || (unsigned)(figure - figures) % 16 >= base)
			return false;
		value = value * base + (unsigned)(figure - figures) % 16;
	}
	if (value == 0 || value > 0xff)
		return false;
	*text = ng_span_skip(*text, digits);
	*ret_byte = (char)value;
	return true;
}

/* The character after a backslash. systemd warns about unknown escapes, and keeps them including the backslash. */
static size_t unescape(struct ng_span *value, char *out)
{
	static const char names[] = "abfnrtvs\\\"'", meant[] = "\a\b\f\n\r\t\v \\\"'";
	const char *name = value->text[0] ? strchr(names, value->text[0]) : NULL;
	struct ng_span digits = ng_span_skip(*value, 1);

	if (name) {
		out[0] = meant[name - names];
		*value = digits;
		return 1;
	}
	if (value->text[0] == 'x' && number(&digits, 2, 16, out)) {
		*value = digits;
		return 1;
	}
	if (number(value, 3, 8, out))
		return 1;
	out[0] = '\\';
	out[1] = value->text[0];
	*value = digits;
	return 2;
}

const char *ng_unit_word(struct ng_arena *arena, struct ng_span *value)
{
	char quote = '\0';
	size_t size = 0;

	while (value->size && is_blank(value->text[0]))
		*value = ng_span_skip(*value, 1);
	char *word = value->size ? ng_alloc(arena, value->size + 2) : NULL;
	if (!word)
		return NULL;
	while (value->size) {
		char byte = value->text[0];
		*value = ng_span_skip(*value, 1);
		if (byte == '\\' && value->size)
			size += unescape(value, word + size);
		else if (quote ? byte == quote : byte == '"' || byte == '\'')
			quote = quote ? '\0' : byte;
		else if (!quote && is_blank(byte))
			break;
		else
			word[size++] = byte;
	}
	word[size] = '\0';
	return word;
}
