/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/stencil_plan.h"

#include <stdlib.h>

enum {
	STABLE = 2, /* responses with the same layout before a stencil is made */
	CREDIT_MAX = 4 * NG_STENCIL_COST,
	WINDOW = 32, /* responses after which quiet numbers are counted */
	QUIET = 2,   /* windows without a change that make a number quiet */
};

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

static bool make_room(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	size_t capacity = answer->value_count + answer->value_count / 8;

	if (answer->size > stencil->capacity) {
		if (!widen((void **)&stencil->text, answer->size + answer->size / 8))
			return false;
		stencil->capacity = answer->size + answer->size / 8;
	}
	if (answer->value_count <= stencil->value_capacity)
		return true;
	if (!widen((void **)&stencil->values, capacity * sizeof(*stencil->values)) ||
		!widen((void **)&stencil->changing, capacity * sizeof(*stencil->changing)) ||
		!widen((void **)&stencil->quiet, capacity * sizeof(*stencil->quiet)) ||
		!widen((void **)&stencil->fingerprint, capacity * sizeof(*stencil->fingerprint)))
		return false;
	stencil->value_capacity = capacity;
	return true;
}

/* Keeps a copy of the response. */
static bool remember(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	if (!make_room(stencil, answer))
		return false;
	memcpy(stencil->text, answer->bytes, answer->size);
	memcpy(stencil->values, answer->values, answer->value_count * sizeof(*answer->values));
	stencil->size = answer->size;
	stencil->value_count = answer->value_count;
	return true;
}

static struct ng_span text_before(const char *text, const struct ng_place *values, size_t i, size_t count, size_t size)
{
	uint32_t start = i ? values[i - 1].end : 0, end = i < count ? values[i].start : (uint32_t)size;

	return (struct ng_span){ text + start, end - start };
}

static bool same_layout(const struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	if (stencil->value_count != answer->value_count)
		return false;
	for (size_t i = 0; i <= answer->value_count; i++) {
		if (!ng_span_equal(text_before(stencil->text, stencil->values, i, answer->value_count, stencil->size),
			    text_before(answer->bytes, answer->values, i, answer->value_count, answer->size)))
			return false;
	}
	return true;
}

static struct ng_span value_text(const struct ng_encoded *answer, size_t i)
{
	return (struct ng_span){ answer->bytes + answer->values[i].start,
		answer->values[i].end - answer->values[i].start };
}

static uint32_t fingerprint(struct ng_span value)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < value.size; i++)
		hash = (hash ^ (unsigned char)value.text[i]) * 16777619u;
	return hash;
}

/* For a new layout: single-digit numbers may be constants, all others have to prove it first. */
static void guess_changes(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	for (size_t i = 0; i < answer->value_count; i++) {
		stencil->changing[i] = value_text(answer, i).size > 1;
		stencil->quiet[i] = 0;
		stencil->fingerprint[i] = fingerprint(value_text(answer, i));
	}
	stencil->fitted = 0;
}

static void note_changes(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	for (size_t i = 0; i < answer->value_count; i++) {
		struct ng_place before = stencil->values[i];
		struct ng_span was = { stencil->text + before.start, before.end - before.start };
		if (!stencil->changing[i] && !ng_span_equal(was, value_text(answer, i))) {
			stencil->changing[i] = true;
			stencil->quiet[i] = 0;
		}
	}
}

/* At the end of a window: the number of values that might as well be text. */
static size_t count_quiet(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	size_t count = 0;

	for (size_t i = 0; i < answer->value_count; i++) {
		uint32_t now = fingerprint(value_text(answer, i));
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

/* Whether the response is the stencil's text with different numbers; records how far each piece has moved. */
static bool fits(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	uint32_t at = 0;

	if (answer->value_count != stencil->value_count)
		return false;
	for (size_t i = 0; i < stencil->piece_count; i++) {
		const struct ng_stencil_piece *piece = &stencil->pieces[i];
		uint32_t size = piece->end - piece->start;
		if (answer->size - at < size || memcmp(answer->bytes + at, stencil->text + piece->start, size) != 0)
			return false;
		stencil->moved[i] = at - piece->start;
		at += size;
		if (piece->value == stencil->value_count)
			break;
		if (answer->values[piece->value].start != at)
			return false;
		at = answer->values[piece->value].end;
	}
	return at == answer->size;
}

/* Writes a match whose source and destination have moved by different amounts. */
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

static bool put_block(const struct ng_stencil *stencil, const struct ng_encoded *answer, struct ng_bits *bits)
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
			!put_value(stencil, bits, answer->bytes + answer->values[piece->value].start,
				answer->bytes + answer->values[piece->value].end))
			return false;
	}
	ng_bits_put(bits, stencil->symbols.bits[NG_DEFLATE_END], stencil->symbols.size[NG_DEFLATE_END]);
	return true;
}

static bool write_answer(const struct ng_stencil *stencil, const struct ng_encoded *answer, struct ng_packed *packed)
{
	size_t digits = 0;

	for (size_t i = 0; i + 1 < stencil->piece_count; i++)
		digits += answer->values[stencil->pieces[i].value].end - answer->values[stencil->pieces[i].value].start;
	if (ng_packed_room(packed, answer->size) < 0 ||
		packed->capacity < sizeof(stencil->head) + stencil->token_bits / 8 + 2 * digits + 64)
		return false;
	size_t head = (size_t)(stencil->head_end.at - stencil->head);
	memcpy(packed->bytes, stencil->head, head);
	struct ng_bits bits = stencil->head_end;
	bits.at = (uint8_t *)packed->bytes + head;
	if (!put_block(stencil, answer, &bits))
		return false;
	*bits.at = (uint8_t)bits.held;
	bits.at += bits.count > 0;
	uint32_t tail[2] = { ng_crc32((struct ng_span){ answer->bytes, answer->size }), (uint32_t)answer->size };
	memcpy(bits.at, tail, sizeof(tail));
	packed->size = (size_t)(bits.at + sizeof(tail) - (uint8_t *)packed->bytes);
	return true;
}

/* ---- from response to response ---- */

/* Learns from a response that does not fit, or when there is no stencil yet. */
static void learn(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	bool same = stencil->size && same_layout(stencil, answer);

	if (same)
		note_changes(stencil, answer);
	stencil->made = false;
	if (!remember(stencil, answer)) {
		stencil->size = 0;
		return;
	}
	if (!same) {
		guess_changes(stencil, answer);
		stencil->stable = 0;
		return;
	}
	stencil->stable++;
	if (stencil->stable >= STABLE && stencil->credit >= NG_STENCIL_COST)
		ng_stencil_make(stencil);
}

/* Turns numbers that have not changed for a long time into text, if there are enough of them. */
static void settle(struct ng_stencil *stencil, const struct ng_encoded *answer)
{
	if (++stencil->fitted < WINDOW)
		return;
	stencil->fitted = 0;
	if (count_quiet(stencil, answer) * 8 < answer->value_count || stencil->credit < 2 * NG_STENCIL_COST)
		return;
	for (size_t i = 0; i < answer->value_count; i++)
		stencil->changing[i] = stencil->changing[i] && stencil->quiet[i] < QUIET;
	if (remember(stencil, answer))
		ng_stencil_make(stencil);
	else
		stencil->made = false;
}

bool ng_stencil_pack(struct ng_stencil *stencil, const struct ng_encoded *answer, struct ng_packed *packed)
{
	/* words are written in memory order */
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || answer->size == 0 || answer->size > NG_STENCIL_MAX ||
		!answer->noting)
		return false;
	if (stencil->credit < CREDIT_MAX)
		stencil->credit++;
	if (!stencil->made || !fits(stencil, answer))
		learn(stencil, answer);
	else
		settle(stencil, answer);
	return stencil->made && fits(stencil, answer) && write_answer(stencil, answer, packed);
}
