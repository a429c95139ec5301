/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) of a response: ISA-L at level 1, or zlib if the build has no ISA-L. */
#ifndef EXPOSITION_GZIP_H
#define EXPOSITION_GZIP_H

#include <nodegauge/text.h>
#include <sys/types.h>

struct ng_gzip; /* the compressor's memory; one thread at a time */

struct ng_gzip *ng_gzip_new(void);
void ng_gzip_free(struct ng_gzip *gzip);

/* A compressed response. Initialize with zeroes; the buffer is reused. */
struct ng_packed {
	char *bytes;
	size_t size, capacity;
};

/* Makes room for a text of this size even if it does not compress; discards the contents. */
int ng_packed_room(struct ng_packed *packed, size_t text_size);

int ng_gzip_pack(struct ng_gzip *gzip, struct ng_span text, struct ng_packed *packed);

/*
 * The same for a text that arrives in pieces: appends what the compressor has to write so far, everything with the last
 * piece. Nothing else may be compressed in between.
 */
void ng_gzip_begin(struct ng_gzip *gzip, struct ng_packed *packed);
int ng_gzip_add(struct ng_gzip *gzip, struct ng_span text, bool last, struct ng_packed *packed);

/* Reads a response that was compressed here; borrows its bytes. */
struct ng_unpacker;
struct ng_unpacker *ng_unpacker_new(struct ng_span packed);
void ng_unpacker_free(struct ng_unpacker *unpacker);

/* Writes the next part of the text: at most `size` bytes, 0 at its end, or a negative errno. */
ssize_t ng_unpack(struct ng_unpacker *unpacker, char *at, size_t size);

/* The checksum of gzip (RFC 1952, 8). */
uint32_t ng_crc32(struct ng_span text);

/* The compression library and its version, for the log. */
const char *ng_gzip_library(void);

#endif
