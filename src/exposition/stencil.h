/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip without compressing: a response is a constant text with some numbers in it.
 *
 * When responses with the same layout keep coming, the text between the changing numbers is parsed for matches once
 * (RFC 1951), with Huffman codes that are also made once. Each scrape then writes the bits of these tokens, with
 * distances adjusted to the widths of the numbers, and the digits. A number that has not changed for a long time counts
 * as text until it changes.
 *
 * Making stencils is limited to a share of the scrapes: if the layout keeps changing, the ordinary compressor does all
 * the work.
 */
#ifndef EXPOSITION_STENCIL_H
#define EXPOSITION_STENCIL_H

#include "exposition/encoder.h"
#include "exposition/gzip.h"

struct ng_stencil;

struct ng_stencil *ng_stencil_new(void);
void ng_stencil_free(struct ng_stencil *stencil);

/* Larger responses are left to the compressor. */
#define NG_STENCIL_MAX ((size_t)1 << 20)

/*
 * True if `packed` contains the gzipped response; false if it does not fit the stencil, and the ordinary compressor
 * must be used.
 */
bool ng_stencil_pack(struct ng_stencil *stencil, const struct ng_encoded *answer, struct ng_packed *packed);

#endif
