/* SPDX-License-Identifier: Apache-2.0 */
/* Finds row numbers by the hash of a key; the caller compares the keys. */
#ifndef FILESYSTEM_INDEX_H
#define FILESYSTEM_INDEX_H

#include "base/table.h"

#include <nodegauge/arena.h>

struct index {
	uint32_t *slots; /* number + 1 */
	size_t mask;
};

static inline bool index_make(struct ng_arena *arena, size_t count, struct index *index)
{
	size_t size = 16;

	while (size < count * 2)
		size *= 2;
	index->mask = size - 1;
	index->slots = ng_alloc0(arena, size * sizeof(*index->slots));
	return index->slots != NULL;
}

static inline void index_add(struct index *index, uint64_t hash, size_t number)
{
	while (index->slots[hash & index->mask])
		hash++;
	index->slots[hash & index->mask] = (uint32_t)number + 1;
}

/* Iterates over the numbers that may have this hash; `cursor` starts as the hash. SIZE_MAX at the end. */
static inline bool index_next(const struct index *index, uint64_t *cursor, size_t *ret_number)
{
	uint32_t found = index->slots[(*cursor)++ & index->mask];

	*ret_number = (size_t)found - 1;
	return found != 0;
}

#endif
