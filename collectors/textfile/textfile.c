/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics that other programs write to *.prom files in the configured directories:
 *
 *     # HELP backup_last_success_timestamp_seconds When the last backup ended well.
 *     # TYPE backup_last_success_timestamp_seconds gauge
 *     backup_last_success_timestamp_seconds{target="nas"} 1.7e+09
 *
 * A file that cannot be parsed is left out as a whole. Format: see format.h.
 */
#include "textfile.h"

enum { MTIME, SCRAPE_ERROR, FROM_FILES, FAMILIES };
static const struct ng_family families[FAMILIES] = {
	[MTIME] = { .name = "node_textfile_mtime_seconds",
		.type = NG_GAUGE,
		.labels = "file",
		.help = "Modification time of a file that was read, as a Unix timestamp." },
	[SCRAPE_ERROR] = { .name = "node_textfile_scrape_error",
		.type = NG_GAUGE,
		.help = "1 if a directory or file could not be read or was rejected, or if files contradict each "
			"other." },
	[FROM_FILES] = { .name = "<any>", .type = NG_UNTYPED, .dynamic = true, .help = "As given in the files." },
};

static const struct ng_option options[] = {
	NG_OPTION(textfile, patterns, NG_OPTION_LIST, "directory", "",
		"Directory of *.prom files, or a glob pattern of directories; prefix it with '-' if it may be "
		"missing."),
	NG_OPTION(textfile, file_limit, NG_OPTION_UNSIGNED, "max-file-size", "4194304",
		"Maximum size of a file in bytes; larger files are rejected."),
	NG_OPTION(textfile, total_limit, NG_OPTION_UNSIGNED, "max-total-size", "8388608",
		"Maximum total size of all files in bytes; files that would exceed it, or three times as much memory "
		"in total, are rejected."),
};

bool textfile_reserved(struct ng_span name)
{
	return ng_span_equal(name, ng_span(families[MTIME].name)) ||
	       ng_span_equal(name, ng_span(families[SCRAPE_ERROR].name));
}

static void write_part(struct ng_page *page, const struct part *part)
{
	for (size_t i = 0; i < part->series_count; i++) {
		const struct series *series = &part->series[i];
		if (series->dropped)
			continue;
		if (series->text_size)
			ng_sample_text(page, (enum ng_suffix)series->suffix, series->labels,
				(struct ng_span){ series->value.text, series->text_size });
		else
			ng_sample_part(page, (enum ng_suffix)series->suffix, series->labels, series->value.whole);
	}
}

static void write_families(struct ng_page *page, const struct merged *merged)
{
	for (size_t i = 0; i < merged->count; i++) {
		const struct family *family = &merged->families[i];
		ng_family_dynamic(page, family->first->type, family->name, family->shown);
		for (const struct part *part = family->first; part; part = part->next)
			write_part(page, part);
	}
}

static void write_times(struct ng_page *page, const struct textfile *textfile)
{
	ng_family(page, &families[MTIME]);
	for (size_t i = 0; i < textfile->folder_count; i++) {
		for (size_t k = 0; k < textfile->folders[i].source_count; k++) {
			const struct source *source = &textfile->folders[i].sources[k];
			if (source->read && !source->refused)
				ng_sample_i64(page, source->labels, source->version.modified.tv_sec);
		}
	}
}

/* Notes the contradictions between files. */
static void note_clashes(struct ng_scrape *scrape, const struct merged *merged)
{
	for (size_t i = 0; i < merged->clash_count; i++) {
		ng_broken(scrape, merged->clashes[i].path, 0, merged->clashes[i].expected);
		ng_note(scrape);
	}
	scrape->dropped += merged->dropped;
}

static int textfile_collect(void *state, struct ng_scrape *scrape)
{
	struct textfile *textfile = state;
	bool changed;

	int r = textfile_scan(textfile, scrape, &changed);
	textfile->stale = textfile->stale || changed;
	if (r == 0 && textfile->stale)
		r = textfile_merge(textfile);
	if (r < 0)
		return ng_failed(scrape, r, "read", "the files");
	textfile->stale = false;
	note_clashes(scrape, &textfile->merged);
	write_families(scrape->page, &textfile->merged);
	write_times(scrape->page, textfile);
	ng_gauge_u64(scrape->page, &families[SCRAPE_ERROR], textfile->failed || textfile->merged.clash_count);
	return 0;
}

static const char *limit_text(struct ng_arena *arena, const char *before, uint64_t limit, const char *behind)
{
	char digits[NG_DIGITS];
	struct ng_span number = ng_digits(digits, limit);
	char *text = ng_alloc(arena, strlen(before) + number.size + strlen(behind) + 1);

	if (text)
		stpcpy(text_put(stpcpy(text, before), number), behind);
	return text;
}

static int textfile_init(void *state, struct ng_setup *setup)
{
	struct textfile *textfile = state;
	const uint64_t most = (uint64_t)1 << 30;

	if (textfile->file_limit > most || textfile->total_limit > most)
		return ng_refuse(setup, "max-file-size and max-total-size can be at most 1073741824");
	textfile->file_text = limit_text(setup->arena, "a file of at most ", textfile->file_limit, " bytes");
	textfile->total_text = limit_text(setup->arena, "at most ", textfile->total_limit, " bytes in all files");
	textfile->memory_text = limit_text(
		setup->arena, "all files to take at most ", textfile->total_limit * MEMORY_FACTOR, " bytes of memory");
	return textfile->file_text && textfile->total_text && textfile->memory_text ? 0 : -ENOMEM;
}

static void textfile_done(void *state)
{
	struct textfile *textfile = state;

	textfile_forget(textfile);
	ng_arena_done(&textfile->merged.arena);
	ng_arena_done(&textfile->scratch);
}

static const struct ng_privilege privileges[] = {
	{ .capability = "CAP_DAC_READ_SEARCH", .lost = "files and directories that its user cannot read" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "textfile",
	.summary = "Metrics from files that other programs write",
	.may_block = true,
	.yields = true,
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct textfile),
	.init = textfile_init,
	.collect = textfile_collect,
	.done = textfile_done,
};
NG_COLLECTOR(descriptor);
