/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of the receive softirq on each online CPU, all in hexadecimal:
 *
 *     000dfb82 00000029 0000000a 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
 * 00000001 processed dropped squeezed (five unused)                          collision rps      flow_limit backlog  cpu
 *
 * Source: net/core/net-procfs.c (softnet_seq_show). There were 9 columns in 2.6.23; received_rps was added in
 * 2.6.39, flow_limit_count in 3.11, backlog_len and the CPU number in 5.14, the two parts of the backlog in 6.10. There
 * is a line for each online CPU. Before 5.14, the CPU is not in the line and must be looked up in sysfs.
 */
#include <nodegauge/collector.h>

struct softnet {
	struct ng_file file;
};

enum { COLUMNS_LEAST = 9, CPU_COLUMN = 12, COLUMNS };

static const struct ng_family families[] = {
	{ .name = "node_softnet_processed_total",
		.help = "Packets processed by the receive softirq on the CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_dropped_total",
		.help = "Packets dropped because the backlog of the CPU was full.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_times_squeezed_total",
		.help = "Times the receive softirq ran out of budget with packets still pending.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_cpu_collision_total",
		.help = "Times the transmit lock of a device was held by another CPU.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_received_rps_total",
		.help = "Times the CPU was woken to process packets received by another CPU (RPS).",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_flow_limit_count_total",
		.help = "Packets dropped because their flow exceeded the flow limit.",
		.type = NG_COUNTER,
		.labels = "cpu" },
	{ .name = "node_softnet_backlog_len",
		.help = "Packets waiting in the backlog of the CPU.",
		.type = NG_GAUGE,
		.labels = "cpu" },
};

/* The column of each family. */
static const unsigned char columns[] = { 0, 1, 2, 8, 9, 10, 11 };

static const char online_path[] = "devices/system/cpu/online";

struct row {
	struct ng_labels *labels;
	uint64_t cpu;
	uint64_t value[COLUMNS];
	unsigned given; /* bit i: value[i] */
	unsigned line;  /* from 1 */
};

struct rows {
	struct row *row;
	size_t count, capacity;
	unsigned lines; /* in the file, including unusable ones */
	bool has_cpu;   /* in some row */
};

static int row_parse(struct ng_scrape *scrape, const char *path, struct ng_span line, struct row *row)
{
	struct ng_span word;
	size_t n = 0;

	for (; n < COLUMNS && ng_word_next(&line, &word); n++) {
		if (ng_hex(word, &row->value[n]) == 0)
			row->given |= 1u << n;
	}
	if (n < COLUMNS_LEAST || !row->given)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		if (!(row->given >> i & 1))
			ng_drop_value(scrape, path, row->line, "a hexadecimal number");
	}
	return n > CPU_COLUMN && !(row->given >> CPU_COLUMN & 1) ? -EBADMSG : 0;
}

static int softnet_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct rows *rows)
{
	struct ng_span line;

	while (ng_line_next(&text, &line)) {
		struct row *row = ng_push(scrape->arena, &rows->row, &rows->count, &rows->capacity);
		if (!row)
			return -ENOMEM;
		*row = (struct row){ .line = ++rows->lines };
		if (row_parse(scrape, path, line, row) < 0) {
			ng_drop_record(scrape, path, row->line, "at least 9 hexadecimal columns");
			rows->count--;
			continue;
		}
		row->cpu = row->value[CPU_COLUMN];
		rows->has_cpu = rows->has_cpu || row->given >> CPU_COLUMN & 1;
	}
	return 0;
}

/* ---- the CPU of a row ---- */

/* "0,2-3": the CPU at index `at`; if there are fewer, their number. */
static int list_find(struct ng_span list, uint64_t at, uint64_t *ret_cpu, uint64_t *ret_count)
{
	struct ng_span part, from;

	for (*ret_count = 0; ng_part_next(&list, ',', &part);) {
		uint64_t first, last;
		bool range = ng_part_next(&part, '-', &from) && part.size;
		if (ng_u64(from, &first) < 0 || (range && ng_u64(part, &last) < 0))
			return -EBADMSG;
		last = range ? last : first;
		if (last < first || last - first > UINT32_MAX)
			return -EBADMSG;
		if (at >= *ret_count && at - *ret_count <= last - first)
			*ret_cpu = first + (at - *ret_count);
		*ret_count += last - first + 1;
	}
	return *ret_count ? 0 : -EBADMSG;
}

/*
 * Lines are matched to the online CPUs in order. If sysfs has no list of online CPUs, or a shorter one than the file,
 * as lxcfs shows to a container, all CPUs are assumed to be online.
 */
static int number_by_lines(struct ng_scrape *scrape, struct rows *rows)
{
	static const char expected[] = "a CPU for each line of softnet_stat";
	uint64_t online, unused;
	struct ng_span list;

	int r = ng_read(scrape, NG_SYS, NG_VALUE, online_path, &list);
	if (r < 0 && r != -ENOENT)
		return r;
	list = r < 0 ? (struct ng_span){ NULL, 0 } : ng_trim(list);
	if (r == 0 && (list_find(list, 0, &unused, &online) < 0 || online > rows->lines))
		return ng_broken(scrape, online_path, 1, expected);
	for (size_t i = 0; i < rows->count; i++) {
		struct row *row = &rows->row[i];
		row->cpu = row->line - 1;
		if (r == 0 && online == rows->lines)
			(void)list_find(list, row->line - 1, &row->cpu, &unused);
	}
	return 0;
}

/* Drops rows whose CPU is unknown or already taken. */
static void drop_doubtful(struct ng_scrape *scrape, const char *path, struct rows *rows)
{
	uint64_t highest = 0;
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];
		bool known = !rows->has_cpu || row->given >> CPU_COLUMN & 1;
		for (size_t k = 0; known && row->cpu <= highest && k < kept; k++)
			known = rows->row[k].cpu != row->cpu;
		if (!known) {
			ng_drop_record(scrape, path, row->line, "a different CPU number in column 13");
			continue;
		}
		highest = row->cpu > highest ? row->cpu : highest;
		rows->row[kept++] = *row;
	}
	rows->count = kept;
}

/* ---- the collector ---- */

static int read_rows(struct softnet *softnet, struct ng_scrape *scrape, struct rows *rows)
{
	const char *path = softnet->file.path;
	struct ng_span text;

	int r = ng_file_read(scrape, &softnet->file, &text);
	if (r == 0)
		r = softnet_parse(scrape, path, text, rows);
	if (r == 0 && rows->lines == 0)
		return ng_broken(scrape, path, 1, "at least 9 hexadecimal columns");
	if (r == 0 && rows->count && !rows->has_cpu)
		r = number_by_lines(scrape, rows);
	if (r < 0)
		return r;
	drop_doubtful(scrape, path, rows);
	return rows->count ? 0 : -EBADMSG;
}

static int softnet_collect(void *state, struct ng_scrape *scrape)
{
	struct softnet *softnet = state;
	struct rows rows = { 0 };
	char digits[NG_DIGITS];

	int r = read_rows(softnet, scrape, &rows);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.count; i++)
		rows.row[i].labels = NG_LABELS(scrape->arena, { "cpu", ng_digits(digits, rows.row[i].cpu) });
	for (size_t i = 0; i < NG_COUNT(families); i++) {
		ng_family(scrape->page, &families[i]);
		for (size_t k = 0; k < rows.count; k++) {
			if (rows.row[k].given >> columns[i] & 1)
				ng_sample_u64(scrape->page, rows.row[k].labels, rows.row[k].value[columns[i]]);
		}
	}
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(softnet, file, NG_PROC, NG_RECORDS, "net/softnet_stat"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "softnet",
	.summary = "Receive softirq per CPU: packets processed and dropped, budget exhausted",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct softnet),
	.files = files,
	.file_count = NG_COUNT(files),
	.collect = softnet_collect,
};
NG_COLLECTOR(descriptor);
