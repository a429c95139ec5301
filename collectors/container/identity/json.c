/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/json.h"

#include <unistd.h>

enum { LEVELS = 64, NO_BYTE = -1 };

void container_json_init(struct container_json *json, int fd, struct ng_span text, size_t piece)
{
	*json = (struct container_json){ .fd = fd,
		.rest = text,
		.piece = piece == 0 || piece > CONTAINER_JSON_PIECE ? CONTAINER_JSON_PIECE : piece };
}

void container_json_done(struct container_json *json)
{
	explicit_bzero(json, sizeof(*json));
}

/* ---- bytes ---- */

static ssize_t take(struct container_json *json)
{
	ssize_t n;

	if (json->fd < 0) {
		size_t size = json->rest.size < json->piece ? json->rest.size : json->piece;
		if (size > 0)
			memcpy(json->bytes, json->rest.text, size);
		json->rest = ng_span_skip(json->rest, size);
		return (ssize_t)size;
	}
	do
		n = read(json->fd, json->bytes, json->piece);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static bool fill(struct container_json *json)
{
	ssize_t n = json->error ? 0 : take(json);

	json->at = json->size = 0;
	if (n < 0)
		json->error = (int)n;
	if (n <= 0)
		return false;
	json->total += (size_t)n;
	if (json->total > CONTAINER_JSON_LIMIT) {
		json->error = -EFBIG;
		return false;
	}
	json->size = (size_t)n;
	return true;
}

static inline int peek(struct container_json *json)
{
	if (json->at == json->size && !fill(json))
		return NO_BYTE;
	return (unsigned char)json->bytes[json->at];
}

static inline int get(struct container_json *json)
{
	int byte = peek(json);

	json->at += byte != NO_BYTE;
	return byte;
}

/* ---- strings ---- */

static void put(struct container_json *json, int byte)
{
	if (json->string_size < CONTAINER_JSON_STRING)
		json->string[json->string_size++] = (char)byte;
	else
		json->string_cut = true;
}

static void put_utf8(struct container_json *json, unsigned code)
{
	if (code < 0x80) {
		put(json, (int)code);
		return;
	}
	if (code < 0x800) {
		put(json, (int)(0xc0 | code >> 6));
	} else {
		if (code < 0x10000) {
			put(json, (int)(0xe0 | code >> 12));
		} else {
			put(json, (int)(0xf0 | code >> 18));
			put(json, (int)(0x80 | (code >> 12 & 0x3f)));
		}
		put(json, (int)(0x80 | (code >> 6 & 0x3f)));
	}
	put(json, (int)(0x80 | (code & 0x3f)));
}

/* Four hexadecimal digits, or -1. */
static int unit(struct container_json *json)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int c = get(json);
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* After "\u". A surrogate must be followed by its other half. */
static bool code_point(struct container_json *json)
{
	int code = unit(json);

	if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
		return false;
	if (code >= 0xd800 && code <= 0xdbff) {
		int slash = get(json), letter = get(json), low = unit(json);
		if (slash != '\\' || letter != 'u' || low < 0xdc00 || low > 0xdfff)
			return false;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	put_utf8(json, (unsigned)code);
	return true;
}

static bool escape(struct container_json *json)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = get(json);

	if (c == 'u')
		return code_point(json);
	const char *at = c == NO_BYTE || c == 0 ? NULL : strchr(from, c);
	if (!at)
		return false;
	put(json, to[at - from]);
	return true;
}

/* After the opening quote. */
static enum container_token decode_string(struct container_json *json)
{
	json->string_size = 0;
	json->string_cut = false;
	for (;;) {
		int c = get(json);
		if (c == '"')
			return TOKEN_STRING;
		if (c < 0x20 || (c == '\\' && !escape(json)))
			return TOKEN_BAD;
		if (c != '\\')
			put(json, c);
	}
}

/* Skips the string without decoding it: environments must not be copied anywhere else in memory. */
static enum container_token pass_string(struct container_json *json)
{
	for (;;) {
		int c = get(json);
		if (c == '"')
			return TOKEN_STRING;
		if (c < 0x20 || (c == '\\' && get(json) < 0x20))
			return TOKEN_BAD;
	}
}

/* ---- tokens ---- */

static bool digits(struct container_json *json)
{
	bool any = false;

	for (int c = peek(json); c >= '0' && c <= '9'; c = peek(json)) {
		any = true;
		json->at++;
		json->whole = json->whole && !__builtin_mul_overflow(json->number, 10, &json->number) &&
			      !__builtin_add_overflow(json->number, (uint64_t)(c - '0'), &json->number);
	}
	return any;
}

/* `first` has already been read. */
static enum container_token number(struct container_json *json, int first)
{
	json->whole = first != '-';
	json->number = json->whole ? (uint64_t)(first - '0') : 0;
	if (first == '-' && !digits(json))
		return TOKEN_BAD;
	digits(json);
	if (peek(json) == '.') {
		json->whole = false;
		json->at++;
		if (!digits(json))
			return TOKEN_BAD;
	}
	if (peek(json) == 'e' || peek(json) == 'E') {
		json->whole = false;
		json->at++;
		if (peek(json) == '+' || peek(json) == '-')
			json->at++;
		if (!digits(json))
			return TOKEN_BAD;
	}
	return TOKEN_NUMBER;
}

/* Its first letter has already been read. */
static enum container_token word(struct container_json *json, const char *text)
{
	for (text++; *text; text++) {
		if (get(json) != *text)
			return TOKEN_BAD;
	}
	return TOKEN_WORD;
}

static enum container_token next(struct container_json *json, bool decode)
{
	int c = get(json);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		c = get(json);
	switch (c) {
	case NO_BYTE:
		return json->error ? TOKEN_BAD : TOKEN_END;
	case '{':
		return TOKEN_OBJECT;
	case '}':
		return TOKEN_OBJECT_END;
	case '[':
		return TOKEN_ARRAY;
	case ']':
		return TOKEN_ARRAY_END;
	case ':':
		return TOKEN_COLON;
	case ',':
		return TOKEN_COMMA;
	case '"':
		return decode ? decode_string(json) : pass_string(json);
	case 't':
		return word(json, "true");
	case 'f':
		return word(json, "false");
	case 'n':
		return word(json, "null");
	default:
		return c == '-' || (c >= '0' && c <= '9') ? number(json, c) : TOKEN_BAD;
	}
}

enum container_token container_json_next(struct container_json *json)
{
	return next(json, false);
}

enum container_token container_json_next_string(struct container_json *json)
{
	return next(json, true);
}

/* ---- values ---- */

/* Returns the first token of the value of a member whose key is the next token. */
static enum container_token value_behind(struct container_json *json, enum container_token key)
{
	return key == TOKEN_STRING && next(json, false) == TOKEN_COLON ? next(json, false) : TOKEN_BAD;
}

bool container_json_skip(struct container_json *json, enum container_token first)
{
	enum container_token token = first;
	uint64_t objects = 0; /* one bit per level, innermost last */
	unsigned level = 0;

	for (;;) {
		bool opened = token == TOKEN_OBJECT || token == TOKEN_ARRAY;
		if (!opened && token != TOKEN_STRING && token != TOKEN_NUMBER && token != TOKEN_WORD)
			return false;
		if (opened) {
			if (level++ == LEVELS)
				return false;
			objects = objects << 1 | (token == TOKEN_OBJECT);
		}
		for (;;) {
			if (level == 0)
				return true;
			bool object = objects & 1;
			token = next(json, false);
			if (token == (object ? TOKEN_OBJECT_END : TOKEN_ARRAY_END)) {
				objects >>= 1;
				level--;
				opened = false;
				continue;
			}
			if (!opened) {
				if (token != TOKEN_COMMA)
					return false;
				token = next(json, false);
			}
			if (object)
				token = value_behind(json, token);
			break;
		}
	}
}

/* ---- members ---- */

bool container_json_is(const struct container_json *json, const char *text)
{
	return !json->string_cut && ng_span_equal((struct ng_span){ json->string, json->string_size }, ng_span(text));
}

int container_json_members(
	struct container_json *json, int (*member)(void *context, struct container_json *json), void *context)
{
	enum container_token token = next(json, true);

	if (token == TOKEN_OBJECT_END)
		return 0;
	while (token == TOKEN_STRING) {
		int r = member(context, json);
		if (r != 0)
			return r;
		token = next(json, false);
		if (token == TOKEN_OBJECT_END)
			return 0;
		if (token != TOKEN_COMMA)
			return -EBADMSG;
		token = next(json, true);
	}
	return -EBADMSG;
}

int container_json_pass(struct container_json *json)
{
	return next(json, false) == TOKEN_COLON && container_json_skip(json, next(json, false)) ? 0 : -EBADMSG;
}
