/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps samples with equal labels out of a family, regardless of the order of the labels.
 *
 * Comparing all samples with each other at every scrape would cost more than writing them. But a collector nearly
 * always writes the same labels in the same order as the last time, so a page keeps a hash of each sample's labels and
 * family. If the hashes equal those of a page whose labels were all different, these labels are different too; only
 * families in which a hash differs are searched.
 */
#ifndef EXPOSITION_TWINS_H
#define EXPOSITION_TWINS_H

#include <nodegauge/text.h>

struct ng_page;
struct ng_page_family;

struct ng_twins {
	uint32_t *hash; /* by the index of the sample */
	size_t capacity;
	size_t trusted;  /* this many hashes are those of the previous page, which had no twins */
	size_t checked;  /* this many samples of this page have no twins */
	uint32_t family; /* the open family's contribution to the hashes */
	bool doubtful;   /* the open family must be searched */
	uint32_t *slots; /* for the search */
	size_t slot_capacity;
	size_t refused;               /* on this page */
	struct ng_span first_refused; /* name and labels, in the page's `names` arena */
};

void ng_twins_reset(struct ng_twins *twins);
void ng_twins_done(struct ng_twins *twins);

/* Records the hash of sample `index` if it differs from the stored one. False if there is no memory. */
bool ng_twins_note(struct ng_twins *twins, size_t index, uint32_t hash);

/* Call when the last family is complete: searches it if necessary. */
void ng_twins_settle(struct ng_page *page);

/*
 * Removes samples whose labels an earlier sample has from a family and its continuations; returns how many. -ENOMEM
 * sticks to the family's page. `ret_alike` tells whether different labels have equal hashes.
 */
size_t ng_twins_refuse(struct ng_page *page, struct ng_page_family *family, bool *ret_alike);

/* The hash of a sample except for its family, from the hash of its labels. */
static inline uint32_t ng_twins_hash(uint32_t labels, unsigned suffix)
{
	return labels + suffix * UINT32_C(0x9e3779b9);
}

#endif
