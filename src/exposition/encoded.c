/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer to which encoders append a response. */
#include "exposition/encoder.h"

#include "exposition/stencil.h"

#include <errno.h>
#include <stdlib.h>

void ng_encoded_reset(struct ng_encoded *out, bool noting)
{
	out->size = 0;
	out->error = 0;
	out->noting = noting;
	out->value_count = 0;
	out->gzip = NULL;
	out->folded = 0;
}

void ng_encoded_done(struct ng_encoded *out)
{
	free(out->bytes);
	free(out->values);
	*out = (struct ng_encoded){ 0 };
}

void ng_encoded_fold(struct ng_encoded *out, bool last)
{
	if (out->error)
		return;
	if (!out->folded)
		ng_gzip_begin(out->gzip, out->packed);
	out->error = ng_gzip_add(out->gzip, (struct ng_span){ out->bytes, out->size }, last, out->packed);
	out->folded += out->size;
	out->size = 0;
	out->noting = false;
	if (!last)
		return;
	free(out->bytes);
	out->bytes = NULL;
	out->capacity = 0;
}

char *ng_encoded_grow(struct ng_encoded *out, size_t more)
{
	size_t need = out->size + more + NG_PAGE_SLACK, wider = out->capacity ? out->capacity : 4096;

	if (out->error)
		return NULL;
	if (need > NG_PAGE_LIMIT) {
		out->error = -EFBIG;
		return NULL;
	}
	while (wider < need)
		wider *= 2;
	char *moved = realloc(out->bytes, wider);
	if (!moved) {
		out->error = -ENOMEM;
		return NULL;
	}
	out->bytes = moved;
	out->capacity = wider;
	return out->bytes + out->size;
}

bool ng_encoded_values(struct ng_encoded *out, size_t more)
{
	size_t wider = out->value_capacity ? out->value_capacity : 64;

	if (out->size > NG_STENCIL_MAX)
		out->noting = false;
	if (!out->noting || out->value_count + more <= out->value_capacity)
		return out->noting;
	while (wider < out->value_count + more)
		wider *= 2;
	struct ng_place *moved = reallocarray(out->values, wider, sizeof(*moved));
	if (moved) {
		out->values = moved;
		out->value_capacity = wider;
	}
	out->noting = moved != NULL;
	return out->noting;
}
