/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/arena.h"

#include <malloc.h>
#include <nodegauge/arena.h>
#include <stdlib.h>

/* Allocations of all sizes keep their contents, are aligned, and do not overlap. */
static void pieces(void **state)
{
	struct ng_arena arena = { 0 };
	char *piece[600];

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < 600; i++) {
			piece[i] = ng_alloc(&arena, i);
			assert_non_null(piece[i]);
			assert_int_equal((uintptr_t)piece[i] % _Alignof(max_align_t), 0);
			memset(piece[i], (int)(i & 0xff), i);
		}
		for (size_t i = 0; i < 600; i++) {
			for (size_t k = 0; k < i; k++)
				assert_int_equal((unsigned char)piece[i][k], i & 0xff);
		}
		ng_arena_reset(&arena);
	}
	ng_arena_done(&arena);
}

static void zeroed(void **state)
{
	struct ng_arena arena = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		unsigned char *piece = ng_alloc0(&arena, 5000);
		assert_non_null(piece);
		for (size_t i = 0; i < 5000; i++)
			assert_int_equal(piece[i], 0);
		memset(piece, 0xaa, 5000);
		ng_arena_reset(&arena);
	}
	ng_arena_done(&arena);
}

/* After the first rounds, a reset leaves a single chunk that holds everything, and nothing more is allocated. */
static void steady(void **state)
{
	struct ng_arena arena = { 0 };

	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		const struct ng_arena_chunk *before;
		ng_arena_reset(&arena);
		before = arena.chunk;
		for (unsigned i = 0; i < 1000; i++)
			assert_non_null(ng_alloc(&arena, 100));
		if (round > 0)
			assert_ptr_equal(arena.chunk, before);
	}
	ng_arena_done(&arena);
	assert_null(arena.chunk);
}

static void limits(void **state)
{
	struct ng_arena arena = { .limit = 10000 }, roomy = { 0 };
	volatile size_t most = SIZE_MAX; /* so that the compiler does not warn about it */

	(void)state;
	assert_null(ng_alloc(&arena, 10001));
	assert_null(ng_alloc(&arena, most));
	assert_null(ng_alloc(&arena, most - 8));
	assert_null(ng_alloc0(&arena, most));
	assert_non_null(ng_alloc(&arena, 6000));
	assert_null(ng_alloc(&arena, 6000));
	assert_non_null(ng_alloc(&arena, 3000));
	ng_arena_reset(&arena);
	assert_non_null(ng_alloc(&arena, 6000));
	ng_arena_done(&arena);

	assert_null(ng_alloc(&roomy, ((size_t)256 << 20) + 1));
	assert_null(ng_alloc(&roomy, most / 2));
	ng_arena_done(&roomy);
}

static void copies(void **state)
{
	struct ng_arena arena = { .limit = 1000 };
	struct ng_span copy = ng_copy(&arena, guarded("abc"));

	(void)state;
	assert_span(copy, "abc");
	assert_int_equal(copy.text[3], '\0');
	copy = ng_copy(&arena, ng_span(NULL));
	assert_non_null(copy.text);
	assert_int_equal(copy.size, 0);
	assert_int_equal(copy.text[0], '\0');
	copy = ng_copy(&arena, (struct ng_span){ "", 2000 });
	assert_null(copy.text);
	ng_arena_done(&arena);
}

static void arrays(void **state)
{
	struct ng_arena arena = { 0 }, small = { .limit = 5000 };
	uint64_t *numbers = NULL, *number;
	size_t count = 0, capacity = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		number = ng_push(&arena, &numbers, &count, &capacity);
		assert_non_null(number);
		*number = i;
	}
	assert_int_equal(count, 10000);
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(numbers[i], i);
	ng_arena_done(&arena);

	numbers = NULL;
	count = capacity = 0;
	while ((number = ng_push(&small, &numbers, &count, &capacity)) != NULL)
		*number = count;
	assert_in_range(count, 100, 5000 / sizeof(*numbers));
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(numbers[i], i + 1);
	ng_arena_done(&small);
}

/* A rewind keeps what was there before the mark and frees what came later, but keeps the memory. */
static void marks(void **state)
{
	struct ng_arena arena = { 0 };

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		char *before = ng_copy(&arena, ng_span("before")).text != NULL ? ng_alloc(&arena, 100) : NULL;
		assert_non_null(before);
		memset(before, 'b', 100);
		const struct ng_arena_chunk *kept = NULL;
		size_t total = arena.total;
		for (unsigned i = 0; i < 50; i++) {
			struct ng_arena_mark mark = ng_arena_mark(&arena);
			for (unsigned k = 0; k < 20; k++) {
				struct ng_arena_mark inner = ng_arena_mark(&arena);
				char *piece = ng_alloc(&arena, k * 1000);
				assert_non_null(piece);
				memset(piece, 'p', k * 1000);
				if (k % 2)
					ng_arena_rewind(&arena, inner);
			}
			ng_arena_rewind(&arena, mark);
			assert_int_equal(arena.total, total);
			if (kept)
				assert_ptr_equal(arena.chunk, kept);
			kept = arena.chunk;
		}
		for (size_t i = 0; i < 100; i++)
			assert_int_equal(before[i], 'b');
		ng_arena_reset(&arena);
		assert_int_equal(arena.total, 0);
	}
	ng_arena_done(&arena);
}

/* Marks stay valid if the chunk that they were made in is replaced by a larger one, or by a widened reservation. */
static void marks_of_empty(void **state)
{
	struct ng_arena arena = { 0 };
	size_t room;

	(void)state;
	struct ng_arena_mark start = ng_arena_mark(&arena);
	for (size_t size = 100; size < 1000000; size *= 3) {
		char *piece = ng_arena_reserve(&arena, size, &room);
		assert_non_null(piece);
		memset(piece, 'x', size);
		piece = ng_arena_widen(&arena, piece, size, size * 2, &room);
		assert_non_null(piece);
		assert_int_equal(piece[size - 1], 'x');
		ng_arena_commit(&arena, piece, size * 2);
		assert_non_null(ng_alloc(&arena, size));
		ng_arena_rewind(&arena, start);
		start = ng_arena_mark(&arena);
		assert_int_equal(arena.total, 0);
	}
	ng_arena_done(&arena);
}

/* Reserved but unused memory is given back. */
static void reservations(void **state)
{
	struct ng_arena arena = { 0 };
	size_t room;

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (size_t size = 0; size < 3000; size += 7) {
			char *start = ng_arena_reserve(&arena, size, &room), *next;
			assert_non_null(start);
			assert_true(room >= size);
			memset(start, 'x', room);
			ng_arena_commit(&arena, start, size / 2);
			next = ng_alloc(&arena, 1);
			assert_non_null(next);
			*next = 'y';
			assert_true(next < start || next >= start + size / 2);
			for (size_t i = 0; i < size / 2; i++)
				assert_int_equal(start[i], 'x');
		}
		/* everything that is free may be committed */
		char *start = ng_arena_reserve(&arena, 10, &room);
		memset(start, 'z', room);
		ng_arena_commit(&arena, start, room);
		assert_non_null(ng_alloc(&arena, 100));
		ng_arena_reset(&arena);
	}
	assert_null(ng_arena_reserve(&arena, SIZE_MAX, &room));
	ng_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces),
		TEST(zeroed),
		TEST(steady),
		TEST(limits),
		TEST(copies),
		TEST(arrays),
		TEST(marks),
		TEST(marks_of_empty),
		TEST(reservations),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
