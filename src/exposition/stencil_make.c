/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a stencil: the text of a response as deflate tokens, with gaps for the numbers. */
#include "exposition/stencil_plan.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	HASH_BITS = 15,
	MATCH_MIN = 4,
	CHAIN_MAX = 16,  /* candidates examined per match */
	GOOD_MATCH = 32, /* long enough to stop searching */
	SLACK = 1024,    /* how much the numbers within the window may grow before a distance no longer fits */
};

void ng_stencil_forget(struct ng_stencil *stencil)
{
	stencil->token_count = stencil->piece_count = 0;
	stencil->made = false;
}

/* ---- pieces ---- */

static bool make_piece_room(struct ng_stencil *stencil, size_t count)
{
	if (count <= stencil->piece_capacity)
		return true;
	size_t capacity = count + count / 4;
	struct ng_stencil_piece *pieces = realloc(stencil->pieces, capacity * sizeof(*pieces));
	if (!pieces)
		return false;
	stencil->pieces = pieces;
	uint32_t *moved = realloc(stencil->moved, capacity * sizeof(*moved));
	if (!moved)
		return false;
	stencil->moved = moved;
	stencil->piece_capacity = capacity;
	return true;
}

static bool list_pieces(struct ng_stencil *stencil)
{
	size_t count = 1;

	for (size_t i = 0; i < stencil->value_count; i++)
		count += stencil->changing[i];
	if (!make_piece_room(stencil, count))
		return false;
	uint32_t start = 0;
	for (size_t i = 0; i < stencil->value_count; i++) {
		if (!stencil->changing[i])
			continue;
		stencil->pieces[stencil->piece_count++] = (struct ng_stencil_piece){
			.start = start, .end = stencil->values[i].start, .value = (uint32_t)i
		};
		start = stencil->values[i].end;
	}
	stencil->pieces[stencil->piece_count++] = (struct ng_stencil_piece){
		.start = start, .end = (uint32_t)stencil->size, .value = (uint32_t)stencil->value_count
	};
	return true;
}

/* ---- matches ---- */

/* A match, or a literal if length is 1. */
struct step {
	uint32_t at, from;
	uint32_t source; /* index of the piece */
	uint16_t length;
};

struct parser {
	const struct ng_stencil *stencil;
	int32_t head[1 << HASH_BITS];
	int32_t previous[NG_DEFLATE_WINDOW];
	size_t count;
	struct step steps[]; /* at most one step per byte */
};

static uint32_t hash_at(const char *text)
{
	uint32_t word;

	memcpy(&word, text, 4);
	return word * 2654435761u >> (32 - HASH_BITS);
}

static void enter(struct parser *parser, uint32_t at)
{
	uint32_t hash = hash_at(parser->stencil->text + at);

	parser->previous[at % NG_DEFLATE_WINDOW] = parser->head[hash];
	parser->head[hash] = (int32_t)at;
}

/* The piece that contains `at`. */
static uint32_t piece_of(const struct ng_stencil *stencil, uint32_t at)
{
	size_t low = 0, high = stencil->piece_count;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (stencil->pieces[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/* The longest match for the text from `at` to `end` whose source is within one piece; length 0 if there is none. */
static struct step find_match(const struct parser *parser, uint32_t at, uint32_t end)
{
	const struct ng_stencil *stencil = parser->stencil;
	const char *text = stencil->text;
	struct step best = { .at = at };
	uint32_t limit = end - at < NG_DEFLATE_MATCH_MAX ? end - at : NG_DEFLATE_MATCH_MAX;
	int32_t from = limit < MATCH_MIN ? -1 : parser->head[hash_at(text + at)];

	for (int tries = 0; from >= 0 && tries < CHAIN_MAX; tries++) {
		if (at - (uint32_t)from > NG_DEFLATE_WINDOW - SLACK)
			break;
		if (best.length == 0 || text[(uint32_t)from + best.length] == text[at + best.length]) {
			uint32_t source = piece_of(stencil, (uint32_t)from),
				 most = stencil->pieces[source].end - (uint32_t)from, n = 0;
			if (most > limit)
				most = limit;
			while (n < most && text[(uint32_t)from + n] == text[at + n])
				n++;
			if (n > best.length) {
				best.length = (uint16_t)n;
				best.from = (uint32_t)from;
				best.source = source;
			}
			if (n >= GOOD_MATCH || n == limit)
				break;
		}
		int32_t next = parser->previous[(uint32_t)from % NG_DEFLATE_WINDOW];
		if (next >= from)
			break;
		from = next;
	}
	if (best.length < MATCH_MIN)
		best.length = 0;
	return best;
}

static void add_step(struct parser *parser, struct step step)
{
	parser->steps[parser->count++] = step;
}

/*
 * Lazy matching: a match is dropped in favour of a longer one that starts a byte later. A piece's own text becomes a
 * source as it is passed.
 */
static void parse_piece(struct parser *parser, const struct ng_stencil_piece *piece)
{
	uint32_t at = piece->start, end = piece->end;
	struct step match = find_match(parser, at, end);

	while (at < end) {
		if (at + MATCH_MIN <= end)
			enter(parser, at);
		struct step next = { .length = 0 };
		if (match.length < GOOD_MATCH && at + 1 < end)
			next = find_match(parser, at + 1, end);
		if (match.length == 0 || next.length > match.length) {
			add_step(parser, (struct step){ .at = at, .length = 1 });
			at++;
			match = next;
			continue;
		}
		add_step(parser, match);
		for (uint32_t i = 1; i < match.length; i++) {
			if (at + i + MATCH_MIN <= end)
				enter(parser, at + i);
		}
		at += match.length;
		match = find_match(parser, at, end);
	}
}

/* ---- codes and tokens ---- */

static void count_symbols(
	const struct ng_stencil *stencil, const struct parser *parser, uint32_t *symbols, uint32_t *distances)
{
	for (size_t i = 0; i < parser->count; i++) {
		const struct step *step = &parser->steps[i];
		if (step->length == 1) {
			symbols[(unsigned char)stencil->text[step->at]]++;
			continue;
		}
		symbols[257 + ng_deflate_length(step->length).symbol]++;
		distances[ng_deflate_distance(step->at - step->from).symbol]++;
	}
	for (size_t i = 0; i + 1 < stencil->piece_count; i++) {
		struct ng_place value = stencil->values[stencil->pieces[i].value];
		for (uint32_t k = value.start; k < value.end; k++)
			symbols[(unsigned char)stencil->text[k]]++;
	}
	/* symbols that changing numbers may need, and codes for changed distances */
	for (const char *digit = "0123456789.e+-NaInf"; *digit; digit++)
		symbols[(unsigned char)*digit]++;
	for (size_t i = 0; i < NG_DEFLATE_DISTANCES; i++)
		distances[i]++;
	symbols[NG_DEFLATE_END] = 1;
}

static struct ng_stencil_token *add_token(struct ng_stencil *stencil)
{
	stencil->tokens[stencil->token_count] = (struct ng_stencil_token){ 0 };
	return &stencil->tokens[stencil->token_count++];
}

static void match_token(struct ng_stencil *stencil, const struct step *step)
{
	struct ng_deflate_part length = ng_deflate_length(step->length);
	struct ng_stencil_token *token = add_token(stencil);

	ng_stencil_put(token, stencil->symbols.bits[257 + length.symbol], stencil->symbols.size[257 + length.symbol]);
	ng_stencil_put(token, length.extra, length.extra_bits);
	token->length_size = token->size;
	token->source = step->source;
	token->distance = (uint16_t)(step->at - step->from - 1);
	ng_stencil_put_distance(stencil, token, step->at - step->from);
}

/* Appends a literal to the preceding run while it has room: one write takes 56 bits. */
static void literal_token(struct ng_stencil *stencil, unsigned char literal, size_t first)
{
	unsigned size = stencil->symbols.size[literal];
	struct ng_stencil_token *token =
		stencil->token_count > first ? &stencil->tokens[stencil->token_count - 1] : NULL;

	if (!token || token->length_size || token->size + size > 56)
		token = add_token(stencil);
	ng_stencil_put(token, stencil->symbols.bits[literal], size);
}

/* There are at most as many tokens as steps. */
static bool make_token_room(struct ng_stencil *stencil, size_t count)
{
	if (count <= stencil->token_capacity)
		return true;
	struct ng_stencil_token *tokens = realloc(stencil->tokens, (count + count / 2) * sizeof(*tokens));
	if (!tokens)
		return false;
	stencil->tokens = tokens;
	stencil->token_capacity = count + count / 2;
	return true;
}

static bool make_tokens(struct ng_stencil *stencil, const struct parser *parser)
{
	size_t step = 0;

	if (!make_token_room(stencil, parser->count))
		return false;
	for (size_t i = 0; i < stencil->piece_count; i++) {
		size_t first = stencil->token_count;
		for (; step < parser->count && parser->steps[step].at < stencil->pieces[i].end; step++) {
			const struct step *at = &parser->steps[step];
			if (at->length == 1)
				literal_token(stencil, (unsigned char)stencil->text[at->at], first);
			else
				match_token(stencil, at);
		}
		stencil->pieces[i].token_end = (uint32_t)stencil->token_count;
	}
	stencil->token_bits = 0;
	for (size_t i = 0; i < stencil->token_count; i++)
		stencil->token_bits += stencil->tokens[i].length_size ? 48 : stencil->tokens[i].size;
	return true;
}

static void make_head(struct ng_stencil *stencil)
{
	/* RFC 1952: deflate, no flags, no time, unknown system */
	static const uint8_t gzip_head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	struct ng_bits bits = { .at = stencil->head + sizeof(gzip_head) };

	memcpy(stencil->head, gzip_head, sizeof(gzip_head));
	ng_deflate_head(&bits, &stencil->symbols, &stencil->distances);
	stencil->head_end = bits;
}

static bool make_from(struct ng_stencil *stencil, struct parser *parser)
{
	uint32_t symbols[NG_DEFLATE_SYMBOLS] = { 0 }, distances[NG_DEFLATE_DISTANCES] = { 0 };

	if (!list_pieces(stencil))
		return false;
	memset(parser->head, 0xff, sizeof(parser->head));
	parser->stencil = stencil;
	for (size_t i = 0; i < stencil->piece_count; i++)
		parse_piece(parser, &stencil->pieces[i]);
	count_symbols(stencil, parser, symbols, distances);
	ng_deflate_code(symbols, NG_DEFLATE_SYMBOLS, 15, &stencil->symbols);
	ng_deflate_code(distances, NG_DEFLATE_DISTANCES, 15, &stencil->distances);
	make_head(stencil);
	return make_tokens(stencil, parser);
}

/* The parser's memory does not come from the heap: it is large, mostly untouched, and freed right away. */
void ng_stencil_make(struct ng_stencil *stencil)
{
	size_t size = sizeof(struct parser) + stencil->size * sizeof(struct step);
	struct parser *parser =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ng_stencil_forget(stencil);
	stencil->credit -= NG_STENCIL_COST;
	if (parser == MAP_FAILED)
		return;
	stencil->made = make_from(stencil, parser);
	munmap(parser, size);
}
