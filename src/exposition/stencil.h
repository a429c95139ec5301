/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip without compressing: an answer is a constant text with some numbers in it.
 *
 * When answers of the same layout come again and again, the text between the numbers that change is parsed for matches
 * once (RFC 1951), under Huffman codes that are made once. A scrape then writes these tokens' bits, with distances that
 * follow the widths of the numbers, and the digits. A number that does not change for long counts as text
 * until it does.
 *
 * The work of making a stencil is limited to a share of the scrapes: where the layout changes all the time the ordinary
 * compressor does it all.
 */
#ifndef EXPOSITION_STENCIL_H
#define EXPOSITION_STENCIL_H

#include "exposition/encoder.h"
#include "exposition/gzip.h"

struct ng_stencil;

struct ng_stencil *ng_stencil_new(void);
void ng_stencil_free(struct ng_stencil *stencil);

/* Larger answers are left to the compressor. */
#define NG_STENCIL_MAX ((size_t)1 << 20)

/* True when `packed` holds the answer as gzip; false when it does not fit the stencil, and the ordinary compressor has
 * to do it. */
bool ng_stencil_pack(struct ng_stencil *stencil, const struct ng_encoded *answer, struct ng_packed *packed);

#endif
