/* SPDX-License-Identifier: Apache-2.0 */
/* zlib decompresses what was compressed. */
#include "support.h"

#include "exposition/gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/* It must be a single gzip member with nothing after it. */
static void assert_unpacks(const struct ng_packed *packed, struct ng_span right)
{
	z_stream stream = { 0 };
	unsigned char *text = malloc(right.size + 1);

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (unsigned char *)packed->bytes;
	stream.avail_in = (uInt)packed->size;
	stream.next_out = text;
	stream.avail_out = (uInt)right.size + 1;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(stream.total_out, right.size);
	if (right.size)
		assert_memory_equal(text, right.text, right.size);
	inflateEnd(&stream);
	free(text);
}

static void round_trips(void **state)
{
	struct ng_gzip *gzip = ng_gzip_new();
	struct ng_packed packed = { 0 };
	enum { MOST = 300000 };
	char *text = malloc(MOST);
	uint32_t random = 1;

	(void)state;
	assert_non_null(gzip);
	for (size_t size = 0; size < MOST; size = size * 3 + 1) {
		for (unsigned kind = 0; kind < 3; kind++) {
			for (size_t i = 0; i < size; i++) {
				random = random * 1664525 + 1013904223;
				if (kind == 0)
					text[i] = 'a';
				else
					text[i] = kind == 1 ? "node_load1 0.25\n"[i % 16] : (char)(random >> 24);
			}
			struct ng_span span = { text, size };
			assert_int_equal(ng_gzip_pack(gzip, span, &packed), 0);
			assert_true(packed.size <= packed.capacity);
			assert_unpacks(&packed, span);
			if (kind < 2 && size > 1000)
				assert_true(packed.size < size / 10);
		}
	}
	free(text);
	free(packed.bytes);
	ng_gzip_free(gzip);
}

/* The buffer is kept: it does not move the second time. */
static void room_is_kept(void **state)
{
	struct ng_gzip *gzip = ng_gzip_new();
	struct ng_packed packed = { 0 };
	struct ng_span text = NG_SPAN("node_load1 0.25\nnode_load1 0.25\nnode_load1 0.25\n");

	(void)state;
	assert_int_equal(ng_gzip_pack(gzip, text, &packed), 0);
	const char *bytes = packed.bytes;
	size_t size = packed.size;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(ng_gzip_pack(gzip, text, &packed), 0);
		assert_ptr_equal(packed.bytes, bytes);
		assert_int_equal(packed.size, size);
	}
	assert_unpacks(&packed, text);
	free(packed.bytes);
	ng_gzip_free(gzip);
	ng_gzip_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(round_trips), TEST(room_is_kept) };

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
