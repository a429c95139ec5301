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

/* Pieces of any size give one gzip member, which is read back in parts of any size. */
static void pieces(void **state)
{
	struct ng_gzip *gzip = ng_gzip_new();
	struct ng_packed packed = { 0 };
	enum { SIZE = 3000000 };
	char *text = malloc(SIZE), *back = malloc(SIZE);
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		random = random * 1664525 + 1013904223;
		text[i] = i % 7 ? "node_load1 0.25\n"[i % 16] : (char)(random >> 24);
	}
	for (size_t piece = 1000; piece <= SIZE; piece *= 13) {
		ng_gzip_begin(gzip, &packed);
		for (size_t at = 0; at < SIZE; at += piece) {
			bool last = SIZE - at <= piece;
			struct ng_span span = { text + at, last ? SIZE - at : piece };
			assert_int_equal(ng_gzip_add(gzip, span, last, &packed), 0);
		}
		assert_unpacks(&packed, (struct ng_span){ text, SIZE });
		struct ng_unpacker *unpacker = ng_unpacker_new((struct ng_span){ packed.bytes, packed.size });
		size_t size = 0;
		ssize_t n;
		while ((n = ng_unpack(unpacker, back + size, SIZE - size < piece ? SIZE - size : piece)) > 0)
			size += (size_t)n;
		assert_int_equal(n, 0);
		assert_int_equal(size, SIZE);
		assert_memory_equal(back, text, SIZE);
		ng_unpacker_free(unpacker);
	}
	assert_true(packed.size < SIZE / 2);
	free(text);
	free(back);
	free(packed.bytes);
	ng_gzip_free(gzip);
	ng_unpacker_free(NULL);
}

static void damage_is_noticed(void **state)
{
	struct ng_gzip *gzip = ng_gzip_new();
	struct ng_packed packed = { 0 };
	char text[100];

	(void)state;
	assert_int_equal(ng_gzip_pack(gzip, NG_SPAN("node_load1 0.25\n"), &packed), 0);
	packed.bytes[packed.size - 5] ^= 1;
	struct ng_unpacker *unpacker = ng_unpacker_new((struct ng_span){ packed.bytes, packed.size });
	assert_true(ng_unpack(unpacker, text, sizeof(text)) < 0);
	ng_unpacker_free(unpacker);
	free(packed.bytes);
	ng_gzip_free(gzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(round_trips), TEST(room_is_kept), TEST(pieces),
		TEST(damage_is_noticed) };

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
