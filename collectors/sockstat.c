/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets and their memory by protocol.
 *
 *     sockets: used 229
 *     TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1
 *     UDP: inuse 0 mem 0
 *     FRAG: inuse 0 memory 0
 *
 * "mem" counts pages, "memory" bytes. Source: net/ipv4/proc.c (sockstat_seq_show), net/ipv6/proc.c
 * (sockstat6_seq_show). The IPv6 file is missing if IPv6 is disabled.
 */
#include <nodegauge/collector.h>
#include <unistd.h>

struct sockstat {
	struct ng_shared *files[2]; /* IPv4 and IPv6; shared with udp_queues */
	const char *paths[2];
	int64_t page_size;
};

/* X(protocol, key, help) in the kernel's order, which keeps the search fast */
#define METRICS(X)                                                                                                     \
	X("sockets", "used", "Sockets in use, all protocols.")                                                         \
	X("TCP", "inuse", "TCP sockets over IPv4 in use.")                                                             \
	X("TCP", "orphan", "Orphaned TCP sockets, no longer attached to a process.")                                   \
	X("TCP", "tw", "TCP connections in TIME-WAIT.")                                                                \
	X("TCP", "alloc", "TCP sockets allocated, in any state.")                                                      \
	X("TCP", "mem", "Memory used by TCP sockets, in pages.")                                                       \
	X("TCP", "mem_bytes", "Memory used by TCP sockets, in bytes.")                                                 \
	X("UDP", "inuse", "UDP sockets over IPv4 in use.")                                                             \
	X("UDP", "mem", "Memory used by UDP sockets, in pages.")                                                       \
	X("UDP", "mem_bytes", "Memory used by UDP sockets, in bytes.")                                                 \
	X("UDPLITE", "inuse", "UDP-Lite sockets over IPv4 in use.")                                                    \
	X("RAW", "inuse", "Raw sockets over IPv4 in use.")                                                             \
	X("FRAG", "inuse", "IPv4 packets waiting for fragments.")                                                      \
	X("FRAG", "memory", "Memory used by IPv4 fragments, in bytes.")                                                \
	X("TCP6", "inuse", "TCP sockets over IPv6 in use.")                                                            \
	X("UDP6", "inuse", "UDP sockets over IPv6 in use.")                                                            \
	X("UDPLITE6", "inuse", "UDP-Lite sockets over IPv6 in use.")                                                   \
	X("RAW6", "inuse", "Raw sockets over IPv6 in use.")                                                            \
	X("FRAG6", "inuse", "IPv6 packets waiting for fragments.")                                                     \
	X("FRAG6", "memory", "Memory used by IPv6 fragments, in bytes.")

#define FAMILY(protocol, key, help_) { .name = "node_sockstat_" protocol "_" key, .help = (help_), .type = NG_GAUGE },
#define WORDS(protocol, key, help)   { NG_SPAN(protocol), NG_SPAN(key) },

static const struct ng_family families[] = {
	METRICS(FAMILY){ .name = "node_sockstat_<Protocol>_<key>",
		.help = "Any other entry of /proc/net/sockstat and sockstat6.",
		.type = NG_GAUGE,
		.dynamic = true },
};

static const struct {
	struct ng_span protocol, key;
} known[] = { METRICS(WORDS) };

/* One number of the file, and the index of its family; past the known families for an unknown protocol. */
struct row {
	struct ng_span protocol, key;
	int64_t value;
	size_t family;
};

struct rows {
	struct ng_arena *arena;
	struct row *row;
	size_t count, capacity;
	bool understood; /* some number in the current file was valid */
};

/* ---- parsing ---- */

static size_t find_family(struct ng_span protocol, struct ng_span key, size_t expected)
{
	for (size_t i = 0; i < NG_COUNT(known); i++) {
		size_t at = (expected + i) % NG_COUNT(known);
		if (ng_span_equal(known[at].key, key) && ng_span_equal(known[at].protocol, protocol))
			return at;
	}
	return NG_COUNT(known);
}

/* The keys that are reported for any protocol. */
static bool key_wanted(struct ng_span key)
{
	static const struct ng_span keys[] = { NG_SPAN("inuse"), NG_SPAN("orphan"), NG_SPAN("tw"), NG_SPAN("alloc"),
		NG_SPAN("mem"), NG_SPAN("memory") };

	for (size_t i = 0; i < NG_COUNT(keys); i++) {
		if (ng_span_equal(keys[i], key))
			return true;
	}
	return false;
}

/* Repeated text must not open a family twice. */
static bool repeated(const struct rows *rows, const struct row *row)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *other = &rows->row[i];
		if (other->family == row->family && ng_span_equal(other->protocol, row->protocol) &&
			ng_span_equal(other->key, row->key))
			return true;
	}
	return false;
}

static int add_row(struct rows *rows, struct row row)
{
	const struct row *last = rows->count ? &rows->row[rows->count - 1] : NULL;

	row.family = find_family(row.protocol, row.key, last ? last->family + 1 : 0);
	bool in_order = last && row.family > last->family && row.family < NG_COUNT(known);
	if (!in_order && repeated(rows, &row))
		return 0;
	struct row *place = ng_push(rows->arena, &rows->row, &rows->count, &rows->capacity);
	if (!place)
		return -ENOMEM;
	*place = row;
	return 0;
}

static int add_pair(const struct sockstat *sockstat, struct ng_scrape *scrape, const char *path, unsigned number,
	struct rows *rows, struct row row)
{
	bool sockets = ng_span_equal(row.protocol, NG_SPAN("sockets"));

	if (sockets ? !ng_span_equal(row.key, NG_SPAN("used")) : !key_wanted(row.key))
		return 0;
	int r = add_row(rows, row);
	if (r < 0 || !ng_span_equal(row.key, NG_SPAN("mem")))
		return r;
	if (__builtin_mul_overflow(row.value, sockstat->page_size, &row.value)) {
		ng_drop_value(scrape, path, number, "a number of pages");
		return 0;
	}
	row.key = NG_SPAN("mem_bytes");
	return add_row(rows, row);
}

/* Leaves out an invalid number; -EBADMSG if there is no name. */
static int line_parse(const struct sockstat *sockstat, struct ng_scrape *scrape, const char *path, unsigned number,
	struct ng_span line, struct rows *rows)
{
	struct row row = { 0 };
	struct ng_span word;
	size_t names = 0;

	if (!ng_word_next(&line, &row.protocol))
		return -EBADMSG;
	if (ng_span_ends(row.protocol, NG_SPAN(":")))
		row.protocol.size--;
	for (; ng_word_next(&line, &row.key); names++) {
		if (!ng_word_next(&line, &word) || ng_i64(word, &row.value) < 0) {
			ng_drop_value(scrape, path, number, "a number after each name");
			continue;
		}
		rows->understood = true;
		int r = add_pair(sockstat, scrape, path, number, rows, row);
		if (r < 0)
			return r;
	}
	return names ? 0 : -EBADMSG;
}

static int sockstat_parse(const struct sockstat *sockstat, struct ng_scrape *scrape, const char *path,
	struct ng_span text, struct rows *rows)
{
	struct ng_span line;

	rows->understood = false;
	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		int r = line_parse(sockstat, scrape, path, number, line, rows);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0)
			ng_drop_record(scrape, path, number, "a protocol and pairs of a name and a number");
	}
	return 0;
}

/* ---- writing ---- */

static void open_dynamic(struct ng_scrape *scrape, const struct row *row)
{
	const struct ng_span parts[] = { NG_SPAN("node_sockstat_"), row->protocol, NG_SPAN("_"), row->key };
	char *name = ng_alloc(scrape->arena, parts[0].size + row->protocol.size + 1 + row->key.size);
	size_t used = 0;

	for (size_t i = 0; name && i < NG_COUNT(parts); i++) {
		if (parts[i].size)
			memcpy(name + used, parts[i].text, parts[i].size);
		used += parts[i].size;
	}
	ng_family_dynamic(scrape->page, NG_GAUGE, (struct ng_span){ name, name ? used : 0 },
		ng_span(families[NG_COUNT(known)].help));
}

static void row_write(struct ng_scrape *scrape, const struct row *row)
{
	if (row->family < NG_COUNT(known))
		ng_family(scrape->page, &families[row->family]);
	else
		open_dynamic(scrape, row);
	ng_sample_i64(scrape->page, NG_NO_LABELS, row->value);
}

/* ---- the collector ---- */

static int sockstat_init(void *state, struct ng_setup *setup)
{
	static const char *const names[2] = { "/sockstat", "/sockstat6" };
	struct sockstat *sockstat = state;
	bool own;
	const char *net = ng_net_path(setup, &own);

	for (size_t i = 0; i < NG_COUNT(names); i++) {
		sockstat->paths[i] = ng_join(setup->arena, net, names[i], NULL);
		if (!sockstat->paths[i])
			return -ENOMEM;
		sockstat->files[i] = ng_shared(setup, NG_PROC, NG_WHOLE, sockstat->paths[i]);
	}
	sockstat->page_size = sysconf(_SC_PAGESIZE);
	return 0;
}

static int sockstat_collect(void *state, struct ng_scrape *scrape)
{
	struct sockstat *sockstat = state;
	struct rows rows = { .arena = scrape->arena };

	int failed = 0;

	for (size_t i = 0; i < NG_COUNT(sockstat->files); i++) {
		struct ng_span text;
		int r = ng_shared_read(scrape, sockstat->files[i], &text);
		if (r < 0) {
			ng_drop_unread(scrape, r, sockstat->paths[i]);
			failed = ng_absent(r) ? failed : r;
			continue;
		}
		r = sockstat_parse(sockstat, scrape, sockstat->paths[i], text, &rows);
		if (r < 0)
			return r;
		if (!rows.understood)
			failed =
				ng_broken(scrape, sockstat->paths[i], 1, "a protocol and pairs of a name and a number");
	}
	if (rows.count == 0 && failed)
		return failed;
	for (size_t i = 0; i < rows.count; i++)
		row_write(scrape, &rows.row[i]);
	return 0;
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "sockstat",
	.summary = "Sockets in use and their memory, by protocol",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct sockstat),
	.init = sockstat_init,
	.collect = sockstat_collect,
};
NG_COLLECTOR(descriptor);
