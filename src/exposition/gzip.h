/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) of an answer: by ISA-L at level 1, by zlib where the build has no ISA-L. */
#ifndef EXPOSITION_GZIP_H
#define EXPOSITION_GZIP_H

#include <nodegauge/text.h>

struct ng_gzip; /* the compressor's memory, for one thread at a time */

struct ng_gzip *ng_gzip_new(void);
void ng_gzip_free(struct ng_gzip *gzip);

/* Where a compressed answer goes; of zeroes at first, keeps its room. */
struct ng_packed {
	char *bytes;
	size_t size, capacity;
};

/* Room for a text of that size however badly it compresses; forgets what was there. */
int ng_packed_room(struct ng_packed *packed, size_t text_size);

int ng_gzip_pack(struct ng_gzip *gzip, struct ng_span text, struct ng_packed *packed);

/* The checksum of gzip (RFC 1952, 8). */
uint32_t ng_crc32(struct ng_span text);

/* The compressing library with its version, for the log. */
const char *ng_gzip_library(void);

#endif
