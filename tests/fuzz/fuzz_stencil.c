/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers whose numbers and layout change as the bytes say, packed one after the other: whatever is packed, zlib
 * unpacks to the very text.
 */
#include "exposition/stencil.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FAMILIES = 12, ROUNDS = 48, LARGEST = 1 << 16 };

struct bytes {
	const uint8_t *data;
	size_t size, at;
};

/* The next byte; they come round again, so that few of them drive many answers. */
static unsigned next(struct bytes *bytes)
{
	return bytes->size ? bytes->data[bytes->at++ % bytes->size] + (unsigned)(bytes->at / bytes->size) : 0;
}

static void check(const struct ng_packed *packed, const struct ng_encoded *answer)
{
	static Bytef text[LARGEST];
	z_stream stream = { .next_in = (Bytef *)packed->bytes,
		.avail_in = (uInt)packed->size,
		.next_out = text,
		.avail_out = sizeof(text) };

	if (inflateInit2(&stream, 15 + 16) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.avail_in ||
		stream.total_out != answer->size || memcmp(text, answer->bytes, answer->size) != 0) {
		fprintf(stderr, "ERROR: it does not unpack to what it was: %s\n", stream.msg ? stream.msg : "");
		abort();
	}
	inflateEnd(&stream);
}

static void write_sample(struct ng_page *page, struct ng_labels *labels, struct bytes *bytes)
{
	unsigned kind = next(bytes), value = next(bytes);

	switch (kind % 5) {
	case 0:
		ng_sample_u64(page, labels, value);
		break;
	case 1:
		ng_sample_u64(page, labels, (uint64_t)value << (kind % 56));
		break;
	case 2:
		ng_sample_i64(page, labels, -(int64_t)value);
		break;
	case 3:
		ng_sample_scaled(page, labels, (uint64_t)value << (kind % 48), value % 20);
		break;
	default:
		ng_sample_double(page, labels, value / 7.0);
		break;
	}
}

static void write_page(
	struct ng_page *page, struct ng_arena *arena, struct ng_span names, unsigned layout, struct bytes *bytes)
{
	ng_page_reset(page);
	ng_arena_reset(arena);
	for (unsigned i = 0; i < FAMILIES && (i + 1) * (names.size * 14 + 1000) < LARGEST; i++) {
		char name[32];
		int n = snprintf(name, sizeof(name), "family_%u_%u", i, layout % 3);
		ng_family_dynamic(page, NG_GAUGE, (struct ng_span){ name, (size_t)n }, names);
		for (unsigned k = 0; k < (layout >> i & 3) + 1; k++) {
			struct ng_span label = ng_span_skip(names, k * 3);
			write_sample(page, k ? NG_LABELS(arena, { "x", label }) : NG_NO_LABELS, bytes);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size, 0 };
	struct ng_stencil *stencil = ng_stencil_new();
	struct ng_packed packed = { 0 };
	struct ng_page page = { 0 };
	struct ng_encoded answer = { 0 };
	struct ng_arena arena = { 0 };
	struct ng_span names = { (const char *)data, size < 1000 ? size : 1000 };
	unsigned layout = 0;

	for (unsigned round = 0; stencil && round < ROUNDS; round++) {
		unsigned change = next(&bytes);
		if (change % 16 == 0)
			layout = next(&bytes);
		write_page(&page, &arena, names, layout, &bytes);
		ng_page_close(&page);
		ng_encoded_reset(&answer, true);
		ng_encode(&answer, NG_FORMAT_TEXT, &page);
		if (!page.error && !answer.error && answer.size < LARGEST && ng_stencil_pack(stencil, &answer, &packed))
			check(&packed, &answer);
	}
	ng_stencil_free(stencil);
	ng_page_done(&page);
	ng_encoded_done(&answer);
	ng_arena_done(&arena);
	free(packed.bytes);
	return 0;
}
