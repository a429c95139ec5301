/* SPDX-License-Identifier: Apache-2.0 */
/* The data of a stencil, for the code that makes it and the code that uses it. */
#ifndef EXPOSITION_STENCIL_PLAN_H
#define EXPOSITION_STENCIL_PLAN_H

#include "exposition/deflate.h"
#include "exposition/stencil.h"

/*
 * A few bits of the block. A run of literals has no source. A match has one, and its distance changes if the numbers
 * between source and match change their widths.
 */
struct ng_stencil_token {
	uint64_t bits;       /* complete as long as source and match have moved by the same amount */
	uint32_t source;     /* index of the source's piece */
	uint16_t distance;   /* minus one, in the text that the stencil was made from */
	uint8_t size;        /* in bits */
	uint8_t length_size; /* of the length's code in bits; 0 for literals */
};

/* Text without changing numbers, and the number after it. */
struct ng_stencil_piece {
	uint32_t start, end; /* in the text that the stencil was made from */
	uint32_t token_end;
	uint32_t value; /* index of the number; for the last piece the count of values */
};

struct ng_stencil {
	/* the last response, whose layout is the known one */
	char *text;
	size_t size, capacity;
	struct ng_place *values;
	bool *changing;        /* written as a number; others count as text */
	uint8_t *quiet;        /* number of consecutive windows without a change */
	uint32_t *fingerprint; /* at the end of the last window */
	size_t value_count, value_capacity;
	unsigned stable; /* responses with this layout so far */
	unsigned fitted; /* responses since the last window ended */
	unsigned credit;

	bool made;
	struct ng_stencil_piece *pieces;
	size_t piece_count, piece_capacity;
	uint32_t *moved; /* how far each piece is from where it was in the stencil's text, modulo 2^32 */
	struct ng_stencil_token *tokens;
	size_t token_count, token_capacity;
	struct ng_deflate_code symbols, distances;
	uint8_t head[512];
	struct ng_bits head_end;
	size_t token_bits;
};

enum { NG_STENCIL_COST = 40 }; /* responses that make up for one making */

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

/* Makes the pieces and tokens of the last response; does nothing if there is no memory. */
void ng_stencil_make(struct ng_stencil *stencil);

/* Discards the stencil but keeps its memory. */
void ng_stencil_forget(struct ng_stencil *stencil);

#endif
