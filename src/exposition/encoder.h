/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoders: one for each format, which turns pages into bytes family by family.
 *
 * An encoder sees the families in the order of the answer, each once and with the samples of all pages that have it. It
 * is a file of its own that reads pages (exposition/page.h) and appends to an answer; encode.c lists them.
 */
#ifndef EXPOSITION_ENCODER_H
#define EXPOSITION_ENCODER_H

#include "exposition/page.h"

enum ng_format { NG_FORMAT_TEXT, NG_FORMATS };

/* Where the number of a sample is. */
struct ng_place {
	uint32_t start, end;
};

/* An answer in one format. Of zeroes at first; keeps its room over resets. */
struct ng_encoded {
	char *bytes;
	size_t size, capacity;
	int error; /* sticky: -ENOMEM, -EFBIG */

	/* the numbers, in order, for the compressor (stencil.h): where it asked for them and the answer is not too
	 * large */
	bool noting;
	struct ng_place *values;
	size_t value_count, value_capacity;
};

struct ng_encoder {
	/* Appends a family: ng_page_family.next leads to its further samples. */
	void (*family)(struct ng_encoded *out, const struct ng_page_family *family);
	/* What stands behind the last family; NULL for nothing. */
	void (*end)(struct ng_encoded *out);
};

extern const struct ng_encoder ng_text_encoder; /* text.c: format 0.0.4 */

/* The families of a page; then, when all pages are through, the end. */
void ng_encode(struct ng_encoded *out, enum ng_format format, const struct ng_page *page);
void ng_encode_end(struct ng_encoded *out, enum ng_format format);

void ng_encoded_reset(struct ng_encoded *out, bool noting);
void ng_encoded_done(struct ng_encoded *out);

/* The end of the answer, with room for `more` bytes and NG_PAGE_SLACK; NULL once it has failed. */
char *ng_encoded_grow(struct ng_encoded *out, size_t more);
static inline char *ng_encoded_room(struct ng_encoded *out, size_t more)
{
	if (__builtin_expect(!out->error && out->size + more + NG_PAGE_SLACK <= out->capacity, 1))
		return out->bytes + out->size;
	return ng_encoded_grow(out, more);
}

/* Room for so many more values; false where none are to be noted. */
bool ng_encoded_values(struct ng_encoded *out, size_t more);

#endif
