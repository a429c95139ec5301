/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection tracking: how full its table is, and what happened to the packets that passed it.
 *
 *     /proc/sys/net/netfilter/nf_conntrack_count   123
 *     /proc/sys/net/netfilter/nf_conntrack_max     65536
 *     /proc/net/stat/nf_conntrack                  one line for each possible CPU, hexadecimal:
 *
 *     entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error ...
 *     0000007b  00000000 00000000 00000000 0000002f 00005688 00000000 00000000 00000000 00000000 00000000 ...
 *
 * Source: net/netfilter/nf_conntrack_standalone.c (ct_cpu_seq_show). The names of some columns changed over time, their
 * places did not; the last one, search_restart, came with 2.6.35.
 */
#include <nodegauge/collector.h>

enum { COLUMNS_OLD = 16, COLUMNS = 17 };
static const char count_path[] = "sys/net/netfilter/nf_conntrack_count";
static const char max_path[] = "sys/net/netfilter/nf_conntrack_max";

struct conntrack {
	struct ng_file count, max, stat;
	bool foreign; /* the sysctls show another network namespace than the rest */
};

struct conntrack_stat {
	uint64_t entries;
	uint64_t sum[COLUMNS];
	bool found;
};

enum { ENTRIES, LIMIT, STATS };

static const struct ng_family families[] = {
	[ENTRIES] = { .name = "node_nf_conntrack_entries",
		.help = "Connections in the connection tracking table.",
		.type = NG_GAUGE },
	[LIMIT] = { .name = "node_nf_conntrack_entries_limit",
		.help = "Connections that the connection tracking table may hold.",
		.type = NG_GAUGE },
	[STATS] = { .name = "node_nf_conntrack_stat_found",
		.help = "Searched connections that were found.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_invalid",
		.help = "Packets that belong to no connection and cannot start one.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_ignore",
		.help = "Packets that had a connection already or need none.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_insert", .help = "Connections put into the table.", .type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_insert_failed",
		.help = "Connections that could not be put into the table, mostly as the same one was there already.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_drop",
		.help = "Packets dropped as no connection could be made for them.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_early_drop",
		.help = "Connections dropped to make room for new ones.",
		.type = NG_GAUGE },
	{ .name = "node_nf_conntrack_stat_search_restart",
		.help = "Searches that had to start again as the table was being resized.",
		.type = NG_GAUGE },
};

/* The column of each family from STATS on. */
static const unsigned char columns[] = { 2, 4, 5, 8, 9, 10, 11, 16 };

static int stat_parse_line(struct ng_span line, struct conntrack_stat *stat)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		uint64_t value;
		int r = ng_hex_next(&line, &value);
		if (r == -ENODATA && i >= COLUMNS_OLD)
			break;
		if (r < 0)
			return -EBADMSG;
		if (i == 0)
			stat->entries = value; /* the same on each line */
		stat->sum[i] += value;
	}
	stat->found = true;
	return 0;
}

static int stat_parse(struct ng_span text, struct conntrack_stat *stat, unsigned *ret_line)
{
	struct ng_span line;

	*ret_line = 1;
	if (!ng_line_next(&text, &line))
		return -EBADMSG;
	while (ng_line_next(&text, &line)) {
		++*ret_line;
		int r = stat_parse_line(line, stat);
		if (r < 0)
			return r;
	}
	return 0;
}

static int stat_read(struct conntrack *conntrack, struct ng_scrape *scrape, struct conntrack_stat *stat)
{
	struct ng_span text;
	unsigned line;

	int r = ng_file_read(scrape, &conntrack->stat, &text);
	if (r == -ENOENT)
		return 0; /* CONFIG_NF_CONNTRACK_PROCFS is not set */
	if (r < 0)
		return r;
	if (stat_parse(text, stat, &line) < 0)
		return ng_broken(scrape, conntrack->stat.path, line, "16 or more hexadecimal columns");
	return 0;
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
	const char *net = ng_net_path(setup, &own);
	const char *stat_path = ng_join(setup->arena, net, "/stat/nf_conntrack", NULL);

	if (!stat_path)
		return -ENOMEM;
	conntrack->foreign = strcmp(net, "net") != 0;
	conntrack->count = NG_FILE(NG_PROC, NG_VALUE, count_path);
	conntrack->max = NG_FILE(NG_PROC, NG_VALUE, max_path);
	conntrack->stat = NG_FILE(NG_PROC, NG_RECORDS, stat_path);
	return 0;
}

static int conntrack_collect(void *state, struct ng_scrape *scrape)
{
	struct conntrack *conntrack = state;
	struct conntrack_stat stat = { 0 };
	uint64_t entries = 0, limit = 0;
	bool have_limit = true;

	if (!conntrack->foreign) {
		int r = sysctl_read(scrape, &conntrack->count, &entries);
		if (r < 0)
			return r == -ENOENT ? -ENODATA : r; /* the module is not loaded */
	}
	int r = sysctl_read(scrape, &conntrack->max, &limit);
	if (r == -ENOENT)
		have_limit = false;
	else if (r < 0)
		return r;
	r = stat_read(conntrack, scrape, &stat);
	if (r < 0)
		return r;
	if (conntrack->foreign && !stat.found)
		return -ENODATA;

	ng_gauge_u64(scrape->page, &families[ENTRIES], conntrack->foreign ? stat.entries : entries);
	if (have_limit)
		ng_gauge_u64(scrape->page, &families[LIMIT], limit);
	for (size_t i = 0; stat.found && i < NG_COUNT(columns); i++)
		ng_gauge_u64(scrape->page, &families[STATS + i], stat.sum[columns[i]]);
	return 0;
}

static void conntrack_done(void *state)
{
	struct conntrack *conntrack = state;

	ng_file_close(&conntrack->count);
	ng_file_close(&conntrack->max);
	ng_file_close(&conntrack->stat);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "conntrack",
	.summary = "Connection tracking table: entries, limit, statistics",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct conntrack),
	.init = conntrack_init,
	.collect = conntrack_collect,
	.done = conntrack_done,
};
NG_COLLECTOR(descriptor);
