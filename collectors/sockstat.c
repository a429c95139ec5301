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
 * (sockstat6_seq_show). The IPv6 file is missing where IPv6 is disabled.
 */
#include <nodegauge/collector.h>
#include <unistd.h>

struct sockstat {
	struct ng_shared *files[2]; /* IPv4 and IPv6; udp_queues reads them as well */
	const char *paths[2];
	int64_t page_size;
};

#define SOCKSTAT(name_, help_)                                                                                         \
	{                                                                                                              \
		.name = "node_sockstat_" name_, .help = (help_), .type = NG_GAUGE                                      \
	}

/* In the order of the kernel, which is what the search relies on to be quick. */
static const struct ng_family families[] = {
	SOCKSTAT("sockets_used", "Sockets of all kinds in use."),
	SOCKSTAT("TCP_inuse", "TCP sockets over IPv4 in use."),
	SOCKSTAT("TCP_orphan", "TCP sockets that no process holds any more."),
	SOCKSTAT("TCP_tw", "TCP connections in the state TIME-WAIT."),
	SOCKSTAT("TCP_alloc", "TCP sockets allocated, in any state."),
	SOCKSTAT("TCP_mem", "Memory of TCP sockets in pages."),
	SOCKSTAT("TCP_mem_bytes", "Memory of TCP sockets in bytes."),
	SOCKSTAT("UDP_inuse", "UDP sockets over IPv4 in use."),
	SOCKSTAT("UDP_mem", "Memory of UDP sockets in pages."),
	SOCKSTAT("UDP_mem_bytes", "Memory of UDP sockets in bytes."),
	SOCKSTAT("UDPLITE_inuse", "UDP-Lite sockets over IPv4 in use."),
	SOCKSTAT("RAW_inuse", "Raw sockets over IPv4 in use."),
	SOCKSTAT("FRAG_inuse", "IPv4 packets that wait for their missing fragments."),
	SOCKSTAT("FRAG_memory", "Memory of IPv4 fragments in bytes."),
	SOCKSTAT("TCP6_inuse", "TCP sockets over IPv6 in use."),
	SOCKSTAT("UDP6_inuse", "UDP sockets over IPv6 in use."),
	SOCKSTAT("UDPLITE6_inuse", "UDP-Lite sockets over IPv6 in use."),
	SOCKSTAT("RAW6_inuse", "Raw sockets over IPv6 in use."),
	SOCKSTAT("FRAG6_inuse", "IPv6 packets that wait for their missing fragments."),
	SOCKSTAT("FRAG6_memory", "Memory of IPv6 fragments in bytes."),
	{ .name = "node_sockstat_<Protocol>_<key>",
		.help = "Another protocol of the kernel's socket statistics.",
		.type = NG_GAUGE,
		.dynamic = true },
};
enum { KNOWN = NG_COUNT(families) - 1 };

static const char prefix[] = "node_sockstat_";

/* One number of the file. */
struct row {
	struct ng_span protocol, key;
	int64_t value;
};

/* Keys that are metrics; the kernel has no others today. */
static bool key_known(struct ng_span key)
{
	static const struct ng_span keys[] = { NG_SPAN("inuse"), NG_SPAN("orphan"), NG_SPAN("tw"), NG_SPAN("alloc"),
		NG_SPAN("mem"), NG_SPAN("memory") };

	for (size_t i = 0; i < NG_COUNT(keys); i++) {
		if (ng_span_equal(keys[i], key))
			return true;
	}
	return false;
}

static int line_parse(struct ng_arena *arena, struct ng_span line, struct row **rows, size_t *count, size_t *capacity)
{
	struct row row;
	size_t pairs = 0;

	if (!ng_word_next(&line, &row.protocol))
		return -EBADMSG;
	if (ng_span_ends(row.protocol, NG_SPAN(":")))
		row.protocol.size--;
	bool sockets = ng_span_equal(row.protocol, NG_SPAN("sockets"));
	for (; ng_word_next(&line, &row.key); pairs++) {
		struct ng_span word;
		if (!ng_word_next(&line, &word) || ng_i64(word, &row.value) < 0)
			return -EBADMSG;
		if (sockets ? !ng_span_equal(row.key, NG_SPAN("used")) : !key_known(row.key))
			continue;
		struct row *place = ng_push(arena, rows, count, capacity);
		if (!place)
			return -ENOMEM;
		*place = row;
	}
	return pairs ? 0 : -EBADMSG;
}

static int sockstat_parse(struct ng_arena *arena, struct ng_span text, struct row **rows, size_t *count,
	size_t *capacity, unsigned *ret_line)
{
	struct ng_span line;

	*ret_line = 0;
	while (ng_line_next(&text, &line)) {
		++*ret_line;
		int r = line_parse(arena, line, rows, count, capacity);
		if (r < 0)
			return r;
	}
	return *ret_line ? 0 : -EBADMSG;
}

/* Whether `name` is prefix + protocol + "_" + key + suffix. */
static bool name_is(struct ng_span name, const struct row *row, struct ng_span suffix)
{
	name = ng_span_skip(name, sizeof(prefix) - 1);
	if (name.size != row->protocol.size + 1 + row->key.size + suffix.size || !ng_span_starts(name, row->protocol))
		return false;
	name = ng_span_skip(name, row->protocol.size);
	return name.text[0] == '_' && ng_span_starts(ng_span_skip(name, 1), row->key) && ng_span_ends(name, suffix);
}

struct writer {
	struct ng_scrape *scrape;
	const struct row *rows;
	size_t hint;     /* where the next family is expected */
	uint64_t opened; /* known families, one bit each: none is opened twice whatever the text repeats */
};

static bool open_known(struct writer *writer, const struct row *row, struct ng_span suffix, bool *ret_known)
{
	for (size_t i = 0; i < KNOWN; i++) {
		size_t at = (writer->hint + i) % KNOWN;
		if (!name_is(ng_span(families[at].name), row, suffix))
			continue;
		*ret_known = true;
		if (writer->opened >> at & 1)
			return false;
		writer->opened |= (uint64_t)1 << at;
		writer->hint = at + 1;
		ng_family(writer->scrape->page, &families[at]);
		return true;
	}
	*ret_known = false;
	return false;
}

static bool open_dynamic(struct writer *writer, const struct row *row, struct ng_span suffix)
{
	const struct ng_span parts[] = { { prefix, sizeof(prefix) - 1 }, row->protocol, NG_SPAN("_"), row->key,
		suffix };
	char *name = ng_alloc(writer->scrape->arena, sizeof(prefix) + row->protocol.size + row->key.size + suffix.size);
	size_t used = 0;

	for (const struct row *other = writer->rows; other < row; other++) {
		if (ng_span_equal(other->protocol, row->protocol) && ng_span_equal(other->key, row->key))
			return false;
	}
	for (size_t i = 0; name && i < NG_COUNT(parts); i++) {
		if (parts[i].size)
			memcpy(name + used, parts[i].text, parts[i].size);
		used += parts[i].size;
	}
	ng_family_dynamic(writer->scrape->page, NG_GAUGE, (struct ng_span){ name, name ? used : 0 },
		ng_span(families[KNOWN].help));
	return true;
}

static void value_write(struct writer *writer, const struct row *row, struct ng_span suffix, int64_t value)
{
	bool known;

	if (open_known(writer, row, suffix, &known) || (!known && open_dynamic(writer, row, suffix)))
		ng_sample_i64(writer->scrape->page, NG_NO_LABELS, value);
}

static void row_write(const struct sockstat *sockstat, struct writer *writer, const struct row *row)
{
	int64_t bytes;

	value_write(writer, row, NG_SPAN(""), row->value);
	if (ng_span_equal(row->key, NG_SPAN("mem")) && !__builtin_mul_overflow(row->value, sockstat->page_size, &bytes))
		value_write(writer, row, NG_SPAN("_bytes"), bytes);
}

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
	struct row *rows = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < NG_COUNT(sockstat->files); i++) {
		struct ng_span text;
		unsigned line;
		int r = ng_shared_read(scrape, sockstat->files[i], &text);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		r = sockstat_parse(scrape->arena, text, &rows, &count, &capacity, &line);
		if (r == -EBADMSG)
			return ng_broken(
				scrape, sockstat->paths[i], line, "a protocol and pairs of a name and a number");
		if (r < 0)
			return r;
	}
	struct writer writer = { .scrape = scrape, .rows = rows };
	for (size_t i = 0; i < count; i++)
		row_write(sockstat, &writer, &rows[i]);
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
