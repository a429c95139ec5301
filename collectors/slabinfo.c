/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slab caches of the kernel.
 *
 *     slabinfo - version: 2.1
 *     # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables ... : slabdata ...
 *     dentry             61824  62370    192   21    1 : tunables    0    0    0 : slabdata   2970   2970      0
 *
 * Source: slabinfo(5), mm/slab_common.c. Readable by root only.
 */
#include "base/table.h"

#include <nodegauge/collector.h>

struct slabinfo {
	struct ng_file file;
	struct ng_filter filter;
};

/* The numbers of a line in their order, which is that of the families. */
enum { ACTIVE_OBJECTS, OBJECTS, OBJECT_SIZE, OBJECTS_PER_SLAB, PAGES_PER_SLAB };
static const struct ng_family families[] = {
	[ACTIVE_OBJECTS] = { .name = "node_slabinfo_active_objects",
		.help = "Objects of the cache in use.",
		.type = NG_GAUGE,
		.labels = "slab" },
	[OBJECTS] = { .name = "node_slabinfo_objects",
		.help = "Objects of the cache, used and free.",
		.type = NG_GAUGE,
		.labels = "slab" },
	[OBJECT_SIZE] = { .name = "node_slabinfo_object_size_bytes",
		.help = "Size of one object.",
		.type = NG_GAUGE,
		.labels = "slab" },
	[OBJECTS_PER_SLAB] = { .name = "node_slabinfo_objects_per_slab",
		.help = "Objects in one slab.",
		.type = NG_GAUGE,
		.labels = "slab" },
	[PAGES_PER_SLAB] = { .name = "node_slabinfo_pages_per_slab",
		.help = "Pages in one slab.",
		.type = NG_GAUGE,
		.labels = "slab" },
};

struct slab {
	struct ng_span name;
	struct ng_labels *labels;
	uint64_t value[NG_COUNT(families)], given;
};

struct slabs {
	struct slab *slab;
	size_t count, capacity;
};

static int line_parse(struct ng_scrape *scrape, const struct ng_filter *filter, unsigned number, struct ng_span line,
	struct slabs *slabs)
{
	struct ng_span word;
	struct slab row;

	if (!ng_word_next(&line, &row.name))
		return -EBADMSG;
	if (!ng_filter_keeps(filter, row.name))
		return 0;
	int r = ng_columns(scrape, "slabinfo", number, &line, NG_COUNT(row.value), row.value, &row.given);
	if (r < 0)
		return r;
	/* the rest of the line shows that the name was a single word */
	if (ng_word_next(&line, &word) && !ng_span_equal(word, NG_SPAN(":")))
		return -EBADMSG;
	struct slab *slab = ng_push(scrape->arena, &slabs->slab, &slabs->count, &slabs->capacity);
	if (!slab)
		return -ENOMEM;
	*slab = row;
	return 0;
}

static int slabinfo_parse(
	struct ng_scrape *scrape, const struct ng_filter *filter, struct ng_span text, struct slabs *slabs)
{
	struct ng_span line;
	unsigned lines = 0, dropped = 0;

	if (!ng_line_next(&text, &line) || !ng_span_starts(line, NG_SPAN("slabinfo - version: 2.")))
		return ng_broken(scrape, "slabinfo", 1, "the version");
	for (unsigned n = 2; ng_line_next(&text, &line); n++) {
		if (ng_span_starts(line, NG_SPAN("#")))
			continue;
		lines++;
		int r = line_parse(scrape, filter, n, line, slabs);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0) {
			ng_drop_record(scrape, "slabinfo", n, "a name and five numbers");
			dropped++;
		}
	}
	return dropped && dropped == lines ? -EBADMSG : 0;
}

/* Adds the values that can be summed; the object sizes stay those of the first. */
static void slab_add(struct slab *sum, const struct slab *slab)
{
	for (size_t i = ACTIVE_OBJECTS; i <= OBJECTS; i++) {
		if (__builtin_add_overflow(sum->value[i], slab->value[i], &sum->value[i]) || !(slab->given >> i & 1))
			sum->given &= ~(UINT64_C(1) << i);
	}
}

/*
 * Before Linux 6.12, several caches could have the same name: 9p had one per mount, mlx5 one per device. They are
 * reported as one.
 */
static int merge_repeated(struct ng_scrape *scrape, struct slabs *slabs)
{
	size_t size = 64, kept = 0;

	while (size < slabs->count * 2)
		size *= 2;
	struct slab **table = ng_alloc0(scrape->arena, size * sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < slabs->count; i++) {
		const struct slab *slab = &slabs->slab[i];
		size_t at = (size_t)ng_hash(NG_HASH_SEED, slab->name) & (size - 1);
		while (table[at] && !ng_span_equal(table[at]->name, slab->name))
			at = (at + 1) & (size - 1);
		if (table[at]) {
			slab_add(table[at], slab);
			continue;
		}
		slabs->slab[kept] = *slab;
		slabs->slab[kept].labels = NG_LABELS(scrape->arena, { "slab", slab->name });
		table[at] = &slabs->slab[kept++];
	}
	slabs->count = kept;
	return 0;
}

static int slabinfo_collect(void *state, struct ng_scrape *scrape)
{
	struct slabinfo *slabinfo = state;
	struct slabs slabs = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &slabinfo->file, &text);
	if (r == 0)
		r = slabinfo_parse(scrape, &slabinfo->filter, text, &slabs);
	if (r == 0)
		r = merge_repeated(scrape, &slabs);
	if (r < 0)
		return r;
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < slabs.count; k++) {
			if (slabs.slab[k].given >> i & 1)
				ng_sample_u64(scrape->page, slabs.slab[k].labels, slabs.slab[k].value[i]);
		}
	}
	return 0;
}

static const struct ng_option options[] = {
	NG_OPTION(slabinfo, filter.include, NG_OPTION_PATTERN, "slabs-include", ".*",
		"Slab caches to report (regular expression)."),
	NG_OPTION(slabinfo, filter.exclude, NG_OPTION_PATTERN, "slabs-exclude", "",
		"Slab caches to leave out (regular expression)."),
};

static const struct ng_privilege privileges[] = {
	{ .capability = "root or CAP_DAC_READ_SEARCH", .lost = "everything: /proc/slabinfo is readable by root only" },
};

static const struct ng_state_file files[] = {
	NG_STATE_FILE(slabinfo, file, NG_PROC, NG_RECORDS | NG_PRIVILEGED, "slabinfo"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "slabinfo",
	.summary = "Slab caches of the kernel",
	.off_by_default = true,
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct slabinfo),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = slabinfo_collect,
};
NG_COLLECTOR(descriptor);
