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

struct search {
	struct ng_page *page;
	const struct ng_page_family *family;
	size_t mask;   /* of the table of slots: its size less one */
	uint32_t kept; /* samples up to here stay, and stand together */
	bool alike;    /* different labels have the same hash */
};

/* Name suffix and labels of a sample whose line starts there. */
static struct ng_span labels_of(const struct search *search, uint32_t line, uint32_t sample)
{
	uint32_t at = line + search->family->name_size;

	return (struct ng_span){ search->page->text + at, search->page->values[sample].start - 1 - at };
}

static struct ng_span kept_labels(const struct search *search, uint32_t sample)
{
	bool first = sample == search->family->first_value;

	return labels_of(search, first ? search->family->samples : search->page->values[sample - 1].end + 1, sample);
}

/* Whether a sample that stays has the labels; if not, the next one to stay is put into the table with them. */
static bool has_twin(struct search *search, struct ng_span labels)
{
	uint32_t *slots = search->page->twins.slots;
	uint32_t hash = ng_twins_hash(NULL, labels.text, labels.size);
	size_t at = hash & search->mask;

	for (; slots[at]; at = (at + 1) & search->mask) {
		struct ng_span other = kept_labels(search, slots[at] - 1);
		if (ng_span_equal(other, labels))
			return true;
		search->alike = search->alike || ng_twins_hash(NULL, other.text, other.size) == hash;
	}
	slots[at] = search->kept + 1;
	return false;
}

static void note_refused(struct ng_page *page, const struct ng_page_family *family, struct ng_span labels)
{
	if (page->twins.refused++ == 0)
		page->twins.first_refused = ng_copy(&page->names,
			(struct ng_span){ labels.text - family->name_size, labels.size + family->name_size });
}

/* Moves a line that stays up to the one before it. */
static void keep_line(struct search *search, uint32_t line, uint32_t sample)
{
	struct ng_page *page = search->page;
	struct ng_page_value value = page->values[sample];
	bool first = search->kept == search->family->first_value;
	uint32_t to = first ? search->family->samples : page->values[search->kept - 1].end + 1;

	if (to != line)
		memmove(page->text + to, page->text + line, value.end + 1 - line);
	page->values[search->kept++] = (struct ng_page_value){ value.start - (line - to), value.end - (line - to) };
}

/* Takes the twins out and closes the gaps. */
static void search_family(struct search *search)
{
	const struct ng_page_family *family = search->family;
	uint32_t line = family->samples;

	for (uint32_t sample = family->first_value; sample < family->end_value; sample++) {
		uint32_t next = search->page->values[sample].end + 1;
		struct ng_span labels = labels_of(search, line, sample);
		if (has_twin(search, labels))
			note_refused(search->page, family, labels);
		else
			keep_line(search, line, sample);
		line = next;
	}
}

size_t ng_twins_refuse(struct ng_page *page, bool *ret_alike)
{
	struct ng_page_family *family = &page->families[page->family_count - 1];
	struct search search = { .page = page, .family = family, .mask = 63, .kept = family->first_value };
	uint32_t count = family->end_value - family->first_value;

	while (search.mask < 2 * (size_t)count)
		search.mask = 2 * search.mask + 1;
	if (!widen(&page->twins.slots, &page->twins.slot_capacity, search.mask + 1)) {
		page->error = -ENOMEM;
		return 0;
	}
	memset(page->twins.slots, 0, (search.mask + 1) * sizeof(*page->twins.slots));
	search_family(&search);
	*ret_alike = search.alike;
	size_t refused = family->end_value - search.kept;
	if (refused) {
		family->end_value = search.kept;
		page->value_count = search.kept;
		family->end = page->values[search.kept - 1].end + 1;
		page->size = family->end;
	}
	return refused;
}

void ng_twins_settle(struct ng_page *page)
{
	struct ng_twins *twins = &page->twins;
	bool alike = false;

	if (page->family_count == 0 || page->error)
		return;
	if (twins->doubtful)
		ng_twins_refuse(page, &alike);
	if (alike) /* hashes prove nothing here: search the next time as well */
		twins->hash[page->value_count - 1] ^= 1;
	if (twins->refused) /* hashes are no longer where their samples are */
		twins->trusted = 0;
	else
		twins->checked = page->value_count;
	twins->doubtful = false;
}
