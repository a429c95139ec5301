/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long tasks ran and waited on each CPU, and how many timeslices were run.
 *
 *     version 17
 *     timestamp 4295169437
 *     cpu0 0 0 0 0 0 0 183729112933 20461882410 341215
 *     domain0 MC 3 0 0 0 0 0 0 0 0 0 0 0 ...
 *
 * The last three of a CPU's nine numbers are nanoseconds running, nanoseconds waiting and timeslices. The domain lines
 * changed between versions, the CPU lines have been the same since version 15.
 *
 * Source: Documentation/scheduler/sched-stats.rst, kernel/sched/stats.c; with CONFIG_SCHEDSTATS.
 */
#include <nodegauge/collector.h>

struct schedstat {
	struct ng_file file;
	uint64_t absent; /* the epoch in which the file was missing */
};

struct row {
	uint64_t cpu; /* ascending */
	struct ng_labels *labels;
	uint64_t value[3], given; /* in the order of the families */
};

struct rows {
	struct row *row;
	size_t count, capacity;
};

enum { SKIPPED = 6 };

static const struct ng_family families[] = {
	{ .name = "node_schedstat_running_seconds_total",
		.help = "Time the CPU spent running tasks.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_schedstat_waiting_seconds_total",
		.help = "Time that runnable tasks waited for the CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_schedstat_timeslices_total",
		.help = "Timeslices run on the CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
};
static const unsigned places[NG_COUNT(families)] = { 9, 9, 0 };

/* "cpu0 0 0 0 0 0 0 183729112933 20461882410 341215"; what later versions append is ignored. */
static int parse_cpu(struct ng_scrape *scrape, unsigned number, struct ng_span line, struct row *row)
{
	struct ng_span word;

	if (!ng_word_next(&line, &word))
		return -EBADMSG;
	struct ng_span cpu = ng_span_skip(word, 3);
	if (ng_u64(cpu, &row->cpu) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < SKIPPED; i++) {
		if (!ng_word_next(&line, &word))
			return -EBADMSG;
	}
	row->labels = NG_LABELS(scrape->arena, { "cpu", cpu });
	return ng_columns(scrape, "schedstat", number, &line, NG_COUNT(row->value), row->value, &row->given);
}

static bool is_cpu(struct ng_span line)
{
	return ng_span_starts(line, NG_SPAN("cpu")) && line.size > 3 && line.text[3] >= '0' && line.text[3] <= '9';
}

static int parse(struct ng_scrape *scrape, struct ng_span text, struct rows *rows)
{
	static const char expected[] = "nine numbers of the next CPU";
	unsigned number = 0;
	struct ng_span line;

	while (ng_line_next(&text, &line)) {
		number++;
		if (!is_cpu(line))
			continue;
		struct row *row = ng_push(scrape->arena, &rows->row, &rows->count, &rows->capacity);
		if (!row)
			return -ENOMEM;
		if (parse_cpu(scrape, number, line, row) < 0 || (rows->count > 1 && row->cpu <= row[-1].cpu)) {
			ng_drop_record(scrape, "schedstat", number, expected);
			rows->count--;
		}
	}
	return rows->count ? 0 : ng_broken(scrape, "schedstat", number ? number : 1, expected);
}

static void emit(struct ng_page *page, const struct rows *rows)
{
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(page, &families[i]);
		for (size_t k = 0; k < rows->count; k++) {
			if (rows->row[k].given >> i & 1)
				ng_sample_scaled(page, rows->row[k].labels, rows->row[k].value[i], places[i]);
		}
	}
}

static int schedstat_collect(void *state, struct ng_scrape *scrape)
{
	struct schedstat *schedstat = state;
	struct rows rows = { 0 };
	struct ng_span text;

	int r = schedstat->absent == scrape->devices_epoch ? -ENOENT : ng_file_read(scrape, &schedstat->file, &text);
	if (r == -ENOENT) {
		schedstat->absent = scrape->devices_epoch;
		return ng_failed(scrape, -ENODATA, "read", schedstat->file.path);
	}
	if (r < 0)
		return r;
	r = parse(scrape, text, &rows);
	if (r < 0)
		return r;
	emit(scrape->page, &rows);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(schedstat, file, NG_PROC, NG_RECORDS, "schedstat"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "schedstat",
	.summary = "Running and waiting time of tasks per CPU",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct schedstat),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = schedstat_collect,
};
NG_COLLECTOR(descriptor);
