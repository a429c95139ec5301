/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open files of the whole machine: allocated, free (always 0 since Linux 2.6) and the limit.
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
		.help = "Open file descriptions of the whole machine.",
		.type = NG_GAUGE },
	[MAXIMUM] = { .name = "node_filefd_maximum",
		.help = "How many open file descriptions the kernel allows.",
		.type = NG_GAUGE },
};

static int filefd_parse(struct ng_span text, uint64_t value[NG_COUNT(families)])
{
	struct ng_span line = ng_trim(text), unused;

	if (ng_u64_next(&line, &value[ALLOCATED]) < 0 || !ng_word_next(&line, &unused) ||
		ng_u64_next(&line, &value[MAXIMUM]) < 0)
		return -EBADMSG;
	return 0;
}

static int filefd_init(void *state, struct ng_setup *setup)
{
	struct filefd *filefd = state;

	(void)setup;
	filefd->file = NG_FILE(NG_PROC, NG_VALUE, "sys/fs/file-nr");
	return 0;
}

static int filefd_collect(void *state, struct ng_scrape *scrape)
{
	struct filefd *filefd = state;
	uint64_t value[NG_COUNT(families)];
	struct ng_span text;

	int r = ng_file_read(scrape, &filefd->file, &text);
	if (r < 0)
		return r;
	if (filefd_parse(text, value) < 0)
		return ng_broken(scrape, filefd->file.path, 1, "three numbers");
	for (size_t i = 0; i < NG_COUNT(families); i++)
		ng_gauge_u64(scrape->page, &families[i], value[i]);
	return 0;
}

static void filefd_done(void *state)
{
	struct filefd *filefd = state;

	ng_file_close(&filefd->file);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "filefd",
	.summary = "Open files of the whole machine",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct filefd),
	.init = filefd_init,
	.collect = filefd_collect,
	.done = filefd_done,
};
NG_COLLECTOR(descriptor);
