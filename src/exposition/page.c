/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/page.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The set without any labels comes first in the store. */
enum { STORE_START = sizeof(struct ng_set) };

static uint32_t new_serial(void)
{
	static atomic_uint_least32_t last;
	uint32_t serial;

	/* 0 is not the serial of any page */
	do
		serial = (uint32_t)atomic_fetch_add(&last, 1) + 1;
	while (serial == 0);
	return serial;
}

void ng_page_reset(struct ng_page *page)
{
	page->serial = new_serial();
	page->error = 0;
	page->family_count = 0;
	page->sample_count = 0;
	page->store_size = 0;
	page->open = false;
	page->opened.name.size = 0;
	ng_arena_reset(&page->names);
	ng_twins_reset(&page->twins);
}

static void release(struct ng_page *page)
{
	free(page->families);
	free(page->samples);
	free(page->store);
	page->families = NULL;
	page->samples = NULL;
	page->store = NULL;
	page->family_count = page->sample_count = page->store_size = 0;
	page->family_capacity = page->sample_capacity = page->store_capacity = 0;
	page->open = false;
}

void ng_page_done(struct ng_page *page)
{
	release(page);
	ng_arena_done(&page->names);
	ng_twins_done(&page->twins);
	*page = (struct ng_page){ 0 };
}

void ng_page_trim(struct ng_page *page, size_t keep)
{
	size_t size = page->store_capacity + page->sample_capacity * sizeof(*page->samples) +
		      page->family_capacity * sizeof(*page->families);

	if (size > keep)
		release(page);
	ng_arena_trim(&page->names, keep);
}

/* After the first error nothing more is written. */
static bool fail(struct ng_page *page, int error)
{
	if (!page->error)
		page->error = error;
	page->open = false;
	return false;
}

/* Makes room in `*array` for `more` elements of `size` bytes. */
static bool grow(struct ng_page *page, void **array, size_t count, size_t *capacity, size_t size, size_t more)
{
	size_t wider = *capacity ? *capacity : 512 / size;

	if (count + more <= *capacity)
		return true;
	if ((count + more) * size > NG_PAGE_LIMIT)
		return fail(page, -EFBIG);
	while (wider < count + more)
		wider *= 2;
	void *moved = realloc(*array, wider * size);
	if (!moved)
		return fail(page, -ENOMEM);
	*array = moved;
	*capacity = wider;
	return true;
}

/* Takes bytes from the store; NULL once the page has failed. */
static char *take(struct ng_page *page, size_t size)
{
	size_t whole = (size + _Alignof(struct ng_set) - 1) & ~(_Alignof(struct ng_set) - 1);

	if (page->error ||
		!grow(page, (void **)&page->store, page->store_size, &page->store_capacity, 1, whole + NG_PAGE_SLACK))
		return NULL;
	char *start = page->store + page->store_size;
	page->store_size += whole;
	return start;
}

/* ---- families ---- */

static char name_byte(char c, bool first)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';

	return letter || (!first && c >= '0' && c <= '9') ? c : '_';
}

void ng_family(struct ng_page *page, const struct ng_family *family)
{
	size_t index = (size_t)(family - page->known);

	assert(family >= page->known && index < page->known_count && !family->dynamic);
	page->open = false;
	page->opened.head = &page->heads[index];
	page->opened.name = (struct ng_span){ family->name, page->opened.head->name_size };
	page->opened.help.text = family->help;
	page->opened.type = family->type;
}

void ng_family_dynamic(struct ng_page *page, enum ng_type type, struct ng_span name, struct ng_span help)
{
	char *copy = ng_alloc(&page->names, name.size + help.size);

	page->open = false;
	page->opened.name.size = 0;
	if (!copy || name.size == 0) {
		fail(page, copy ? -EINVAL : -ENOMEM);
		return;
	}
	for (size_t i = 0; i < name.size; i++)
		copy[i] = name_byte(name.text[i], i == 0);
	if (help.size)
		memcpy(copy + name.size, help.text, help.size);
	page->opened.head = NULL;
	page->opened.name = (struct ng_span){ copy, name.size };
	page->opened.help = (struct ng_span){ copy + name.size, help.size };
	page->opened.type = type;
}

/* The first sample of the page: puts the empty label set at the beginning of the store. */
static bool begin_page(struct ng_page *page)
{
	if (!page->serial)
		page->serial = new_serial();
	struct ng_set *none = (void *)take(page, STORE_START);
	if (none)
		*none = (struct ng_set){ 0 };
	return none != NULL;
}

/* The first sample of a family. */
static bool begin_family(struct ng_page *page)
{
	if (page->error || page->opened.name.size == 0)
		return fail(page, -EINVAL);
	if (page->store_size == 0 && !begin_page(page))
		return false;
	ng_page_close(page);
	if (page->error)
		return false;
	if (page->family_count == page->family_capacity && !grow(page, (void **)&page->families, page->family_count,
								   &page->family_capacity, sizeof(*page->families), 1))
		return false;
	struct ng_page_family *family = &page->families[page->family_count++];
	*family = page->opened;
	family->page = page;
	if (family->head)
		family->help.size = strlen(family->help.text);
	family->hash = family->head ? family->head->hash : ng_text_hash(family->name);
	family->first = (uint32_t)page->sample_count;
	page->twins.family = family->hash;
	page->open = true;
	return true;
}

void ng_page_close(struct ng_page *page)
{
	if (page->family_count == 0 || page->error)
		return;
	page->families[page->family_count - 1].end = (uint32_t)page->sample_count;
	ng_twins_settle(page);
}

/* ---- samples ---- */

/* Enters a set that the page does not have yet. */
static bool enter(struct ng_page *page, struct ng_labels *labels)
{
	uint32_t at[2];
	bool joined = labels->size == NG_LABELS_JOINED;

	if (!ng_labels_valid(labels))
		return fail(page, -ENOMEM);
	for (size_t i = 0; joined && i < 2; i++) {
		struct ng_labels *part = ng_labels_parts(labels)[i];
		if (part->page != page->serial && !enter(page, part))
			return false;
		at[i] = part->at;
	}
	size_t size = joined ? sizeof(at) : labels->size;
	struct ng_set *set = (void *)take(page, sizeof(*set) + size);
	if (!set)
		return false;
	set->hash = labels->hash;
	set->size = labels->size;
	memcpy(set->text, joined ? (const char *)at : labels->text, size);
	labels->page = page->serial;
	labels->at = (uint32_t)((char *)set - page->store);
	return true;
}

/* The next sample without its value; NULL once the page has failed. */
__attribute__((always_inline)) static inline struct ng_sample *new_sample(
	struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels)
{
	uint32_t at = 0, hash = 0;

	if (__builtin_expect(!page->open, 0) && !begin_family(page))
		return NULL;
	if (labels) {
		if (__builtin_expect(labels->page != page->serial, 0) && !enter(page, labels))
			return NULL;
		at = labels->at;
		hash = labels->hash;
	}
	size_t index = page->sample_count;
	if (__builtin_expect(index == page->sample_capacity, 0) &&
		!grow(page, (void **)&page->samples, index, &page->sample_capacity, sizeof(*page->samples), 1))
		return NULL;
	hash = ng_twins_hash(hash, suffix) ^ page->twins.family;
	if (__builtin_expect(index >= page->twins.trusted || page->twins.hash[index] != hash, 0) &&
		!ng_twins_note(&page->twins, index, hash)) {
		fail(page, -ENOMEM);
		return NULL;
	}
	struct ng_sample *sample = &page->samples[index];
	page->sample_count = index + 1;
	sample->labels = at;
	sample->places = 0;
	sample->suffix = (uint8_t)suffix;
	return sample;
}

void ng_sample_u64(struct ng_page *page, struct ng_labels *labels, uint64_t value)
{
	struct ng_sample *sample = new_sample(page, NG_SUFFIX_NONE, labels);

	if (!sample)
		return;
	sample->kind = NG_VALUE_U64;
	sample->value.u64 = value;
}

void ng_sample_part(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, uint64_t value)
{
	struct ng_sample *sample = new_sample(page, suffix, labels);

	if (!sample)
		return;
	sample->kind = NG_VALUE_U64;
	sample->value.u64 = value;
}

void ng_sample_i64(struct ng_page *page, struct ng_labels *labels, int64_t value)
{
	struct ng_sample *sample = new_sample(page, NG_SUFFIX_NONE, labels);

	if (!sample)
		return;
	sample->kind = NG_VALUE_I64;
	sample->value.i64 = value;
}

void ng_sample_scaled(struct ng_page *page, struct ng_labels *labels, uint64_t value, unsigned places)
{
	struct ng_sample *sample = new_sample(page, NG_SUFFIX_NONE, labels);

	if (!sample)
		return;
	if (__builtin_expect(places > NG_PLACES_MAX, 0))
		fail(page, -EINVAL);
	sample->kind = NG_VALUE_SCALED;
	sample->places = (uint8_t)places;
	sample->value.u64 = value;
}

void ng_sample_decimal(struct ng_page *page, struct ng_labels *labels, struct ng_decimal value)
{
	struct ng_sample *sample = new_sample(page, NG_SUFFIX_NONE, labels);

	if (!sample)
		return;
	if (__builtin_expect(value.places > NG_PLACES_MAX, 0))
		fail(page, -EINVAL);
	sample->kind = NG_VALUE_DECIMAL;
	sample->places = (uint8_t)value.places;
	sample->value.i64 = value.digits;
}

void ng_sample_double(struct ng_page *page, struct ng_labels *labels, double value)
{
	struct ng_sample *sample = new_sample(page, NG_SUFFIX_NONE, labels);

	if (!sample)
		return;
	sample->kind = NG_VALUE_DOUBLE;
	sample->value.number = value;
}

void ng_sample_text(struct ng_page *page, enum ng_suffix suffix, struct ng_labels *labels, struct ng_span text)
{
	struct ng_sample *sample = new_sample(page, suffix, labels);
	char *copy = sample ? take(page, text.size) : NULL;

	if (!copy)
		return;
	memcpy(copy, text.text, text.size);
	sample->kind = NG_VALUE_TEXT;
	sample->value.text.at = (uint32_t)(copy - page->store);
	sample->value.text.size = (uint32_t)text.size;
}

void ng_gauge_u64(struct ng_page *page, const struct ng_family *family, uint64_t value)
{
	ng_family(page, family);
	ng_sample_u64(page, NG_NO_LABELS, value);
}
