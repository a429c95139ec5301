/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the table of pointers with plain arrays. */
#include "base/table.h"
#include "support.h"

enum { KEYS = 512, STEPS = 200000 };

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* Consecutive numbers, as inodes are, or numbers that hash to few places. */
static uint64_t key_at(unsigned kind, size_t i)
{
	return kind == 0 ? i : kind == 1 ? UINT64_C(4294967296) * i : UINT64_MAX - i * i;
}

static void check_all(const struct ng_table *table, unsigned kind, void *const *model)
{
	size_t count = 0;

	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(ng_table_get(table, key_at(kind, i)), model[i]);
		count += model[i] != NULL;
	}
	assert_int_equal(table->count, count);
}

static void against_a_model(unsigned kind)
{
	struct ng_table table = { 0 };
	void *model[KEYS] = { 0 };
	char values[64];
	uint64_t seed = 4711 + kind;

	for (unsigned step = 0; step < STEPS; step++) {
		/* waves: it grows to its maximum and shrinks to nothing */
		bool growing = step / 4000 % 2 == 0;
		size_t i = next_random(&seed) % KEYS;
		if (next_random(&seed) % 8 < (growing ? 6 : 2)) {
			model[i] = &values[next_random(&seed) % sizeof(values)];
			assert_int_equal(ng_table_put(&table, key_at(kind, i), model[i]), 0);
		} else {
			model[i] = NULL;
			ng_table_drop(&table, key_at(kind, i));
		}
		assert_ptr_equal(ng_table_get(&table, key_at(kind, i)), model[i]);
		if (step % 997 == 0)
			check_all(&table, kind, model);
		assert_true(table.room == 0 || table.count * 2 <= table.room);
	}
	check_all(&table, kind, model);
	ng_table_done(&table);
	assert_null(ng_table_get(&table, key_at(kind, 1)));
}

static void counting(void **state)
{
	(void)state;
	against_a_model(0);
}

static void wide(void **state)
{
	(void)state;
	against_a_model(1);
	against_a_model(2);
}

static void empty(void **state)
{
	struct ng_table table = { 0 };

	(void)state;
	assert_null(ng_table_get(&table, 0));
	ng_table_drop(&table, 7);
	assert_null(table.slot);
	ng_table_done(&table);
}

/* A table that has grown large returns its memory. */
static void shrinks(void **state)
{
	struct ng_table table = { 0 };

	(void)state;
	for (uint64_t key = 0; key < 10000; key++)
		assert_int_equal(ng_table_put(&table, key, &table), 0);
	size_t most = table.room;
	for (uint64_t key = 0; key < 10000; key++)
		ng_table_drop(&table, key);
	assert_int_equal(table.count, 0);
	assert_true(most >= 20000 && table.room <= 64);
	ng_table_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(empty), TEST(counting), TEST(wide), TEST(shrinks) };

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
