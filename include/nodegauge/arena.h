/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given back all at once.
 *
 * An arena keeps its capacity when it is reset: after the first rounds it does not allocate any more. Pointers stay
 * valid until the reset, also while the arena grows. A collector gets the arena of its scrape (emptied before each
 * call) and may own further ones in its state for what it keeps between scrapes.
 */
#ifndef NODEGAUGE_ARENA_H
#define NODEGAUGE_ARENA_H

#include <nodegauge/text.h>

struct ng_arena_chunk;

struct ng_arena {
	struct ng_arena_chunk *chunk; /* newest first */
	size_t used;                  /* bytes used of the newest */
	size_t total;                 /* bytes used of all */
	size_t limit;                 /* hard cap in bytes; 0 stands for 256 MiB */
};

/* An arena of zeroes is ready for use. */
void ng_arena_reset(struct ng_arena *arena);
void ng_arena_done(struct ng_arena *arena);

/*
 * For what is needed only while one of many items is read: rewinding gives back all that was taken since the mark, and
 * keeps the capacity. Pairs nest; nothing taken in between, nor a mark made in between, may be used afterwards.
 */
struct ng_arena_mark {
	struct ng_arena_chunk *chunk;
	size_t used, total;
};
struct ng_arena_mark ng_arena_mark(const struct ng_arena *arena);
void ng_arena_rewind(struct ng_arena *arena, struct ng_arena_mark mark);

/*
 * Uninitialised memory, aligned for any type; NULL past the limit, with errno EFBIG, or when the system has none, with
 * ENOMEM.
 */
void *ng_alloc(struct ng_arena *arena, size_t size) __attribute__((malloc, alloc_size(2), warn_unused_result));

/* Zeroed memory. */
void *ng_alloc0(struct ng_arena *arena, size_t size) __attribute__((malloc, alloc_size(2), warn_unused_result));

/* A copy that is also terminated by NUL; .text is NULL when there is no memory. */
struct ng_span ng_copy(struct ng_arena *arena, struct ng_span span);

/*
 * Room for one more element at the end of an array in the arena: returns the element, or NULL. The array may move;
 * `*capacity` starts at 0 and `*array` at NULL.
 *
 *     struct row *rows = NULL, *row;
 *     size_t n = 0, capacity = 0;
 *     row = ng_push(arena, &rows, &n, &capacity);
 */
#define ng_push(arena, array, count, capacity)                                                                         \
	((__typeof__(*(array)))ng_push_bytes((arena), (void **)(array), (count), (capacity), sizeof(**(array))))
void *ng_push_bytes(struct ng_arena *arena, void **array, size_t *count, size_t *capacity, size_t size);

#endif
