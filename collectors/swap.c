/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swap areas.
 *
 *     Filename				Type		Size		Used		Priority
 *     /dev/dm-1                               partition	8388604		76		-2
 *     /var/swap\040file                       file		1048572		0		-3
 *
 * Sizes are in KiB. The kernel writes blanks in a name as octal escapes; they stay as they are.
 * Source: proc(5), mm/swapfile.c (swap_show).
 */
#include <nodegauge/collector.h>

struct swap {
	struct ng_file file;
};

struct area {
	struct ng_span device, type, labels;
	uint64_t size, used; /* KiB */
	int64_t priority;
};

struct areas {
	struct area *area;
	size_t count, capacity;
};

enum { SIZE, USED, PRIORITY };
static const struct ng_family families[] = {
	[SIZE] = { .name = "node_swap_size_bytes",
		.help = "Size of the swap area.",
		.type = NG_GAUGE,
		.labels = "device,swap_type" },
	[USED] = { .name = "node_swap_used_bytes",
		.help = "How much of the swap area is used.",
		.type = NG_GAUGE,
		.labels = "device,swap_type" },
	[PRIORITY] = { .name = "node_swap_priority",
		.help = "Priority of the swap area; higher ones are filled first.",
		.type = NG_GAUGE,
		.labels = "device,swap_type" },
};

static int area_parse(struct ng_span line, struct area *area)
{
	struct ng_span priority;

	if (!ng_word_next(&line, &area->device) || !ng_word_next(&line, &area->type))
		return -EBADMSG;
	if (ng_u64_next(&line, &area->size) < 0 || ng_u64_next(&line, &area->used) < 0)
		return -EBADMSG;
	if (!ng_word_next(&line, &priority) || ng_i64(priority, &area->priority) < 0)
		return -EBADMSG;
	return area->size > UINT64_MAX / 1024 || area->used > UINT64_MAX / 1024 ? -EBADMSG : 0;
}

static int swap_parse(struct ng_scrape *scrape, struct ng_span text, struct areas *areas)
{
	struct ng_span line;
	struct area *area;

	if (!ng_line_next(&text, &line) || !ng_span_starts(line, NG_SPAN("Filename")))
		return ng_broken(scrape, "swaps", 1, "the heading");
	for (unsigned n = 2; ng_line_next(&text, &line); n++) {
		area = ng_push(scrape->arena, &areas->area, &areas->count, &areas->capacity);
		if (!area)
			return -ENOMEM;
		if (area_parse(line, area) < 0)
			return ng_broken(scrape, "swaps", n, "name, type, size, used and priority");
		area->labels = NG_LABELS(scrape->arena, { "device", area->device }, { "swap_type", area->type });
	}
	return 0;
}

static int swap_init(void *state, struct ng_setup *setup)
{
	struct swap *swap = state;

	(void)setup;
	swap->file = NG_FILE(NG_PROC, NG_RECORDS, "swaps");
	return 0;
}

static int swap_collect(void *state, struct ng_scrape *scrape)
{
	struct swap *swap = state;
	struct areas areas = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &swap->file, &text);
	if (r == 0)
		r = swap_parse(scrape, text, &areas);
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[SIZE]);
	for (size_t i = 0; i < areas.count; i++)
		ng_sample_u64(scrape->page, areas.area[i].labels, areas.area[i].size * 1024);
	ng_family(scrape->page, &families[USED]);
	for (size_t i = 0; i < areas.count; i++)
		ng_sample_u64(scrape->page, areas.area[i].labels, areas.area[i].used * 1024);
	ng_family(scrape->page, &families[PRIORITY]);
	for (size_t i = 0; i < areas.count; i++)
		ng_sample_i64(scrape->page, areas.area[i].labels, areas.area[i].priority);
	return 0;
}

static void swap_done(void *state)
{
	struct swap *swap = state;

	ng_file_close(&swap->file);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "swap",
	.summary = "Size, use and priority of every swap area",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct swap),
	.init = swap_init,
	.collect = swap_collect,
	.done = swap_done,
};
NG_COLLECTOR(descriptor);
