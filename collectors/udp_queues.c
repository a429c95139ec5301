/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in the queues of all UDP sockets.
 *
 *     sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 *     1: 0100007F:0143 00000000:0000 07 00000015:00000000 00:00000000 00000000     0        0 27400 2 0000000000000000
 * 0
 *
 * Source: net/ipv4/udp.c (udp4_seq_show), net/ipv6/udp.c; for netlink, net/ipv4/udp_diag.c.
 *
 * The kernel walks its whole hash table of sockets for each read of the file, and once more for the read that hits end
 * of file (udp_seq_start): 10 to 30 us each time. So the table is not read if sockstat says that there are no sockets,
 * the file is read only once if its text cannot have been truncated, and above about 30 sockets sock_diag is used,
 * which does not restart for each piece: 0.3 ms for 1000 sockets instead of 2.7 ms.
 */
#include "kernel/netlink.h"
#include <nodegauge/collector.h>
#include <sys/socket.h>

/* seq_file returns a page per read; lines have never been longer than this. */
enum { PIECE = 4096, LINE = 512, FEW_SOCKETS = 16 };

/* One version of IP. */
struct version {
	struct ng_file file;
	struct ng_shared *sockstat;
	struct ng_span inuse; /* the beginning of its line in sockstat */
	struct ng_labels *tx_labels, *rx_labels;
	int family;
	bool many; /* many sockets: use sock_diag */
};

enum { V4, V6, VERSIONS };

struct udp_queues {
	struct version version[VERSIONS];
	struct ng_netlink netlink;
	bool own;     /* our own network namespace */
	bool no_diag; /* the kernel has no sock_diag for UDP */
};

static const struct ng_family family = {
	.name = "node_udp_queues",
	.help = "Bytes queued in all UDP sockets, by direction and IP version.",
	.type = NG_GAUGE,
	.labels = "ip,queue",
};

/* The queues of one version; a sum that lacks a socket counts as unknown. */
struct sums {
	struct ng_udp_queues queues;
	bool tx_unknown, rx_unknown;
};

static void add_queue(struct ng_span text, uint64_t *sum, bool *unknown)
{
	uint64_t value;

	if (ng_hex(text, &value) < 0 || __builtin_add_overflow(*sum, value, sum))
		*unknown = true;
}

/* -EBADMSG if the line makes a sum unknown. */
static int line_parse(struct ng_span line, struct sums *sums)
{
	const struct sums before = *sums;
	struct ng_span word, tx;
	bool whole = true;

	for (int i = 0; whole && i < 5; i++)
		whole = ng_word_next(&line, &word);
	if (whole && ng_span_find(word, ':') < word.size) {
		(void)ng_part_next(&word, ':', &tx);
		add_queue(tx, &sums->queues.tx, &sums->tx_unknown);
		add_queue(word, &sums->queues.rx, &sums->rx_unknown);
	} else {
		sums->tx_unknown = sums->rx_unknown = true;
	}
	sums->queues.sockets++;
	return before.tx_unknown == sums->tx_unknown && before.rx_unknown == sums->rx_unknown ? 0 : -EBADMSG;
}

/* -EBADMSG if no sum is known. */
static int queues_parse(struct ng_scrape *scrape, const char *path, struct ng_span text, struct sums *sums)
{
	static const char expected[] = "a UDP socket with its queues";
	struct ng_span line;

	*sums = (struct sums){ 0 };
	if (!ng_line_next(&text, &line))
		return ng_broken(scrape, path, 1, expected);
	for (unsigned number = 2; ng_line_next(&text, &line); number++) {
		if (line_parse(line, sums) < 0)
			ng_drop_value(scrape, path, number, expected);
	}
	return sums->tx_unknown && sums->rx_unknown ? -EBADMSG : 0;
}

/* Whether sockstat reports that the hash table has no sockets. */
static bool unused(struct ng_scrape *scrape, const struct version *version)
{
	struct ng_span text, line;

	if (ng_shared_read(scrape, version->sockstat, &text) < 0)
		return false;
	while (ng_line_next(&text, &line)) {
		uint64_t inuse;
		if (!ng_span_starts(line, version->inuse))
			continue;
		line = ng_span_skip(line, version->inuse.size);
		return ng_u64_next(&line, &inuse) == 0 && inuse == 0;
	}
	return false;
}

static int read_file(struct udp_queues *udp, struct version *version, struct ng_scrape *scrape, struct sums *sums)
{
	struct ng_span text;

	int r = ng_file_read(scrape, &version->file, &text);
	if (r < 0)
		return r;
	if (version->file.kind == NG_WHOLE && (text.size + LINE > PIECE || !ng_span_ends(text, NG_SPAN("\n")))) {
		/* the text may be truncated */
		version->many = udp->own && !udp->no_diag;
		if (version->many)
			return -EAGAIN;
		version->file.kind = NG_RECORDS;
		return read_file(udp, version, scrape, sums);
	}
	return queues_parse(scrape, version->file.path, text, sums);
}

static int read_queues(struct udp_queues *udp, struct version *version, struct ng_scrape *scrape, struct sums *sums)
{
	int r = -EAGAIN;

	*sums = (struct sums){ 0 };
	if (udp->own && unused(scrape, version))
		return 0;
	if (!version->many)
		r = read_file(udp, version, scrape, sums);
	if (!version->many)
		return r;
	r = ng_udp_queues(scrape, &udp->netlink, version->family, &sums->queues);
	if (r == 0) {
		version->many = sums->queues.sockets >= FEW_SOCKETS;
		return 0;
	}
	udp->no_diag = true;
	version->many = false;
	return read_file(udp, version, scrape, sums);
}

static int version_init(struct ng_setup *setup, struct version *version, const char *ip, const char *sockstat)
{
	bool own;
	const char *net = ng_net_path(setup, &own);
	const char *sockstat_path = ng_join(setup->arena, net, sockstat, NULL);

	if (!sockstat_path)
		return -ENOMEM;
	version->sockstat = ng_shared(setup, NG_PROC, NG_WHOLE, sockstat_path);
	version->tx_labels = NG_LABELS(setup->arena, { "ip", ng_span(ip) }, { "queue", NG_SPAN("tx") });
	version->rx_labels = NG_LABELS(setup->arena, { "ip", ng_span(ip) }, { "queue", NG_SPAN("rx") });
	return 0;
}

static int udp_queues_init(void *state, struct ng_setup *setup)
{
	struct udp_queues *udp = state;

	(void)ng_net_path(setup, &udp->own);
	udp->version[V4].family = AF_INET;
	udp->version[V4].inuse = NG_SPAN("UDP: inuse ");
	udp->version[V6].family = AF_INET6;
	udp->version[V6].inuse = NG_SPAN("UDP6: inuse ");
	int r = version_init(setup, &udp->version[V4], "v4", "/sockstat");
	return r < 0 ? r : version_init(setup, &udp->version[V6], "v6", "/sockstat6");
}

static int udp_queues_collect(void *state, struct ng_scrape *scrape)
{
	struct udp_queues *udp = state;
	int result = -ENODATA;

	ng_family(scrape->page, &family);
	for (size_t i = 0; i < NG_COUNT(udp->version); i++) {
		struct version *version = &udp->version[i];
		struct sums sums;
		int r = read_queues(udp, version, scrape, &sums);
		if (r < 0) { /* -ENOENT: IPv4 or IPv6 is disabled */
			ng_drop_unread(scrape, r, version->file.path);
			result = result < 0 && r != -ENOENT ? r : result;
			continue;
		}
		if (!sums.tx_unknown)
			ng_sample_u64(scrape->page, version->tx_labels, sums.queues.tx);
		if (!sums.rx_unknown)
			ng_sample_u64(scrape->page, version->rx_labels, sums.queues.rx);
		result = 0;
	}
	return result;
}

static void udp_queues_done(void *state)
{
	struct udp_queues *udp = state;

	ng_netlink_close(&udp->netlink);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(udp_queues, version[V4].file, NG_PROC, NG_WHOLE, "net/udp"),
	NG_STATE_FILE(udp_queues, version[V6].file, NG_PROC, NG_WHOLE, "net/udp6"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "udp_queues",
	.summary = "Bytes queued in UDP sockets",
	.families = &family,
	.family_count = 1,
	.state_size = sizeof(struct udp_queues),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = udp_queues_init,
	.collect = udp_queues_collect,
	.done = udp_queues_done,
};
NG_COLLECTOR(descriptor);
