/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of doubling size. After a reset with more than one chunk, the next use allocates a single chunk that is large
 * enough for everything, so that a steady load ends up with one chunk and no malloc calls.
 */
#include "base/arena.h"

#include <errno.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { FIRST_CHUNK = 1024, ALIGNMENT = 16, REDZONE = 8 };
#define DEFAULT_LIMIT ((size_t)256 << 20)

struct ng_arena_chunk {
	struct ng_arena_chunk *older;
	size_t size;
	_Alignas(ALIGNMENT) char bytes[];
};

static _Thread_local unsigned long failures;

unsigned long ng_memory_failures(void)
{
	return failures;
}

void ng_memory_failed(void)
{
	failures++;
}

static void chunk_free(struct ng_arena_chunk *chunk)
{
	ASAN_UNPOISON_MEMORY_REGION(chunk->bytes, chunk->size);
	free(chunk);
}

static struct ng_arena_chunk *chunk_new(struct ng_arena_chunk *older, size_t size)
{
	struct ng_arena_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk) {
		failures++;
		return NULL;
	}
	chunk->older = older;
	chunk->size = size;
	ASAN_POISON_MEMORY_REGION(chunk->bytes, size);
	return chunk;
}

static void free_all(struct ng_arena *arena)
{
	while (arena->chunk) {
		struct ng_arena_chunk *older = arena->chunk->older;
		chunk_free(arena->chunk);
		arena->chunk = older;
	}
}

void ng_arena_reset(struct ng_arena *arena)
{
	if (arena->chunk && arena->chunk->older) {
		size_t size = 0;
		for (const struct ng_arena_chunk *chunk = arena->chunk; chunk; chunk = chunk->older)
			size += chunk->size;
		free_all(arena);
		arena->chunk = chunk_new(NULL, size); /* if this fails, the next use tries again */
	}
	if (arena->chunk)
		ASAN_POISON_MEMORY_REGION(arena->chunk->bytes, arena->chunk->size);
	arena->used = 0;
	arena->total = 0;
}

/*
 * An empty chunk may be replaced by a larger one, so a mark at its start is stored as one at the end of the chunk
 * before.
 */
struct ng_arena_mark ng_arena_mark(const struct ng_arena *arena)
{
	struct ng_arena_mark mark = { arena->chunk, arena->used, arena->total };

	if (mark.chunk && mark.used == 0) {
		mark.chunk = mark.chunk->older;
		mark.used = mark.chunk ? mark.chunk->size : 0;
	}
	return mark;
}

/* Of the chunks added since the mark, only the latest and largest is kept: a rewinding loop does not allocate. */
void ng_arena_rewind(struct ng_arena *arena, struct ng_arena_mark mark)
{
	bool grown = arena->chunk != mark.chunk;

	while (grown && arena->chunk->older != mark.chunk) {
		struct ng_arena_chunk *between = arena->chunk->older;
		arena->chunk->older = between->older;
		chunk_free(between);
	}
	arena->used = grown ? 0 : mark.used;
	arena->total = mark.total;
	if (arena->chunk)
		ASAN_POISON_MEMORY_REGION(arena->chunk->bytes + arena->used, arena->chunk->size - arena->used);
}

void ng_arena_trim(struct ng_arena *arena, size_t keep)
{
	size_t size = 0;

	for (const struct ng_arena_chunk *chunk = arena->chunk; chunk; chunk = chunk->older)
		size += chunk->size;
	if (size > keep)
		ng_arena_done(arena);
}

void ng_arena_done(struct ng_arena *arena)
{
	free_all(arena);
	arena->used = 0;
	arena->total = 0;
}

static size_t next_size(const struct ng_arena *arena, size_t need)
{
	size_t size = arena->chunk ? arena->chunk->size * 2 : FIRST_CHUNK;

	while (size < need)
		size *= 2;
	return size;
}

/* An unused chunk is freed to make room for the larger one. */
static bool arena_grow(struct ng_arena *arena, size_t need)
{
	size_t size = next_size(arena, need);

	if (arena->chunk && arena->used == 0) {
		struct ng_arena_chunk *older = arena->chunk->older;
		chunk_free(arena->chunk);
		arena->chunk = older;
		arena->used = older ? older->size : 0;
	}
	struct ng_arena_chunk *chunk = chunk_new(arena->chunk, size);
	if (!chunk)
		return false;
	arena->chunk = chunk;
	arena->used = 0;
	return true;
}

static bool past_limit(const struct ng_arena *arena, size_t size)
{
	size_t limit = arena->limit ? arena->limit : DEFAULT_LIMIT;

	if (size <= limit && arena->total + size <= limit)
		return false;
	errno = EFBIG;
	return true;
}

void *ng_alloc(struct ng_arena *arena, size_t size)
{
	if (past_limit(arena, size))
		return NULL;
#ifdef ARENA_POISON
	size_t need = (size + REDZONE + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
#else
	size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
#endif
	if ((!arena->chunk || arena->chunk->size - arena->used < need) && !arena_grow(arena, need))
		return NULL;
	char *start = arena->chunk->bytes + arena->used;
	arena->used += need;
	arena->total += need;
	ASAN_UNPOISON_MEMORY_REGION(start, size);
	return start;
}

char *ng_arena_reserve(struct ng_arena *arena, size_t size, size_t *ret_size)
{
	if (past_limit(arena, size))
		return NULL;
	if ((!arena->chunk || arena->chunk->size - arena->used < size + ALIGNMENT) &&
		!arena_grow(arena, size + ALIGNMENT))
		return NULL;
	char *start = arena->chunk->bytes + arena->used;
	*ret_size = arena->chunk->size - arena->used - ALIGNMENT;
	ASAN_UNPOISON_MEMORY_REGION(start, *ret_size);
	return start;
}

char *ng_arena_widen(struct ng_arena *arena, char *start, size_t used, size_t size, size_t *ret_size)
{
	if (past_limit(arena, size))
		return NULL;
	if (start != arena->chunk->bytes) {
		char *wider = arena_grow(arena, size + ALIGNMENT) ? ng_arena_reserve(arena, size, ret_size) : NULL;
		return wider ? memcpy(wider, start, used) : NULL;
	}
	size_t room = next_size(arena, size + ALIGNMENT);
	ASAN_UNPOISON_MEMORY_REGION(arena->chunk->bytes, arena->chunk->size);
	struct ng_arena_chunk *chunk = realloc(arena->chunk, sizeof(*chunk) + room);
	if (!chunk) {
		failures++;
		return NULL;
	}
	chunk->size = room;
	arena->chunk = chunk;
	*ret_size = room - ALIGNMENT;
	return chunk->bytes;
}

void ng_arena_commit(struct ng_arena *arena, const char *start, size_t size)
{
	size_t need = (size + REDZONE + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);

	ASAN_POISON_MEMORY_REGION(start + size, arena->chunk->size - arena->used - size);
	arena->used += need;
	arena->total += need;
	(void)start;
}

void *ng_alloc0(struct ng_arena *arena, size_t size)
{
	void *start = ng_alloc(arena, size);

	return start ? memset(start, 0, size) : NULL;
}

struct ng_span ng_copy(struct ng_arena *arena, struct ng_span span)
{
	char *start = ng_alloc(arena, span.size + 1);

	if (!start)
		return (struct ng_span){ NULL, 0 };
	if (span.size)
		memcpy(start, span.text, span.size);
	start[span.size] = '\0';
	return (struct ng_span){ start, span.size };
}

void *ng_push_bytes(struct ng_arena *arena, void **array, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t wider = *capacity ? *capacity * 2 : 16;
		void *moved = ng_alloc(arena, wider * size);
		if (!moved)
			return NULL;
		if (*count)
			memcpy(moved, *array, *count * size);
		*array = moved;
		*capacity = wider;
	}
	return (char *)*array + (*count)++ * size;
}
