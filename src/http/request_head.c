/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request_head.h"

#include <string.h>
#include <strings.h>

enum refusal {
	NONE,
	LINE,
	VERSION,
	METHOD,
	TARGET,
	TARGET_LONG,
	FIELD,
	FIELDS,
	HOST,
	LENGTH,
	CODING,
	CODING_UNKNOWN,
	BODY,
};

static const struct ng_refusal refusals[] = {
	[LINE] = { 400, "Bad Request", "the request line is not \"METHOD TARGET HTTP/1.1\"" },
	[VERSION] = { 505, "HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are supported" },
	[METHOD] = { 405, "Method Not Allowed", "only GET and HEAD are allowed" },
	[TARGET] = { 400, "Bad Request", "the request target is not a path or an http URL" },
	[TARGET_LONG] = { 414, "URI Too Long", "the request target is limited to 2048 bytes" },
	[FIELD] = { 400, "Bad Request", "a header line is not \"NAME: VALUE\", or contains a control character" },
	[FIELDS] = { 431, "Request Header Fields Too Large",
		"a request is limited to 8192 bytes, and to 100 header lines, arguments and cookies in total" },
	[HOST] = { 400, "Bad Request", "missing, invalid or repeated Host header" },
	[LENGTH] = { 400, "Bad Request", "Content-Length is not a number, or is repeated" },
	[CODING] = { 400, "Bad Request",
		"Transfer-Encoding requires HTTP/1.1, must end with chunked, and excludes Content-Length" },
	[CODING_UNKNOWN] = { 501, "Not Implemented", "the transfer coding is not supported" },
	[BODY] = { 413, "Content Too Large", "request bodies are not accepted" },
};

/* ---- characters ---- */

enum { TOKEN = 1, VALUE = 2, IN_TARGET = 4, IN_HOST = 8, HEX = 16 };

static const unsigned char classes[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['"'] = VALUE | IN_TARGET,
	['#'] = TOKEN | VALUE | IN_TARGET,
	['$' ... '\''] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['('] = VALUE | IN_TARGET | IN_HOST,
	[')'] = VALUE | IN_TARGET | IN_HOST,
	['*' ... '+'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	[','] = VALUE | IN_TARGET | IN_HOST,
	['-' ... '.'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['/'] = VALUE | IN_TARGET,
	['0' ... '9'] = TOKEN | VALUE | IN_TARGET | IN_HOST | HEX,
	[':' ... ';'] = VALUE | IN_TARGET | IN_HOST,
	['<'] = VALUE | IN_TARGET,
	['='] = VALUE | IN_TARGET | IN_HOST,
	['>' ... '@'] = VALUE | IN_TARGET,
	['A' ... 'F'] = TOKEN | VALUE | IN_TARGET | IN_HOST | HEX,
	['G' ... 'Z'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['['] = VALUE | IN_TARGET | IN_HOST,
	['\\'] = VALUE | IN_TARGET,
	[']'] = VALUE | IN_TARGET | IN_HOST,
	['^'] = TOKEN | VALUE | IN_TARGET,
	['_'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['`'] = TOKEN | VALUE | IN_TARGET,
	['a' ... 'f'] = TOKEN | VALUE | IN_TARGET | IN_HOST | HEX,
	['g' ... 'z'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	['{'] = VALUE | IN_TARGET,
	['|'] = TOKEN | VALUE | IN_TARGET,
	['}'] = VALUE | IN_TARGET,
	['~'] = TOKEN | VALUE | IN_TARGET | IN_HOST,
	[0x80 ... 0xff] = VALUE | IN_TARGET,
};

static bool is(char c, unsigned class)
{
	return classes[(unsigned char)c] & class;
}

static bool all_are(struct ng_span text, unsigned class)
{
	size_t i = 0;

	while (i < text.size && is(text.text[i], class))
		i++;
	return i == text.size;
}

/* The number of leading characters in the class. */
static size_t length_of(struct ng_span text, unsigned class)
{
	size_t i = 0;

	while (i < text.size && is(text.text[i], class))
		i++;
	return i;
}

static unsigned count_of(struct ng_span text, char wanted)
{
	unsigned count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += text.text[i] == wanted;
	return count;
}

static bool equal_fold(struct ng_span text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.text, word, text.size) == 0;
}

/* ---- the request line ---- */

static bool has_percent_nul(struct ng_span target)
{
	return target.size && memmem(target.text, target.size, "%00", 3);
}

/* Query parsing is lenient, as in node_exporter: invalid escapes stand for themselves. */
static enum refusal judge_target(struct ng_span target, unsigned *ret_arguments)
{
	const char *query = memchr(target.text, '?', target.size);
	size_t path = query ? (size_t)(query - target.text) : target.size;

	if (target.size > NG_TARGET_MAX)
		return TARGET_LONG;
	if (has_percent_nul(target))
		return TARGET;
	for (size_t i = 0; i < path; i++) {
		if (target.text[i] == '%' &&
			(path - i < 3 || !is(target.text[i + 1], HEX) || !is(target.text[i + 2], HEX)))
			return TARGET;
	}
	*ret_arguments = query ? 1 + count_of(ng_span_skip(target, path), '&') : 0;
	return NONE;
}

/* A path, or a URL: a scheme and a colon. */
static bool has_form(struct ng_span target)
{
	if (target.text[0] == '/')
		return true;
	const char *colon = memchr(target.text, ':', target.size);
	return colon && colon > target.text &&
	       all_are((struct ng_span){ target.text, (size_t)(colon - target.text) }, TOKEN);
}

struct line {
	struct ng_span method, target;
	char minor; /* of HTTP/1 */
};

static enum refusal judge_line(struct ng_span line, struct line *ret_line)
{
	size_t method = length_of(line, TOKEN);
	struct ng_span rest = ng_span_skip(line, method);

	if (method == 0 || rest.size < 2 || rest.text[0] != ' ')
		return LINE;
	ret_line->method = (struct ng_span){ line.text, method };
	rest = ng_span_skip(rest, 1);
	size_t target = length_of(rest, IN_TARGET);
	struct ng_span version = ng_span_skip(rest, target);
	if (target == 0 || version.size != strlen(" HTTP/1.1") || !ng_span_starts(version, NG_SPAN(" HTTP/")) ||
		version.text[7] != '.' || version.text[6] < '0' || version.text[6] > '9' || version.text[8] < '0' ||
		version.text[8] > '9')
		return LINE;
	ret_line->target = (struct ng_span){ rest.text, target };
	ret_line->minor = version.text[8];
	return version.text[6] == '1' ? NONE : VERSION;
}

/* ---- the header fields ---- */

struct fields {
	unsigned items; /* including query arguments and cookies */
	unsigned hosts, lengths, codings;
	bool length_is_zero;
	struct ng_span coding;
};

static bool split_field(struct ng_span line, struct ng_span *ret_name, struct ng_span *ret_value)
{
	size_t name = length_of(line, TOKEN);

	if (name == 0 || name == line.size || line.text[name] != ':')
		return false;
	*ret_name = (struct ng_span){ line.text, name };
	*ret_value = ng_trim(ng_span_skip(line, name + 1));
	return all_are(ng_span_skip(line, name + 1), VALUE);
}

static bool is_zero(struct ng_span digits)
{
	size_t i = 0;

	while (i < digits.size && digits.text[i] == '0')
		i++;
	return i == digits.size;
}

static bool is_number(struct ng_span text)
{
	size_t i = 0;

	while (i < text.size && text.text[i] >= '0' && text.text[i] <= '9')
		i++;
	return text.size > 0 && i == text.size;
}

static enum refusal judge_field(struct ng_span line, struct fields *fields)
{
	struct ng_span name, value;

	if (!split_field(line, &name, &value))
		return FIELD;
	fields->items++;
	if (equal_fold(name, "Cookie")) /* the library splits it, and separates cookies by commas as well */
		fields->items += 1 + count_of(value, ';') + count_of(value, ',');
	if (fields->items > NG_ITEMS_MAX)
		return FIELDS;
	if (equal_fold(name, "Host")) {
		if (fields->hosts++ || !all_are(value, IN_HOST))
			return HOST;
	} else if (equal_fold(name, "Content-Length")) {
		if (fields->lengths++ || !is_number(value))
			return LENGTH;
		fields->length_is_zero = is_zero(value);
	} else if (equal_fold(name, "Transfer-Encoding")) {
		if (fields->codings++)
			return CODING;
		fields->coding = value;
	}
	return NONE;
}

static enum refusal judge_coding(const struct fields *fields, char minor)
{
	struct ng_span last = fields->coding;
	const char *comma = last.size ? memrchr(last.text, ',', last.size) : NULL;

	if (comma)
		last = ng_trim(ng_span_skip(last, (size_t)(comma + 1 - last.text)));
	if (fields->lengths || minor == '0' || !equal_fold(last, "chunked"))
		return CODING;
	return comma ? CODING_UNKNOWN : BODY;
}

/* ---- heads ---- */

static bool next_line(struct ng_span *rest, struct ng_span *ret_line)
{
	const char *end = rest->size ? memchr(rest->text, '\n', rest->size) : NULL;

	if (!end)
		return false;
	*ret_line = (struct ng_span){ rest->text, (size_t)(end - rest->text) };
	*rest = ng_span_skip(*rest, ret_line->size + 1);
	if (ret_line->size && ret_line->text[ret_line->size - 1] == '\r')
		ret_line->size--;
	return true;
}

size_t ng_request_head_size(struct ng_span bytes, size_t from)
{
	const char *at = bytes.text + (from > 3 ? from - 3 : 0), *end = bytes.text + bytes.size;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (end - at >= 1 && at[0] == '\n')
			return (size_t)(at + 1 - bytes.text);
		if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at + 2 - bytes.text);
	}
	return 0;
}

static enum refusal judge(struct ng_span head)
{
	struct fields fields = { 0 };
	struct ng_span text;
	struct line line;

	if (head.size > NG_HEAD_MAX)
		return FIELDS;
	enum refusal refusal = next_line(&head, &text) ? judge_line(text, &line) : LINE;
	if (refusal == NONE)
		refusal = judge_target(line.target, &fields.items);
	while (refusal == NONE && next_line(&head, &text) && text.size)
		refusal = judge_field(text, &fields);
	if (refusal != NONE)
		return refusal;
	if (fields.hosts == 0 && line.minor != '0')
		return HOST;
	refusal = fields.codings ? judge_coding(&fields, line.minor) : NONE;
	if (refusal != NONE && refusal != BODY)
		return refusal;
	if (!ng_span_equal(line.method, NG_SPAN("GET")) && !ng_span_equal(line.method, NG_SPAN("HEAD")))
		return METHOD;
	if (refusal == BODY || (fields.lengths && !fields.length_is_zero))
		return BODY;
	return has_form(line.target) ? NONE : TARGET;
}

const struct ng_refusal *ng_request_head_judge(struct ng_span head)
{
	enum refusal refusal = judge(head);

	return refusal == NONE ? NULL : &refusals[refusal];
}

const struct ng_refusal *ng_request_head_hopeless(struct ng_span bytes)
{
	if (bytes.size >= NG_HEAD_MAX)
		return memchr(bytes.text, '\n', bytes.size) ? &refusals[FIELDS] : &refusals[TARGET_LONG];
	/* a CR may be the start of an empty line */
	bool begins = bytes.size == 0 || is(bytes.text[0], TOKEN) || (bytes.size == 1 && bytes.text[0] == '\r');
	return begins ? NULL : &refusals[LINE];
}
