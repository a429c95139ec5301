/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders: one per format, turning pages into bytes family by family.
 *
 * An encoder gets the families in the order of the response, each once and with the samples of all pages that have it.
 * It is a file of its own that reads pages (exposition/page.h) and appends to a response; encode.c lists them all.
 */
#ifndef EXPOSITION_ENCODER_H
#define EXPOSITION_ENCODER_H

#include "exposition/gzip.h"
#include "exposition/page.h"

enum ng_format { NG_FORMAT_TEXT, NG_FORMATS };

/* Where a sample's number is in the bytes. */
struct ng_place {
	uint32_t start, end;
};

/* A response in one format. Initialize with zeroes; the buffer is kept across resets. */
struct ng_encoded {
	char *bytes;
	size_t size, capacity;
	int error; /* sticky: -ENOMEM, -EFBIG, -EIO */

	/*
	 * positions of the numbers, in order, for the compressor (stencil.h), if requested and the response is not too
	 * large
	 */
	bool noting;
	struct ng_place *values;
	size_t value_count, value_capacity;

	/* set after a reset to compress a response while it is encoded, once it is larger than `keep` */
	struct ng_gzip *gzip;
	struct ng_packed *packed;
	size_t keep;
	size_t folded; /* bytes of the response that are in `packed` only: all of them at its end, or none */
};

struct ng_encoder {
	/* Appends a family; ng_page_family.next leads to its samples on other pages. */
	void (*family)(struct ng_encoded *out, const struct ng_page_family *family);
	/* Appends whatever follows the last family; may be NULL. */
	void (*end)(struct ng_encoded *out);
};

extern const struct ng_encoder ng_text_encoder; /* text.c: format 0.0.4 */

/*
 * Encodes the families of a page; after the last page, writes the end of the response. Folding happens after a family,
 * so the buffer grows to `keep` and the largest family.
 */
void ng_encode(struct ng_encoded *out, enum ng_format format, const struct ng_page *page);
void ng_encode_end(struct ng_encoded *out, enum ng_format format);

void ng_encoded_reset(struct ng_encoded *out, bool noting);
void ng_encoded_done(struct ng_encoded *out);

/* Moves the text so far into the compressed form; with the last part, the buffer is freed. */
void ng_encoded_fold(struct ng_encoded *out, bool last);

/* Makes room for `more` bytes plus NG_PAGE_SLACK and returns the end of the response; NULL after an error. */
char *ng_encoded_grow(struct ng_encoded *out, size_t more);
static inline char *ng_encoded_room(struct ng_encoded *out, size_t more)
{
	if (__builtin_expect(!out->error && out->size + more + NG_PAGE_SLACK <= out->capacity, 1))
		return out->bytes + out->size;
	return ng_encoded_grow(out, more);
}

/* Makes room for this many more values; false if positions are not recorded. */
bool ng_encoded_values(struct ng_encoded *out, size_t more);

#endif
