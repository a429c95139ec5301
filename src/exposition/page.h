/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page: families with their samples, in no format.
 *
 * A sample is a record of 16 bytes: its value as it was given, and where in the page its labels are. A set of labels is
 * copied into the page with its first sample, so that a page needs nothing of the collector that has written it, and
 * all samples of the set refer to that copy. What makes bytes of a page is an encoder; see encoder.h.
 */
#ifndef EXPOSITION_PAGE_H
#define EXPOSITION_PAGE_H

#include "exposition/labels.h"
#include "exposition/twins.h"

#include <nodegauge/page.h>

/* Offsets are 32 bits; no scrape comes near. */
#define NG_PAGE_LIMIT ((size_t)1 << 30)

/* The store may be read, not written, so far behind what is in it: sets are copied in words of this size. */
enum { NG_PAGE_SLACK = 16 };

/* What is made once of a family of a descriptor. */
struct ng_family_head {
	struct ng_span text; /* its head lines in format 0.0.4, which nearly every scrape asks for */
	uint32_t name_size;
	uint32_t hash; /* of the name */
};

struct ng_page_family {
	const struct ng_page *page; /* that it is in */
	struct ng_span name, help;
	const struct ng_family_head *head; /* NULL for a dynamic one */
	uint32_t hash;                     /* of the name */
	uint32_t first, end;               /* its samples */
	enum ng_type type;
	bool elsewhere;              /* is not to be shown here: it continues another one, or is left out */
	struct ng_page_family *next; /* of the same name, on another page: its samples follow */
};

enum ng_value_kind {
	NG_VALUE_U64,
	NG_VALUE_I64,
	NG_VALUE_SCALED,  /* u64 * 10^-places */
	NG_VALUE_DECIMAL, /* i64 * 10^-places */
	NG_VALUE_DOUBLE,
	NG_VALUE_TEXT,
};

struct ng_sample {
	union {
		uint64_t u64;
		int64_t i64;
		double number;
		struct {
			uint32_t at, size; /* in the store */
		} text;
	} value;
	uint32_t labels; /* where in the store; 0 for none */
	uint8_t kind;    /* enum ng_value_kind */
	uint8_t places;
	uint8_t suffix; /* enum ng_suffix */
};

/* A set of labels in the store. */
struct ng_set {
	uint32_t hash;
	uint32_t size; /* of its text; or NG_LABELS_JOINED, with the places of two other sets in place of the text */
	char text[];
};

struct ng_page {
	uint32_t serial; /* changes with each reset, and no other page has it */
	int error;       /* sticky: -ENOMEM, -EFBIG, -EINVAL */

	struct ng_page_family *families;
	size_t family_count, family_capacity;
	struct ng_sample *samples;
	size_t sample_count, sample_capacity;
	char *store; /* sets of labels and texts of values */
	size_t store_size, store_capacity;
	struct ng_arena names; /* and helps of dynamic families */

	/* the descriptor's families and their heads; borrowed */
	const struct ng_family *known;
	const struct ng_family_head *heads;
	size_t known_count;

	bool open;                    /* samples go to the last family; else `next` comes first */
	struct ng_page_family opened; /* the family that was opened last */
	struct ng_twins twins;
};

/* A page of zeroes is ready. Resetting keeps the capacity. */
void ng_page_reset(struct ng_page *page);
void ng_page_done(struct ng_page *page);

/* All samples are written: ends the last family. */
void ng_page_close(struct ng_page *page);

/* Gives the memory of a page back whose contents are no longer needed, when it is more than `keep`. */
void ng_page_trim(struct ng_page *page, size_t keep);

/* Makes the heads of `families` in `arena`; NULL when there is no memory. */
struct ng_family_head *ng_page_heads(struct ng_arena *arena, const struct ng_family *families, size_t count);

static inline const struct ng_set *ng_page_set(const struct ng_page *page, uint32_t at)
{
	return (const struct ng_set *)(const void *)(page->store + at);
}

/* The two sets of a joined one. */
static inline const struct ng_set *ng_page_part(const struct ng_page *page, const struct ng_set *set, size_t index)
{
	uint32_t at;

	memcpy(&at, set->text + index * sizeof(at), sizeof(at));
	return ng_page_set(page, at);
}

static inline struct ng_span ng_sample_value(const struct ng_page *page, const struct ng_sample *sample)
{
	return (struct ng_span){ page->store + sample->value.text.at, sample->value.text.size };
}

/* The names and values of a sample's labels. */
struct ng_pairs ng_sample_pairs(const struct ng_page *page, const struct ng_sample *sample);

const char *ng_type_name(enum ng_type type);

/* "_bucket" */
struct ng_span ng_suffix_text(unsigned suffix);

#endif
