/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space of unknown size at the end of an arena: reserve, write, commit what was used. Nothing else may be allocated
 * from the arena in between.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <nodegauge/arena.h>

/* At least `size` bytes, and everything else that is free in the chunk; NULL above the limit or if out of memory. */
char *ng_arena_reserve(struct ng_arena *arena, size_t size, size_t *ret_size);

/*
 * At least `size` bytes to replace the reservation that begins at `start`, keeping its first `used` bytes. A
 * reservation that is alone in the arena grows without being copied.
 */
char *ng_arena_widen(struct ng_arena *arena, char *start, size_t used, size_t size, size_t *ret_size);

/* Keeps the first `size` bytes of the reservation. */
void ng_arena_commit(struct ng_arena *arena, const char *start, size_t size);

/*
 * How often, in this thread, the system had no memory for an arena, or ng_memory_failed was called. Anything created
 * meanwhile may be incomplete.
 */
unsigned long ng_memory_failures(void);
void ng_memory_failed(void);

/* Frees the memory of an arena whose contents are no longer needed, if it is more than `keep` bytes. */
void ng_arena_trim(struct ng_arena *arena, size_t keep);

#endif
