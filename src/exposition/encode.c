/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder of each format. */
#include "exposition/encoder.h"

static const struct ng_encoder *const encoders[NG_FORMATS] = {
	[NG_FORMAT_TEXT] = &ng_text_encoder,
};

void ng_encode(struct ng_encoded *out, enum ng_format format, const struct ng_page *page)
{
	for (size_t i = 0; i < page->family_count && !out->error; i++) {
		if (!page->families[i].elsewhere)
			encoders[format]->family(out, &page->families[i]);
		if (out->gzip && out->size > out->keep)
			ng_encoded_fold(out, false);
	}
}

void ng_encode_end(struct ng_encoded *out, enum ng_format format)
{
	if (encoders[format]->end)
		encoders[format]->end(out);
	if (out->folded)
		ng_encoded_fold(out, true);
}
