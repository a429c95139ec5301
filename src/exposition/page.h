/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page: the text of families with their samples, and where in it the families and the values are.
 *
 * The text is format 0.0.4 as it goes out. The table of families lets the engine join pages so that no family appears
 * twice; the table of values lets the compressor tell the constant text from the numbers.
 */
#ifndef EXPOSITION_PAGE_H
#define EXPOSITION_PAGE_H

#include "exposition/twins.h"

#include <nodegauge/page.h>

/* Offsets are 32 bits; no scrape comes near. */
#define NG_PAGE_LIMIT ((size_t)1 << 30)

/* The constant lines of a family of a descriptor, made once. */
struct ng_family_head {
	struct ng_span lines; /* "# HELP ...\n# TYPE ...\n" */
	uint32_t name_size;
	uint64_t hash;
};

struct ng_page_family {
	uint32_t start;   /* of its HELP line */
	uint32_t samples; /* where its first sample starts */
	uint32_t end;
	uint32_t name_size; /* the name stands behind "# HELP " */
	uint32_t first_value;
	uint32_t end_value;
	uint64_t hash;
	enum ng_type type;
};

struct ng_page_value {
	uint32_t start, end;
};

struct ng_page {
	char *text;
	size_t size, capacity;
	int error; /* sticky: -ENOMEM, -EFBIG, -EINVAL */

	struct ng_page_family *families;
	size_t family_count, family_capacity;
	struct ng_page_value *values;
	size_t value_count, value_capacity;

	/* the descriptor's families and their heads; borrowed */
	const struct ng_family *known;
	const struct ng_family_head *heads;
	size_t known_count;

	/* the family that is open */
	bool pending; /* its head is not written yet */
	struct ng_span name;
	const struct ng_family_head *head; /* NULL for a dynamic one */
	struct ng_span help;
	enum ng_type type;
	struct ng_arena names; /* of dynamic families */
	struct ng_twins twins;
};

/* A page of zeroes is ready. Resetting keeps the capacity. */
void ng_page_reset(struct ng_page *page);
void ng_page_done(struct ng_page *page);

/* Gives the memory of a page back whose contents are no longer needed, when its text has room for more than `keep`. */
void ng_page_trim(struct ng_page *page, size_t keep);

/* Renders the heads of `families` into `arena`; NULL when there is no memory. */
struct ng_family_head *ng_page_heads(struct ng_arena *arena, const struct ng_family *families, size_t count);

static inline struct ng_span ng_page_family_name(const struct ng_page *page, const struct ng_page_family *family)
{
	return (struct ng_span){ page->text + family->start + sizeof("# HELP ") - 1, family->name_size };
}

/* Appends family `index` of `from` as it stands, with its head or without. */
void ng_page_append(struct ng_page *page, const struct ng_page *from, size_t index, bool with_head);

/* Appends all of `from`. */
void ng_page_append_all(struct ng_page *page, const struct ng_page *from);

/* Exchanges what two pages hold, which copies nothing; the one that is handed out must be empty. */
void ng_page_exchange(struct ng_page *empty, struct ng_page *from);

const char *ng_type_name(enum ng_type type);

#endif
