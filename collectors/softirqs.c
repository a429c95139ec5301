/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softirq handler runs per CPU and vector.
 *
 *                         CPU0       CPU1
 *               HI:          0          0
 *            TIMER:      22727      18731
 *           NET_TX:        608          4
 *           ...
 *
 * There is a column for every possible CPU, whether it is present or not.
 *
 * Source: proc_softirqs(5), fs/proc/softirqs.c, softirq_to_name in kernel/softirq.c.
 */
#include <nodegauge/collector.h>

struct softirqs {
	struct ng_file file;
};

static const struct ng_family families[] = {
	{ .name = "node_softirqs_functions_total",
		.help = "Softirq handler runs on the CPU.",
		.type = NG_COUNTER,
		.labels = "cpu,type" },
};

static const struct ng_span vectors[] = {
	NG_SPAN("HI"),
	NG_SPAN("TIMER"),
	NG_SPAN("NET_TX"),
	NG_SPAN("NET_RX"),
	NG_SPAN("BLOCK"),
	NG_SPAN("IRQ_POLL"),
	NG_SPAN("TASKLET"),
	NG_SPAN("SCHED"),
	NG_SPAN("HRTIMER"),
	NG_SPAN("RCU"),
};

/* The counts of one vector in the order of the columns. */
struct row {
	struct ng_span counts;
	unsigned line;
};

struct table {
	struct ng_span *cpu; /* the CPU numbers in the heading, ascending */
	size_t cpu_count, cpu_capacity;
	struct row row[NG_COUNT(vectors)];
};

/* The index in the table, or its size. */
static size_t find_vector(struct ng_span name)
{
	size_t i = 0;

	while (i < NG_COUNT(vectors) && !ng_span_equal(name, vectors[i]))
		i++;
	return i;
}

/* A word that does not name a CPU costs only its column. */
static int parse_heading(struct ng_scrape *scrape, struct ng_span line, struct table *table)
{
	struct ng_span word;
	uint64_t number, next = 0;
	bool any = false;

	while (ng_word_next(&line, &word)) {
		struct ng_span *cpu = ng_push(scrape->arena, &table->cpu, &table->cpu_count, &table->cpu_capacity);
		if (!cpu)
			return -ENOMEM;
		*cpu = (struct ng_span){ NULL, 0 };
		if (!ng_span_starts(word, NG_SPAN("CPU")) || ng_u64(ng_span_skip(word, 3), &number) < 0 ||
			number < next) {
			ng_drop_record(scrape, "softirqs", 1, "the names of CPUs in ascending order");
			continue;
		}
		*cpu = ng_span_skip(word, 3);
		next = number + 1;
		any = true;
	}
	return any ? 0 : -EBADMSG;
}

static int parse(struct ng_scrape *scrape, struct ng_span text, struct table *table)
{
	struct ng_span line, name;

	if (!ng_line_next(&text, &line))
		return -EBADMSG;
	int r = parse_heading(scrape, line, table);
	for (unsigned number = 2; r == 0 && ng_line_next(&text, &line); number++) {
		if (!ng_part_next(&line, ':', &name))
			continue;
		size_t vector = find_vector(ng_trim(name));
		if (vector < NG_COUNT(vectors))
			table->row[vector] = (struct row){ line, number };
	}
	return r;
}

/* A row may be shorter than the heading; surplus values have no CPU. */
static void emit_row(struct ng_scrape *scrape, const struct table *table, size_t vector)
{
	const struct row *row = &table->row[vector];
	struct ng_span rest = row->counts, word;

	for (size_t cpu = 0; cpu < table->cpu_count && ng_word_next(&rest, &word); cpu++) {
		uint64_t count;
		if (!table->cpu[cpu].size)
			continue;
		if (ng_u64(word, &count) < 0) {
			ng_drop_value(scrape, "softirqs", row->line, "a number for each CPU");
			continue;
		}
		ng_sample_u64(scrape->page,
			NG_LABELS(scrape->arena, { "cpu", table->cpu[cpu] }, { "type", vectors[vector] }), count);
	}
}

static int softirqs_collect(void *state, struct ng_scrape *scrape)
{
	struct softirqs *softirqs = state;
	struct table table = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &softirqs->file, &text);
	if (r < 0)
		return r;
	r = parse(scrape, text, &table);
	if (r == -EBADMSG)
		return ng_broken(scrape, "softirqs", 1, "a header line with the CPU names");
	if (r < 0)
		return r;
	ng_family(scrape->page, &families[0]);
	for (size_t i = 0; i < NG_COUNT(vectors); i++)
		emit_row(scrape, &table, i);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(softirqs, file, NG_PROC, NG_WHOLE, "softirqs"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "softirqs",
	.summary = "Softirq handler runs per CPU",
	.off_by_default = true,
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct softirqs),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = softirqs_collect,
};
NG_COLLECTOR(descriptor);
