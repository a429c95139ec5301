/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swap areas.
 *
 *     Filename				Type		Size		Used		Priority
 *     /dev/dm-1                               partition	8388604		76		-2
 *     /var/swap\040file                       file		1048572		0		-3
 *
 * Sizes are in KiB. The kernel writes blanks in a name as octal escapes; they are kept. The name of a deleted file is
 * followed by "\040(deleted)", so that two of them may have the same name: they are reported as one. Source:
 * proc(5), mm/swapfile.c (swap_show).
 */
#include <nodegauge/collector.h>

struct swap {
	struct ng_file file;
};

struct area {
	struct ng_span device, type;
	struct ng_labels *labels;
	uint64_t value[2]; /* size and used in bytes */
	uint64_t given;    /* bit i: that family */
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
		.help = "Used bytes of the swap area.",
		.type = NG_GAUGE,
		.labels = "device,swap_type" },
	[PRIORITY] = { .name = "node_swap_priority",
		.help = "Priority of the swap area; higher priorities are used first.",
		.type = NG_GAUGE,
		.labels = "device,swap_type" },
};

static int area_parse(struct ng_scrape *scrape, unsigned number, struct ng_span line, struct area *area)
{
	static const char path[] = "swaps";
	struct ng_span priority;

	if (!ng_word_next(&line, &area->device) || !ng_word_next(&line, &area->type))
		return -EBADMSG;
	int r = ng_columns(scrape, path, number, &line, NG_COUNT(area->value), area->value, &area->given);
	if (r < 0)
		return r;
	for (size_t i = SIZE; i <= USED; i++) {
		if (area->given >> i & 1 && __builtin_mul_overflow(area->value[i], 1024, &area->value[i])) {
			area->given &= ~(UINT64_C(1) << i);
			ng_drop_value(scrape, path, number, "a size in KiB");
		}
	}
	if (!ng_word_next(&line, &priority))
		return -EBADMSG;
	if (ng_i64(priority, &area->priority) == 0)
		area->given |= 1 << PRIORITY;
	else
		ng_drop_value(scrape, path, number, "a priority");
	return 0;
}

/* Merges areas with the same name. The priority is reported only if it is the same. */
static bool area_merge(struct ng_scrape *scrape, struct areas *areas, const struct area *area)
{
	size_t at = 0;

	while (at < areas->count && !(ng_span_equal(areas->area[at].device, area->device) &&
					    ng_span_equal(areas->area[at].type, area->type)))
		at++;
	if (at == areas->count)
		return false;
	struct area *sum = &areas->area[at];
	for (size_t i = SIZE; i <= USED; i++) {
		if (__builtin_add_overflow(sum->value[i], area->value[i], &sum->value[i]) || !(area->given >> i & 1))
			sum->given &= ~(UINT64_C(1) << i);
	}
	if (sum->priority != area->priority && sum->given >> PRIORITY & 1) {
		sum->given &= ~(UINT64_C(1) << PRIORITY);
		ng_drop_value(scrape, "swaps", 0, "swap areas with the same name to have the same priority");
	}
	return true;
}

static int swap_parse(struct ng_scrape *scrape, struct ng_span text, struct areas *areas)
{
	struct ng_span line;
	unsigned n = 1;
	bool any = false;

	if (!ng_line_next(&text, &line) || !ng_span_starts(line, NG_SPAN("Filename")))
		return ng_broken(scrape, "swaps", 1, "the header line");
	while (ng_line_next(&text, &line)) {
		struct area area;
		if (area_parse(scrape, ++n, line, &area) < 0) {
			ng_drop_record(scrape, "swaps", n, "name, type, size, used and priority");
			continue;
		}
		any = true;
		if (area_merge(scrape, areas, &area))
			continue;
		struct area *place = ng_push(scrape->arena, &areas->area, &areas->count, &areas->capacity);
		if (!place)
			return -ENOMEM;
		*place = area;
		place->labels = NG_LABELS(scrape->arena, { "device", area.device }, { "swap_type", area.type });
	}
	return any || n == 1 ? 0 : -EBADMSG;
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
	for (size_t i = SIZE; i <= PRIORITY; i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < areas.count; k++) {
			const struct area *area = &areas.area[k];
			if (!(area->given >> i & 1))
				continue;
			if (i == PRIORITY)
				ng_sample_i64(scrape->page, area->labels, area->priority);
			else
				ng_sample_u64(scrape->page, area->labels, area->value[i]);
		}
	}
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(swap, file, NG_PROC, NG_RECORDS, "swaps"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "swap",
	.summary = "Size, usage and priority of each swap area",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct swap),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = swap_collect,
};
NG_COLLECTOR(descriptor);
