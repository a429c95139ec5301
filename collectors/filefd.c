/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File handles, system-wide: allocated, free (always 0 since Linux 2.6) and the limit.
 *
 *     592	0	2466183
 *
 * Source: proc_sys_fs(5), fs/file_table.c.
 */
#include <nodegauge/collector.h>

struct filefd {
	struct ng_file file;
};

enum { ALLOCATED, MAXIMUM };
static const struct ng_family families[] = {
	[ALLOCATED] = { .name = "node_filefd_allocated",
		.help = "Allocated file handles, system-wide.",
		.type = NG_GAUGE },
	[MAXIMUM] = { .name = "node_filefd_maximum", .help = "System-wide limit on file handles.", .type = NG_GAUGE },
};

enum { WORDS = 3 };

static int filefd_emit(struct ng_scrape *scrape, const char *path, struct ng_span text)
{
	static const size_t places[NG_COUNT(families)] = { [ALLOCATED] = 0, [MAXIMUM] = 2 };
	struct ng_span words[WORDS] = { 0 }, line = ng_trim(text);
	uint64_t value;
	bool any = false;

	for (size_t i = 0; i < WORDS && ng_word_next(&line, &words[i]); i++)
		;
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		if (ng_u64(words[places[i]], &value) < 0) {
			ng_drop_value(scrape, path, 1, "three numbers");
			continue;
		}
		any = true;
		ng_gauge_u64(scrape->page, &families[i], value);
	}
	return any ? 0 : -EBADMSG;
}

static int filefd_collect(void *state, struct ng_scrape *scrape)
{
	struct filefd *filefd = state;
	struct ng_span text;

	int r = ng_file_read(scrape, &filefd->file, &text);
	return r < 0 ? r : filefd_emit(scrape, filefd->file.path, text);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(filefd, file, NG_PROC, NG_VALUE, "sys/fs/file-nr"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "filefd",
	.summary = "File handles in use, system-wide",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct filefd),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = filefd_collect,
};
NG_COLLECTOR(descriptor);
