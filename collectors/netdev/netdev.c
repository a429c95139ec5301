/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic of the network interfaces.
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
 * ... eth0: 874354587 1036395    0    0    0     0          0         0 563352563  732147    0    0    0     0 ...
 *
 * Source: net/core/net-procfs.c (dev_seq_printf_stats); for netlink, linux/if_link.h (struct rtnl_link_stats64), which
 * has individual error counters where the file has sums. With either source, the metrics are those of the file, unless
 * detailed metrics are requested.
 */
#include "addresses.h"

#include "kernel/links.h"
#include <linux/if_link.h>

struct netdev {
	struct ng_pattern *include, *exclude, *whitelist, *blacklist;
	struct ng_filter filter;
	struct ng_file file;
	struct ng_netlink addresses;
	bool use_netlink, detailed, label_alias, address_info;
	bool from_sysfs; /* netlink is requested but shows a different network namespace */
	unsigned mode;
};

static const struct ng_option options[] = {
	NG_OPTION(netdev, include, NG_OPTION_PATTERN, "device-include", "",
		"Interfaces to report (regular expression).", .excludes = "device-exclude"),
	NG_OPTION(netdev, exclude, NG_OPTION_PATTERN, "device-exclude", "",
		"Interfaces to leave out (regular expression)."),
	NG_OPTION(netdev, whitelist, NG_OPTION_PATTERN, "device-whitelist", "", "Former name of device-include.",
		.hidden = true),
	NG_OPTION(netdev, blacklist, NG_OPTION_PATTERN, "device-blacklist", "", "Former name of device-exclude.",
		.hidden = true),
	NG_OPTION(netdev, use_netlink, NG_OPTION_BOOL, "netlink", "true", "Use netlink instead of /proc/net/dev."),
	NG_OPTION(netdev, detailed, NG_OPTION_BOOL, "enable-detailed-metrics", "false",
		"Report each kernel counter under its own name instead of the sums of /proc/net/dev."),
	NG_OPTION(netdev, label_alias, NG_OPTION_BOOL, "label-ifalias", "false",
		"Add the interface alias as the label ifalias."),
	NG_OPTION(netdev, address_info, NG_OPTION_BOOL, "address-info", "false",
		"Report the addresses of the interfaces."),
};

/* ---- the counters ---- */

/* In which of the four modes a metric is reported. */
enum {
	BY_NETLINK = 1,
	BY_NETLINK_DETAILED = 2,
	BY_FILE = 4,
	BY_FILE_DETAILED = 8,
	USUAL = BY_NETLINK | BY_FILE,
	DETAILED = BY_NETLINK_DETAILED | BY_FILE_DETAILED,
	ALWAYS = USUAL | DETAILED,
};

/* The index of a field among the 64-bit numbers of the kernel's structure, from 1. */
#define S(field) (offsetof(struct rtnl_link_stats64, field) / sizeof(uint64_t) + 1)

/* X(name, modes, help, the fields to sum) */
#define METRICS(X)                                                                                                     \
	X("receive_bytes", ALWAYS, "Bytes received.", S(rx_bytes))                                                     \
	X("receive_packets", ALWAYS, "Packets received.", S(rx_packets))                                               \
	X("receive_errs", USUAL, "Packets received with an error.", S(rx_errors))                                      \
	X("receive_errors", DETAILED, "Packets received with an error.", S(rx_errors))                                 \
	X("receive_drop", USUAL, "Received packets dropped.", S(rx_dropped), S(rx_missed_errors))                      \
	X("receive_dropped", DETAILED, "Received packets dropped.", S(rx_dropped))                                     \
	X("receive_missed_errors", BY_NETLINK_DETAILED, "Packets missed because the device had no buffer space.",      \
		S(rx_missed_errors))                                                                                   \
	X("receive_fifo", USUAL | BY_FILE_DETAILED, "Receive FIFO overruns.", S(rx_fifo_errors))                       \
	X("receive_fifo_errors", BY_NETLINK_DETAILED, "Receive FIFO overruns.", S(rx_fifo_errors))                     \
	X("receive_frame", USUAL | BY_FILE_DETAILED, "Frames received with a length, checksum or alignment error.",    \
		S(rx_frame_errors), S(rx_length_errors), S(rx_over_errors), S(rx_crc_errors))                          \
	X("receive_frame_errors", BY_NETLINK_DETAILED, "Frames received with an alignment error.", S(rx_frame_errors)) \
	X("receive_length_errors", BY_NETLINK_DETAILED, "Frames received with a length error.", S(rx_length_errors))   \
	X("receive_over_errors", BY_NETLINK_DETAILED, "Receive ring overruns.", S(rx_over_errors))                     \
	X("receive_crc_errors", BY_NETLINK_DETAILED, "Frames received with a checksum (CRC) error.", S(rx_crc_errors)) \
	X("receive_compressed", ALWAYS, "Compressed packets received.", S(rx_compressed))                              \
	X("receive_multicast", USUAL | BY_FILE_DETAILED, "Multicast packets received.", S(multicast))                  \
	X("multicast", BY_NETLINK_DETAILED, "Multicast packets received.", S(multicast))                               \
	X("receive_nohandler", BY_NETLINK | BY_NETLINK_DETAILED, "Packets received on an inactive interface.",         \
		S(rx_nohandler))                                                                                       \
	X("transmit_bytes", ALWAYS, "Bytes sent.", S(tx_bytes))                                                        \
	X("transmit_packets", ALWAYS, "Packets sent.", S(tx_packets))                                                  \
	X("transmit_errs", USUAL, "Packets not sent because of an error.", S(tx_errors))                               \
	X("transmit_errors", DETAILED, "Packets not sent because of an error.", S(tx_errors))                          \
	X("transmit_drop", USUAL, "Outgoing packets dropped.", S(tx_dropped))                                          \
	X("transmit_dropped", DETAILED, "Outgoing packets dropped.", S(tx_dropped))                                    \
	X("transmit_fifo", USUAL | BY_FILE_DETAILED, "Transmit FIFO underruns.", S(tx_fifo_errors))                    \
	X("transmit_fifo_errors", BY_NETLINK_DETAILED, "Transmit FIFO underruns.", S(tx_fifo_errors))                  \
	X("transmit_colls", USUAL | BY_FILE_DETAILED, "Collisions.", S(collisions))                                    \
	X("collisions", BY_NETLINK_DETAILED, "Collisions.", S(collisions))                                             \
	X("transmit_carrier", USUAL | BY_FILE_DETAILED, "Frames not sent because of carrier or window errors.",        \
		S(tx_carrier_errors), S(tx_aborted_errors), S(tx_heartbeat_errors), S(tx_window_errors))               \
	X("transmit_carrier_errors", BY_NETLINK_DETAILED, "Frames not sent because the carrier was lost.",             \
		S(tx_carrier_errors))                                                                                  \
	X("transmit_aborted_errors", BY_NETLINK_DETAILED, "Aborted transmissions.", S(tx_aborted_errors))              \
	X("transmit_heartbeat_errors", BY_NETLINK_DETAILED, "Heartbeat (SQE) errors.", S(tx_heartbeat_errors))         \
	X("transmit_window_errors", BY_NETLINK_DETAILED, "Late collisions.", S(tx_window_errors))                      \
	X("transmit_compressed", ALWAYS, "Compressed packets sent.", S(tx_compressed))

#define FAMILY(name_, modes, help_, ...)                                                                               \
	{ .name = "node_network_" name_ "_total", .help = (help_), .type = NG_COUNTER, .labels = "device,ifalias?" },
#define METRIC(name, modes, help, ...) { modes, { __VA_ARGS__ } },

static const struct ng_family families[] = {
	METRICS(FAMILY){ .name = "node_network_address_info",
		.help = "Address of the interface; always 1.",
		.type = NG_GAUGE,
		.labels = "address,device,netmask,scope" },
};

static const struct metric {
	unsigned char modes;
	unsigned char parts[4];
} metrics[] = { METRICS(METRIC) };

/* The family after those of the metrics. */
static const struct ng_family *const address_family = &families[NG_COUNT(metrics)];

struct row {
	struct ng_labels *labels;
	const __u64 *stats; /* as in struct rtnl_link_stats64 */
	uint64_t missing;   /* bit i: stats[i] is unknown */
};

struct rows {
	struct row *row;
	size_t count, capacity;
};

/* False if part of it is missing. */
static bool metric_value(const struct metric *metric, const struct row *row, uint64_t *ret_sum)
{
	*ret_sum = 0;
	for (size_t i = 0; i < NG_COUNT(metric->parts) && metric->parts[i]; i++) {
		size_t part = metric->parts[i] - 1u;
		if (row->missing >> part & 1)
			return false;
		*ret_sum += row->stats[part];
	}
	return true;
}

/* ---- /proc/net/dev ---- */

/* The fields in the order of the columns. */
static const unsigned char columns[] = { S(rx_bytes), S(rx_packets), S(rx_errors), S(rx_dropped), S(rx_fifo_errors),
	S(rx_frame_errors), S(rx_compressed), S(multicast), S(tx_bytes), S(tx_packets), S(tx_errors), S(tx_dropped),
	S(tx_fifo_errors), S(collisions), S(tx_carrier_errors), S(tx_compressed) };

/* Leaves the numbers in the line. */
static int name_next(struct ng_span *line, struct ng_span *ret_name)
{
	size_t colon = line->size;

	/* old aliases have a colon in their names: eth0:1 */
	while (colon && line->text[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return -EBADMSG;
	*ret_name = ng_trim((struct ng_span){ line->text, colon - 1 });
	*line = ng_span_skip(*line, colon);
	return ret_name->size ? 0 : -EBADMSG;
}

static int numbers_parse(struct ng_scrape *scrape, const char *file, unsigned number, struct ng_span line, __u64 *stats,
	uint64_t *ret_missing)
{
	uint64_t value[NG_COUNT(columns)], given;

	if (ng_columns(scrape, file, number, &line, NG_COUNT(columns), value, &given) < 0)
		return -EBADMSG;
	*ret_missing = 0;
	for (size_t i = 0; i < NG_COUNT(columns); i++) {
		if (given >> i & 1)
			stats[columns[i] - 1] = value[i];
		else
			*ret_missing |= UINT64_C(1) << (columns[i] - 1);
	}
	return 0;
}

/* ---- rows ---- */

static int add_row(struct netdev *netdev, struct ng_scrape *scrape, struct rows *rows, struct row row,
	struct ng_span name, struct ng_span alias)
{
	struct row *place = ng_push(scrape->arena, &rows->row, &rows->count, &rows->capacity);

	if (!place)
		return -ENOMEM;
	*place = row;
	place->labels = netdev->label_alias
				? NG_LABELS(scrape->arena, { "device", name }, { "ifalias", ng_trim(alias) })
				: NG_LABELS(scrape->arena, { "device", name });
	return 0;
}

static const char *attribute_path(struct ng_scrape *scrape, struct ng_span name, const char *file)
{
	const char *device = ng_copy(scrape->arena, name).text;
	const char *path = device ? ng_join(scrape->arena, "class/net/", device, file) : NULL;

	return path ? path : file;
}

/* Reads a sysfs file about the interface; errors other than a missing file are counted. */
static int read_attribute(struct ng_scrape *scrape, struct ng_span name, const char *file, struct ng_span *ret_text)
{
	const char *path = attribute_path(scrape, name, file);

	*ret_text = (struct ng_span){ NULL, 0 };
	int r = ng_read(scrape, NG_SYS, NG_VALUE, path, ret_text);
	if (r < 0)
		ng_drop_unread(scrape, r, path);
	return r;
}

/* The only default counter that netlink has but the file lacks; in sysfs since 4.6. */
static void read_nohandler(struct ng_scrape *scrape, struct ng_span name, __u64 *stats, uint64_t *missing)
{
	static const char file[] = "/statistics/rx_nohandler";
	const size_t at = S(rx_nohandler) - 1;
	struct ng_span text;
	uint64_t value;

	int r = read_attribute(scrape, name, file, &text);
	if (r == 0 && ng_u64(ng_trim(text), &value) == 0) {
		stats[at] = value;
		return;
	}
	*missing |= UINT64_C(1) << at;
	if (r == 0)
		ng_drop_value(scrape, attribute_path(scrape, name, file), 1, "a 64-bit integer");
}

static int read_line(
	struct netdev *netdev, struct ng_scrape *scrape, unsigned number, struct ng_span line, struct rows *rows)
{
	struct ng_span name, alias = { NULL, 0 };
	struct row row = { 0 };

	int r = name_next(&line, &name);
	if (r < 0)
		return r;
	if (!ng_filter_keeps(&netdev->filter, name))
		return 0;
	__u64 *stats = ng_alloc0(scrape->arena, sizeof(struct rtnl_link_stats64));
	if (!stats)
		return -ENOMEM;
	r = numbers_parse(scrape, netdev->file.path, number, line, stats, &row.missing);
	if (r < 0)
		return r;
	if (netdev->from_sysfs)
		read_nohandler(scrape, name, stats, &row.missing);
	r = netdev->label_alias ? read_attribute(scrape, name, "/ifalias", &alias) : 0;
	if (r < 0 && r != -ENOENT) { /* without its label it would be a different series */
		ng_drop(scrape);
		return 0;
	}
	row.stats = stats;
	return add_row(netdev, scrape, rows, row, name, alias);
}

static int read_file(struct netdev *netdev, struct ng_scrape *scrape, struct rows *rows)
{
	static const char expected[] = "an interface and 16 numbers";
	struct ng_span text, line;
	unsigned number = 0, dropped = 0;

	int r = ng_file_read(scrape, &netdev->file, &text);
	if (r < 0)
		return r;
	while (ng_line_next(&text, &line)) {
		if (++number <= 2)
			continue;
		r = read_line(netdev, scrape, number, line, rows);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0) {
			ng_drop_record(scrape, netdev->file.path, number, expected);
			dropped++;
		}
	}
	if (number < 2)
		return ng_broken(scrape, netdev->file.path, number + 1, "two header lines");
	return dropped && dropped == number - 2 ? -EBADMSG : 0;
}

static int read_netlink(struct netdev *netdev, struct ng_scrape *scrape, struct rows *rows)
{
	struct ng_links links;

	int r = ng_links(scrape, &links);
	if (r < 0)
		return r;
	for (size_t i = 0; i < links.count; i++) {
		const struct ng_link *link = &links.link[i];
		if (!(link->given & NG_LINK_STATS) || !ng_filter_keeps(&netdev->filter, link->name))
			continue;
		const struct row row = { .stats = (const __u64 *)&link->stats };
		r = add_row(netdev, scrape, rows, row, link->name, link->alias);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the collector ---- */

static int netdev_init(void *state, struct ng_setup *setup)
{
	struct netdev *netdev = state;
	bool own;

	(void)ng_net_path(setup, &own);
	if (netdev->include && netdev->whitelist)
		return ng_refuse(setup, "device-whitelist is the former name of device-include: use only one of them");
	if (netdev->exclude && netdev->blacklist)
		return ng_refuse(setup, "device-blacklist is the former name of device-exclude: use only one of them");
	netdev->filter.include = netdev->include ? netdev->include : netdev->whitelist;
	netdev->filter.exclude = netdev->exclude ? netdev->exclude : netdev->blacklist;
	if (netdev->filter.include && netdev->filter.exclude)
		return ng_refuse(setup, "device-include and device-exclude are mutually exclusive: use only one of "
					"them");
	netdev->from_sysfs = netdev->use_netlink && !own && !netdev->detailed;
	netdev->use_netlink = netdev->use_netlink && own;
	netdev->address_info = netdev->address_info && own;
	if (netdev->use_netlink || netdev->from_sysfs)
		netdev->mode = netdev->detailed ? BY_NETLINK_DETAILED : BY_NETLINK;
	else
		netdev->mode = netdev->detailed ? BY_FILE_DETAILED : BY_FILE;
	return 0;
}

static int netdev_collect(void *state, struct ng_scrape *scrape)
{
	struct netdev *netdev = state;
	struct rows rows = { 0 };

	int r = netdev->use_netlink ? read_netlink(netdev, scrape, &rows) : read_file(netdev, scrape, &rows);
	if (r < 0)
		return r;
	for (size_t m = 0; m < NG_COUNT(metrics); m++) {
		uint64_t value;
		if (!(metrics[m].modes & netdev->mode))
			continue;
		ng_family(scrape->page, &families[m]);
		for (size_t i = 0; i < rows.count; i++) {
			if (metric_value(&metrics[m], &rows.row[i], &value))
				ng_sample_u64(scrape->page, rows.row[i].labels, value);
		}
	}
	r = netdev->address_info ? netdev_write_addresses(scrape, address_family, &netdev->addresses) : 0;
	if (r < 0)
		ng_drop_unread(scrape, r, "the addresses");
	return 0;
}

static void netdev_done(void *state)
{
	struct netdev *netdev = state;

	ng_netlink_close(&netdev->addresses);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(netdev, file, NG_PROC, NG_RECORDS, "net/dev"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "netdev",
	.summary = "Bytes, packets and errors per network interface",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct netdev),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = netdev_init,
	.collect = netdev_collect,
	.done = netdev_done,
};
NG_COLLECTOR(descriptor);
