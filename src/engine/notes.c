/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers what has been logged recently, so that it is not logged again on every scrape. */
#include "base/table.h"
#include "engine/internal.h"

/* How long something must have worked for its next failure to be logged. */
static const uint64_t forget_after = UINT64_C(600000000000);

bool ng_is_news(struct ng_notes *notes, const char *text, uint64_t now)
{
	uint64_t hash = ng_hash(NG_HASH_SEED, ng_span(text));
	size_t oldest = 0;

	for (size_t i = 0; i < NG_NOTES_LOGGED; i++) {
		if (notes->logged[i].seen && notes->logged[i].hash == hash) {
			bool lately = now - notes->logged[i].seen < forget_after;
			notes->logged[i].seen = now;
			return !lately;
		}
		if (notes->logged[i].seen < notes->logged[oldest].seen)
			oldest = i;
	}
	notes->logged[oldest].hash = hash;
	notes->logged[oldest].seen = now;
	return true;
}
