/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the deflate format (RFC 1951) that are needed to write a single dynamic block. */
#ifndef EXPOSITION_DEFLATE_H
#define EXPOSITION_DEFLATE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	NG_DEFLATE_WINDOW = 32768,
	NG_DEFLATE_MATCH_MAX = 258,
	NG_DEFLATE_END = 256,     /* the symbol that ends a block */
	NG_DEFLATE_SYMBOLS = 286, /* literals, end, lengths */
	NG_DEFLATE_DISTANCES = 30,
};

/* Code and extra bits of a match length 3..258, or a distance 1..32768. */
struct ng_deflate_part {
	uint16_t symbol; /* for lengths: relative to 257 */
	uint16_t extra;  /* value of the extra bits */
	uint8_t extra_bits;
};
struct ng_deflate_part ng_deflate_length(unsigned length);
struct ng_deflate_part ng_deflate_distance(unsigned distance);

/* A Huffman code: the bits to write, least significant first, and their number; 0 for a symbol without a code. */
struct ng_deflate_code {
	uint16_t bits[NG_DEFLATE_SYMBOLS];
	uint8_t size[NG_DEFLATE_SYMBOLS];
};

/* A code for these frequencies with no code longer than `limit` bits. */
void ng_deflate_code(const uint32_t *frequencies, size_t count, unsigned limit, struct ng_deflate_code *ret_code);

/* A bit writer; the caller must provide 8 bytes of room beyond what is written. */
struct ng_bits {
	uint8_t *at;
	uint64_t held;
	unsigned count; /* bits in `held`, fewer than 8 between calls */
};

static inline void ng_bits_put(struct ng_bits *bits, uint64_t value, unsigned size)
{
	bits->held |= value << bits->count;
	bits->count += size;
	memcpy(bits->at, &bits->held, 8); /* little-endian only, see stencil.c */
	bits->at += bits->count >> 3;
	bits->held >>= bits->count & ~7u;
	bits->count &= 7;
}

/* Writes the header of a block that is the last one and uses these two codes. */
void ng_deflate_head(
	struct ng_bits *bits, const struct ng_deflate_code *symbols, const struct ng_deflate_code *distances);

#endif
