/* SPDX-License-Identifier: Apache-2.0 */
/* Readers: distinguished, remembered for five minutes, at most 64. */
#include "exporter/readers.h"
#include "support.h"

#define SECOND UINT64_C(1000000000)

static void by_address(void **context)
{
	struct ng_readers readers = { 0 };

	(void)context;
	uint64_t first = ng_readers_note(&readers, 100, 0, SECOND), second = ng_readers_note(&readers, 200, 0, SECOND);
	assert_true(first && second && first != second && !(first & (first - 1)) && !(second & (second - 1)));
	assert_int_equal(ng_readers_note(&readers, 100, 0, 2 * SECOND), first);
	assert_true(ng_readers_recent(&readers, 2 * SECOND) == (first | second));
	assert_true(ng_readers_recent(&readers, 301 * SECOND) == first);
	assert_true(ng_readers_recent(&readers, 302 * SECOND) == 0);
}

/* A connection that is reused stays the same reader; two behind one address are distinguished. */
static void by_connection(void **context)
{
	struct ng_readers readers = { 0 };

	(void)context;
	uint64_t once = ng_readers_note(&readers, 100, 0, SECOND);
	assert_int_equal(ng_readers_note(&readers, 100, 7, 2 * SECOND), once);
	assert_int_equal(ng_readers_note(&readers, 100, 7, 3 * SECOND), once);
	uint64_t other = ng_readers_note(&readers, 100, 8, 4 * SECOND);
	assert_true(other != once);
	assert_int_equal(ng_readers_note(&readers, 100, 7, 5 * SECOND), once);
	assert_int_equal(ng_readers_note(&readers, 100, 8, 6 * SECOND), other);
}

/* There is room for 64; the one that scraped longest ago is replaced. */
static void beyond_the_room(void **context)
{
	struct ng_readers readers = { 0 };
	uint64_t all = 0;

	(void)context;
	for (uint64_t i = 0; i < NG_READERS_MAX; i++)
		all |= ng_readers_note(&readers, 2 * i, 0, (i + 1) * SECOND);
	assert_true(all == UINT64_MAX);
	uint64_t oldest = ng_readers_note(&readers, 0, 0, 65 * SECOND);
	uint64_t second = ng_readers_note(&readers, 9999, 0, 66 * SECOND);
	assert_true(second != oldest);
	assert_true(ng_readers_note(&readers, 0, 0, 67 * SECOND) == oldest);
	assert_true(ng_readers_recent(&readers, 67 * SECOND) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_address),
		TEST(by_connection),
		TEST(beyond_the_room),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
