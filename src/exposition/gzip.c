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

int ng_gzip_pack(struct ng_gzip *gzip, struct ng_span text, struct ng_packed *packed)
{
	struct isal_zstream *stream = &gzip->stream;

	if (text.size > UINT32_MAX / 2)
		return -EFBIG;
	int r = ng_packed_room(packed, text.size);
	if (r < 0)
		return r;
	isal_deflate_stateless_init(stream);
	stream->level = 1;
	stream->level_buf = gzip->level;
	stream->level_buf_size = sizeof(gzip->level);
	stream->gzip_flag = IGZIP_GZIP;
	stream->end_of_stream = 1;
	stream->flush = NO_FLUSH;
	stream->next_in = (uint8_t *)text.text;
	stream->avail_in = (uint32_t)text.size;
	stream->next_out = (uint8_t *)packed->bytes;
	stream->avail_out = (uint32_t)packed->capacity;
	if (isal_deflate_stateless(stream) != COMP_OK)
		return -EIO;
	packed->size = stream->total_out;
	return 0;
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

uint32_t ng_crc32(struct ng_span text)
{
	return (uint32_t)crc32_z(0, (const Bytef *)text.text, text.size);
}

const char *ng_gzip_library(void)
{
	return "zlib";
}
#endif
