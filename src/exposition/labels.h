/* SPDX-License-Identifier: Apache-2.0 */
/* The internals of label sets, for the files of src/exposition/. */
#ifndef EXPOSITION_LABELS_H
#define EXPOSITION_LABELS_H

#include <nodegauge/page.h>

/*
 * A set is stored the way the text formats write it, {a="b",c="d"}: this is nearly always what is needed, and
 * ng_pairs_next recovers the exact names and values. A set joined from two sets only refers to them.
 */
struct ng_labels {
	uint32_t page; /* the serial of the page that contains it, and where */
	uint32_t at;
	uint32_t hash; /* the sum of the hashes of the labels, independent of their order */
	uint32_t size; /* of the text, or NG_LABELS_JOINED */
	char text[];
};
#define NG_LABELS_JOINED UINT32_MAX

/* The hash of a label as it stands in the text, or of a family's name. */
uint32_t ng_text_hash(struct ng_span text);

/* The two sets that a joined set refers to; both have text. */
static inline struct ng_labels **ng_labels_parts(const struct ng_labels *labels)
{
	return (struct ng_labels **)(void *)labels->text;
}

/* The remaining labels of a set: the text between the braces, for a joined set of both parts. */
struct ng_pairs {
	struct ng_span rest, next;
};
struct ng_pairs ng_labels_pairs(const struct ng_labels *labels);

/* The text between the braces of a set; empty if the text is empty. */
static inline struct ng_span ng_labels_inner(struct ng_span text)
{
	return text.size ? (struct ng_span){ text.text + 1, text.size - 2 } : text;
}

/* The next label: its name and its escaped value. */
bool ng_pairs_next(struct ng_pairs *pairs, struct ng_span *ret_name, struct ng_span *ret_value);

/* Writes the unescaped value to `at`, which has room for the size of the escaped one; returns the end. */
char *ng_unescape(char *at, struct ng_span escaped);

/* Whether both have the same labels, in any order. */
bool ng_pairs_equal(struct ng_pairs a, struct ng_pairs b);

#endif
