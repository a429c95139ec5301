/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time since the machine was started, as an example of a collector outside of nodegauge's tree.
 *
 *     4321.05 16987.42
 *
 * Source: proc_uptime(5), fs/proc/uptime.c.
 */
#include <nodegauge/collector.h>

struct uptime {
	struct ng_file file;
	bool idle;
};

static const struct ng_option options[] = {
	NG_OPTION(uptime, idle, NG_OPTION_BOOL, "idle", "false",
		"Report the idle time of all processors together as well."),
};

enum { UPTIME, IDLE };

static const struct ng_family families[] = {
	[UPTIME] = { .name = "example_uptime_seconds",
		.help = "Time since the start of the machine.",
		.type = NG_GAUGE },
	[IDLE] = { .name = "example_idle_seconds", .help = "Time that processors were idle.", .type = NG_GAUGE },
};

static int uptime_collect(void *state, struct ng_scrape *scrape)
{
	struct uptime *uptime = state;
	struct ng_decimal seconds[2];
	struct ng_span text, word;

	int r = ng_file_read(scrape, &uptime->file, &text);
	if (r < 0)
		return r;
	for (size_t i = 0; i < NG_COUNT(seconds); i++) {
		if (!ng_word_next(&text, &word) || ng_decimal(ng_trim(word), &seconds[i]) < 0)
			return ng_broken(scrape, "uptime", 1, "two decimal numbers");
	}
	ng_family(scrape->page, &families[UPTIME]);
	ng_sample_decimal(scrape->page, NG_NO_LABELS, seconds[UPTIME]);
	if (uptime->idle) {
		ng_family(scrape->page, &families[IDLE]);
		ng_sample_decimal(scrape->page, NG_NO_LABELS, seconds[IDLE]);
	}
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(uptime, file, NG_PROC, NG_WHOLE, "uptime"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "uptime",
	.summary = "Time since the machine was started",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct uptime),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = uptime_collect,
};
NG_COLLECTOR(descriptor);
