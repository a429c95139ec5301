/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/stencil.h"

#include "exposition/deflate.h"

#include <stdlib.h>
#include <sys/mman.h>

enum {
	HASH_BITS = 15,
	MATCH_MIN = 4,
	CHAIN_MAX = 16,  /* candidates looked at for a match */
	GOOD_MATCH = 32, /* long enough not to look further */
	SLACK = 1024,    /* how much the numbers of a window may grow before a distance does not fit any more */
	STABLE = 2,      /* answers of one layout before a stencil is made of it */
	BUILD_COST = 40, /* answers that pay for one making */
	CREDIT_MAX = 4 * BUILD_COST,
	WINDOW = 32, /* answers after which quiet numbers are counted */
	QUIET = 2,   /* windows that make a number a quiet one */
};
static const size_t text_max = (size_t)1 << 20; /* larger answers are left to the compressor */

/*
 * A few bits of the block. A run of literals has no source; a match has one, whose distance changes when the numbers
 * between the two change their widths.
 */
struct token {
	uint64_t bits;       /* complete while source and place have moved alike */
	uint32_t source;     /* piece of the source */
	uint16_t distance;   /* in the text of the making, less one */
	uint8_t size;        /* of bits */
	uint8_t length_size; /* of the length's code; 0 for literals */
};

/* Text without changing numbers, and the number behind it. */
struct piece {
	uint32_t start, end; /* in the text of the making */
	uint32_t token_end;
	uint32_t value; /* index of the number; the count of values for the last piece */
};

struct ng_stencil {
	/* the last answer, of the layout that is known */
	char *text;
	size_t size, capacity;
	struct ng_page_value *values;
	bool *changing;        /* is written as a number; the others count as text */
	uint8_t *quiet;        /* windows in a row in which it did not change */
	uint32_t *fingerprint; /* at the end of the last window */
	size_t value_count, value_capacity;
	unsigned stable; /* answers of this layout so far */
	unsigned fitted; /* answers since the last window ended */
	unsigned credit;

	bool made;
	struct piece *pieces;
	size_t piece_count, piece_capacity;
	uint32_t *moved; /* of each piece, against the text of the making, modulo 2^32 */
	struct token *tokens;
	size_t token_count, token_capacity;
	struct ng_deflate_code symbols, distances;
	uint8_t head[512];
	struct ng_bits head_end;
	size_t token_bits;
};

struct ng_stencil *ng_stencil_new(void)
{
	struct ng_stencil *stencil = calloc(1, sizeof(*stencil));

	if (stencil)
		stencil->credit = CREDIT_MAX;
	return stencil;
}

/* Keeps the room. */
static void forget_tokens(struct ng_stencil *stencil)
{
	stencil->token_count = stencil->piece_count = 0;
	stencil->made = false;
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

/* ---- making: pieces ---- */

static bool make_piece_room(struct ng_stencil *stencil, size_t count)
{
	if (count <= stencil->piece_capacity)
		return true;
	size_t capacity = count + count / 4;
	struct piece *pieces = realloc(stencil->pieces, capacity * sizeof(*pieces));
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
		stencil->pieces[stencil->piece_count++] =
			(struct piece){ .start = start, .end = stencil->values[i].start, .value = (uint32_t)i };
		start = stencil->values[i].end;
	}
	stencil->pieces[stencil->piece_count++] = (struct piece){
		.start = start, .end = (uint32_t)stencil->size, .value = (uint32_t)stencil->value_count
	};
	return true;
}

/* ---- making: matches ---- */

/* A match, or a literal when length is 1. */
struct step {
	uint32_t at, from;
	uint32_t source; /* piece */
	uint16_t length;
};

struct parser {
	const struct ng_stencil *stencil;
	int32_t head[1 << HASH_BITS];
	int32_t previous[NG_DEFLATE_WINDOW];
	size_t count;
	struct step steps[]; /* a step for each byte at the most */
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

/* The piece that holds `at`. */
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

/* The longest match for the text from `at` to `end` whose source lies in one piece; length 0 where there is none. */
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

/* Lazy: a match gives way to a longer one that starts a byte later. A piece's own text becomes a source as it is
 * passed. */
static void parse_piece(struct parser *parser, const struct piece *piece)
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

/* ---- making: codes and tokens ---- */

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
		struct ng_page_value value = stencil->values[stencil->pieces[i].value];
		for (uint32_t k = value.start; k < value.end; k++)
			symbols[(unsigned char)stencil->text[k]]++;
	}
	/* what numbers may become, and distances move to */
	for (const char *digit = "0123456789.e+-NaInf"; *digit; digit++)
		symbols[(unsigned char)*digit]++;
	for (size_t i = 0; i < NG_DEFLATE_DISTANCES; i++)
		distances[i]++;
	symbols[NG_DEFLATE_END] = 1;
}

static struct token *add_token(struct ng_stencil *stencil)
{
	stencil->tokens[stencil->token_count] = (struct token){ 0 };
	return &stencil->tokens[stencil->token_count++];
}

static void put_part(struct token *token, uint64_t bits, unsigned size)
{
	token->bits |= bits << token->size;
	token->size = (uint8_t)(token->size + size);
}

static void put_distance(const struct ng_stencil *stencil, struct token *token, unsigned distance)
{
	struct ng_deflate_part part = ng_deflate_distance(distance);

	put_part(token, stencil->distances.bits[part.symbol], stencil->distances.size[part.symbol]);
	put_part(token, part.extra, part.extra_bits);
}

static void match_token(struct ng_stencil *stencil, const struct step *step)
{
	struct ng_deflate_part length = ng_deflate_length(step->length);
	struct token *token = add_token(stencil);

	put_part(token, stencil->symbols.bits[257 + length.symbol], stencil->symbols.size[257 + length.symbol]);
	put_part(token, length.extra, length.extra_bits);
	token->length_size = token->size;
	token->source = step->source;
	token->distance = (uint16_t)(step->at - step->from - 1);
	put_distance(stencil, token, step->at - step->from);
}

/* Literals join the run before them while there is room: 56 bits are what one writing takes. */
static void literal_token(struct ng_stencil *stencil, unsigned char literal, size_t first)
{
	unsigned size = stencil->symbols.size[literal];
	struct token *token = stencil->token_count > first ? &stencil->tokens[stencil->token_count - 1] : NULL;

	if (!token || token->length_size || token->size + size > 56)
		token = add_token(stencil);
	put_part(token, stencil->symbols.bits[literal], size);
}

/* As many tokens as steps at the most. */
static bool make_token_room(struct ng_stencil *stencil, size_t count)
{
	if (count <= stencil->token_capacity)
		return true;
	struct token *tokens = realloc(stencil->tokens, (count + count / 2) * sizeof(*tokens));
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

/* The parser's memory is not the heap's: it is large, mostly never touched, and gone in a moment. */
static void make(struct ng_stencil *stencil)
{
	size_t size = sizeof(struct parser) + stencil->size * sizeof(struct step);
	struct parser *parser =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	forget_tokens(stencil);
	stencil->credit -= BUILD_COST;
	if (parser == MAP_FAILED)
		return;
	stencil->made = make_from(stencil, parser);
	munmap(parser, size);
}

/* ---- writing ---- */

/* Whether the page is the stencil's text with other numbers; notes how far each piece has moved. */
static bool fits(struct ng_stencil *stencil, const struct ng_page *page)
{
	uint32_t at = 0;

	if (page->value_count != stencil->value_count)
		return false;
	for (size_t i = 0; i < stencil->piece_count; i++) {
		const struct piece *piece = &stencil->pieces[i];
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
static bool put_moved(const struct ng_stencil *stencil, struct ng_bits *bits, const struct token *token, uint32_t moved)
{
	int64_t distance = (int64_t)token->distance + 1 + (int32_t)(moved - stencil->moved[token->source]);
	struct token again = { .bits = token->bits & ((1ull << token->length_size) - 1), .size = token->length_size };

	if (distance < 1 || distance > NG_DEFLATE_WINDOW)
		return false;
	put_distance(stencil, &again, (unsigned)distance);
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
	const struct token *token = stencil->tokens;

	for (size_t i = 0; i < stencil->piece_count; i++) {
		const struct piece *piece = &stencil->pieces[i];
		uint32_t moved = stencil->moved[i];
		for (const struct token *end = stencil->tokens + piece->token_end; token < end; token++) {
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
	if (stencil->stable >= STABLE && stencil->credit >= BUILD_COST)
		make(stencil);
}

/* Makes text of the numbers that have not changed for long, when there are enough of them. */
static void settle(struct ng_stencil *stencil, const struct ng_page *page)
{
	if (++stencil->fitted < WINDOW)
		return;
	stencil->fitted = 0;
	if (count_quiet(stencil, page) * 8 < page->value_count || stencil->credit < 2 * BUILD_COST)
		return;
	for (size_t i = 0; i < page->value_count; i++)
		stencil->changing[i] = stencil->changing[i] && stencil->quiet[i] < QUIET;
	if (remember(stencil, page))
		make(stencil);
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
