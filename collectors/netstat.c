/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the network protocols: SNMP and Linux's own.
 *
 *     net/netstat, net/snmp: two lines for each protocol, names and values
 *         TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts ...
 *         TcpExt: 0 0 2 0 ...
 *
 *     net/snmp6: one line for each counter
 *         Ip6InReceives                   	7
 *
 * Source: proc_pid_net(5), net/ipv4/proc.c, net/ipv6/proc.c. The last file is missing where IPv6 is disabled.
 *
 * There are some 400 counters, of which a few are wanted. Which ones is decided once for each line of names and
 * remembered with the bytes of that line, so that a scrape compares them and then looks at numbers only.
 */
#include <nodegauge/collector.h>

static const char default_fields[] =
	"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|"
	"Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|"
	"PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

/* A wanted counter. */
struct column {
	const struct ng_family *known; /* or NULL, and then: */
	struct ng_span name;           /* of the family */
	size_t index;                  /* among the words of the line of values */
};

/* A line of names, or in snmp6 the name that begins a line. */
struct block {
	struct ng_span head;
	struct column *column;
	size_t count, capacity;
	size_t words; /* of the line */
};

/* What is remembered of a file. */
struct plan {
	struct ng_arena arena;
	struct block *block;
	size_t count, capacity;
};

enum { NETSTAT, SNMP, SNMP6, FILES };

struct netstat {
	struct ng_pattern *fields;
	struct ng_file file[FILES];
	struct plan plan[FILES];
};

static const struct ng_option options[] = {
	NG_OPTION(netstat, fields, NG_OPTION_PATTERN, "fields", default_fields,
		"counters to report, named as Protocol_Counter"),
};

#define COUNTER(name_, help_)                                                                                          \
	{                                                                                                              \
		.name = "node_netstat_" name_, .help = (help_), .type = NG_UNTYPED                                     \
	}

/* The counters of the default pattern. */
static const struct ng_family families[] = {
	COUNTER("Icmp6_InErrors", "ICMPv6 messages received with an error."),
	COUNTER("Icmp6_InMsgs", "ICMPv6 messages received."),
	COUNTER("Icmp6_OutMsgs", "ICMPv6 messages sent."),
	COUNTER("Icmp_InErrors", "ICMP messages received with an error."),
	COUNTER("Icmp_InMsgs", "ICMP messages received."),
	COUNTER("Icmp_OutMsgs", "ICMP messages sent."),
	COUNTER("Ip6_InOctets", "Bytes received in IPv6 packets."),
	COUNTER("Ip6_OutOctets", "Bytes sent in IPv6 packets."),
	COUNTER("IpExt_InOctets", "Bytes received in IPv4 packets."),
	COUNTER("IpExt_OutOctets", "Bytes sent in IPv4 packets."),
	COUNTER("Ip_Forwarding", "1 when IPv4 packets are forwarded, 2 when not."),
	COUNTER("TcpExt_ListenDrops", "Connections dropped by listening sockets, for whatever reason."),
	COUNTER("TcpExt_ListenOverflows", "Connections dropped as the queue of a listening socket was full."),
	COUNTER("TcpExt_SyncookiesFailed", "SYN cookies received that are not valid."),
	COUNTER("TcpExt_SyncookiesRecv", "SYN cookies received."),
	COUNTER("TcpExt_SyncookiesSent", "SYN cookies sent."),
	COUNTER("TcpExt_TCPOFOQueue", "Segments that came out of order and were queued."),
	COUNTER("TcpExt_TCPRcvQDrop", "Segments dropped as the receive queue had no room."),
	COUNTER("TcpExt_TCPSynRetrans", "SYN and SYN/ACK segments sent again."),
	COUNTER("TcpExt_TCPTimeouts", "Timeouts of the retransmission timer."),
	COUNTER("Tcp_ActiveOpens", "TCP connections opened from this side."),
	COUNTER("Tcp_CurrEstab", "TCP connections that are established or wait to be closed."),
	COUNTER("Tcp_InErrs", "TCP segments received with an error."),
	COUNTER("Tcp_InSegs", "TCP segments received."),
	COUNTER("Tcp_OutRsts", "TCP segments sent with the RST flag."),
	COUNTER("Tcp_OutSegs", "TCP segments sent, without those that were sent again."),
	COUNTER("Tcp_PassiveOpens", "TCP connections opened from the other side."),
	COUNTER("Tcp_RetransSegs", "TCP segments sent again."),
	COUNTER("Udp6_InDatagrams", "UDP datagrams delivered, IPv6."),
	COUNTER("Udp6_InErrors", "UDP datagrams that could not be delivered for a reason but a missing socket, IPv6."),
	COUNTER("Udp6_NoPorts", "UDP datagrams for which there was no socket, IPv6."),
	COUNTER("Udp6_OutDatagrams", "UDP datagrams sent, IPv6."),
	COUNTER("Udp6_RcvbufErrors", "UDP datagrams dropped as the receive buffer was full, IPv6."),
	COUNTER("Udp6_SndbufErrors", "UDP datagrams dropped as the send buffer was full, IPv6."),
	COUNTER("UdpLite6_InErrors", "UDP-Lite datagrams that could not be delivered, IPv6."),
	COUNTER("UdpLite_InErrors", "UDP-Lite datagrams that could not be delivered, IPv4."),
	COUNTER("Udp_InDatagrams", "UDP datagrams delivered, IPv4."),
	COUNTER("Udp_InErrors", "UDP datagrams that could not be delivered for a reason but a missing socket, IPv4."),
	COUNTER("Udp_NoPorts", "UDP datagrams for which there was no socket, IPv4."),
	COUNTER("Udp_OutDatagrams", "UDP datagrams sent, IPv4."),
	COUNTER("Udp_RcvbufErrors", "UDP datagrams dropped as the receive buffer was full, IPv4."),
	COUNTER("Udp_SndbufErrors", "UDP datagrams dropped as the send buffer was full, IPv4."),
	{ .name = "node_netstat_<Protocol>_<Counter>",
		.help = "Another counter of the kernel's network protocols.",
		.type = NG_UNTYPED,
		.dynamic = true },
};
enum { KNOWN = NG_COUNT(families) - 1 };

static const struct ng_span prefix = { "node_netstat_", 13 };

/* ---- planning ---- */

/* Whether the family is there already: text that repeats a name must not open it twice. */
static bool taken(const struct netstat *netstat, struct ng_span name)
{
	for (size_t f = 0; f < FILES; f++) {
		const struct plan *plan = &netstat->plan[f];
		for (size_t b = 0; b < plan->count; b++) {
			for (size_t c = 0; c < plan->block[b].count; c++) {
				if (ng_span_equal(plan->block[b].column[c].name, name))
					return true;
			}
		}
	}
	return false;
}

static const struct ng_family *find_known(struct ng_span name)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (ng_span_equal(ng_span(families[i].name), name))
			return &families[i];
	}
	return NULL;
}

/* Adds a column to the last block of the plan when the counter is wanted. */
static int plan_column(
	struct netstat *netstat, struct plan *plan, struct ng_span protocol, struct ng_span counter, size_t index)
{
	struct block *block = &plan->block[plan->count - 1];
	const struct ng_span parts[] = { prefix, protocol, NG_SPAN("_"), counter };
	char *name = ng_alloc(&plan->arena, prefix.size + protocol.size + 1 + counter.size);
	size_t size = 0;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < NG_COUNT(parts); i++) {
		if (parts[i].size)
			memcpy(name + size, parts[i].text, parts[i].size);
		size += parts[i].size;
	}
	struct ng_span whole = { name, size };
	if (!ng_pattern_matches(netstat->fields, ng_span_skip(whole, prefix.size)) || taken(netstat, whole))
		return 0;
	struct column *column = ng_push(&plan->arena, &block->column, &block->count, &block->capacity);
	if (!column)
		return -ENOMEM;
	*column = (struct column){ find_known(whole), whole, index };
	return 0;
}

static struct block *plan_block(struct plan *plan, struct ng_span head)
{
	struct ng_span copy = ng_copy(&plan->arena, head);
	struct block *block = copy.text ? ng_push(&plan->arena, &plan->block, &plan->count, &plan->capacity) : NULL;

	if (block)
		*block = (struct block){ .head = copy };
	return block;
}

/* "TcpExt: SyncookiesSent ..." */
static int plan_names(struct netstat *netstat, struct plan *plan, struct ng_span line)
{
	struct ng_span protocol, counter, rest = line;

	if (!ng_word_next(&rest, &protocol) || protocol.size < 2 || !ng_span_ends(protocol, NG_SPAN(":")))
		return -EBADMSG;
	protocol.size--;
	if (!plan_block(plan, line))
		return -ENOMEM;
	for (size_t i = 1; ng_word_next(&rest, &counter); i++) {
		int r = plan_column(netstat, plan, protocol, counter, i);
		if (r < 0)
			return r;
		plan->block[plan->count - 1].words = i;
	}
	return 0;
}

/* "Ip6InReceives": the protocol ends with the digit; what has none is no counter. */
static int plan_name(struct netstat *netstat, struct plan *plan, struct ng_span name)
{
	size_t end = ng_span_find(name, '6') + 1;

	if (!plan_block(plan, name))
		return -ENOMEM;
	if (end > name.size)
		return 0;
	return plan_column(netstat, plan, (struct ng_span){ name.text, end }, ng_span_skip(name, end), 1);
}

/* ---- reading by the plan ---- */

struct row {
	const struct column *column;
	uint64_t magnitude;
	bool negative;
};

struct rows {
	struct ng_arena *arena;
	struct row *row;
	size_t count, capacity;
};

static int take_value(struct rows *rows, const struct column *column, struct ng_span word)
{
	struct row *row = ng_push(rows->arena, &rows->row, &rows->count, &rows->capacity);

	if (!row)
		return -ENOMEM;
	row->column = column;
	row->negative = word.size && word.text[0] == '-'; /* Tcp MaxConn */
	return ng_u64(ng_span_skip(word, row->negative), &row->magnitude) < 0 ? -EBADMSG : 0;
}

/* A line of values; it has as many words as the line of names. */
static int take_values(const struct block *block, struct ng_span line, struct rows *rows)
{
	struct ng_span word, protocol = { block->head.text, ng_span_find(block->head, ' ') };
	size_t next = 0, i = 0;

	if (!ng_word_next(&line, &word) || !ng_span_equal(word, protocol))
		return -EBADMSG;
	while (ng_word_next(&line, &word)) {
		i++;
		if (next == block->count || i != block->column[next].index)
			continue;
		int r = take_value(rows, &block->column[next++], word);
		if (r < 0)
			return r;
	}
	return i == block->words ? 0 : -EBADMSG;
}

/* -ESTALE where the names are not those of the plan. */
static int read_tables(const struct plan *plan, struct ng_span text, struct rows *rows, unsigned *ret_line)
{
	struct ng_span names, values;
	size_t b = 0;

	for (*ret_line = 0; ng_line_next(&text, &names); *ret_line += 2, b++) {
		if (b == plan->count || !ng_span_equal(plan->block[b].head, names))
			return -ESTALE;
		if (!ng_line_next(&text, &values))
			return -EBADMSG;
		int r = take_values(&plan->block[b], values, rows);
		if (r < 0)
			return r;
	}
	return b ? 0 : -EBADMSG;
}

/* The line of the counter that the plan expects: its name and a blank. */
static bool line_is(struct ng_span line, struct ng_span name)
{
	return ng_span_starts(line, name) && line.size > name.size &&
	       (line.text[name.size] == ' ' || line.text[name.size] == '\t');
}

static int read_list(const struct plan *plan, struct ng_span text, struct rows *rows, unsigned *ret_line)
{
	struct ng_span line, name, word;
	size_t b = 0;

	for (*ret_line = 0; ng_line_next(&text, &line); ++*ret_line) {
		if (b == plan->count || !line_is(line, plan->block[b].head)) {
			if (!ng_word_next(&line, &name) || !ng_word_next(&line, &word))
				continue;
			return -ESTALE;
		}
		const struct block *block = &plan->block[b++];
		if (!block->count)
			continue;
		line = ng_span_skip(line, block->head.size);
		int r = ng_word_next(&line, &word) ? take_value(rows, block->column, word) : -EBADMSG;
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_file(struct netstat *netstat, size_t f, struct ng_span text, unsigned *ret_line)
{
	struct plan *plan = &netstat->plan[f];
	struct ng_span line, name, word;
	int r = 0;

	ng_arena_reset(&plan->arena);
	*plan = (struct plan){ .arena = plan->arena };
	for (*ret_line = 0; r == 0 && ng_line_next(&text, &line); ++*ret_line) {
		if (f != SNMP6) {
			r = plan_names(netstat, plan, line);
			(void)ng_line_next(&text, &line);
			++*ret_line;
		} else if (ng_word_next(&line, &name) && ng_word_next(&line, &word)) {
			r = plan_name(netstat, plan, name);
		}
	}
	return r;
}

/* ---- the collector ---- */

static int read_file(struct netstat *netstat, size_t f, struct ng_scrape *scrape, struct rows *rows)
{
	struct ng_span text;
	size_t before = rows->count;
	unsigned line;

	int r = ng_file_read(scrape, &netstat->file[f], &text);
	if (r < 0)
		return r == -ENOENT && f == SNMP6 ? 0 : r;
	int (*read)(const struct plan *, struct ng_span, struct rows *, unsigned *) =
		f == SNMP6 ? read_list : read_tables;
	r = read(&netstat->plan[f], text, rows, &line);
	if (r == -ESTALE) {
		rows->count = before;
		r = plan_file(netstat, f, text, &line);
		if (r == 0)
			r = read(&netstat->plan[f], text, rows, &line);
	}
	return r == -EBADMSG || r == -ESTALE
		       ? ng_broken(scrape, netstat->file[f].path, line + 1, "names and their values")
		       : r;
}

static int netstat_init(void *state, struct ng_setup *setup)
{
	static const char *const names[FILES] = { "/netstat", "/snmp", "/snmp6" };
	struct netstat *netstat = state;
	bool own;
	const char *net = ng_net_path(setup, &own);

	for (size_t f = 0; f < FILES; f++) {
		const char *path = ng_join(setup->arena, net, names[f], NULL);
		if (!path)
			return -ENOMEM;
		netstat->file[f] = NG_FILE(NG_PROC, NG_WHOLE, path);
	}
	return 0;
}

static int netstat_collect(void *state, struct ng_scrape *scrape)
{
	struct netstat *netstat = state;
	struct rows rows = { .arena = scrape->arena };

	for (size_t f = 0; f < FILES; f++) {
		int r = read_file(netstat, f, scrape, &rows);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < rows.count; i++) {
		const struct row *row = &rows.row[i];
		if (row->column->known)
			ng_family(scrape->page, row->column->known);
		else
			ng_family_dynamic(scrape->page, NG_UNTYPED, row->column->name, ng_span(families[KNOWN].help));
		if (row->negative)
			ng_sample_i64(scrape->page, NG_NO_LABELS, (int64_t)(0 - row->magnitude));
		else
			ng_sample_u64(scrape->page, NG_NO_LABELS, row->magnitude);
	}
	return 0;
}

static void netstat_done(void *state)
{
	struct netstat *netstat = state;

	for (size_t f = 0; f < FILES; f++) {
		ng_file_close(&netstat->file[f]);
		ng_arena_done(&netstat->plan[f].arena);
	}
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "netstat",
	.summary = "Counters of IP, ICMP, TCP and UDP",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct netstat),
	.init = netstat_init,
	.collect = netstat_collect,
	.done = netstat_done,
};
NG_COLLECTOR(descriptor);
