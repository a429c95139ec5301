/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text exposition format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
#include "base/number.h"
#include "exposition/encoder.h"
#include "exposition/head.h"

enum { WORD = NG_PAGE_SLACK };

/* Copies whole words: both buffers have slack at the end. */
static inline char *copy(char *at, const char *from, size_t size)
{
	char *end = at + size;
	char word[WORD];

	for (; at < end; at += WORD, from += WORD) {
		memcpy(word, from, WORD);
		memcpy(at, word, WORD);
	}
	return end;
}

static char *put(char *at, struct ng_span text)
{
	if (text.size)
		memcpy(at, text.text, text.size);
	return at + text.size;
}

static bool put_head(struct ng_encoded *out, const struct ng_page_family *family)
{
	const struct ng_family_head *head = family->head;
	char *at = ng_encoded_room(out, head ? head->text.size : ng_head_room(family->name, family->help));

	if (!at)
		return false;
	at = head ? put(at, head->text) : ng_render_head(at, family->name, family->help, family->type);
	out->size = (size_t)(at - out->bytes);
	return true;
}

static size_t set_size(const struct ng_page *page, const struct ng_set *set)
{
	if (__builtin_expect(set->size != NG_LABELS_JOINED, 1))
		return set->size;
	return (size_t)ng_page_part(page, set, 0)->size + ng_page_part(page, set, 1)->size;
}

static inline char *put_set(char *at, const struct ng_page *page, const struct ng_set *set)
{
	if (__builtin_expect(set->size != NG_LABELS_JOINED, 1))
		return copy(at, set->text, set->size);
	const struct ng_set *part[] = { ng_page_part(page, set, 0), ng_page_part(page, set, 1) };
	at = copy(at, part[0]->text, part[0]->size);
	at[-1] = ',';
	return copy(at, part[1]->text + 1, part[1]->size - 1);
}

static char *put_value(char *at, const struct ng_page *page, const struct ng_sample *sample)
{
	uint64_t magnitude;

	switch ((enum ng_value_kind)sample->kind) {
	case NG_VALUE_U64:
		return ng_render_u64(at, sample->value.u64);
	case NG_VALUE_I64:
		return ng_render_i64(at, sample->value.i64);
	case NG_VALUE_SCALED:
		return ng_render_scaled(at, sample->value.u64, sample->places);
	case NG_VALUE_DECIMAL:
		magnitude = (uint64_t)sample->value.i64;
		if (sample->value.i64 < 0) {
			*at++ = '-';
			magnitude = 0 - magnitude;
		}
		return ng_render_scaled(at, magnitude, sample->places);
	case NG_VALUE_DOUBLE:
		return ng_render_double(at, sample->value.number);
	case NG_VALUE_TEXT:
		break;
	}
	return put(at, ng_sample_value(page, sample));
}

/* Appends the samples of one part. The name is copied from the head lines, together with what follows it there. */
static void put_samples(struct ng_encoded *out, const struct ng_page_family *part, size_t name_at, size_t name_size)
{
	const struct ng_page *page = part->page;
	const struct ng_sample *sample = page->samples + part->first, *end = page->samples + part->end;
	bool noting = out->noting && ng_encoded_values(out, part->end - part->first);

	for (; sample < end; sample++) {
		const struct ng_set *set = ng_page_set(page, sample->labels);
		size_t value_room = sample->kind == NG_VALUE_TEXT ? sample->value.text.size : NG_NUMBER_MAX;
		char *at = ng_encoded_room(out, name_size + sizeof("_bucket") + set_size(page, set) + value_room + 2);
		if (__builtin_expect(!at, 0))
			return;
		at = copy(at, out->bytes + name_at, name_size);
		if (__builtin_expect(sample->suffix, 0))
			at = put(at, ng_suffix_text(sample->suffix));
		at = put_set(at, page, set);
		*at++ = ' ';
		char *value = at;
		at = put_value(at, page, sample);
		if (noting)
			out->values[out->value_count++] =
				(struct ng_place){ (uint32_t)(value - out->bytes), (uint32_t)(at - out->bytes) };
		*at++ = '\n';
		out->size = (size_t)(at - out->bytes);
	}
}

static void text_family(struct ng_encoded *out, const struct ng_page_family *family)
{
	size_t name_at = out->size + sizeof("# HELP ") - 1;

	if (!put_head(out, family))
		return;
	for (const struct ng_page_family *part = family; part; part = part->next)
		put_samples(out, part, name_at, family->name.size);
}

const struct ng_encoder ng_text_encoder = { .family = text_family };
