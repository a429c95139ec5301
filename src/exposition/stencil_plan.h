/* SPDX-License-Identifier: Apache-2.0 */
/* What a stencil is made of, for the making of it and for its use. */
#ifndef EXPOSITION_STENCIL_PLAN_H
#define EXPOSITION_STENCIL_PLAN_H

#include "exposition/deflate.h"
#include "exposition/stencil.h"

/*
 * A few bits of the block. A run of literals has no source; a match has one, whose distance changes when the numbers
 * between the two change their widths.
 */
struct ng_stencil_token {
	uint64_t bits;       /* complete while source and place have moved alike */
	uint32_t source;     /* piece of the source */
	uint16_t distance;   /* in the text of the making, less one */
	uint8_t size;        /* of bits */
	uint8_t length_size; /* of the length's code; 0 for literals */
};

/* Text without changing numbers, and the number behind it. */
struct ng_stencil_piece {
	uint32_t start, end; /* in the text of the making */
	uint32_t token_end;
	uint32_t value; /* index of the number; the count of values for the last piece */
};

struct ng_stencil {
	/* the last answer, of the layout that is known */
	char *text;
	size_t size, capacity;
	struct ng_place *values;
	bool *changing;        /* is written as a number; the others count as text */
	uint8_t *quiet;        /* windows in a row in which it did not change */
	uint32_t *fingerprint; /* at the end of the last window */
	size_t value_count, value_capacity;
	unsigned stable; /* answers of this layout so far */
	unsigned fitted; /* answers since the last window ended */
	unsigned credit;

	bool made;
	struct ng_stencil_piece *pieces;
	size_t piece_count, piece_capacity;
	uint32_t *moved; /* of each piece, against the text of the making, modulo 2^32 */
	struct ng_stencil_token *tokens;
	size_t token_count, token_capacity;
	struct ng_deflate_code symbols, distances;
	uint8_t head[512];
	struct ng_bits head_end;
	size_t token_bits;
};

enum { NG_STENCIL_COST = 40 }; /* answers that pay for one making */

static inline void ng_stencil_put(struct ng_stencil_token *token, uint64_t bits, unsigned size)
{
	token->bits |= bits << token->size;
	token->size = (uint8_t)(token->size + size);
}

static inline void ng_stencil_put_distance(
	const struct ng_stencil *stencil, struct ng_stencil_token *token, unsigned distance)
{
	struct ng_deflate_part part = ng_deflate_distance(distance);

	ng_stencil_put(token, stencil->distances.bits[part.symbol], stencil->distances.size[part.symbol]);
	ng_stencil_put(token, part.extra, part.extra_bits);
}

/* Makes the pieces and tokens of the last answer; when there is no memory, nothing is made. */
void ng_stencil_make(struct ng_stencil *stencil);

/* Keeps the room. */
void ng_stencil_forget(struct ng_stencil *stencil);

#endif
