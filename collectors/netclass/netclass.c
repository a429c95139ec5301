/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of the network interfaces.
 *
 *     class/net/eth0/speed       1000
 *     class/net/eth0/operstate   up
 *     class/net/eth0/flags       0x1003
 *
 * Source: Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c; linux/if_link.h for netlink.
 */
#include "netclass.h"

static const struct ng_option options[] = {
	NG_OPTION(netclass, ignored, NG_OPTION_PATTERN, "ignored-devices", "^$",
		"Interfaces to leave out (regular expression)."),
	NG_OPTION(netclass, ignore_invalid_speed, NG_OPTION_BOOL, "ignore-invalid-speed", "false",
		"Leave out negative speeds, which drivers report if the speed is unknown."),
	NG_OPTION(netclass, use_netlink, NG_OPTION_BOOL, "netlink", "false",
		"Get the attributes from netlink instead of sysfs."),
	NG_OPTION(netclass, with_stats, NG_OPTION_BOOL, "-collector.netclass_rtnl.with-stats", "false",
		"With netlink, also report traffic, replacing the netdev collector."),
};

/* ---- families ---- */

enum { UP, INFO, FIRST_NUMBER, ALTNAMES = FIRST_NUMBER + NETCLASS_NUMBERS, FIRST_STAT };

#define ATTRIBUTE(name_, type_, help_)                                                                                 \
	{                                                                                                              \
		.name = "node_network_" name_, .help = (help_), .type = (type_), .labels = "device"                    \
	}

/* The index of a field among the 64-bit numbers of the kernel's structure. */
#define S(field) (offsetof(struct rtnl_link_stats64, field) / sizeof(__u64))

/* X(name, field, help) */
#define STATS(X)                                                                                                       \
	X("receive_packets", rx_packets, "Packets received.")                                                          \
	X("transmit_packets", tx_packets, "Packets sent.")                                                             \
	X("receive_bytes", rx_bytes, "Bytes received.")                                                                \
	X("transmit_bytes", tx_bytes, "Bytes sent.")                                                                   \
	X("receive_errors", rx_errors, "Packets received with an error.")                                              \
	X("transmit_errors", tx_errors, "Packets not sent because of an error.")                                       \
	X("receive_dropped", rx_dropped, "Received packets dropped.")                                                  \
	X("transmit_dropped", tx_dropped, "Outgoing packets dropped.")                                                 \
	X("multicast", multicast, "Multicast packets received.")                                                       \
	X("collisions", collisions, "Collisions.")                                                                     \
	X("receive_length_errors", rx_length_errors, "Frames received with a length error.")                           \
	X("receive_over_errors", rx_over_errors, "Receive ring overruns.")                                             \
	X("receive_crc_errors", rx_crc_errors, "Frames received with a checksum (CRC) error.")                         \
	X("receive_frame_errors", rx_frame_errors, "Frames received with an alignment error.")                         \
	X("receive_fifo_errors", rx_fifo_errors, "Receive FIFO overruns.")                                             \
	X("receive_missed_errors", rx_missed_errors, "Packets missed because the device had no buffer space.")         \
	X("transmit_aborted_errors", tx_aborted_errors, "Aborted transmissions.")                                      \
	X("transmit_carrier_errors", tx_carrier_errors, "Frames not sent because the carrier was lost.")               \
	X("transmit_fifo_errors", tx_fifo_errors, "Transmit FIFO underruns.")                                          \
	X("transmit_heartbeat_errors", tx_heartbeat_errors, "Heartbeat (SQE) errors.")                                 \
	X("transmit_window_errors", tx_window_errors, "Late collisions.")                                              \
	X("receive_compressed", rx_compressed, "Compressed packets received.")                                         \
	X("transmit_compressed", tx_compressed, "Compressed packets sent.")                                            \
	X("receive_nohandler", rx_nohandler, "Packets received on an inactive interface.")

#define STAT_FAMILY(name, field, help) ATTRIBUTE(name "_total", NG_GAUGE, help),
#define STAT_PLACE(name, field, help)  S(field),

static const struct ng_family families[] = { [UP] = ATTRIBUTE("up", NG_GAUGE,
						     "1 if the operational state of the interface is up, otherwise 0."),
	[INFO] = { .name = "node_network_info",
		.help = "Addresses and state of the interface as text; always 1.",
		.type = NG_GAUGE,
		.labels = "adminstate,address,broadcast,device,duplex,ifalias,operstate" },
	ATTRIBUTE("address_assign_type", NG_GAUGE,
		"Source of the MAC address: 0 hardware, 1 random, 2 another interface, 3 set by the administrator."),
	ATTRIBUTE("carrier", NG_GAUGE, "1 if there is a link, otherwise 0."),
	ATTRIBUTE("carrier_changes_total", NG_COUNTER, "Times the link went up or down."),
	ATTRIBUTE("carrier_up_changes_total", NG_COUNTER, "Times the link went up."),
	ATTRIBUTE("carrier_down_changes_total", NG_COUNTER, "Times the link went down."),
	ATTRIBUTE("device_id", NG_GAUGE, "Device ID that tells apart interfaces with the same address."),
	ATTRIBUTE("dormant", NG_GAUGE, "1 if the interface is waiting for an external event, such as authentication."),
	ATTRIBUTE("flags", NG_GAUGE, "Interface flags (IFF_*) as a number."),
	ATTRIBUTE("iface_id", NG_GAUGE, "Interface index."),
	ATTRIBUTE("iface_link", NG_GAUGE, "Index of the underlying interface, or its own."),
	ATTRIBUTE("iface_link_mode", NG_GAUGE, "1 if the interface goes dormant before it is up, otherwise 0."),
	ATTRIBUTE("mtu_bytes", NG_GAUGE, "Maximum transmission unit (MTU)."),
	ATTRIBUTE("name_assign_type", NG_GAUGE,
		"Source of the interface name: 1 enumerated by the kernel, 2 predictable, 3 user space, 4 renamed."),
	ATTRIBUTE("net_dev_group", NG_GAUGE, "Interface group set by the administrator."),
	ATTRIBUTE("speed_bytes", NG_GAUGE, "Link speed in bytes per second; negative if unknown."),
	ATTRIBUTE("transmit_queue_length", NG_GAUGE, "Length of the transmit queue in packets."),
	ATTRIBUTE("protocol_type", NG_GAUGE, "Link type (ARPHRD_*) as a number."),
	[ALTNAMES] = { .name = "node_network_altnames_info",
		.help = "Alternative name of the interface; always 1.",
		.type = NG_GAUGE,
		.labels = "altname,device" },
	STATS(STAT_FAMILY) };
_Static_assert(NG_COUNT(families) > FIRST_STAT, "the families of numbers are those of enum netclass_number");

static const unsigned char stat_places[] = { STATS(STAT_PLACE) };
_Static_assert(NG_COUNT(families) == FIRST_STAT + NG_COUNT(stat_places), "one family for each number");

/* ---- writing ---- */

static void write_up(struct ng_scrape *scrape, const struct netclass_rows *rows)
{
	ng_family(scrape->page, &families[UP]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct netclass_row *row = &rows->row[i];
		if (row->operstate.size) /* an unknown state must not raise an alert */
			ng_sample_u64(scrape->page, row->labels, ng_span_equal(row->operstate, NG_SPAN("up")));
	}
}

static void write_info(struct ng_scrape *scrape, const struct netclass_rows *rows)
{
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct netclass_row *row = &rows->row[i];
		const struct ng_label labels[] = {
			{ "adminstate", ng_span(row->adminstate) },
			{ "address", row->address },
			{ "broadcast", row->broadcast },
			{ "device", row->name },
			{ "duplex", row->duplex },
			{ "ifalias", row->alias },
			{ "operstate", row->operstate },
		};
		size_t first = row->adminstate ? 0 : 1;
		if (row->text_unread) /* it would be a different series */
			continue;
		ng_sample_u64(scrape->page, ng_labels(scrape->arena, labels + first, NG_COUNT(labels) - first), 1);
	}
}

static void drop_speed(struct ng_scrape *scrape, struct ng_span name)
{
	const char *copy = ng_copy(scrape->arena, name).text;
	const char *path = copy ? ng_join(scrape->arena, "class/net/", copy, "/speed") : NULL;

	ng_drop_value(scrape, path ? path : "speed", 1, "a speed in Mbit/s");
}

static void write_number(const struct netclass *netclass, struct ng_scrape *scrape, const struct netclass_rows *rows,
	enum netclass_number number)
{
	ng_family(scrape->page, &families[FIRST_NUMBER + number]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct netclass_row *row = &rows->row[i];
		int64_t value = row->number[number];
		if (!(row->given >> number & 1))
			continue;
		if (number == NETCLASS_SPEED && value < 0 && netclass->ignore_invalid_speed)
			continue;
		if (number == NETCLASS_SPEED && __builtin_mul_overflow(value, 125000, &value)) {
			drop_speed(scrape, row->name);
			continue;
		}
		ng_sample_i64(scrape->page, row->labels, value);
	}
}

static void write_altnames(struct ng_scrape *scrape, const struct netclass_rows *rows)
{
	struct ng_span altname;

	ng_family(scrape->page, &families[ALTNAMES]);
	for (size_t i = 0; i < rows->count; i++) {
		struct ng_span rest = rows->row[i].link->altnames;
		while (ng_part_next(&rest, '\0', &altname))
			ng_sample_u64(scrape->page,
				NG_LABELS(scrape->arena, { "altname", altname }, { "device", rows->row[i].name }), 1);
	}
}

static void write_stats(struct ng_scrape *scrape, const struct netclass_rows *rows)
{
	for (size_t s = 0; s < NG_COUNT(stat_places); s++) {
		ng_family(scrape->page, &families[FIRST_STAT + s]);
		for (size_t i = 0; i < rows->count; i++) {
			const struct ng_link *link = rows->row[i].link;
			const __u64 *stats = (const __u64 *)&link->stats;
			if (link->given & NG_LINK_STATS)
				ng_sample_u64(scrape->page, rows->row[i].labels, stats[stat_places[s]]);
		}
	}
}

/* ---- the collector ---- */

static int netclass_init(void *state, struct ng_setup *setup)
{
	struct netclass *netclass = state;

	(void)ng_net_path(setup, &netclass->own);
	netclass->use_netlink = netclass->use_netlink && netclass->own;
	return 0;
}

static int read_rows(struct netclass *netclass, struct ng_scrape *scrape, struct netclass_rows *rows)
{
	if (netclass->use_netlink)
		return netclass_by_netlink(netclass, scrape, rows);
	if (netclass_is_live(netclass, scrape))
		return netclass_by_links(netclass, scrape, rows);
	return netclass_by_sysfs(netclass, scrape, rows);
}

static int netclass_collect(void *state, struct ng_scrape *scrape)
{
	struct netclass *netclass = state;
	struct netclass_rows rows = { .arena = scrape->arena };

	int r = read_rows(netclass, scrape, &rows);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.count; i++)
		rows.row[i].labels = NG_LABELS(scrape->arena, { "device", rows.row[i].name });
	write_up(scrape, &rows);
	write_info(scrape, &rows);
	for (int number = 0; number < NETCLASS_NUMBERS; number++)
		write_number(netclass, scrape, &rows, (enum netclass_number)number);
	if (netclass->use_netlink)
		write_altnames(scrape, &rows);
	if (netclass->use_netlink && netclass->with_stats)
		write_stats(scrape, &rows);
	return 0;
}

static void netclass_done(void *state)
{
	struct netclass *netclass = state;

	ng_netlink_close(&netclass->ethtool);
	for (size_t i = 0; i < NG_COUNT(netclass->entries); i++)
		ng_arena_done(&netclass->entries[i]);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "netclass",
	.summary = "Network interface attributes: state, speed, addresses, carrier changes",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct netclass),
	.init = netclass_init,
	.collect = netclass_collect,
	.done = netclass_done,
};
NG_COLLECTOR(descriptor);
