/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the families of all files, so that each family and each series appears only once. Anything that node_exporter
 * and its metrics library accept is accepted here as well: files are processed in order, and the first definition of a
 * family or series wins. What is left out as a result is recorded with its file.
 */
#include "textfile.h"

/* Maximum number of conflicts recorded in one merge; the log does not show more. */
enum { CLASHES_MAX = 32 };

struct work {
	struct merged *merged;
	struct ng_arena *scratch; /* until everything is merged */
	uint32_t *slots;          /* families by name: number + 1 */
	size_t slot_mask;
	struct ng_labels *const **noted; /* the labels seen in the current family; NULL in an empty slot */
	size_t noted_mask;
	bool failed; /* something could not be allocated */
};

/* ---- conflicts ---- */

/* "a.prom: expected BEFORE NAME BEHIND PATH" */
static void clash(struct work *work, const struct part *part, const char *before, struct ng_span name,
	const char *behind, const char *path)
{
	struct merged *merged = work->merged;

	if (merged->clash_count == CLASHES_MAX)
		return;
	char *text = ng_alloc(&merged->arena, strlen(before) + name.size + strlen(behind) + strlen(path) + 1);
	struct clash *slot = ng_push(&merged->arena, &merged->clashes, &merged->clash_count, &merged->clash_capacity);
	work->failed = work->failed || !text || !slot;
	if (work->failed)
		return;
	stpcpy(stpcpy(text_put(stpcpy(text, before), name), behind), path);
	*slot = (struct clash){ part->path, text };
}

/* ---- families by name ---- */

static struct family *find_family(const struct work *work, struct ng_span name)
{
	for (uint64_t at = ng_hash(NG_HASH_SEED, name); work->slots[at & work->slot_mask]; at++) {
		struct family *family = &work->merged->families[work->slots[at & work->slot_mask] - 1];
		if (ng_span_equal(family->name, name))
			return family;
	}
	return NULL;
}

/* There is room for one family per part. */
static struct family *add_family(struct work *work, struct part *part)
{
	struct merged *merged = work->merged;
	struct family *family = &merged->families[merged->count++];
	uint64_t at = ng_hash(NG_HASH_SEED, part->name);

	*family = (struct family){ .name = part->name, .help = part->help, .first = part };
	while (work->slots[at & work->slot_mask])
		at++;
	work->slots[at & work->slot_mask] = (uint32_t)merged->count;
	return family;
}

static const struct family *find_longer(struct work *work, struct ng_span name, struct ng_span suffix)
{
	char *longer = ng_alloc(work->scratch, name.size + suffix.size);

	work->failed = work->failed || !longer;
	if (!longer)
		return NULL;
	text_put(text_put(longer, name), suffix);
	return find_family(work, (struct ng_span){ longer, name.size + suffix.size });
}

static bool is_compound(enum ng_type type)
{
	return type == NG_HISTOGRAM || type == NG_SUMMARY;
}

/*
 * The existing family whose lines have the names of a new one: x_sum for the summary x, and vice versa. NULL if there
 * is none.
 */
static const struct family *find_rival(struct work *work, const struct part *part)
{
	static const struct ng_span suffixes[] = { NG_SPAN("_count"), NG_SPAN("_sum"), NG_SPAN("_bucket") };

	for (size_t i = 0; i < NG_COUNT(suffixes); i++) {
		const struct family *family = NULL;
		bool bucket = i == 2;
		if (part->name.size > suffixes[i].size && ng_span_ends(part->name, suffixes[i])) {
			struct ng_span owner = { part->name.text, part->name.size - suffixes[i].size };
			family = find_family(work, owner);
			if (family &&
				(family->first->type == NG_HISTOGRAM || (family->first->type == NG_SUMMARY && !bucket)))
				return family;
		}
		if (is_compound(part->type) && !(bucket && part->type == NG_SUMMARY))
			family = find_longer(work, part->name, suffixes[i]);
		else
			family = NULL;
		if (family)
			return family;
	}
	return NULL;
}

/* ---- parts ---- */

/*
 * Whether a part may join the family. Two different HELP lines are an error, after which no further part is accepted;
 * parts with and without HELP do not go together, nor do parts of different types.
 */
static bool fits(struct work *work, struct family *family, const struct part *part)
{
	bool other_help = family->help.text && part->help.text && !ng_span_equal(family->help, part->help);

	if (other_help || family->conflict) {
		family->conflict = true;
	} else if ((family->first->help.text != NULL) == (part->help.text != NULL)) {
		if (family->first->type == part->type)
			return true;
		clash(work, part, "the type of ", family->name, " that it has in ", family->sources[0]);
		return false;
	}
	if (!family->help.text)
		family->help = part->help;
	clash(work, part, "the same HELP text for ", family->name, " in all files, as in ", family->sources[0]);
	return false;
}

/* Whether a new family with this name is allowed. */
static bool is_free(struct work *work, const struct part *part)
{
	if (textfile_reserved(part->name)) {
		clash(work, part, "no family ", part->name, ", which nodegauge itself reports", "");
		return false;
	}
	const struct family *rival = find_rival(work, part);
	if (rival)
		clash(work, part, "no family ", part->name, " whose sample names belong to one in ", rival->sources[0]);
	return !rival;
}

static void join_part(struct family *family, struct part *part)
{
	if (family->last)
		family->last->next = part;
	family->last = part;
	family->key_count += part->compounds ? part->compound_count : part->series_count;
	if (family->source_count < NG_COUNT(family->sources))
		family->sources[family->source_count] = part->path;
	family->source_count++;
}

static void merge_part(struct work *work, struct part *part)
{
	struct family *family = find_family(work, part->name);

	part->next = NULL;
	if (family ? !fits(work, family, part) : !is_free(work, part))
		work->merged->dropped += part->series_count;
	else
		join_part(family ? family : add_family(work, part), part);
}

static void merge_source(struct work *work, struct source *source)
{
	for (size_t i = 0; i < source->part_count; i++) {
		source->parts[i].path = source->path;
		merge_part(work, &source->parts[i]);
	}
}

/* ---- series ---- */

/* Whether the labels are new to the family; records them. */
static bool note(struct work *work, struct ng_labels *const *labels)
{
	size_t at = ng_labels_hash(*labels);

	for (; work->noted[at & work->noted_mask]; at++) {
		if (ng_labels_equal(*work->noted[at & work->noted_mask], *labels))
			return false;
	}
	work->noted[at & work->noted_mask] = labels;
	return true;
}

static size_t note_compounds(struct work *work, struct part *part)
{
	size_t dropped = 0;

	for (size_t i = 0; i < part->compound_count; i++) {
		const struct compound *metric = &part->compounds[i];
		bool fresh = note(work, &metric->labels);
		for (size_t k = 0; k < metric->count; k++)
			part->series[metric->first + k].dropped = !fresh;
		dropped += fresh ? 0 : metric->count;
	}
	return dropped;
}

static size_t note_series(struct work *work, struct part *part)
{
	size_t dropped = 0;

	for (size_t i = 0; i < part->series_count; i++) {
		struct series *series = &part->series[i];
		series->dropped = !note(work, &series->labels);
		dropped += series->dropped;
	}
	return dropped;
}

static size_t power_above(size_t count)
{
	size_t size = 16;

	while (size < count + count / 2)
		size *= 2;
	return size;
}

/* Marks the series of a family that an earlier line or file already has. */
static void note_family(struct work *work, const struct family *family)
{
	work->noted_mask = power_above(family->key_count) - 1;
	memset(work->noted, 0, (work->noted_mask + 1) * sizeof(const void *));
	for (struct part *part = family->first; part; part = part->next) {
		size_t dropped = part->compounds ? note_compounds(work, part) : note_series(work, part);
		work->merged->dropped += dropped;
		if (dropped)
			clash(work, part, "each series of ", family->name, " only once: some are duplicates", "");
	}
}

static int note_families(struct work *work)
{
	struct merged *merged = work->merged;
	size_t most = 0;

	for (size_t i = 0; i < merged->count; i++)
		most = merged->families[i].key_count > most ? merged->families[i].key_count : most;
	work->noted = ng_alloc(work->scratch, power_above(most) * sizeof(const void *));
	for (size_t i = 0; work->noted && i < merged->count; i++)
		note_family(work, &merged->families[i]);
	return work->noted ? 0 : -ENOMEM;
}

/* ---- all files ---- */

/* Makes room for one family per part, because families are referred to by index. */
static int make_room(struct work *work, const struct textfile *textfile)
{
	size_t parts = 0;

	for (size_t i = 0; i < textfile->folder_count; i++) {
		for (size_t k = 0; k < textfile->folders[i].source_count; k++)
			parts += textfile->folders[i].sources[k].part_count;
	}
	work->slot_mask = power_above(parts) - 1;
	work->slots = ng_alloc0(work->scratch, (work->slot_mask + 1) * sizeof(*work->slots));
	work->merged->families = ng_alloc(&work->merged->arena, parts * sizeof(*work->merged->families) + 1);
	return work->slots && work->merged->families ? 0 : -ENOMEM;
}

static void merge_sources(struct work *work, const struct textfile *textfile)
{
	for (size_t i = 0; i < textfile->folder_count; i++) {
		for (size_t k = 0; k < textfile->folders[i].source_count; k++)
			merge_source(work, &textfile->folders[i].sources[k]);
	}
}

/* "From a.prom, b.prom, c.prom and others" */
static int make_help(struct merged *merged, struct family *family)
{
	size_t count =
		family->source_count < NG_COUNT(family->sources) ? family->source_count : NG_COUNT(family->sources);
	size_t size = sizeof("From  and others");

	for (size_t i = 0; i < count; i++)
		size += strlen(family->sources[i]) + 2;
	char *start = ng_alloc(&merged->arena, size), *at = start;
	if (!start)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		at = stpcpy(stpcpy(at, i ? ", " : "From "), family->sources[i]);
	if (family->source_count > count)
		at = stpcpy(at, " and others");
	family->shown = (struct ng_span){ start, (size_t)(at - start) };
	return 0;
}

static int make_helps(struct merged *merged)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < merged->count; i++) {
		struct family *family = &merged->families[i];
		family->shown = family->first->help;
		if (!family->shown.text)
			r = make_help(merged, family);
	}
	return r;
}

int textfile_merge(struct textfile *textfile)
{
	struct work work = { .merged = &textfile->merged, .scratch = &textfile->scratch };

	textfile_reset(&textfile->merged.arena, KEEP);
	textfile->merged = (struct merged){ .arena = textfile->merged.arena };
	int r = make_room(&work, textfile);
	if (r == 0) {
		merge_sources(&work, textfile);
		r = note_families(&work);
	}
	if (r == 0)
		r = work.failed ? -ENOMEM : make_helps(&textfile->merged);
	textfile_reset(&textfile->scratch, KEEP);
	return r;
}
