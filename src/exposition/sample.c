/* SPDX-License-Identifier: Apache-2.0 */
/* Accessors for the parts of a sample, for encoders and for code that compares samples. */
#include "exposition/page.h"

static struct ng_span set_text(const struct ng_set *set)
{
	return (struct ng_span){ set->text, set->size };
}

struct ng_pairs ng_sample_pairs(const struct ng_page *page, const struct ng_sample *sample)
{
	const struct ng_set *set = ng_page_set(page, sample->labels);

	if (set->size != NG_LABELS_JOINED)
		return (struct ng_pairs){ ng_labels_inner(set_text(set)), { NULL, 0 } };
	return (struct ng_pairs){ ng_labels_inner(set_text(ng_page_part(page, set, 0))),
		ng_labels_inner(set_text(ng_page_part(page, set, 1))) };
}

struct ng_span ng_suffix_text(unsigned suffix)
{
	static const struct ng_span texts[] = {
		[NG_SUFFIX_NONE] = NG_SPAN(""),
		[NG_SUFFIX_BUCKET] = NG_SPAN("_bucket"),
		[NG_SUFFIX_SUM] = NG_SPAN("_sum"),
		[NG_SUFFIX_COUNT] = NG_SPAN("_count"),
	};

	return texts[suffix];
}
