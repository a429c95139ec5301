/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP virtual server: connections, packets and bytes, and the connections of each real server.
 *
 *     net/ip_vs_stats, hexadecimal, of the whole network namespace:
 *            Total Incoming Outgoing         Incoming         Outgoing
 *            Conns  Packets  Packets            Bytes            Bytes
 *          16AA370 E33656E5        0     51D8C8883AB3                0
 *
 *     net/ip_vs, addresses and ports hexadecimal:
 *         TCP  C0A80016:0CEA wlc
 *           -> C0A85216:0CEA      Tunnel  100    248        2
 *         TCP  [2620:0000:0000:0000:0000:0000:0000:0001]:0050 sh
 *         FWM  10001000 wlc
 *
 * Source: net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_stats_show, ip_vs_info_seq_show). IPv6 addresses are in brackets. The
 * files are there while the module is loaded.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <nodegauge/collector.h>

enum { LOCAL_ADDRESS, LOCAL_PORT, REMOTE_ADDRESS, REMOTE_PORT, PROTO, LOCAL_MARK, LABELS };

static const char *const label_names[LABELS] = { "local_address", "local_port", "remote_address", "remote_port",
	"proto", "local_mark" };

enum { TOTALS = 5, NUMBERS = 3 };

#define BACKEND(name_, help_)                                                                                          \
	{                                                                                                              \
		.name = "node_ipvs_backend_" name_, .help = (help_), .type = NG_GAUGE,                                 \
		.labels = "local_address?,local_port?,remote_address?,remote_port?,proto?,local_mark?"                 \
	}

static const struct ng_family families[TOTALS + NUMBERS] = {
	{ .name = "node_ipvs_connections_total", .help = "Connections to all virtual services.", .type = NG_COUNTER },
	{ .name = "node_ipvs_incoming_packets_total", .help = "Packets from clients.", .type = NG_COUNTER },
	{ .name = "node_ipvs_outgoing_packets_total", .help = "Packets to clients.", .type = NG_COUNTER },
	{ .name = "node_ipvs_incoming_bytes_total", .help = "Bytes from clients.", .type = NG_COUNTER },
	{ .name = "node_ipvs_outgoing_bytes_total", .help = "Bytes to clients.", .type = NG_COUNTER },
	BACKEND("weight", "Weight of the real server."),
	BACKEND("connections_active", "Established connections of the real server."),
	BACKEND("connections_inactive", "Connections of the real server in any other state."),
};

static const char all_labels[] = "local_address,local_port,remote_address,remote_port,proto,local_mark";

struct ipvs {
	struct ng_file stats, table;
	const char *labels;
	bool wanted[LABELS];
};

static const struct ng_option options[] = {
	NG_OPTION(ipvs, labels, NG_OPTION_STRING, "backend-labels", all_labels,
		"Labels of the series of real servers, separated by commas; series that then have the same labels are "
		"summed."),
};

static int ipvs_init(void *state, struct ng_setup *setup)
{
	struct ipvs *ipvs = state;
	struct ng_span rest = ng_span(ipvs->labels), part;

	while (ng_part_next(&rest, ',', &part)) {
		size_t i = 0;
		while (i < LABELS && !ng_span_equal(part, ng_span(label_names[i])))
			i++;
		if (i < LABELS)
			ipvs->wanted[i] = true;
		else if (part.size)
			return ng_refuse(setup, "--collector.ipvs.backend-labels: unknown label %.*s", (int)part.size,
				part.text);
	}
	return 0;
}

/* ---- totals ---- */

struct totals {
	uint64_t value[TOTALS];
	bool given[TOTALS];
};

static int parse_totals(struct ng_scrape *scrape, const char *path, struct ng_span text, struct totals *totals)
{
	static const char expected[] = "two lines of headings and 5 hexadecimal numbers";
	struct ng_span line = { NULL, 0 }, word;

	for (size_t i = 0; i < 3; i++) {
		if (!ng_line_next(&text, &line))
			return ng_broken(scrape, path, (unsigned)i + 1, expected);
	}
	for (size_t i = 0; i < TOTALS; i++) {
		if (!ng_word_next(&line, &word))
			return ng_broken(scrape, path, 3, expected);
		totals->given[i] = ng_hex(word, &totals->value[i]) == 0;
		if (!totals->given[i])
			ng_drop_value(scrape, path, 3, "a hexadecimal number");
	}
	return 0;
}

/* ---- real servers ---- */

struct server {
	struct ng_labels *labels;
	uint64_t hash;
	uint64_t value[NUMBERS]; /* weight, active and inactive connections */
	bool given[NUMBERS];
};

struct servers {
	struct server *server;
	size_t count, capacity;
};

struct address {
	struct ng_span host, port;
};

static int parse_hex_bytes(struct ng_span digits, unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t byte;
		struct ng_span two = { digits.text + 2 * i, 2 };
		if (two.text[0] == '0' && (two.text[1] == 'x' || two.text[1] == 'X'))
			return -EINVAL;
		if (ng_hex(two, &byte) < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)byte;
	}
	return 0;
}

/* "C0A80016", 32 digits, or "[2620:0000:...]" */
static int parse_host(struct ng_arena *arena, struct ng_span text, struct ng_span *ret_host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char room[INET6_ADDRSTRLEN + 1];
	int family = text.size == 8 ? AF_INET : AF_INET6;

	if (text.size > 2 && text.size < sizeof(room) && text.text[0] == '[' && text.text[text.size - 1] == ']') {
		memcpy(room, text.text + 1, text.size - 2);
		room[text.size - 2] = '\0';
		if (inet_pton(AF_INET6, room, bytes) != 1)
			return -EINVAL;
	} else if ((text.size != 8 && text.size != 32) || parse_hex_bytes(text, bytes, text.size / 2) < 0) {
		return -EINVAL;
	}
	if (!inet_ntop(family, bytes, room, sizeof(room)))
		return -EINVAL;
	*ret_host = ng_copy(arena, ng_span(room));
	return ret_host->text ? 0 : -ENOMEM;
}

static int parse_address(struct ng_arena *arena, struct ng_span text, struct address *ret_address)
{
	char digits[NG_DIGITS];
	uint64_t port;
	size_t colon = text.size;

	while (colon && text.text[colon - 1] != ':')
		colon--;
	if (!colon || ng_hex(ng_span_skip(text, colon), &port) < 0 || port > UINT16_MAX)
		return -EINVAL;
	ret_address->port = ng_copy(arena, ng_digits(digits, port));
	if (!ret_address->port.text)
		return -ENOMEM;
	return parse_host(arena, (struct ng_span){ text.text, colon - 1 }, &ret_address->host);
}

/* Servers whose labels are equal are summed. */
static int add_server(struct ng_scrape *scrape, const struct ipvs *ipvs, struct servers *servers,
	const struct ng_span *value, const struct server *read)
{
	struct ng_label labels[LABELS];
	size_t count = 0, i = 0;

	for (size_t k = 0; k < LABELS; k++) {
		if (ipvs->wanted[k])
			labels[count++] = (struct ng_label){ label_names[k], value[k] };
	}
	struct ng_labels *set = count ? ng_labels(scrape->arena, labels, count) : NG_NO_LABELS;
	uint64_t hash = ng_labels_hash(set);
	while (i < servers->count &&
		(servers->server[i].hash != hash || !ng_labels_equal(servers->server[i].labels, set)))
		i++;
	if (i == servers->count) {
		struct server *place = ng_push(scrape->arena, &servers->server, &servers->count, &servers->capacity);
		if (!place)
			return -ENOMEM;
		*place = *read;
		place->labels = set;
		place->hash = hash;
		return 0;
	}
	struct server *sum = &servers->server[i];
	for (size_t k = 0; k < NUMBERS; k++) {
		bool both = sum->given[k] && read->given[k];
		sum->given[k] = both && !__builtin_add_overflow(sum->value[k], read->value[k], &sum->value[k]);
		if (both && !sum->given[k])
			ng_drop_value(scrape, ipvs->table.path, 0, "numbers whose sum fits into 64 bits");
	}
	return 0;
}

/* "-> C0A85216:0CEA Tunnel 100 248 2", after the arrow */
static int parse_server(struct ng_scrape *scrape, const struct ipvs *ipvs, unsigned number, struct ng_span line,
	struct ng_span *value, struct servers *servers)
{
	struct ng_span word, forward;
	struct server read = { 0 };
	struct address remote;

	if (!ng_word_next(&line, &word) || !ng_word_next(&line, &forward))
		return -EBADMSG;
	int r = parse_address(scrape->arena, word, &remote);
	if (r < 0)
		return r;
	for (size_t i = 0; i < NUMBERS; i++) {
		if (!ng_word_next(&line, &word))
			return -EBADMSG;
		read.given[i] = ng_u64(word, &read.value[i]) == 0;
		if (!read.given[i])
			ng_drop_value(scrape, ipvs->table.path, number, "a number");
	}
	value[REMOTE_ADDRESS] = remote.host;
	value[REMOTE_PORT] = remote.port;
	return add_server(scrape, ipvs, servers, value, &read);
}

/* A virtual service: "TCP C0A80016:0CEA wlc", "FWM 10001000 wlc" */
static int parse_service(
	struct ng_scrape *scrape, struct ng_span proto, struct ng_span line, struct ng_span value[LABELS])
{
	struct address local = { { NULL, 0 }, NG_SPAN("0") };
	struct ng_span word;

	if (!ng_word_next(&line, &word))
		return -EBADMSG;
	bool mark = ng_span_equal(proto, NG_SPAN("FWM"));
	int r = mark ? 0 : parse_address(scrape->arena, word, &local);
	if (r < 0)
		return r;
	value[PROTO] = proto;
	value[LOCAL_ADDRESS] = local.host;
	value[LOCAL_PORT] = local.port;
	value[LOCAL_MARK] = mark ? word : (struct ng_span){ NULL, 0 };
	return 0;
}

static bool is_protocol(struct ng_span word)
{
	return ng_span_equal(word, NG_SPAN("TCP")) || ng_span_equal(word, NG_SPAN("UDP")) ||
	       ng_span_equal(word, NG_SPAN("SCTP")) || ng_span_equal(word, NG_SPAN("FWM"));
}

/* The servers of a service that could not be understood are left out with it. */
static int parse_table(struct ng_scrape *scrape, const struct ipvs *ipvs, struct ng_span text, struct servers *servers)
{
	struct ng_span line, word, value[LABELS] = { 0 };
	bool service = false;

	for (unsigned number = 1; ng_line_next(&text, &line); number++) {
		int r = 0;
		if (!ng_word_next(&line, &word))
			continue;
		if (is_protocol(word)) {
			r = parse_service(scrape, word, line, value);
			service = r == 0;
		} else if (service && ng_span_equal(word, NG_SPAN("->"))) {
			r = parse_server(scrape, ipvs, number, line, value, servers);
		} else if (number > 3) {
			r = -EBADMSG;
		}
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			ng_drop_record(scrape, ipvs->table.path, number, "a virtual service or a real server");
	}
	return 0;
}

/* ---- the collector ---- */

static void emit(struct ng_page *page, const struct totals *totals, const struct servers *servers)
{
	for (size_t i = 0; i < TOTALS; i++) {
		ng_family(page, &families[i]);
		if (totals->given[i])
			ng_sample_u64(page, NG_NO_LABELS, totals->value[i]);
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		ng_family(page, &families[TOTALS + i]);
		for (size_t k = 0; k < servers->count; k++) {
			if (servers->server[k].given[i])
				ng_sample_u64(page, servers->server[k].labels, servers->server[k].value[i]);
		}
	}
}

static int ipvs_collect(void *state, struct ng_scrape *scrape)
{
	struct ipvs *ipvs = state;
	struct totals totals = { 0 };
	struct servers servers = { 0 };
	struct ng_span text;

	int r = ng_file_read(scrape, &ipvs->stats, &text);
	if (r == -ENOENT)
		return -ENODATA;
	if (r == 0)
		r = parse_totals(scrape, ipvs->stats.path, text, &totals);
	if (r < 0)
		return r;
	r = ng_file_read(scrape, &ipvs->table, &text);
	if (r < 0 && r != -ENOMEM)
		ng_drop_unread(scrape, r, ipvs->table.path);
	if (r == 0)
		r = parse_table(scrape, ipvs, text, &servers);
	if (r == -ENOMEM)
		return r;
	emit(scrape->page, &totals, &servers);
	return 0;
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(ipvs, stats, NG_PROC, NG_WHOLE, "net/ip_vs_stats"),
	NG_STATE_FILE(ipvs, table, NG_PROC, NG_RECORDS, "net/ip_vs"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "ipvs",
	.summary = "IP virtual server: connections, packets, bytes, connections of each real server",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct ipvs),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = ipvs_init,
	.collect = ipvs_collect,
};
NG_COLLECTOR(descriptor);
