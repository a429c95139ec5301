/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the families of all files, so that each comes once and no series twice. What node_exporter and its metrics
 * library let through passes here as well: files are taken in their order, and the first word on a family or a series
 * counts.
 */
#include "textfile.h"

struct noted {
	struct ng_span labels;
	const struct family *family; /* NULL in an empty slot */
};

struct work {
	struct merged *merged;
	struct ng_arena *scratch; /* until all is merged */
	uint32_t *slots;          /* families by name: number + 1 */
	size_t slot_mask;
	struct noted *noted; /* the series of the output */
	size_t noted_mask;
};

/* ---- families by name ---- */

static struct family *find_family(const struct work *work, struct ng_span name)
{
	for (size_t at = text_hash(0, name); work->slots[at & work->slot_mask]; at++) {
		struct family *family = &work->merged->families[work->slots[at & work->slot_mask] - 1];
		if (ng_span_equal(family->name, name))
			return family;
	}
	return NULL;
}

static struct family *add_family(struct work *work, const struct part *part)
{
	struct merged *merged = work->merged;
	struct family *family = ng_push(&merged->arena, &merged->families, &merged->count, &merged->capacity);
	size_t at = text_hash(0, part->name);

	if (!family)
		return NULL;
	*family = (struct family){ .name = part->name };
	while (work->slots[at & work->slot_mask])
		at++;
	work->slots[at & work->slot_mask] = (uint32_t)merged->count;
	return family;
}

static bool exists(struct work *work, struct ng_span name, struct ng_span suffix)
{
	char *longer = ng_alloc(work->scratch, name.size + suffix.size);

	if (!longer)
		return true;
	text_put(text_put(longer, name), suffix);
	return find_family(work, (struct ng_span){ longer, name.size + suffix.size }) != NULL;
}

static bool compound(enum ng_type type)
{
	return type == NG_HISTOGRAM || type == NG_SUMMARY;
}

/* Whether the lines of a new family would have names of an older one's: x_sum of the summary x, and the other way
 * round. */
static bool collides(struct work *work, const struct part *part)
{
	static const struct ng_span suffixes[] = { NG_SPAN("_count"), NG_SPAN("_sum"), NG_SPAN("_bucket") };

	for (size_t i = 0; i < NG_COUNT(suffixes); i++) {
		bool bucket = i == 2;
		if (part->name.size > suffixes[i].size && ng_span_ends(part->name, suffixes[i])) {
			struct ng_span owner = { part->name.text, part->name.size - suffixes[i].size };
			const struct family *family = find_family(work, owner);
			if (family &&
				(family->first->type == NG_HISTOGRAM || (family->first->type == NG_SUMMARY && !bucket)))
				return true;
		}
		if (compound(part->type) && !(bucket && part->type == NG_SUMMARY) &&
			exists(work, part->name, suffixes[i]))
			return true;
	}
	return false;
}

/* ---- series ---- */

/* Whether the labels are new to the family; takes note of them. */
static bool note(struct work *work, const struct family *family, struct ng_span labels)
{
	size_t at = text_hash((size_t)(family - work->merged->families), labels);

	for (; work->noted[at & work->noted_mask].family; at++) {
		const struct noted *noted = &work->noted[at & work->noted_mask];
		if (noted->family == family && ng_span_equal(noted->labels, labels))
			return false;
	}
	work->noted[at & work->noted_mask] = (struct noted){ labels, family };
	return true;
}

static void note_compounds(struct work *work, const struct family *family, struct part *part)
{
	for (size_t i = 0; i < part->compound_count; i++) {
		const struct compound *metric = &part->compounds[i];
		bool fresh = note(work, family, metric->labels);
		for (size_t k = 0; k < metric->count; k++)
			part->series[metric->first + k].dropped = !fresh;
		work->merged->dropped += fresh ? 0 : metric->count;
	}
}

static void note_part(struct work *work, const struct family *family, struct part *part)
{
	if (part->compounds) {
		note_compounds(work, family, part);
		return;
	}
	for (size_t i = 0; i < part->series_count; i++) {
		struct series *series = &part->series[i];
		series->dropped = !note(work, family, series_labels(series));
		work->merged->dropped += series->dropped;
	}
}

/* ---- parts ---- */

/*
 * Whether a part may join. Two HELP lines that differ are an error, after which nothing more is let in; a part without
 * one does not fit to parts with one, and no part to those of another type.
 */
static bool fits(struct merged *merged, struct family *family, const struct part *part)
{
	bool other_help = family->help.text && part->help.text && !ng_span_equal(family->help, part->help);

	if (other_help || family->conflict) {
		family->conflict = true;
		merged->conflict = family->name.text; /* a copy, terminated by NUL */
		return false;
	}
	if (part->help.text)
		family->help = part->help;
	return (family->first->help.text != NULL) == (part->help.text != NULL) &&
	       (!part->help.text || ng_span_equal(family->first->help, part->help)) &&
	       family->first->type == part->type;
}

/* "a.prom, b.prom" */
static int add_source(struct merged *merged, struct family *family, const char *path)
{
	struct ng_span old = family->sources;
	size_t size = strlen(path);
	char *start = ng_alloc(&merged->arena, old.size + size + 2), *at = start;

	if (!start)
		return -ENOMEM;
	if (old.size)
		at = text_put(text_put(at, old), NG_SPAN(", "));
	at = text_put(at, (struct ng_span){ path, size });
	family->sources = (struct ng_span){ start, (size_t)(at - start) };
	return 0;
}

static int merge_part(struct work *work, const struct source *source, struct part *part)
{
	struct family *family = find_family(work, part->name);

	part->next = NULL;
	if (family ? !fits(work->merged, family, part) : textfile_reserved(part->name) || collides(work, part)) {
		work->merged->dropped += part->series_count;
		return 0;
	}
	if (!family) {
		family = add_family(work, part);
		if (!family)
			return -ENOMEM;
		family->first = part;
		family->help = part->help;
	} else {
		family->last->next = part;
	}
	family->last = part;
	note_part(work, family, part);
	return part->help.text ? 0 : add_source(work->merged, family, source->path);
}

/* ---- all files ---- */

static size_t power_above(size_t count)
{
	size_t size = 16;

	while (size < count * 2)
		size *= 2;
	return size;
}

static int make_room(struct work *work, const struct textfile *textfile)
{
	size_t parts = 0, series = 0;

	for (size_t i = 0; i < textfile->folder_count; i++) {
		for (size_t k = 0; k < textfile->folders[i].source_count; k++) {
			const struct source *source = &textfile->folders[i].sources[k];
			parts += source->part_count;
			for (size_t p = 0; p < source->part_count; p++)
				series += source->parts[p].compounds ? source->parts[p].compound_count
								     : source->parts[p].series_count;
		}
	}
	work->slot_mask = power_above(parts) - 1;
	work->noted_mask = power_above(series) - 1;
	work->slots = ng_alloc0(work->scratch, (work->slot_mask + 1) * sizeof(*work->slots));
	work->noted = ng_alloc0(work->scratch, (work->noted_mask + 1) * sizeof(*work->noted));
	/* all at once: what was noted of a family is compared by its address */
	work->merged->families = ng_alloc(&work->merged->arena, parts * sizeof(*work->merged->families) + 1);
	work->merged->capacity = parts;
	return work->slots && work->noted && work->merged->families ? 0 : -ENOMEM;
}

static int merge_sources(struct work *work, const struct textfile *textfile)
{
	int r = 0;

	for (size_t i = 0; i < textfile->folder_count; i++) {
		for (size_t k = 0; k < textfile->folders[i].source_count; k++) {
			const struct source *source = &textfile->folders[i].sources[k];
			for (size_t p = 0; r == 0 && p < source->part_count; p++)
				r = merge_part(work, source, &source->parts[p]);
		}
	}
	return r;
}

static int make_help(struct merged *merged)
{
	for (size_t i = 0; i < merged->count; i++) {
		struct family *family = &merged->families[i];
		family->shown = family->first->help;
		if (family->shown.text)
			continue;
		char *start = ng_alloc(&merged->arena, family->sources.size + sizeof("From "));
		if (!start)
			return -ENOMEM;
		const char *end = text_put(text_put(start, NG_SPAN("From ")), family->sources);
		family->shown = (struct ng_span){ start, (size_t)(end - start) };
	}
	return 0;
}

int textfile_merge(struct textfile *textfile)
{
	struct work work = { .merged = &textfile->merged, .scratch = &textfile->scratch };

	ng_arena_reset(&textfile->merged.arena);
	textfile->merged = (struct merged){ .arena = textfile->merged.arena };
	int r = make_room(&work, textfile);
	if (r == 0)
		r = merge_sources(&work, textfile);
	if (r == 0)
		r = make_help(&textfile->merged);
	ng_arena_reset(&textfile->scratch);
	return r;
}
