/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room of unknown need at the end of an arena: reserve, write, commit what was used. Nothing else may be taken from the
 * arena between the two.
 */
#ifndef KERNEL_ARENA_H
#define KERNEL_ARENA_H

#include <nodegauge/arena.h>

/* At least `size` bytes, and whatever else is free in the chunk; NULL past the limit or when the system has no memory.
 */
char *ng_arena_reserve(struct ng_arena *arena, size_t size, size_t *ret_size);

/* Keeps the first `size` bytes of what was reserved. */
void ng_arena_commit(struct ng_arena *arena, const char *start, size_t size);

#endif
