/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once.
 *
 * An arena keeps its capacity when it is reset, so that it stops allocating after the first few rounds. Pointers stay
 * valid until the reset, even if the arena grows. A collector gets the arena of its scrape (reset before each call) and
 * may own additional ones in its state for data that it keeps between scrapes.
 */
#ifndef NODEGAUGE_ARENA_H
#define NODEGAUGE_ARENA_H

#include <nodegauge/text.h>

struct ng_arena_chunk;

struct ng_arena {
	struct ng_arena_chunk *chunk; /* newest first */
	size_t used;                  /* bytes used in the newest */
	size_t total;                 /* bytes used in all of them */
	size_t limit;                 /* hard cap in bytes; 0 means 256 MiB */
};

/* A zeroed arena is ready for use. */
void ng_arena_reset(struct ng_arena *arena);
void ng_arena_done(struct ng_arena *arena);

/*
 * For data that is needed only while reading one of many items: rewinding frees everything allocated since the mark,
 * but keeps the capacity. Marks nest; memory allocated and marks made since the mark must not be used afterwards.
 */
struct ng_arena_mark {
	struct ng_arena_chunk *chunk;
	size_t used, total;
};
struct ng_arena_mark ng_arena_mark(const struct ng_arena *arena);
void ng_arena_rewind(struct ng_arena *arena, struct ng_arena_mark mark);

/*
 * Returns uninitialised memory, aligned for any type; NULL with errno EFBIG if the limit is exceeded, or with ENOMEM
 * if the system is out of memory.
 */
void *ng_alloc(struct ng_arena *arena, size_t size) __attribute__((malloc, alloc_size(2), warn_unused_result));

/* Zeroed memory. */
void *ng_alloc0(struct ng_arena *arena, size_t size) __attribute__((malloc, alloc_size(2), warn_unused_result));

/* Returns a NUL-terminated copy; .text is NULL if out of memory. */
struct ng_span ng_copy(struct ng_arena *arena, struct ng_span span);

/*
 * Makes room for one more element at the end of an array in the arena: returns the element, or NULL. The array may
 * move;
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
