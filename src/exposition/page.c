/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text exposition format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
#include "exposition/page.h"

#include "exposition/number.h"
#include "kernel/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Offsets are 32 bits; no scrape comes near. */
static const size_t page_limit = (size_t)1 << 30;

void ng_page_reset(struct ng_page *page)
{
	page->size = 0;
	page->error = 0;
	page->family_count = 0;
	page->value_count = 0;
	page->pending = false;
	page->name = NG_NO_LABELS;
	page->head = NULL;
	ng_arena_reset(&page->names);
}

void ng_page_done(struct ng_page *page)
{
	free(page->text);
	free(page->families);
	free(page->values);
	ng_arena_done(&page->names);
	*page = (struct ng_page){ 0 };
}

static void page_fail(struct ng_page *page, int error)
{
	if (!page->error)
		page->error = error;
}

/* Grows `*array` for `more` elements of `size` bytes. */
static bool grow(struct ng_page *page, void **array, size_t count, size_t *capacity, size_t size, size_t more)
{
	size_t wider = *capacity ? *capacity : 512 / size;

	if (count + more <= *capacity)
		return true;
	if ((count + more) * size > page_limit) {
		page_fail(page, -EFBIG);
		return false;
	}
	while (wider < count + more)
		wider *= 2;
	void *moved = realloc(*array, wider * size);
	if (!moved) {
		page_fail(page, -ENOMEM);
		return false;
	}
	*array = moved;
	*capacity = wider;
	return true;
}

/* Room for `more` bytes of text, or NULL once the page has failed. */
static char *room(struct ng_page *page, size_t more)
{
	if (__builtin_expect(page->error, 0))
		return NULL;
	if (__builtin_expect(page->capacity - page->size < more, 0) &&
		!grow(page, (void **)&page->text, page->size, &page->capacity, 1, more))
		return NULL;
	return page->text + page->size;
}

static void append(struct ng_page *page, struct ng_span span)
{
	char *at = room(page, span.size);

	if (!at)
		return;
	if (span.size)
		memcpy(at, span.text, span.size);
	page->size += span.size;
}

static uint64_t name_hash(struct ng_span name)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ (unsigned char)name.text[i]) * 1099511628211u;
	return hash;
}

const char *ng_type_name(enum ng_type type)
{
	switch (type) {
	case NG_COUNTER:
		return "counter";
	case NG_GAUGE:
		return "gauge";
	case NG_UNTYPED:
		return "untyped";
	case NG_HISTOGRAM:
		return "histogram";
	case NG_SUMMARY:
		return "summary";
	}
	return "untyped";
}

/* ---- escaping ---- */

/* The length of the UTF-8 sequence at `at`, or 0 where it is not one (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *at, size_t size)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		n = 2;
	else if (at[0] >= 0xe0 && at[0] <= 0xef)
		n = 3;
	else if (at[0] >= 0xf0 && at[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (size < n)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* Writes `text` escaped at `at`, which has room for three times its size. */
static char *escape(char *at, struct ng_span text, bool quotes)
{
	if (text.size == 0)
		return at;
	const unsigned char *from = (const unsigned char *)text.text, *end = from + text.size;

	while (from < end) {
		unsigned char c = *from;
		if (c >= 0x80) {
			size_t n = utf8_length(from, (size_t)(end - from));
			memcpy(at, n ? (const char *)from : "\xef\xbf\xbd", n ? n : 3);
			at += n ? n : 3;
			from += n;
			/* one replacement for a run of bytes that are none, as Go does it */
			while (!n && from < end && *from >= 0x80 && !utf8_length(from, (size_t)(end - from)))
				from++;
			continue;
		}
		if (c == '\\' || c == '\n' || (c == '"' && quotes)) {
			*at++ = '\\';
			c = c == '\n' ? 'n' : c;
		}
		*at++ = (char)c;
		from++;
	}
	return at;
}

struct ng_span ng_labels(struct ng_arena *arena, const struct ng_label *labels, size_t count)
{
	size_t need = 2, room_size;

	for (size_t i = 0; i < count; i++)
		need += strlen(labels[i].name) + labels[i].value.size * 3 + sizeof(",=\"\"") - 1;
	char *start = ng_arena_reserve(arena, need, &room_size), *at = start;
	if (!start)
		return (struct ng_span){ NULL, page_limit + 1 };
	*at++ = '{';
	for (size_t i = 0; i < count; i++) {
		size_t name_size = strlen(labels[i].name);
		memcpy(at, labels[i].name, name_size);
		at += name_size;
		*at++ = '=';
		*at++ = '"';
		at = escape(at, labels[i].value, true);
		*at++ = '"';
		*at++ = ',';
	}
	at[-1] = '}';
	ng_arena_commit(arena, start, (size_t)(at - start));
	return (struct ng_span){ start, (size_t)(at - start) };
}

/* ---- families ---- */

static bool name_byte(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (!first && c >= '0' && c <= '9');
}

/* The HELP and TYPE lines; room for three times the help text and 64 bytes with two names. */
static char *render_head(char *at, struct ng_span name, struct ng_span help, enum ng_type type)
{
	const char *type_name = ng_type_name(type);

	memcpy(at, "# HELP ", 7);
	at += 7;
	memcpy(at, name.text, name.size);
	at += name.size;
	*at++ = ' ';
	at = escape(at, help, false);
	memcpy(at, "\n# TYPE ", 8);
	at += 8;
	memcpy(at, name.text, name.size);
	at += name.size;
	*at++ = ' ';
	memcpy(at, type_name, strlen(type_name));
	at += strlen(type_name);
	*at++ = '\n';
	return at;
}

static size_t head_room(struct ng_span name, struct ng_span help)
{
	return 2 * name.size + 3 * help.size + 64;
}

struct ng_family_head *ng_page_heads(struct ng_arena *arena, const struct ng_family *families, size_t count)
{
	struct ng_family_head *heads = ng_alloc0(arena, count * sizeof(*heads));

	for (size_t i = 0; heads && i < count; i++) {
		struct ng_span name = ng_span(families[i].name), help = ng_span(families[i].help);
		size_t size;
		char *start = ng_arena_reserve(arena, head_room(name, help), &size);
		if (!start)
			return NULL;
		size = (size_t)(render_head(start, name, help, families[i].type) - start);
		ng_arena_commit(arena, start, size);
		heads[i] = (struct ng_family_head){ { start, size }, (uint32_t)name.size, name_hash(name) };
	}
	return heads;
}

void ng_family(struct ng_page *page, const struct ng_family *family)
{
	size_t index = (size_t)(family - page->known);

	assert(family >= page->known && index < page->known_count && !family->dynamic);
	page->head = &page->heads[index];
	page->name = (struct ng_span){ family->name, page->head->name_size };
	page->type = family->type;
	page->pending = true;
}

void ng_family_dynamic(struct ng_page *page, enum ng_type type, struct ng_span name, struct ng_span help)
{
	char *copy = ng_alloc(&page->names, name.size + 1);

	if (!copy || name.size == 0) {
		page_fail(page, copy ? -EINVAL : -ENOMEM);
		return;
	}
	for (size_t i = 0; i < name.size; i++)
		copy[i] = name_byte(name.text[i], i == 0) ? name.text[i] : '_';
	page->head = NULL;
	page->name = (struct ng_span){ copy, name.size };
	page->help = help;
	page->type = type;
	page->pending = true;
}

static bool record_family(struct ng_page *page, struct ng_page_family family)
{
	if (!grow(page, (void **)&page->families, page->family_count, &page->family_capacity, sizeof(*page->families),
		    1))
		return false;
	page->families[page->family_count++] = family;
	return true;
}

/* The first sample of a family: its head goes before it. */
static void begin_family(struct ng_page *page)
{
	size_t start = page->size;

	page->pending = false;
	if (page->name.size == 0) {
		page_fail(page, -EINVAL);
		return;
	}
	if (page->head) {
		append(page, page->head->lines);
	} else {
		char *at = room(page, head_room(page->name, page->help));
		if (!at)
			return;
		page->size = (size_t)(render_head(at, page->name, page->help, page->type) - page->text);
	}
	record_family(page, (struct ng_page_family){
				    .start = (uint32_t)start,
				    .samples = (uint32_t)page->size,
				    .end = (uint32_t)page->size,
				    .name_size = (uint32_t)page->name.size,
				    .first_value = (uint32_t)page->value_count,
				    .end_value = (uint32_t)page->value_count,
				    .hash = page->head ? page->head->hash : name_hash(page->name),
				    .type = page->type,
			    });
}

/* ---- samples ---- */

/* Writes a sample up to its value; returns where that goes, with room for `value_room` bytes and the line feed, or
 * NULL. */
static char *begin_sample(struct ng_page *page, struct ng_span suffix, struct ng_span labels, size_t value_room)
{
	if (__builtin_expect(page->pending || page->name.size == 0, 0))
		begin_family(page);
	char *at = room(page, page->name.size + suffix.size + labels.size + value_room + 2);
	if (__builtin_expect(!at, 0))
		return NULL;
	if (__builtin_expect(page->value_count == page->value_capacity, 0) &&
		!grow(page, (void **)&page->values, page->value_count, &page->value_capacity, sizeof(*page->values), 1))
		return NULL;
	memcpy(at, page->name.text, page->name.size);
	at += page->name.size;
	if (suffix.size) {
		memcpy(at, suffix.text, suffix.size);
		at += suffix.size;
	}
	if (labels.size) {
		memcpy(at, labels.text, labels.size);
		at += labels.size;
	}
	*at++ = ' ';
	return at;
}

static void end_sample(struct ng_page *page, const char *value, char *end)
{
	struct ng_page_family *family = &page->families[page->family_count - 1];

	page->values[page->value_count++] =
		(struct ng_page_value){ (uint32_t)(value - page->text), (uint32_t)(end - page->text) };
	*end++ = '\n';
	page->size = (size_t)(end - page->text);
	family->end = (uint32_t)page->size;
	family->end_value = (uint32_t)page->value_count;
}

void ng_sample_u64(struct ng_page *page, struct ng_span labels, uint64_t value)
{
	char *at = begin_sample(page, NG_NO_LABELS, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_u64(at, value));
}

void ng_sample_i64(struct ng_page *page, struct ng_span labels, int64_t value)
{
	char *at = begin_sample(page, NG_NO_LABELS, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_i64(at, value));
}

void ng_sample_scaled(struct ng_page *page, struct ng_span labels, uint64_t value, unsigned places)
{
	char *at = begin_sample(page, NG_NO_LABELS, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_scaled(at, value, places));
}

void ng_sample_decimal(struct ng_page *page, struct ng_span labels, struct ng_decimal value)
{
	char *at = begin_sample(page, NG_NO_LABELS, labels, NG_NUMBER_MAX), *start = at;

	if (!at)
		return;
	uint64_t magnitude = (uint64_t)value.digits;
	if (value.digits < 0) {
		*at++ = '-';
		magnitude = 0 - magnitude;
	}
	end_sample(page, start, ng_render_scaled(at, magnitude, value.places));
}

void ng_sample_double(struct ng_page *page, struct ng_span labels, double value)
{
	char *at = begin_sample(page, NG_NO_LABELS, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_double(at, value));
}

void ng_sample_text(struct ng_page *page, struct ng_span suffix, struct ng_span labels, struct ng_span text)
{
	char *at = begin_sample(page, suffix, labels, text.size);

	if (!at)
		return;
	memcpy(at, text.text, text.size);
	end_sample(page, at, at + text.size);
}

void ng_gauge_u64(struct ng_page *page, const struct ng_family *family, uint64_t value)
{
	ng_family(page, family);
	ng_sample_u64(page, NG_NO_LABELS, value);
}

/* ---- joining pages ---- */

static void append_values(struct ng_page *page, const struct ng_page *from, size_t first, size_t end, uint32_t moved)
{
	if (first == end || !grow(page, (void **)&page->values, page->value_count, &page->value_capacity,
				    sizeof(*page->values), end - first))
		return;
	for (size_t i = first; i < end; i++) {
		page->values[page->value_count++] =
			(struct ng_page_value){ from->values[i].start + moved, from->values[i].end + moved };
	}
}

void ng_page_append(struct ng_page *page, const struct ng_page *from, size_t index, bool with_head)
{
	struct ng_page_family family = from->families[index];
	uint32_t start = with_head ? family.start : family.samples;
	/* wraps around below zero and back: all of it is arithmetic modulo 2^32 */
	uint32_t moved = (uint32_t)page->size - start;

	append(page, (struct ng_span){ from->text + start, family.end - start });
	if (with_head) {
		struct ng_page_family copy = family;
		copy.start += moved;
		copy.samples += moved;
		copy.first_value = (uint32_t)page->value_count;
		record_family(page, copy);
	}
	append_values(page, from, family.first_value, family.end_value, moved);
	if (!page->error) {
		page->families[page->family_count - 1].end = (uint32_t)page->size;
		page->families[page->family_count - 1].end_value = (uint32_t)page->value_count;
	}
}

void ng_page_append_all(struct ng_page *page, const struct ng_page *from)
{
	uint32_t moved = (uint32_t)page->size, first_value = (uint32_t)page->value_count;

	append(page, (struct ng_span){ from->text, from->size });
	for (size_t i = 0; i < from->family_count; i++) {
		struct ng_page_family copy = from->families[i];
		copy.start += moved;
		copy.samples += moved;
		copy.end += moved;
		copy.first_value += first_value;
		copy.end_value += first_value;
		record_family(page, copy);
	}
	append_values(page, from, 0, from->value_count, moved);
}
