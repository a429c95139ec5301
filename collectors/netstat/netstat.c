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
 * Source: proc_pid_net(5), net/ipv4/proc.c, net/ipv6/proc.c. The last file is missing if IPv6 is disabled.
 */
#include "netstat.h"

static const char default_fields[] =
	"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|"
	"Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|"
	"PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

static const struct ng_option options[] = {
	NG_OPTION(netstat, fields, NG_OPTION_PATTERN, "fields", default_fields,
		"Counters to report, named Protocol_Counter (regular expression)."),
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
	COUNTER("Ip_Forwarding", "1 if IPv4 forwarding is enabled, 2 if it is disabled."),
	COUNTER("TcpExt_ListenDrops", "Connections dropped by listening sockets, for any reason."),
	COUNTER("TcpExt_ListenOverflows", "Connections dropped because the accept queue of a listening socket was "
					  "full."),
	COUNTER("TcpExt_SyncookiesFailed", "Invalid SYN cookies received."),
	COUNTER("TcpExt_SyncookiesRecv", "SYN cookies received."),
	COUNTER("TcpExt_SyncookiesSent", "SYN cookies sent."),
	COUNTER("TcpExt_TCPOFOQueue", "Segments received out of order and queued."),
	COUNTER("TcpExt_TCPRcvQDrop", "Segments dropped because the receive queue was full."),
	COUNTER("TcpExt_TCPSynRetrans", "SYN and SYN/ACK segments retransmitted."),
	COUNTER("TcpExt_TCPTimeouts", "Timeouts of the retransmission timer."),
	COUNTER("Tcp_ActiveOpens", "TCP connections opened actively."),
	COUNTER("Tcp_CurrEstab", "TCP connections in ESTABLISHED or CLOSE-WAIT."),
	COUNTER("Tcp_InErrs", "TCP segments received with an error."),
	COUNTER("Tcp_InSegs", "TCP segments received."),
	COUNTER("Tcp_OutRsts", "TCP segments sent with the RST flag."),
	COUNTER("Tcp_OutSegs", "TCP segments sent, excluding retransmissions."),
	COUNTER("Tcp_PassiveOpens", "TCP connections opened passively."),
	COUNTER("Tcp_RetransSegs", "TCP segments retransmitted."),
	COUNTER("Udp6_InDatagrams", "UDP datagrams delivered, IPv6."),
	COUNTER("Udp6_InErrors", "UDP datagrams that could not be delivered for reasons other than a missing socket, "
				 "IPv6."),
	COUNTER("Udp6_NoPorts", "UDP datagrams received for a port without a socket, IPv6."),
	COUNTER("Udp6_OutDatagrams", "UDP datagrams sent, IPv6."),
	COUNTER("Udp6_RcvbufErrors", "UDP datagrams dropped because the receive buffer was full, IPv6."),
	COUNTER("Udp6_SndbufErrors", "UDP datagrams dropped because the send buffer was full, IPv6."),
	COUNTER("UdpLite6_InErrors", "UDP-Lite datagrams that could not be delivered, IPv6."),
	COUNTER("UdpLite_InErrors", "UDP-Lite datagrams that could not be delivered, IPv4."),
	COUNTER("Udp_InDatagrams", "UDP datagrams delivered, IPv4."),
	COUNTER("Udp_InErrors", "UDP datagrams that could not be delivered for reasons other than a missing socket, "
				"IPv4."),
	COUNTER("Udp_NoPorts", "UDP datagrams received for a port without a socket, IPv4."),
	COUNTER("Udp_OutDatagrams", "UDP datagrams sent, IPv4."),
	COUNTER("Udp_RcvbufErrors", "UDP datagrams dropped because the receive buffer was full, IPv4."),
	COUNTER("Udp_SndbufErrors", "UDP datagrams dropped because the send buffer was full, IPv4."),
	{ .name = "node_netstat_<Protocol>_<Counter>",
		.help = "Any other counter of the kernel's network protocols.",
		.type = NG_UNTYPED,
		.dynamic = true },
};
enum { KNOWN = NG_COUNT(families) - 1 };

const struct ng_family *netstat_known(struct ng_span name)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (ng_span_equal(ng_span(families[i].name), name))
			return &families[i];
	}
	return NULL;
}

static int read_file(struct netstat *netstat, size_t f, struct ng_scrape *scrape, struct rows *rows)
{
	int (*const read)(const struct plan *, struct ng_span, struct rows *, size_t *) =
		f == SNMP6 ? netstat_read_list : netstat_read_tables;
	struct ng_span text;
	size_t before = rows->count, line = 0;

	int r = f == NETSTAT ? ng_shared_read(scrape, netstat->netstat, &text)
			     : ng_file_read(scrape, &netstat->file[f], &text);
	if (r < 0)
		return r;
	rows->path = netstat->file[f].path;
	rows->understood = false;
	r = read(&netstat->plan[f], text, rows, &line);
	if (r == -ESTALE) {
		rows->count = before;
		r = netstat_plan(netstat, f, scrape->arena, text);
		if (r == 0)
			r = read(&netstat->plan[f], text, rows, &line);
	}
	if (r == -ESTALE || (r == 0 && !rows->understood))
		return ng_broken(scrape, rows->path, (unsigned)line, "names and their values");
	return r;
}

static int netstat_init(void *state, struct ng_setup *setup)
{
	struct netstat *netstat = state;

	netstat->netstat = ng_shared(setup, NG_PROC, NG_WHOLE, netstat->file[NETSTAT].path);
	return netstat->netstat ? 0 : -ENOMEM;
}

static int netstat_collect(void *state, struct ng_scrape *scrape)
{
	struct netstat *netstat = state;
	struct rows rows = { .scrape = scrape };
	const char *failed = netstat->file[NETSTAT].path;
	int result = -ENODATA;

	for (size_t f = 0; f < FILES; f++) {
		int r = read_file(netstat, f, scrape, &rows);
		if (r < 0)
			ng_drop_unread(scrape, r, netstat->file[f].path);
		if (r < 0 && (result == 0 || (f == SNMP6 && ng_absent(r))))
			continue;
		result = r;
		failed = netstat->file[f].path;
	}
	if (result == -EBADMSG)
		return ng_broken(scrape, failed, 1, "names and their values");
	if (result < 0)
		return ng_failed(scrape, result, "read", failed);
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

	for (size_t f = 0; f < FILES; f++)
		ng_arena_done(&netstat->plan[f].arena);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(netstat, file[NETSTAT], NG_PROC, NG_WHOLE, "net/netstat"),
	NG_STATE_FILE(netstat, file[SNMP], NG_PROC, NG_WHOLE, "net/snmp"),
	NG_STATE_FILE(netstat, file[SNMP6], NG_PROC, NG_WHOLE, "net/snmp6"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "netstat",
	.summary = "Counters of IP, ICMP, TCP and UDP",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct netstat),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = netstat_init,
	.collect = netstat_collect,
	.done = netstat_done,
};
NG_COLLECTOR(descriptor);
