/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text exposition format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
#include "exposition/page.h"

#include "base/number.h"
#include "exposition/head.h"
#include "exposition/labels.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void ng_page_reset(struct ng_page *page)
{
	page->size = 0;
	page->error = 0;
	page->family_count = 0;
	page->value_count = 0;
	page->pending = false;
	page->name = (struct ng_span){ NULL, 0 };
	page->head = NULL;
	ng_arena_reset(&page->names);
	ng_twins_reset(&page->twins);
}

void ng_page_done(struct ng_page *page)
{
	free(page->text);
	free(page->families);
	free(page->values);
	ng_arena_done(&page->names);
	ng_twins_done(&page->twins);
	*page = (struct ng_page){ 0 };
}

void ng_page_trim(struct ng_page *page, size_t keep)
{
	if (page->capacity <= keep)
		return;
	free(page->text);
	free(page->families);
	free(page->values);
	page->text = NULL;
	page->families = NULL;
	page->values = NULL;
	page->capacity = page->family_capacity = page->value_capacity = 0;
	page->size = page->family_count = page->value_count = 0;
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
	if ((count + more) * size > NG_PAGE_LIMIT) {
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

/* ---- families ---- */

static bool name_byte(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
	       (!first && c >= '0' && c <= '9');
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
	page->pending = false;
	if (page->name.size == 0) {
		page_fail(page, -EINVAL);
		return;
	}
	ng_twins_settle(page);
	size_t start = page->size;
	uint64_t hash = page->head ? page->head->hash : ng_name_hash(page->name);
	page->twins.family = (uint32_t)hash;
	if (page->head) {
		append(page, page->head->lines);
	} else {
		char *at = room(page, ng_head_room(page->name, page->help));
		if (!at)
			return;
		page->size = (size_t)(ng_render_head(at, page->name, page->help, page->type) - page->text);
	}
	record_family(page, (struct ng_page_family){
				    .start = (uint32_t)start,
				    .samples = (uint32_t)page->size,
				    .end = (uint32_t)page->size,
				    .name_size = (uint32_t)page->name.size,
				    .first_value = (uint32_t)page->value_count,
				    .end_value = (uint32_t)page->value_count,
				    .hash = hash,
				    .type = page->type,
			    });
}

/* ---- samples ---- */

/* Writes a sample up to its value; returns where that goes, with room for `value_room` bytes and the line feed, or
 * NULL. */
static char *begin_sample(struct ng_page *page, struct ng_span suffix, const struct ng_labels *set, size_t value_room)
{
	if (__builtin_expect(!ng_labels_valid(set), 0))
		page_fail(page, -ENOMEM);
	struct ng_span labels = ng_labels_text(set);
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
	char *start = at;
	if (suffix.size) {
		memcpy(at, suffix.text, suffix.size);
		at += suffix.size;
	}
	uint32_t hash = ng_twins_hash(at, labels.text, labels.size);
	at += labels.size;
	if (suffix.size)
		hash = ng_twins_hash(NULL, start, suffix.size + labels.size);
	hash ^= page->twins.family;
	size_t index = page->value_count;
	if (__builtin_expect(index >= page->twins.trusted || page->twins.hash[index] != hash, 0) &&
		!ng_twins_note(&page->twins, index, hash)) {
		page_fail(page, -ENOMEM);
		return NULL;
	}
	*at++ = ' ';
	return at;
}

static const struct ng_span no_suffix = { NULL, 0 };

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

void ng_sample_u64(struct ng_page *page, struct ng_labels *labels, uint64_t value)
{
	char *at = begin_sample(page, no_suffix, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_u64(at, value));
}

void ng_sample_i64(struct ng_page *page, struct ng_labels *labels, int64_t value)
{
	char *at = begin_sample(page, no_suffix, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_i64(at, value));
}

void ng_sample_scaled(struct ng_page *page, struct ng_labels *labels, uint64_t value, unsigned places)
{
	char *at = begin_sample(page, no_suffix, labels, NG_NUMBER_MAX);

	if (__builtin_expect(places > NG_PLACES_MAX, 0))
		page_fail(page, -EINVAL);
	else if (at)
		end_sample(page, at, ng_render_scaled(at, value, places));
}

void ng_sample_decimal(struct ng_page *page, struct ng_labels *labels, struct ng_decimal value)
{
	char *at = begin_sample(page, no_suffix, labels, NG_NUMBER_MAX), *start = at;

	if (!at)
		return;
	uint64_t magnitude = (uint64_t)value.digits;
	if (value.digits < 0) {
		*at++ = '-';
		magnitude = 0 - magnitude;
	}
	end_sample(page, start, ng_render_scaled(at, magnitude, value.places));
}

void ng_sample_double(struct ng_page *page, struct ng_labels *labels, double value)
{
	char *at = begin_sample(page, no_suffix, labels, NG_NUMBER_MAX);

	if (at)
		end_sample(page, at, ng_render_double(at, value));
}

void ng_sample_text(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, struct ng_span text)
{
	static const struct ng_span suffixes[] = {
		[NG_SUFFIX_NONE] = NG_SPAN(""),
		[NG_SUFFIX_BUCKET] = NG_SPAN("_bucket"),
		[NG_SUFFIX_SUM] = NG_SPAN("_sum"),
		[NG_SUFFIX_COUNT] = NG_SPAN("_count"),
	};
	char *at = begin_sample(page, suffixes[suffix], labels, text.size);

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

void ng_page_exchange(struct ng_page *empty, struct ng_page *from)
{
	struct ng_page spare = *empty;

	empty->text = from->text;
	empty->size = from->size;
	empty->capacity = from->capacity;
	empty->families = from->families;
	empty->family_count = from->family_count;
	empty->family_capacity = from->family_capacity;
	empty->values = from->values;
	empty->value_count = from->value_count;
	empty->value_capacity = from->value_capacity;
	from->text = spare.text;
	from->capacity = spare.capacity;
	from->families = spare.families;
	from->family_capacity = spare.family_capacity;
	from->values = spare.values;
	from->value_capacity = spare.value_capacity;
	from->size = from->family_count = from->value_count = 0;
}
