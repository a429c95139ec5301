/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load averages.
 *
 *     0.21 0.37 0.39 1/719 19737
 *
 * Source: proc_pid_loadavg(5), fs/proc/loadavg.c.
 */
#include <nodegauge/collector.h>

struct loadavg {
	struct ng_file file;
};

static const struct ng_family families[] = {
	{ .name = "node_load1", .help = "Load average over 1 minute.", .type = NG_GAUGE },
	{ .name = "node_load5", .help = "Load average over 5 minutes.", .type = NG_GAUGE },
	{ .name = "node_load15", .help = "Load average over 15 minutes.", .type = NG_GAUGE },
};

static const char expected[] = "three decimal numbers";

static int loadavg_emit(struct ng_scrape *scrape, struct ng_span text)
{
	struct ng_decimal load;
	struct ng_span word;
	bool any = false;

	for (size_t i = 0; i < NG_COUNT(families); i++) {
		if (!ng_word_next(&text, &word) || ng_decimal(word, &load) < 0) {
			ng_drop_value(scrape, "loadavg", 1, expected);
			continue;
		}
		any = true;
		ng_family(scrape->page, &families[i]);
		ng_sample_decimal(scrape->page, NG_NO_LABELS, load);
	}
	return any ? 0 : -EBADMSG;
}

static int loadavg_collect(void *state, struct ng_scrape *scrape)
{
	struct loadavg *loadavg = state;
	struct ng_span text;

	int r = ng_file_read(scrape, &loadavg->file, &text);
	return r < 0 ? r : loadavg_emit(scrape, ng_trim(text));
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(loadavg, file, NG_PROC, NG_WHOLE, "loadavg"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "loadavg",
	.summary = "Load averages over 1, 5 and 15 minutes",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct loadavg),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = loadavg_collect,
};
NG_COLLECTOR(descriptor);
