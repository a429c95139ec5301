/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of the network interfaces.
 *
 *     class/net/eth0/speed       1000
 *     class/net/eth0/operstate   up
 *     class/net/eth0/flags       0x1003
 *
 * Source: Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c; linux/if_link.h for the same by netlink.
 */
#include "netclass.h"

static const struct ng_option options[] = {
	NG_OPTION(netclass, ignored, NG_OPTION_PATTERN, "ignored-devices", "^$", "interfaces to leave out"),
	NG_OPTION(netclass, ignore_invalid_speed, NG_OPTION_BOOL, "ignore-invalid-speed", "false",
		"leave out a speed that is negative, as it is where the driver does not know it"),
	NG_OPTION(netclass, use_netlink, NG_OPTION_BOOL, "netlink", "false",
		"report the attributes as netlink gives them, not as sysfs does"),
	NG_OPTION(netclass, with_stats, NG_OPTION_BOOL, "-collector.netclass_rtnl.with-stats", "false",
		"with netlink: report the traffic of the interfaces too, instead of the collector netdev"),
};

/* ---- families ---- */

enum { UP, INFO, FIRST_NUMBER, ALTNAMES = FIRST_NUMBER + NETCLASS_NUMBERS, FIRST_STAT };

#define ATTRIBUTE(name_, type_, help_)                                                                                 \
	{                                                                                                              \
		.name = "node_network_" name_, .help = (help_), .type = (type_), .labels = "device"                    \
	}

/* The place of a field among the 64-bit numbers of the kernel's structure. */
#define S(field) (offsetof(struct rtnl_link_stats64, field) / sizeof(__u64))

/* X(name, field, help) */
#define STATS(X)                                                                                                       \
	X("receive_packets", rx_packets, "Packets received.")                                                          \
	X("transmit_packets", tx_packets, "Packets sent.")                                                             \
	X("receive_bytes", rx_bytes, "Bytes received.")                                                                \
	X("transmit_bytes", tx_bytes, "Bytes sent.")                                                                   \
	X("receive_errors", rx_errors, "Packets received with an error.")                                              \
	X("transmit_errors", tx_errors, "Packets not sent for an error.")                                              \
	X("receive_dropped", rx_dropped, "Packets received and dropped.")                                              \
	X("transmit_dropped", tx_dropped, "Packets dropped instead of sent.")                                          \
	X("multicast", multicast, "Multicast packets received.")                                                       \
	X("collisions", collisions, "Collisions.")                                                                     \
	X("receive_length_errors", rx_length_errors, "Frames received with a wrong length.")                           \
	X("receive_over_errors", rx_over_errors, "Overruns of the receive ring.")                                      \
	X("receive_crc_errors", rx_crc_errors, "Frames received with a wrong checksum.")                               \
	X("receive_frame_errors", rx_frame_errors, "Frames received with a wrong alignment.")                          \
	X("receive_fifo_errors", rx_fifo_errors, "Overruns of the receive FIFO.")                                      \
	X("receive_missed_errors", rx_missed_errors, "Packets for which the device had no room.")                      \
	X("transmit_aborted_errors", tx_aborted_errors, "Frames given up.")                                            \
	X("transmit_carrier_errors", tx_carrier_errors, "Frames not sent as the carrier was lost.")                    \
	X("transmit_fifo_errors", tx_fifo_errors, "Underruns of the transmit FIFO.")                                   \
	X("transmit_heartbeat_errors", tx_heartbeat_errors, "Frames without a heartbeat (SQE).")                       \
	X("transmit_window_errors", tx_window_errors, "Frames that collided late.")                                    \
	X("receive_compressed", rx_compressed, "Compressed packets received.")                                         \
	X("transmit_compressed", tx_compressed, "Compressed packets sent.")                                            \
	X("receive_nohandler", rx_nohandler, "Packets received on an inactive interface.")

#define STAT_FAMILY(name, field, help) ATTRIBUTE(name "_total", NG_GAUGE, help),
#define STAT_PLACE(name, field, help)  S(field),

static const struct ng_family families[] = { [UP] = ATTRIBUTE("up", NG_GAUGE,
						     "1 when the operational state of the interface is up, else 0."),
	[INFO] = { .name = "node_network_info",
		.help = "Addresses and states of an interface in words; the value is always 1.",
		.type = NG_GAUGE,
		.labels = "adminstate,address,broadcast,device,duplex,ifalias,operstate" },
	ATTRIBUTE("address_assign_type", NG_GAUGE,
		"Where the address comes from: 0 the hardware, 1 chance, 2 another interface, 3 the administrator."),
	ATTRIBUTE("carrier", NG_GAUGE, "1 when the link is there, 0 when not."),
	ATTRIBUTE("carrier_changes_total", NG_COUNTER, "How often the link came or went."),
	ATTRIBUTE("carrier_up_changes_total", NG_COUNTER, "How often the link came."),
	ATTRIBUTE("carrier_down_changes_total", NG_COUNTER, "How often the link went."),
	ATTRIBUTE("device_id", NG_GAUGE, "The driver's number for interfaces that share an address."),
	ATTRIBUTE("dormant", NG_GAUGE, "1 when the interface waits for something outside, such as authentication."),
	ATTRIBUTE("flags", NG_GAUGE, "The flags of the interface (IFF_*) as a number."),
	ATTRIBUTE("iface_id", NG_GAUGE, "The index of the interface."),
	ATTRIBUTE("iface_link", NG_GAUGE, "The index of the interface below this one, or its own."),
	ATTRIBUTE("iface_link_mode", NG_GAUGE, "1 when the interface becomes dormant before it is up, else 0."),
	ATTRIBUTE("mtu_bytes", NG_GAUGE, "The longest packet that fits."),
	ATTRIBUTE("name_assign_type", NG_GAUGE,
		"Where the name comes from: 1 the kernel's count, 2 the hardware, 3 user space, 4 a renaming."),
	ATTRIBUTE("net_dev_group", NG_GAUGE, "The group that the administrator put the interface in."),
	ATTRIBUTE(
		"speed_bytes", NG_GAUGE, "The speed of the link in bytes per second; negative where it is not known."),
	ATTRIBUTE("transmit_queue_length", NG_GAUGE, "Packets that fit in the transmit queue."),
	ATTRIBUTE("protocol_type", NG_GAUGE, "The kind of link (ARPHRD_*) as a number."),
	[ALTNAMES] = { .name = "node_network_altnames_info",
		.help = "Another name of an interface; the value is always 1.",
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
		if (row->operstate.size) /* a state that is not known must not raise an alert */
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
		if (row->text_unread) /* it would be another series */
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
	.summary = "Attributes of the network interfaces: state, speed, addresses, carrier changes",
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
