/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/deflate.h"

/* ---- lengths and distances (RFC 1951, 3.2.5) ---- */

static unsigned log2_floor(unsigned value)
{
	return 31 - (unsigned)__builtin_clz(value);
}

struct ng_deflate_part ng_deflate_length(unsigned length)
{
	unsigned rest = length - 3;

	if (length == NG_DEFLATE_MATCH_MAX)
		return (struct ng_deflate_part){ 28, 0, 0 };
	if (rest < 8)
		return (struct ng_deflate_part){ (uint16_t)rest, 0, 0 };
	unsigned extra = log2_floor(rest) - 2;
	return (struct ng_deflate_part){ (uint16_t)(4 * extra + (rest >> extra)),
		(uint16_t)(rest & ((1u << extra) - 1)), (uint8_t)extra };
}

struct ng_deflate_part ng_deflate_distance(unsigned distance)
{
	unsigned rest = distance - 1;

	if (rest < 4)
		return (struct ng_deflate_part){ (uint16_t)rest, 0, 0 };
	unsigned extra = log2_floor(rest) - 1;
	return (struct ng_deflate_part){ (uint16_t)(2 * extra + (rest >> extra)),
		(uint16_t)(rest & ((1u << extra) - 1)), (uint8_t)extra };
}

/* ---- Huffman codes ---- */

struct tree {
	uint64_t weight[2 * NG_DEFLATE_SYMBOLS];
	uint16_t parent[2 * NG_DEFLATE_SYMBOLS];
	uint16_t open[NG_DEFLATE_SYMBOLS];
	size_t open_count, node_count;
};

static uint16_t take_lightest(struct tree *tree)
{
	size_t best = 0;

	for (size_t i = 1; i < tree->open_count; i++) {
		if (tree->weight[tree->open[i]] < tree->weight[tree->open[best]])
			best = i;
	}
	uint16_t node = tree->open[best];
	tree->open[best] = tree->open[--tree->open_count];
	return node;
}

/* Returns the longest code length. */
static unsigned huffman_sizes(const uint32_t *weights, size_t count, uint8_t *ret_size)
{
	struct tree tree = { .node_count = count };
	unsigned longest = 0;

	memset(ret_size, 0, count);
	for (size_t i = 0; i < count; i++) {
		tree.weight[i] = weights[i];
		if (weights[i])
			tree.open[tree.open_count++] = (uint16_t)i;
	}
	if (tree.open_count == 1)
		ret_size[tree.open[0]] = 1;
	if (tree.open_count < 2)
		return 1;
	while (tree.open_count > 1) {
		uint16_t a = take_lightest(&tree), b = take_lightest(&tree), node = (uint16_t)tree.node_count++;
		tree.weight[node] = tree.weight[a] + tree.weight[b];
		tree.parent[a] = tree.parent[b] = node;
		tree.open[tree.open_count++] = node;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned depth = 0;
		if (!weights[i])
			continue;
		for (size_t node = i; node != tree.node_count - 1; node = tree.parent[node])
			depth++;
		ret_size[i] = (uint8_t)depth;
		if (depth > longest)
			longest = depth;
	}
	return longest;
}

/* Canonical codes from their lengths (RFC 1951, 3.2.2), with the bits reversed for writing. */
static void assign_bits(struct ng_deflate_code *code, size_t count)
{
	unsigned next = 0;

	for (unsigned size = 1; size <= 15; size++, next <<= 1) {
		for (size_t i = 0; i < count; i++) {
			if (code->size[i] != size)
				continue;
			unsigned value = next++, reversed = 0;
			for (unsigned k = 0; k < size; k++)
				reversed |= (value >> k & 1) << (size - 1 - k);
			code->bits[i] = (uint16_t)reversed;
		}
	}
}

void ng_deflate_code(const uint32_t *frequencies, size_t count, unsigned limit, struct ng_deflate_code *ret_code)
{
	uint32_t weights[NG_DEFLATE_SYMBOLS];

	memset(ret_code, 0, sizeof(*ret_code));
	memcpy(weights, frequencies, count * sizeof(*weights));
	/* flatter weights make a shallower tree */
	while (huffman_sizes(weights, count, ret_code->size) > limit) {
		for (size_t i = 0; i < count; i++)
			weights[i] = weights[i] ? weights[i] / 2 + 1 : 0;
	}
	assign_bits(ret_code, count);
}

/* ---- block header (RFC 1951, 3.2.7) ---- */

enum { REPEAT_ZERO = 17, REPEAT_ZERO_LONG = 18, SIZE_SYMBOLS = 19 };

struct size_symbol {
	uint8_t symbol, extra;
};

/* The code lengths of both codes as symbols, with runs of zeroes shortened. */
static size_t size_symbols(const uint8_t *sizes, size_t count, struct size_symbol *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < count;) {
		size_t run = 0;
		while (i + run < count && sizes[i + run] == 0 && run < 138)
			run++;
		if (run >= 11) {
			ret[n++] = (struct size_symbol){ REPEAT_ZERO_LONG, (uint8_t)(run - 11) };
			i += run;
		} else if (run >= 3) {
			ret[n++] = (struct size_symbol){ REPEAT_ZERO, (uint8_t)(run - 3) };
			i += run;
		} else {
			ret[n++] = (struct size_symbol){ sizes[i], 0 };
			i++;
		}
	}
	return n;
}

void ng_deflate_head(
	struct ng_bits *bits, const struct ng_deflate_code *symbols, const struct ng_deflate_code *distances)
{
	static const uint8_t order[SIZE_SYMBOLS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
	uint8_t sizes[NG_DEFLATE_SYMBOLS + NG_DEFLATE_DISTANCES];
	struct size_symbol list[NG_DEFLATE_SYMBOLS + NG_DEFLATE_DISTANCES];
	uint32_t frequencies[SIZE_SYMBOLS] = { 0 };
	struct ng_deflate_code code;

	memcpy(sizes, symbols->size, NG_DEFLATE_SYMBOLS);
	memcpy(sizes + NG_DEFLATE_SYMBOLS, distances->size, NG_DEFLATE_DISTANCES);
	size_t n = size_symbols(sizes, sizeof(sizes), list);
	for (size_t i = 0; i < n; i++)
		frequencies[list[i].symbol]++;
	ng_deflate_code(frequencies, SIZE_SYMBOLS, 7, &code);
	ng_bits_put(bits, 1, 1);
	ng_bits_put(bits, 2, 2);
	ng_bits_put(bits, NG_DEFLATE_SYMBOLS - 257, 5);
	ng_bits_put(bits, NG_DEFLATE_DISTANCES - 1, 5);
	ng_bits_put(bits, SIZE_SYMBOLS - 4, 4);
	for (size_t i = 0; i < SIZE_SYMBOLS; i++)
		ng_bits_put(bits, code.size[order[i]], 3);
	for (size_t i = 0; i < n; i++) {
		ng_bits_put(bits, code.bits[list[i].symbol], code.size[list[i].symbol]);
		if (list[i].symbol == REPEAT_ZERO)
			ng_bits_put(bits, list[i].extra, 3);
		else if (list[i].symbol == REPEAT_ZERO_LONG)
			ng_bits_put(bits, list[i].extra, 7);
	}
}
