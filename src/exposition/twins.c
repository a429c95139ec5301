/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition/twins.h"

#include "exposition/page.h"

#include <errno.h>
#include <stdlib.h>

void ng_twins_reset(struct ng_twins *twins)
{
	twins->trusted = twins->checked;
	twins->checked = 0;
	twins->doubtful = false;
	twins->refused = 0;
	twins->first_refused = (struct ng_span){ NULL, 0 };
}

void ng_twins_done(struct ng_twins *twins)
{
	free(twins->hash);
	free(twins->slots);
}

static bool widen(uint32_t **array, size_t *capacity, size_t count)
{
	size_t wider = *capacity ? *capacity : 64;

	if (count <= *capacity)
		return true;
	while (wider < count)
		wider *= 2;
	uint32_t *moved = reallocarray(*array, wider, sizeof(*moved));
	if (!moved)
		return false;
	*array = moved;
	*capacity = wider;
	return true;
}

bool ng_twins_note(struct ng_twins *twins, size_t index, uint32_t hash)
{
	if (!widen(&twins->hash, &twins->capacity, index + 1))
		return false;
	twins->hash[index] = hash;
	twins->doubtful = true;
	return true;
}

/* ---- the search ---- */

/* The remaining samples are numbered through all parts of the family. */
struct search {
	struct ng_twins *twins;
	const struct ng_page_family *family; /* the first part */
	const struct ng_page_family *part;   /* the part being searched */
	size_t mask;                         /* of the slot table: its size minus one */
	uint32_t before;                     /* remaining samples in the parts before this one */
	uint32_t kept;                       /* samples of this part before this index remain, without gaps */
	bool alike;                          /* some different labels have the same hash */
};

static uint32_t hash_of(const struct ng_page *page, const struct ng_sample *sample)
{
	return ng_twins_hash(ng_page_set(page, sample->labels)->hash, sample->suffix);
}

static const struct ng_sample *kept_sample(
	const struct search *search, uint32_t number, const struct ng_page **ret_page)
{
	const struct ng_page_family *part = search->family;

	for (; part != search->part && number >= part->end - part->first; part = part->next)
		number -= part->end - part->first;
	*ret_page = part->page;
	return &part->page->samples[part->first + number];
}

/* Whether a remaining sample has these labels; if not, this one is entered into the table as the next remaining one. */
static bool has_twin(struct search *search, const struct ng_page *page, const struct ng_sample *sample)
{
	uint32_t *slots = search->twins->slots, hash = hash_of(page, sample);
	size_t at = hash & search->mask;

	for (; slots[at]; at = (at + 1) & search->mask) {
		const struct ng_page *other_page;
		const struct ng_sample *other = kept_sample(search, slots[at] - 1, &other_page);
		if (hash_of(other_page, other) != hash)
			continue;
		if (other->suffix == sample->suffix &&
			ng_pairs_equal(ng_sample_pairs(other_page, other), ng_sample_pairs(page, sample)))
			return true;
		search->alike = true;
	}
	slots[at] = search->before + search->kept - search->part->first + 1;
	return false;
}

static char *put(char *at, struct ng_span text)
{
	return text.size ? mempcpy(at, text.text, text.size) : at;
}

/* The sample as the text formats write it, for the log. */
static struct ng_span describe(struct ng_page *page, struct ng_span name, struct ng_pairs pairs, unsigned suffix)
{
	char *start = ng_alloc(&page->names, name.size + pairs.rest.size + pairs.next.size + sizeof("_bucket{,}")), *at;

	if (!start)
		return (struct ng_span){ NULL, 0 };
	at = put(put(start, name), ng_suffix_text(suffix));
	if (pairs.rest.size) {
		*at++ = '{';
		at = put(at, pairs.rest);
		if (pairs.next.size)
			*at++ = ',';
		at = put(at, pairs.next);
		*at++ = '}';
	}
	return (struct ng_span){ start, (size_t)(at - start) };
}

/* Removes the twins from one part and closes the gaps; returns how many there were. */
static size_t search_part(struct search *search, struct ng_page *page, struct ng_page_family *part)
{
	struct ng_sample *samples = part->page->samples;
	uint32_t end = part->end;

	search->part = part;
	search->kept = part->first;
	for (uint32_t i = part->first; i < end; i++) {
		if (!has_twin(search, part->page, &samples[i])) {
			samples[search->kept++] = samples[i];
			continue;
		}
		if (search->twins->refused++ == 0)
			search->twins->first_refused = describe(page, search->family->name,
				ng_sample_pairs(part->page, &samples[i]), samples[i].suffix);
	}
	part->end = search->kept;
	search->before += part->end - part->first;
	return end - part->end;
}

size_t ng_twins_refuse(struct ng_page *page, struct ng_page_family *family, bool *ret_alike)
{
	struct search search = { .twins = &page->twins, .family = family, .mask = 63 };
	size_t count = 0, refused = 0;

	for (const struct ng_page_family *part = family; part; part = part->next)
		count += part->end - part->first;
	while (search.mask < 2 * count)
		search.mask = 2 * search.mask + 1;
	if (!widen(&page->twins.slots, &page->twins.slot_capacity, search.mask + 1)) {
		page->error = -ENOMEM;
		return 0;
	}
	memset(page->twins.slots, 0, (search.mask + 1) * sizeof(*page->twins.slots));
	for (struct ng_page_family *part = family; part; part = part->next)
		refused += search_part(&search, page, part);
	*ret_alike = search.alike;
	return refused;
}

void ng_twins_settle(struct ng_page *page)
{
	struct ng_twins *twins = &page->twins;
	struct ng_page_family *family = &page->families[page->family_count - 1];
	bool alike = false;

	if (twins->doubtful)
		ng_twins_refuse(page, family, &alike);
	page->sample_count = family->end;
	if (alike) /* the hashes prove nothing here: search again the next time */
		twins->hash[page->sample_count - 1] ^= 1;
	/* the hashes no longer match the positions of their samples, or there was no memory for the search */
	if (twins->refused || page->error)
		twins->trusted = 0;
	else
		twins->checked = page->sample_count;
	twins->doubtful = false;
}
