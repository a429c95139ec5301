/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/gzip.h"

#include <errno.h>
#include <stdlib.h>

int ng_packed_room(struct ng_packed *packed, size_t text_size)
{
	/* incompressible text grows by the headers of stored blocks and of gzip */
	size_t size = text_size + text_size / 1024 + 512;

	if (packed->capacity >= size)
		return 0;
	free(packed->bytes);
	packed->capacity = size + size / 4;
	packed->bytes = malloc(packed->capacity);
	if (packed->bytes)
		return 0;
	packed->capacity = 0;
	return -ENOMEM;
}

/* Compressed text is appended in steps of this size. */
enum { MORE_ROOM = 64 << 10 };

/* Makes room for more after the contents. */
static int add_room(struct ng_packed *packed)
{
	if (packed->capacity - packed->size >= MORE_ROOM)
		return 0;
	size_t wider = packed->capacity + packed->capacity / 4 + 2 * MORE_ROOM;
	char *moved = realloc(packed->bytes, wider);
	if (!moved)
		return -ENOMEM;
	packed->bytes = moved;
	packed->capacity = wider;
	return 0;
}

#ifdef HAVE_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

struct ng_gzip {
	struct isal_zstream stream;
	uint8_t level[ISAL_DEF_LVL1_DEFAULT];
};

struct ng_gzip *ng_gzip_new(void)
{
	return calloc(1, sizeof(struct ng_gzip));
}

void ng_gzip_free(struct ng_gzip *gzip)
{
	free(gzip);
}

static void set_up(struct ng_gzip *gzip)
{
	gzip->stream.level = 1;
	gzip->stream.level_buf = gzip->level;
	gzip->stream.level_buf_size = sizeof(gzip->level);
	gzip->stream.gzip_flag = IGZIP_GZIP;
	gzip->stream.flush = NO_FLUSH;
}

int ng_gzip_pack(struct ng_gzip *gzip, struct ng_span text, struct ng_packed *packed)
{
	struct isal_zstream *stream = &gzip->stream;

	if (text.size > UINT32_MAX / 2)
		return -EFBIG;
	int r = ng_packed_room(packed, text.size);
	if (r < 0)
		return r;
	isal_deflate_stateless_init(stream);
	set_up(gzip);
	stream->end_of_stream = 1;
	stream->next_in = (uint8_t *)text.text;
	stream->avail_in = (uint32_t)text.size;
	stream->next_out = (uint8_t *)packed->bytes;
	stream->avail_out = (uint32_t)packed->capacity;
	if (isal_deflate_stateless(stream) != COMP_OK)
		return -EIO;
	packed->size = stream->total_out;
	return 0;
}

void ng_gzip_begin(struct ng_gzip *gzip, struct ng_packed *packed)
{
	isal_deflate_init(&gzip->stream);
	set_up(gzip);
	packed->size = 0;
}

int ng_gzip_add(struct ng_gzip *gzip, struct ng_span text, bool last, struct ng_packed *packed)
{
	struct isal_zstream *stream = &gzip->stream;

	if (text.size > UINT32_MAX / 2)
		return -EFBIG;
	stream->next_in = (uint8_t *)text.text;
	stream->avail_in = (uint32_t)text.size;
	stream->end_of_stream = last;
	do {
		if (add_room(packed) < 0)
			return -ENOMEM;
		stream->next_out = (uint8_t *)packed->bytes + packed->size;
		stream->avail_out = MORE_ROOM;
		if (isal_deflate(stream) != COMP_OK)
			return -EIO;
		packed->size += MORE_ROOM - stream->avail_out;
	} while (stream->avail_out == 0);
	return 0;
}

struct ng_unpacker {
	struct inflate_state state;
};

struct ng_unpacker *ng_unpacker_new(struct ng_span packed)
{
	struct ng_unpacker *unpacker = malloc(sizeof(*unpacker));

	if (!unpacker)
		return NULL;
	isal_inflate_init(&unpacker->state);
	unpacker->state.crc_flag = ISAL_GZIP;
	unpacker->state.next_in = (uint8_t *)packed.text;
	unpacker->state.avail_in = (uint32_t)packed.size;
	return unpacker;
}

void ng_unpacker_free(struct ng_unpacker *unpacker)
{
	free(unpacker);
}

ssize_t ng_unpack(struct ng_unpacker *unpacker, char *at, size_t size)
{
	struct inflate_state *state = &unpacker->state;
	uint32_t room = size < UINT32_MAX / 2 ? (uint32_t)size : UINT32_MAX / 2;

	state->next_out = (uint8_t *)at;
	state->avail_out = room;
	if (isal_inflate(state) != ISAL_DECOMP_OK)
		return -EIO;
	return room - state->avail_out;
}

uint32_t ng_crc32(struct ng_span text)
{
	return crc32_gzip_refl(0, (const unsigned char *)text.text, text.size);
}

const char *ng_gzip_library(void)
{
	return "ISA-L";
}
#else
#include <zlib.h>

struct ng_gzip {
	z_stream stream;
};

struct ng_gzip *ng_gzip_new(void)
{
	struct ng_gzip *gzip = calloc(1, sizeof(*gzip));

	/* 16: with a gzip header */
	if (gzip && deflateInit2(&gzip->stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void ng_gzip_free(struct ng_gzip *gzip)
{
	if (gzip)
		deflateEnd(&gzip->stream);
	free(gzip);
}

int ng_gzip_pack(struct ng_gzip *gzip, struct ng_span text, struct ng_packed *packed)
{
	z_stream *stream = &gzip->stream;

	if (text.size > UINT32_MAX / 2)
		return -EFBIG;
	int r = ng_packed_room(packed, text.size);
	if (r < 0)
		return r;
	deflateReset(stream);
	stream->next_in = (Bytef *)text.text;
	stream->avail_in = (uInt)text.size;
	stream->next_out = (Bytef *)packed->bytes;
	stream->avail_out = (uInt)packed->capacity;
	if (deflate(stream, Z_FINISH) != Z_STREAM_END)
		return -EIO;
	packed->size = stream->total_out;
	return 0;
}

void ng_gzip_begin(struct ng_gzip *gzip, struct ng_packed *packed)
{
	deflateReset(&gzip->stream);
	packed->size = 0;
}

int ng_gzip_add(struct ng_gzip *gzip, struct ng_span text, bool last, struct ng_packed *packed)
{
	z_stream *stream = &gzip->stream;

	if (text.size > UINT32_MAX / 2)
		return -EFBIG;
	stream->next_in = (Bytef *)text.text;
	stream->avail_in = (uInt)text.size;
	do {
		if (add_room(packed) < 0)
			return -ENOMEM;
		stream->next_out = (Bytef *)packed->bytes + packed->size;
		stream->avail_out = MORE_ROOM;
		int r = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return -EIO;
		packed->size += MORE_ROOM - stream->avail_out;
	} while (stream->avail_out == 0);
	return 0;
}

struct ng_unpacker {
	z_stream stream;
};

struct ng_unpacker *ng_unpacker_new(struct ng_span packed)
{
	struct ng_unpacker *unpacker = calloc(1, sizeof(*unpacker));

	/* 16: with a gzip header */
	if (unpacker && inflateInit2(&unpacker->stream, 15 + 16) != Z_OK) {
		free(unpacker);
		return NULL;
	}
	if (unpacker) {
		unpacker->stream.next_in = (Bytef *)packed.text;
		unpacker->stream.avail_in = (uInt)packed.size;
	}
	return unpacker;
}

void ng_unpacker_free(struct ng_unpacker *unpacker)
{
	if (unpacker)
		inflateEnd(&unpacker->stream);
	free(unpacker);
}

ssize_t ng_unpack(struct ng_unpacker *unpacker, char *at, size_t size)
{
	z_stream *stream = &unpacker->stream;
	uInt room = size < UINT32_MAX / 2 ? (uInt)size : UINT32_MAX / 2;

	stream->next_out = (Bytef *)at;
	stream->avail_out = room;
	int r = inflate(stream, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return -EIO;
	return room - stream->avail_out;
}

uint32_t ng_crc32(struct ng_span text)
{
	return (uint32_t)crc32_z(0, (const Bytef *)text.text, text.size);
}

const char *ng_gzip_library(void)
{
	return "zlib";
}
#endif
