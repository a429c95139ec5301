/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel samepage merging: its settings and what it has merged.
 *
 *     /sys/kernel/mm/ksm/pages_sharing     255
 *     /sys/kernel/mm/ksm/sleep_millisecs   20
 *
 * Source: Documentation/admin-guide/mm/ksm.rst, mm/ksm.c. merge_across_nodes exists only with CONFIG_NUMA.
 */
#include <nodegauge/collector.h>

#define KSM "kernel/mm/ksm/"

/* One file each, in the order of the families; `places` scales the value to the unit of the family. */
static const struct {
	const char *path;
	unsigned places;
} files[] = {
	{ KSM "full_scans", 0 },
	{ KSM "merge_across_nodes", 0 },
	{ KSM "pages_shared", 0 },
	{ KSM "pages_sharing", 0 },
	{ KSM "pages_to_scan", 0 },
	{ KSM "pages_unshared", 0 },
	{ KSM "pages_volatile", 0 },
	{ KSM "run", 0 },
	{ KSM "sleep_millisecs", 3 },
};
static const struct ng_family families[NG_COUNT(files)] = {
	{ .name = "node_ksmd_full_scans_total", .help = "Full scans of all mergeable areas.", .type = NG_COUNTER },
	{ .name = "node_ksmd_merge_across_nodes",
		.help = "Whether pages of different NUMA nodes may be merged.",
		.type = NG_GAUGE },
	{ .name = "node_ksmd_pages_shared", .help = "Shared pages in use.", .type = NG_GAUGE },
	{ .name = "node_ksmd_pages_sharing",
		.help = "Additional mappings of the shared pages, that is, pages saved.",
		.type = NG_GAUGE },
	{ .name = "node_ksmd_pages_to_scan", .help = "Pages to scan before ksmd sleeps.", .type = NG_GAUGE },
	{ .name = "node_ksmd_pages_unshared",
		.help = "Unique pages that are repeatedly checked for merging.",
		.type = NG_GAUGE },
	{ .name = "node_ksmd_pages_volatile", .help = "Pages that change too fast to be merged.", .type = NG_GAUGE },
	{ .name = "node_ksmd_run",
		.help = "State of ksmd: 0 stopped, 1 running, 2 stopped and unmerged.",
		.type = NG_GAUGE },
	{ .name = "node_ksmd_sleep_seconds", .help = "Time that ksmd sleeps between batches.", .type = NG_GAUGE },
};

struct ksmd {
	struct ng_file file[NG_COUNT(files)];
};

static int ksmd_init(void *state, struct ng_setup *setup)
{
	struct ksmd *ksmd = state;

	(void)setup;
	for (size_t i = 0; i < NG_COUNT(files); i++)
		ksmd->file[i] = NG_FILE(NG_SYS, NG_VALUE, files[i].path);
	return 0;
}

static int ksmd_collect(void *state, struct ng_scrape *scrape)
{
	struct ksmd *ksmd = state;
	struct ng_span text;
	uint64_t value;
	bool any = false;
	int failure = -ENODATA;

	for (size_t i = 0; i < NG_COUNT(files); i++) {
		int r = ng_file_read(scrape, &ksmd->file[i], &text);
		if (r == 0 && ng_u64(ng_trim(text), &value) < 0)
			r = ng_broken(scrape, files[i].path, 1, "a number");
		if (r < 0) {
			ng_drop_unread(scrape, r, files[i].path);
			failure = ng_absent(r) ? failure : r;
			continue;
		}
		any = true;
		ng_family(scrape->page, &families[i]);
		ng_sample_scaled(scrape->page, NG_NO_LABELS, value, files[i].places);
	}
	return any ? 0 : ng_fail_noted(scrape, failure);
}

static void ksmd_done(void *state)
{
	struct ksmd *ksmd = state;

	for (size_t i = 0; i < NG_COUNT(files); i++)
		ng_file_close(&ksmd->file[i]);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "ksmd",
	.summary = "Kernel samepage merging",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct ksmd),
	.init = ksmd_init,
	.collect = ksmd_collect,
	.done = ksmd_done,
};
NG_COLLECTOR(descriptor);
