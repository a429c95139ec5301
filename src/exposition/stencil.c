/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/stencil_plan.h"

#include <stdlib.h>

enum {
	STABLE = 2, /* answers of one layout before a stencil is made of it */
	CREDIT_MAX = 4 * NG_STENCIL_COST,
	WINDOW = 32, /* answers after which quiet numbers are counted */
	QUIET = 2,   /* windows that make a number a quiet one */
};
static const size_t text_max = (size_t)1 << 20; /* larger answers are left to the compressor */

struct ng_stencil *ng_stencil_new(void)
{
	struct ng_stencil *stencil = calloc(1, sizeof(*stencil));

	if (stencil)
		stencil->credit = CREDIT_MAX;
	return stencil;
}

void ng_stencil_free(struct ng_stencil *stencil)
{
	if (!stencil)
		return;
	free(stencil->pieces);
	free(stencil->moved);
	free(stencil->tokens);
	free(stencil->text);
	free(stencil->values);
	free(stencil->changing);
	free(stencil->quiet);
	free(stencil->fingerprint);
	free(stencil);
}

/* ---- the layout ---- */

static bool widen(void **array, size_t size)
{
	void *wider = realloc(*array, size);

	if (wider)
		*array = wider;
	return wider != NULL;
}

static bool make_room(struct ng_stencil *stencil, const struct ng_page *page)
{
	size_t capacity = page->value_count + page->value_count / 8;

	if (page->size > stencil->capacity) {
		if (!widen((void **)&stencil->text, page->size + page->size / 8))
			return false;
		stencil->capacity = page->size + page->size / 8;
	}
	if (page->value_count <= stencil->value_capacity)
		return true;
	if (!widen((void **)&stencil->values, capacity * sizeof(*stencil->values)) ||
		!widen((void **)&stencil->changing, capacity * sizeof(*stencil->changing)) ||
		!widen((void **)&stencil->quiet, capacity * sizeof(*stencil->quiet)) ||
		!widen((void **)&stencil->fingerprint, capacity * sizeof(*stencil->fingerprint)))
		return false;
	stencil->value_capacity = capacity;
	return true;
}

/* Keeps a copy of the answer. */
static bool remember(struct ng_stencil *stencil, const struct ng_page *page)
{
	if (!make_room(stencil, page))
		return false;
	memcpy(stencil->text, page->text, page->size);
	memcpy(stencil->values, page->values, page->value_count * sizeof(*page->values));
	stencil->size = page->size;
	stencil->value_count = page->value_count;
	return true;
}

static struct ng_span text_before(
	const char *text, const struct ng_page_value *values, size_t i, size_t count, size_t size)
{
	uint32_t start = i ? values[i - 1].end : 0, end = i < count ? values[i].start : (uint32_t)size;

	return (struct ng_span){ text + start, end - start };
}

static bool same_layout(const struct ng_stencil *stencil, const struct ng_page *page)
{
	if (stencil->value_count != page->value_count)
		return false;
	for (size_t i = 0; i <= page->value_count; i++) {
		if (!ng_span_equal(text_before(stencil->text, stencil->values, i, page->value_count, stencil->size),
			    text_before(page->text, page->values, i, page->value_count, page->size)))
			return false;
	}
	return true;
}

static struct ng_span value_text(const struct ng_page *page, size_t i)
{
	return (struct ng_span){ page->text + page->values[i].start, page->values[i].end - page->values[i].start };
}

static uint32_t fingerprint(struct ng_span value)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < value.size; i++)
		hash = (hash ^ (unsigned char)value.text[i]) * 16777619u;
	return hash;
}

/* Of an unknown layout: what has one digit may be a constant, the rest has to show that it is. */
static void guess_changes(struct ng_stencil *stencil, const struct ng_page *page)
{
	for (size_t i = 0; i < page->value_count; i++) {
		stencil->changing[i] = value_text(page, i).size > 1;
		stencil->quiet[i] = 0;
		stencil->fingerprint[i] = fingerprint(value_text(page, i));
	}
	stencil->fitted = 0;
}

static void note_changes(struct ng_stencil *stencil, const struct ng_page *page)
{
	for (size_t i = 0; i < page->value_count; i++) {
		struct ng_page_value before = stencil->values[i];
		struct ng_span was = { stencil->text + before.start, before.end - before.start };
		if (!stencil->changing[i] && !ng_span_equal(was, value_text(page, i))) {
			stencil->changing[i] = true;
			stencil->quiet[i] = 0;
		}
	}
}

/* At the end of a window: how many numbers might as well be text. */
static size_t count_quiet(struct ng_stencil *stencil, const struct ng_page *page)
{
	size_t count = 0;

	for (size_t i = 0; i < page->value_count; i++) {
		uint32_t now = fingerprint(value_text(page, i));
		if (now != stencil->fingerprint[i])
			stencil->quiet[i] = 0;
		else if (stencil->quiet[i] < QUIET)
			stencil->quiet[i]++;
		stencil->fingerprint[i] = now;
		count += stencil->changing[i] && stencil->quiet[i] == QUIET;
	}
	return count;
}

/* ---- writing ---- */

/* Whether the page is the stencil's text with other numbers; notes how far each piece has moved. */
static bool fits(struct ng_stencil *stencil, const struct ng_page *page)
{
	uint32_t at = 0;

	if (page->value_count != stencil->value_count)
		return false;
	for (size_t i = 0; i < stencil->piece_count; i++) {
		const struct ng_stencil_piece *piece = &stencil->pieces[i];
		uint32_t size = piece->end - piece->start;
		if (page->size - at < size || memcmp(page->text + at, stencil->text + piece->start, size) != 0)
			return false;
		stencil->moved[i] = at - piece->start;
		at += size;
		if (piece->value == stencil->value_count)
			break;
		if (page->values[piece->value].start != at)
			return false;
		at = page->values[piece->value].end;
	}
	return at == page->size;
}

/* A match whose source has moved otherwise than its place. */
static bool put_moved(
	const struct ng_stencil *stencil, struct ng_bits *bits, const struct ng_stencil_token *token, uint32_t moved)
{
	int64_t distance = (int64_t)token->distance + 1 + (int32_t)(moved - stencil->moved[token->source]);
	struct ng_stencil_token again = { .bits = token->bits & ((1ull << token->length_size) - 1),
		.size = token->length_size };

	if (distance < 1 || distance > NG_DEFLATE_WINDOW)
		return false;
	ng_stencil_put_distance(stencil, &again, (unsigned)distance);
	ng_bits_put(bits, again.bits, again.size);
	return true;
}

static bool put_value(const struct ng_stencil *stencil, struct ng_bits *bits, const char *at, const char *end)
{
	for (; at < end; at++) {
		unsigned char digit = (unsigned char)*at;
		if (stencil->symbols.size[digit] == 0)
			return false;
		ng_bits_put(bits, stencil->symbols.bits[digit], stencil->symbols.size[digit]);
	}
	return true;
}

static bool put_block(const struct ng_stencil *stencil, const struct ng_page *page, struct ng_bits *bits)
{
	const struct ng_stencil_token *token = stencil->tokens;

	for (size_t i = 0; i < stencil->piece_count; i++) {
		const struct ng_stencil_piece *piece = &stencil->pieces[i];
		uint32_t moved = stencil->moved[i];
		for (const struct ng_stencil_token *end = stencil->tokens + piece->token_end; token < end; token++) {
			if (token->length_size == 0 || stencil->moved[token->source] == moved)
				ng_bits_put(bits, token->bits, token->size);
			else if (!put_moved(stencil, bits, token, moved))
				return false;
		}
		if (piece->value < stencil->value_count &&
			!put_value(stencil, bits, page->text + page->values[piece->value].start,
				page->text + page->values[piece->value].end))
			return false;
	}
	ng_bits_put(bits, stencil->symbols.bits[NG_DEFLATE_END], stencil->symbols.size[NG_DEFLATE_END]);
	return true;
}

static bool write_page(const struct ng_stencil *stencil, const struct ng_page *page, struct ng_packed *packed)
{
	size_t digits = 0;

	for (size_t i = 0; i + 1 < stencil->piece_count; i++)
		digits += page->values[stencil->pieces[i].value].end - page->values[stencil->pieces[i].value].start;
	if (ng_packed_room(packed, page->size) < 0 ||
		packed->capacity < sizeof(stencil->head) + stencil->token_bits / 8 + 2 * digits + 64)
		return false;
	size_t head = (size_t)(stencil->head_end.at - stencil->head);
	memcpy(packed->bytes, stencil->head, head);
	struct ng_bits bits = stencil->head_end;
	bits.at = (uint8_t *)packed->bytes + head;
	if (!put_block(stencil, page, &bits))
		return false;
	*bits.at = (uint8_t)bits.held;
	bits.at += bits.count > 0;
	uint32_t tail[2] = { ng_crc32((struct ng_span){ page->text, page->size }), (uint32_t)page->size };
	memcpy(bits.at, tail, sizeof(tail));
	packed->size = (size_t)(bits.at + sizeof(tail) - (uint8_t *)packed->bytes);
	return true;
}

/* ---- from answer to answer ---- */

/* The page does not fit, or there is no stencil: learns from it. */
static void learn(struct ng_stencil *stencil, const struct ng_page *page)
{
	bool same = stencil->size && same_layout(stencil, page);

	if (same)
		note_changes(stencil, page);
	stencil->made = false;
	if (!remember(stencil, page)) {
		stencil->size = 0;
		return;
	}
	if (!same) {
		guess_changes(stencil, page);
		stencil->stable = 0;
		return;
	}
	stencil->stable++;
	if (stencil->stable >= STABLE && stencil->credit >= NG_STENCIL_COST)
		ng_stencil_make(stencil);
}

/* Makes text of the numbers that have not changed for long, when there are enough of them. */
static void settle(struct ng_stencil *stencil, const struct ng_page *page)
{
	if (++stencil->fitted < WINDOW)
		return;
	stencil->fitted = 0;
	if (count_quiet(stencil, page) * 8 < page->value_count || stencil->credit < 2 * NG_STENCIL_COST)
		return;
	for (size_t i = 0; i < page->value_count; i++)
		stencil->changing[i] = stencil->changing[i] && stencil->quiet[i] < QUIET;
	if (remember(stencil, page))
		ng_stencil_make(stencil);
	else
		stencil->made = false;
}

bool ng_stencil_pack(struct ng_stencil *stencil, const struct ng_page *page, struct ng_packed *packed)
{
	/* words are written as they lie in memory */
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || page->size == 0 || page->size > text_max)
		return false;
	if (stencil->credit < CREDIT_MAX)
		stencil->credit++;
	if (!stencil->made || !fits(stencil, page))
		learn(stencil, page);
	else
		settle(stencil, page);
	return stencil->made && fits(stencil, page) && write_page(stencil, page, packed);
}
