/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of the receive softirq on each online CPU, all in hexadecimal:
 *
 *     000dfb82 00000029 0000000a 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
 * 00000001 processed dropped squeezed (five unused)                          collision rps      flow_limit backlog  cpu
 *
 * Source: net/core/net-procfs.c (softnet_seq_show). There were 9 columns in 2.6.23; received_rps came with 2.6.39,
 * flow_limit_count with 3.11, backlog_len and the number of the CPU with 5.14, the two parts of the backlog with 6.10.
 * Before 5.14 the line number has to stand for the CPU.
 */
#include <nodegauge/collector.h>

struct softnet {
	struct ng_file file;
};

enum { COLUMNS_LEAST = 9, CPU_COLUMN = 12, COLUMNS };

static const struct ng_family families[] = {
	{ .name = "node_softnet_processed_total",
		.help = "Packets that the receive softirq took in on a CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_dropped_total",
		.help = "Packets dropped as the backlog of a CPU was full.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_times_squeezed_total",
		.help = "Times that the receive softirq of a CPU used up its budget with packets left to do.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_cpu_collision_total",
		.help = "Times that a CPU found a device's transmit lock taken by another CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_received_rps_total",
		.help = "Times that a CPU was woken to process packets that another one had received (RPS).",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_flow_limit_count_total",
		.help = "Packets dropped on a CPU as their flow exceeded the flow limit.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_backlog_len",
		.help = "Packets that wait in the backlog of a CPU.",
		.type = NG_GAUGE,
		.labels = "cpu" },
};

/* The column of each family. Those that an older kernel lacks read 0, as node_exporter's users know them. */
static const unsigned char columns[] = { 0, 1, 2, 8, 9, 10, 11 };

struct row {
	struct ng_span labels;
	uint64_t cpu;
	uint64_t value[COLUMNS];
	size_t columns;
};

/* `index` is the number of the line, for kernels that do not tell the CPU. */
static int row_parse(struct ng_arena *arena, struct ng_span line, size_t index, struct row *ret_row)
{
	char digits[NG_DIGITS];
	size_t n = 0;

	*ret_row = (struct row){ 0 };
	for (; n < COLUMNS; n++) {
		int r = ng_hex_next(&line, &ret_row->value[n]);
		if (r == -ENODATA && n >= COLUMNS_LEAST)
			break;
		if (r < 0)
			return -EBADMSG;
	}
	ret_row->columns = n;
	ret_row->cpu = n > CPU_COLUMN ? ret_row->value[CPU_COLUMN] : index;
	ret_row->labels = NG_LABELS(arena, { "cpu", ng_digits(digits, ret_row->cpu) });
	return 0;
}

static bool repeated(const struct row *rows, const struct row *row)
{
	for (; rows < row; rows++) {
		if (rows->cpu == row->cpu)
			return true;
	}
	return false;
}

/* All lines have the same columns, and no CPU comes twice. */
static int softnet_parse(struct ng_arena *arena, struct ng_span text, struct row **ret_rows, size_t *ret_count)
{
	struct ng_span line;
	uint64_t highest = 0;
	size_t capacity = 0;

	*ret_rows = NULL;
	*ret_count = 0;
	while (ng_line_next(&text, &line)) {
		size_t index = *ret_count;
		struct row *row = ng_push(arena, ret_rows, ret_count, &capacity);
		if (!row)
			return -ENOMEM;
		int r = row_parse(arena, line, index, row);
		if (r < 0)
			return r;
		if (row->columns != (*ret_rows)->columns || (row->cpu <= highest && repeated(*ret_rows, row)))
			return -EBADMSG;
		highest = row->cpu > highest ? row->cpu : highest;
	}
	return *ret_count ? 0 : -EBADMSG;
}

static int softnet_init(void *state, struct ng_setup *setup)
{
	struct softnet *softnet = state;
	bool own;
	const char *path = ng_join(setup->arena, ng_net_path(setup, &own), "/softnet_stat", NULL);

	if (!path)
		return -ENOMEM;
	softnet->file = NG_FILE(NG_PROC, NG_RECORDS, path);
	return 0;
}

static int softnet_collect(void *state, struct ng_scrape *scrape)
{
	struct softnet *softnet = state;
	struct ng_span text;
	struct row *rows;
	size_t count;

	int r = ng_file_read(scrape, &softnet->file, &text);
	if (r < 0)
		return r;
	r = softnet_parse(scrape->arena, text, &rows, &count);
	if (r == -EBADMSG)
		return ng_broken(scrape, softnet->file.path, (unsigned)count,
			"9 or more hexadecimal columns, as many on each line");
	if (r < 0)
		return r;
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < count; k++)
			ng_sample_u64(scrape->page, rows[k].labels, rows[k].value[columns[i]]);
	}
	return 0;
}

static void softnet_done(void *state)
{
	struct softnet *softnet = state;

	ng_file_close(&softnet->file);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "softnet",
	.summary = "Receive softirq of each CPU: packets processed, dropped, budget used up",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct softnet),
	.init = softnet_init,
	.collect = softnet_collect,
	.done = softnet_done,
};
NG_COLLECTOR(descriptor);
