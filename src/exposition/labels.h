/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room know of a set of labels. */
#ifndef EXPOSITION_LABELS_H
#define EXPOSITION_LABELS_H

#include <nodegauge/page.h>

/*
 * A set is kept as the text formats write it, {a="b",c="d"}: that is nearly always asked for, and the names and values
 * can be told from it exactly.
 */
struct ng_labels {
	uint32_t size;
	char text[];
};

/* The text of a valid set; empty for no labels. */
static inline struct ng_span ng_labels_text(const struct ng_labels *labels)
{
	return labels ? (struct ng_span){ labels->text, labels->size } : (struct ng_span){ NULL, 0 };
}

#endif
