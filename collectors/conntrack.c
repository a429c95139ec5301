/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection tracking: how full the table is, and what happened to the packets that passed through it.
 *
 *     /proc/sys/net/netfilter/nf_conntrack_count   123
 *     /proc/sys/net/netfilter/nf_conntrack_max     65536
 *     /proc/net/stat/nf_conntrack                  one line for each possible CPU, hexadecimal:
 *
 *     entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error ...
 *     0000007b  00000000 00000000 00000000 0000002f 00005688 00000000 00000000 00000000 00000000 00000000 ...
 *
 * Source: net/netfilter/nf_conntrack_standalone.c (ct_cpu_seq_show). The names of some columns changed over time, but
 * not their positions; the last one, search_restart, was added in 2.6.35. A column with a bad value on any line has no
 * sum.
 */
#include <nodegauge/collector.h>

enum { COLUMNS = 17 };
static const char count_path[] = "sys/net/netfilter/nf_conntrack_count";
static const char max_path[] = "sys/net/netfilter/nf_conntrack_max";

struct conntrack {
	struct ng_file count, max, stat;
	bool foreign; /* the sysctls are for a different network namespace than the other files */
};

struct conntrack_stat {
	size_t columns; /* as in the heading */
	size_t lines;
	uint64_t entries;
	uint64_t sum[COLUMNS];
	bool wrong[COLUMNS];
};

enum { ENTRIES, LIMIT, STATS };

static const struct ng_family families[] = {
	[ENTRIES] = { .name = "node_nf_conntrack_entries",
		.help = "Connections in the connection tracking table.",
		.type = NG_GAUGE },
	[LIMIT] = { .name = "node_nf_conntrack_entries_limit",
		.help = "Maximum size of the connection tracking table.",
		.type = NG_GAUGE },
	[STATS] = { .name = "node_nf_conntrack_stat_found",
		.help = "Successful lookups in the table.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_invalid",
		.help = "Packets that match no connection and cannot start one.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_ignore",
		.help = "Packets already assigned to a connection or exempt from tracking.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_insert", .help = "Connections inserted into the table.", .type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_insert_failed",
		.help = "Failed insertions, mostly because the connection was already in the table.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_drop",
		.help = "Packets dropped because no connection could be allocated.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_early_drop",
		.help = "Connections dropped to make room for new ones.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_search_restart",
		.help = "Lookups restarted because the table was resized meanwhile.",
		.type = NG_GAUGE },
};

/* The column of each family, starting with STATS. */
static const unsigned char columns[] = { 2, 4, 5, 8, 9, 10, 11, 16 };

static void stat_parse_line(
	struct ng_scrape *scrape, const char *path, unsigned number, struct ng_span line, struct conntrack_stat *stat)
{
	for (size_t i = 0; i < stat->columns; i++) {
		uint64_t value;
		if (ng_hex_next(&line, &value) < 0 || __builtin_add_overflow(stat->sum[i], value, &stat->sum[i])) {
			ng_drop_value(scrape, path, number, "a hexadecimal number in each column");
			stat->wrong[i] = true;
		} else if (i == 0) {
			stat->entries = value; /* the same on every line */
		}
	}
}

static int stat_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct conntrack_stat *stat)
{
	struct ng_span line, word;

	if (ng_line_next(&text, &line)) {
		while (stat->columns < COLUMNS && ng_word_next(&line, &word))
			stat->columns++;
	}
	for (unsigned number = 2; ng_line_next(&text, &line); number++) {
		stat_parse_line(scrape, path, number, line, stat);
		stat->lines++;
	}
	return stat->columns ? 0 : ng_broken(scrape, path, 1, "a header line with the column names");
}

static int stat_read(struct conntrack *conntrack, struct ng_scrape *scrape, struct conntrack_stat *stat)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &conntrack->stat, &text);
	return r < 0 ? r : stat_parse(scrape, conntrack->stat.path, text, stat);
}

static int sysctl_read(struct ng_scrape *scrape, struct ng_file *file, uint64_t *ret_value)
{
	struct ng_span text;

	int r = ng_file_read(scrape, file, &text);
	if (r < 0)
		return r;
	if (ng_u64(ng_trim(text), ret_value) < 0)
		return ng_broken(scrape, file->path, 1, "a number");
	return 0;
}

static int conntrack_init(void *state, struct ng_setup *setup)
{
	struct conntrack *conntrack = state;
	bool own;

	conntrack->foreign = strcmp(ng_net_path(setup, &own), "net") != 0;
	return 0;
}

static void emit_stat(struct ng_page *page, const struct conntrack_stat *stat)
{
	for (size_t i = 0; stat->lines && i < NG_COUNT(columns); i++) {
		if (columns[i] < stat->columns && !stat->wrong[columns[i]])
			ng_gauge_u64(page, &families[STATS + i], stat->sum[columns[i]]);
	}
}

static int conntrack_collect(void *state, struct ng_scrape *scrape)
{
	struct conntrack *conntrack = state;
	struct conntrack_stat stat = { 0 };
	uint64_t entries = 0, limit = 0;
	int have_entries = 0;

	if (!conntrack->foreign) {
		have_entries = sysctl_read(scrape, &conntrack->count, &entries);
		if (have_entries == -ENOENT)
			return -ENODATA; /* the module is not loaded */
		if (have_entries < 0)
			ng_drop_unread(scrape, have_entries, conntrack->count.path);
	}
	int have_limit = sysctl_read(scrape, &conntrack->max, &limit);
	if (have_limit < 0)
		ng_drop_unread(scrape, have_limit, conntrack->max.path);
	/* missing without CONFIG_NF_CONNTRACK_PROCFS */
	int have_stat = stat_read(conntrack, scrape, &stat);
	if (have_stat < 0)
		ng_drop_unread(scrape, have_stat, conntrack->stat.path);
	if (conntrack->foreign) {
		entries = stat.entries;
		have_entries = have_stat == 0 && stat.wrong[0] ? -EBADMSG : have_stat;
		if (have_entries == -ENOENT || (have_stat == 0 && !stat.lines))
			return -ENODATA;
	}
	if (have_entries < 0 && have_limit < 0 && have_stat < 0)
		return ng_fail_noted(scrape, have_entries);

	if (have_entries == 0)
		ng_gauge_u64(scrape->page, &families[ENTRIES], entries);
	if (have_limit == 0)
		ng_gauge_u64(scrape->page, &families[LIMIT], limit);
	emit_stat(scrape->page, &stat);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(conntrack, count, NG_PROC, NG_VALUE, count_path),
	NG_STATE_FILE(conntrack, max, NG_PROC, NG_VALUE, max_path),
	NG_STATE_FILE(conntrack, stat, NG_PROC, NG_RECORDS, "net/stat/nf_conntrack"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "conntrack",
	.summary = "Connection tracking table: entries, limit and statistics",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct conntrack),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = conntrack_init,
	.collect = conntrack_collect,
};
NG_COLLECTOR(descriptor);
