/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free memory blocks of each size (2^size pages), per zone.
 *
 *     Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3
 *     Node 0, zone    DMA32      2      2      4      2      5      4      3      3      4      2    752
 *
 * Source: proc(5), mm/vmstat.c (frag_show).
 */
#include <nodegauge/collector.h>

struct buddyinfo {
	struct ng_file file;
};

static const struct ng_family families[] = {
	{ .name = "node_buddyinfo_blocks",
		.help = "Free blocks of 2^size pages.",
		.type = NG_GAUGE,
		.labels = "node,zone,size" },
};

static const char expected[] = "node, zone and a number of blocks of each size";

/* "Node 0, zone   Normal": leaves the numbers in `line`. */
static bool zone_parse(struct ng_span *line, struct ng_span *ret_node, struct ng_span *ret_zone)
{
	struct ng_span word;

	if (!ng_word_next(line, &word) || !ng_span_equal(word, NG_SPAN("Node")) || !ng_word_next(line, ret_node) ||
		!ng_word_next(line, &word) || !ng_span_equal(word, NG_SPAN("zone")) || !ng_word_next(line, ret_zone))
		return false;
	if (ng_span_ends(*ret_node, NG_SPAN(",")))
		ret_node->size--;
	return true;
}

/* Returns the number of values. */
static size_t zone_emit(struct ng_scrape *scrape, struct ng_span line, unsigned number)
{
	struct ng_span node, zone, word;
	char digits[NG_DIGITS];
	uint64_t blocks;
	size_t order = 0, good = 0;

	if (!zone_parse(&line, &node, &zone))
		return 0;
	for (; ng_word_next(&line, &word); order++) {
		if (ng_u64(word, &blocks) < 0) {
			ng_drop_value(scrape, "buddyinfo", number, "a number of blocks");
			continue;
		}
		struct ng_labels *labels = NG_LABELS(
			scrape->arena, { "node", node }, { "zone", zone }, { "size", ng_digits(digits, order) });
		ng_sample_u64(scrape->page, labels, blocks);
		good++;
	}
	return good;
}

static int buddyinfo_collect(void *state, struct ng_scrape *scrape)
{
	struct buddyinfo *buddyinfo = state;
	struct ng_span text, line;
	unsigned number = 0;
	bool any = false;

	int r = ng_file_read(scrape, &buddyinfo->file, &text);
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[0]);
	while (ng_line_next(&text, &line)) {
		number++;
		if (zone_emit(scrape, line, number) > 0)
			any = true;
		else
			ng_drop_record(scrape, "buddyinfo", number, expected);
	}
	return any ? 0 : ng_broken(scrape, "buddyinfo", 1, expected);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(buddyinfo, file, NG_PROC, NG_RECORDS, "buddyinfo"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "buddyinfo",
	.summary = "Free memory blocks by size, per zone",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct buddyinfo),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = buddyinfo_collect,
};
NG_COLLECTOR(descriptor);
