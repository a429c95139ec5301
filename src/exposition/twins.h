/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps samples with equal labels out of a family, whatever the order of the labels.
 *
 * Comparing each sample with each other at every scrape would cost more than writing them. But a collector nearly
 * always writes the same labels in the same order as the time before, so a page keeps a hash for each sample: of its
 * labels and its family. Where the hashes are those of a page whose labels were all different, so are these labels;
 * only a family in which a hash differs is searched.
 */
#ifndef EXPOSITION_TWINS_H
#define EXPOSITION_TWINS_H

#include <nodegauge/text.h>

struct ng_page;
struct ng_page_family;

struct ng_twins {
	uint32_t *hash; /* by the index of the sample */
	size_t capacity;
	size_t trusted;  /* so many hashes are those of the page before, which had no twins */
	size_t checked;  /* so many samples of this page have no twins */
	uint32_t family; /* part of the hashes of the open family */
	bool doubtful;   /* the open family has to be searched */
	uint32_t *slots; /* of the search */
	size_t slot_capacity;
	size_t refused;               /* of this page */
	struct ng_span first_refused; /* name and labels, in the page's arena of names */
};

void ng_twins_reset(struct ng_twins *twins);
void ng_twins_done(struct ng_twins *twins);

/* Notes the hash of sample `index` where it is not the one that is there. False when there is no memory. */
bool ng_twins_note(struct ng_twins *twins, size_t index, uint32_t hash);

/* The last family has all its samples: searches it if need be. */
void ng_twins_settle(struct ng_page *page);

/*
 * Takes the samples out of a family and those that continue it whose labels an earlier one has; returns how many.
 * -ENOMEM sticks to the family's page. `ret_alike` tells whether different labels have equal hashes.
 */
size_t ng_twins_refuse(struct ng_page *page, struct ng_page_family *family, bool *ret_alike);

/* The hash of a sample but for its family, from that of its labels. */
static inline uint32_t ng_twins_hash(uint32_t labels, unsigned suffix)
{
	return labels + suffix * UINT32_C(0x9e3779b9);
}

#endif
