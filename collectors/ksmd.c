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

/* One file each, in this order. */
enum {
	FULL_SCANS,
	MERGE_ACROSS_NODES,
	PAGES_SHARED,
	PAGES_SHARING,
	PAGES_TO_SCAN,
	PAGES_UNSHARED,
	PAGES_VOLATILE,
	RUN,
	SLEEP,
	FAMILIES
};

static const struct ng_family families[FAMILIES] = {
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
	struct ng_file file[FAMILIES];
};

static int ksmd_collect(void *state, struct ng_scrape *scrape)
{
	struct ksmd *ksmd = state;
	struct ng_span text;
	uint64_t value;
	bool any = false;
	int failure = -ENODATA;

	for (size_t i = 0; i < FAMILIES; i++) {
		int r = ng_file_read(scrape, &ksmd->file[i], &text);
		if (r == 0 && ng_u64(ng_trim(text), &value) < 0)
			r = ng_broken(scrape, ksmd->file[i].path, 1, "a number");
		if (r < 0) {
			ng_drop_unread(scrape, r, ksmd->file[i].path);
			failure = ng_absent(r) ? failure : r;
			continue;
		}
		any = true;
		ng_family(scrape->page, &families[i]);
		ng_sample_scaled(scrape->page, NG_NO_LABELS, value, i == SLEEP ? 3 : 0);
	}
	return any ? 0 : ng_fail_noted(scrape, failure);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(ksmd, file[FULL_SCANS], NG_SYS, NG_VALUE, "kernel/mm/ksm/full_scans"),
	NG_STATE_FILE(ksmd, file[MERGE_ACROSS_NODES], NG_SYS, NG_VALUE, "kernel/mm/ksm/merge_across_nodes"),
	NG_STATE_FILE(ksmd, file[PAGES_SHARED], NG_SYS, NG_VALUE, "kernel/mm/ksm/pages_shared"),
	NG_STATE_FILE(ksmd, file[PAGES_SHARING], NG_SYS, NG_VALUE, "kernel/mm/ksm/pages_sharing"),
	NG_STATE_FILE(ksmd, file[PAGES_TO_SCAN], NG_SYS, NG_VALUE, "kernel/mm/ksm/pages_to_scan"),
	NG_STATE_FILE(ksmd, file[PAGES_UNSHARED], NG_SYS, NG_VALUE, "kernel/mm/ksm/pages_unshared"),
	NG_STATE_FILE(ksmd, file[PAGES_VOLATILE], NG_SYS, NG_VALUE, "kernel/mm/ksm/pages_volatile"),
	NG_STATE_FILE(ksmd, file[RUN], NG_SYS, NG_VALUE, "kernel/mm/ksm/run"),
	NG_STATE_FILE(ksmd, file[SLEEP], NG_SYS, NG_VALUE, "kernel/mm/ksm/sleep_millisecs"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "ksmd",
	.summary = "Kernel samepage merging",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct ksmd),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = ksmd_collect,
};
NG_COLLECTOR(descriptor);
