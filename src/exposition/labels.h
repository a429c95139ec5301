/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room know of a set of labels. */
#ifndef EXPOSITION_LABELS_H
#define EXPOSITION_LABELS_H

#include <nodegauge/page.h>

/*
 * A set is kept as the text formats write it, {a="b",c="d"}: that is nearly always asked for, and ng_pairs_next tells
 * the names and values from it exactly. One that was joined of two sets only refers to them.
 */
struct ng_labels {
	uint32_t page; /* the serial of the page that has it, and where */
	uint32_t at;
	uint32_t hash; /* the sum of those of the labels, whatever their order */
	uint32_t size; /* of the text, or NG_LABELS_JOINED */
	char text[];
};
#define NG_LABELS_JOINED UINT32_MAX

/* Of a label as it stands in the text, or of the name of a family. */
uint32_t ng_text_hash(struct ng_span text);

/* The two sets that a joined one is made of; both have text. */
static inline struct ng_labels **ng_labels_parts(const struct ng_labels *labels)
{
	return (struct ng_labels **)(void *)labels->text;
}

/* The labels that are left of a set: what is between the braces, of a joined one of both parts. */
struct ng_pairs {
	struct ng_span rest, next;
};
struct ng_pairs ng_labels_pairs(const struct ng_labels *labels);

/* What is between the braces of a set's text; nothing of an empty text. */
static inline struct ng_span ng_labels_inner(struct ng_span text)
{
	return text.size ? (struct ng_span){ text.text + 1, text.size - 2 } : text;
}

/* The next label: its name, and its value with escapes. */
bool ng_pairs_next(struct ng_pairs *pairs, struct ng_span *ret_name, struct ng_span *ret_value);

/* The bytes of an escaped value at `at`, which has room for its size; returns the end. */
char *ng_unescape(char *at, struct ng_span escaped);

/* Whether both have the same labels, in any order. */
bool ng_pairs_equal(struct ng_pairs a, struct ng_pairs b);

#endif
