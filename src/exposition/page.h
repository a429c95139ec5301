/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page: families with their samples, independent of any format.
 *
 * A sample is a record of 16 bytes: its value as it was given, and where its labels are in the page. A label set is
 * copied into the page with its first sample, and all samples with that set refer to the copy, so a page does not
 * depend on the collector that wrote it. An encoder turns pages into bytes; see encoder.h.
 */
#ifndef EXPOSITION_PAGE_H
#define EXPOSITION_PAGE_H

#include "exposition/labels.h"
#include "exposition/twins.h"

#include <nodegauge/page.h>

/* Offsets have 32 bits; no scrape comes close to this limit. */
#define NG_PAGE_LIMIT ((size_t)1 << 30)

/*
 * Sets are copied in words of this size, so up to this many bytes after the contents of the store may be read, but not
 * written.
 */
enum { NG_PAGE_SLACK = 16 };

/* Precomputed once for each family of a descriptor. */
struct ng_family_head {
	struct ng_span text; /* its HELP and TYPE lines in format 0.0.4, which nearly every scrape requests */
	uint32_t name_size;
	uint32_t hash; /* of the name */
};

struct ng_page_family {
	const struct ng_page *page; /* the page that contains it */
	struct ng_span name, help;
	const struct ng_family_head *head; /* NULL for a dynamic family */
	uint32_t hash;                     /* of the name */
	uint32_t first, end;               /* its samples */
	enum ng_type type;
	bool elsewhere;              /* not shown here: it continues another family, or is left out */
	struct ng_page_family *next; /* the same family on another page, whose samples follow */
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
	uint32_t labels; /* offset in the store; 0 if none */
	uint8_t kind;    /* enum ng_value_kind */
	uint8_t places;
	uint8_t suffix; /* enum ng_suffix */
};

/* A set of labels in the store. */
struct ng_set {
	uint32_t hash;
	uint32_t size; /* of its text; or NG_LABELS_JOINED if it has the offsets of two other sets instead */
	char text[];
};

struct ng_page {
	uint32_t serial; /* changes with each reset and is unique among all pages */
	int error;       /* sticky: -ENOMEM, -EFBIG, -EINVAL */

	struct ng_page_family *families;
	size_t family_count, family_capacity;
	struct ng_sample *samples;
	size_t sample_count, sample_capacity;
	char *store; /* label sets and the texts of values */
	size_t store_size, store_capacity;
	struct ng_arena names; /* and help texts of dynamic families */

	/* the descriptor's families and their heads; borrowed */
	const struct ng_family *known;
	const struct ng_family_head *heads;
	size_t known_count;

	bool open;                    /* samples are added to the last family; otherwise `next` is added first */
	struct ng_page_family opened; /* the last family */
	struct ng_twins twins;
};

/* Initialize with zeroes. Resetting keeps the capacity. */
void ng_page_reset(struct ng_page *page);
void ng_page_done(struct ng_page *page);

/* Ends the last family after all samples have been written. */
void ng_page_close(struct ng_page *page);

/* Returns the memory of a page whose contents are no longer needed, if it is more than `keep`. */
void ng_page_trim(struct ng_page *page, size_t keep);

/* Makes the heads of `families` in `arena`; NULL if there is no memory. */
struct ng_family_head *ng_page_heads(struct ng_arena *arena, const struct ng_family *families, size_t count);

static inline const struct ng_set *ng_page_set(const struct ng_page *page, uint32_t at)
{
	return (const struct ng_set *)(const void *)(page->store + at);
}

/* One of the two sets of a joined set. */
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
