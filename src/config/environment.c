/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     # Set the command-line arguments to pass to the server.
 *     ARGS="--collector.diskstats.device-exclude=^(ram|loop)\\\\d+$ \
 *         --web.listen-address=:9100"
 *
 * Defined by systemd: src/basic/env-file.c (parse_env_file_internal) and src/basic/extract-word.c.
 */
#include "config/environment.h"

static const char blanks[] = " \t\r\n";

static bool is_blank(char byte)
{
	return byte && strchr(blanks, byte);
}

static bool next_byte(struct ng_span *text, char *ret_byte)
{
	if (!text->size)
		return false;
	*ret_byte = text->text[0];
	*text = ng_span_skip(*text, 1);
	return true;
}

/* The output is never longer than the input, except for quoting. */
struct piece {
	char *text;
	size_t size;
};

static bool piece_init(struct piece *piece, struct ng_arena *arena, size_t room)
{
	piece->text = ng_alloc(arena, room + 1);
	piece->size = 0;
	return piece->text;
}

static void add(struct piece *piece, char byte)
{
	piece->text[piece->size++] = byte;
}

static void add_text(struct piece *piece, const char *text)
{
	size_t n = strlen(text);

	memcpy(piece->text + piece->size, text, n);
	piece->size += n;
}

static const char *finish(struct piece *piece)
{
	piece->text[piece->size] = '\0';
	return piece->text;
}

/* ---- reading ---- */

static void double_quoted(struct ng_span *text, struct piece *value)
{
	char byte;

	while (next_byte(text, &byte) && byte != '"') {
		if (byte != '\\') {
			add(value, byte);
		} else if (next_byte(text, &byte) && byte != '\n') {
			if (!strchr("\"\\`$", byte))
				add(value, '\\');
			add(value, byte);
		}
	}
}

static void single_quoted(struct ng_span *text, struct piece *value)
{
	char byte;

	while (next_byte(text, &byte) && byte != '\'')
		add(value, byte);
}

/* Up to the end of the line, from the first byte that is neither a blank nor a quote: quotes have no meaning there. */
static void unquoted(struct ng_span *text, struct piece *value)
{
	size_t kept = value->size;
	char byte;

	while (next_byte(text, &byte) && byte != '\n') {
		bool blank = is_blank(byte);
		if (byte == '\\') {
			if (!next_byte(text, &byte) || byte == '\n')
				continue;
			blank = false;
		}
		add(value, byte);
		if (!blank)
			kept = value->size;
	}
	value->size = kept;
}

/* After the equals sign: quoted parts one after the other, possibly followed by one without quotes. */
static void read_value(struct ng_span *text, struct piece *value)
{
	while (text->size) {
		char byte = text->text[0];
		if (byte == '"' || byte == '\'' || is_blank(byte)) {
			*text = ng_span_skip(*text, 1);
			if (byte == '\n')
				return;
			if (byte == '"')
				double_quoted(text, value);
			else if (byte == '\'')
				single_quoted(text, value);
		} else {
			unquoted(text, value);
			return;
		}
	}
}

bool ng_environment_next(struct ng_arena *arena, struct ng_span *text, struct ng_variable *ret_variable)
{
	while (text->size) {
		struct ng_span name = *text;
		size_t end = ng_span_find(name, '\n'), equals = ng_span_find(name, '=');
		struct piece value;

		if (is_blank(name.text[0])) {
			*text = ng_span_skip(*text, 1);
			continue;
		}
		if (name.text[0] == '#' || name.text[0] == ';' || equals >= end) {
			*text = ng_span_skip(*text, end);
			continue;
		}
		*text = ng_span_skip(*text, equals + 1);
		name.size = equals;
		if (ng_span_starts(name, NG_SPAN("export "))) /* not supported by systemd, but by shells that read it */
			name = ng_span_skip(name, sizeof("export ") - 1);
		if (!piece_init(&value, arena, text->size))
			return false;
		read_value(text, &value);
		*ret_variable = (struct ng_variable){ ng_trim(name), { finish(&value), value.size } };
		return true;
	}
	return false;
}

const char *ng_environment_word(struct ng_arena *arena, struct ng_span *value)
{
	struct piece word;
	char byte, quote = '\0';

	while (value->size && is_blank(value->text[0]))
		*value = ng_span_skip(*value, 1);
	if (!value->size || !piece_init(&word, arena, value->size))
		return NULL;
	while (next_byte(value, &byte)) {
		if (byte == '\\') {
			if (next_byte(value, &byte))
				add(&word, byte);
		} else if (quote ? byte == quote : byte == '"' || byte == '\'') {
			quote = quote ? '\0' : byte;
		} else if (!quote && is_blank(byte)) {
			break;
		} else {
			add(&word, byte);
		}
	}
	return finish(&word);
}

/* ---- writing ---- */

static size_t room_for(const char *const *words, size_t count)
{
	size_t room = 16;

	for (size_t i = 0; i < count; i++)
		room += 4 * strlen(words[i]) + 4;
	return room;
}

/*
 * For the second level: a backslash before anything that would end a word, start a quote or be taken for a backslash.
 */
static void add_escaped(struct piece *piece, const char *text)
{
	if (!*text)
		add_text(piece, "\"\"");
	for (; *text; text++) {
		if (*text == '\\' || *text == '\'' || *text == '"' || is_blank(*text))
			add(piece, '\\');
		add(piece, *text);
	}
}

const char *ng_environment_line(struct ng_arena *arena, const char *name, const char *const *words, size_t count)
{
	struct piece value, line;

	if (!piece_init(&value, arena, room_for(words, count)))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (i)
			add(&value, ' ');
		add_escaped(&value, words[i]);
	}
	finish(&value);
	if (!piece_init(&line, arena, strlen(name) + 2 * value.size + 4))
		return NULL;
	/* single quotes for the first level, which keep everything as is but cannot contain a single quote */
	bool plain = !strchr(value.text, '\'');
	add_text(&line, name);
	add_text(&line, plain ? "='" : "=\"");
	for (const char *at = value.text; *at; at++) {
		if (!plain && strchr("\"\\`$", *at))
			add(&line, '\\');
		add(&line, *at);
	}
	add(&line, plain ? '\'' : '"');
	return finish(&line);
}

static bool needs_no_quotes(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=:./,@%+";

	return *word && strspn(word, plain) == strlen(word);
}

const char *ng_environment_command(struct ng_arena *arena, const char *const *words, size_t count)
{
	struct piece line;

	if (!piece_init(&line, arena, room_for(words, count)))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (i)
			add(&line, ' ');
		if (needs_no_quotes(words[i])) {
			add_text(&line, words[i]);
			continue;
		}
		add(&line, '\'');
		for (const char *at = words[i]; *at; at++) {
			if (*at == '\'')
				add_text(&line, "'\\'");
			add(&line, *at);
		}
		add(&line, '\'');
	}
	return finish(&line);
}
