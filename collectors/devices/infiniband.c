/* SPDX-License-Identifier: Apache-2.0 */
/*
 * InfiniBand and RDMA devices and their ports.
 *
 *     class/infiniband/mlx4_0/{fw_ver,board_id,hca_type}
 *     class/infiniband/mlx4_0/ports/1/state                       4: ACTIVE
 *     class/infiniband/mlx4_0/ports/1/rate                        40 Gb/sec (4X QDR)
 *     class/infiniband/mlx4_0/ports/1/counters/port_rcv_data      4631917
 *     class/infiniband/mlx5_0/ports/1/hw_counters/out_of_buffer   0
 *
 * The data counters are in units of four bytes. counters_ext has the 64-bit counters before Linux 4.5. Some drivers
 * write "N/A (no PMA)" for counters that they lack. Source: Documentation/ABI/stable/sysfs-class-infiniband.
 */
#include "devices.h"

#define DIRECTORY "class/infiniband"

/* X(family, directory and file, the unit in bytes or events, help) */
#define METRICS(X)                                                                                                     \
	X("legacy_multicast_packets_received", "counters_ext/port_multicast_rcv_packets", 1,                           \
		"Multicast packets received, from counters_ext.")                                                      \
	X("legacy_multicast_packets_transmitted", "counters_ext/port_multicast_xmit_packets", 1,                       \
		"Multicast packets sent, from counters_ext.")                                                          \
	X("legacy_data_received_bytes", "counters_ext/port_rcv_data_64", 4, "Data received, from counters_ext.")       \
	X("legacy_packets_received", "counters_ext/port_rcv_packets_64", 1, "Packets received, from counters_ext.")    \
	X("legacy_unicast_packets_received", "counters_ext/port_unicast_rcv_packets", 1,                               \
		"Unicast packets received, from counters_ext.")                                                        \
	X("legacy_unicast_packets_transmitted", "counters_ext/port_unicast_xmit_packets", 1,                           \
		"Unicast packets sent, from counters_ext.")                                                            \
	X("legacy_data_transmitted_bytes", "counters_ext/port_xmit_data_64", 4, "Data sent, from counters_ext.")       \
	X("legacy_packets_transmitted", "counters_ext/port_xmit_packets_64", 1, "Packets sent, from counters_ext.")    \
	X("excessive_buffer_overrun_errors", "counters/excessive_buffer_overrun_errors", 1,                            \
		"Buffer overruns in consecutive flow control periods.")                                                \
	X("link_downed", "counters/link_downed", 1,                                                                    \
		"Times that the link did not recover from an error and went down.")                                    \
	X("link_error_recovery", "counters/link_error_recovery", 1, "Times that the link recovered from an error.")    \
	X("local_link_integrity_errors", "counters/local_link_integrity_errors", 1,                                    \
		"Times that the local physical errors exceeded the threshold.")                                        \
	X("multicast_packets_received", "counters/multicast_rcv_packets", 1, "Multicast packets received.")            \
	X("multicast_packets_transmitted", "counters/multicast_xmit_packets", 1, "Multicast packets sent.")            \
	X("port_constraint_errors_received", "counters/port_rcv_constraint_errors", 1,                                 \
		"Packets received and discarded by the switch port.")                                                  \
	X("port_constraint_errors_transmitted", "counters/port_xmit_constraint_errors", 1,                             \
		"Packets that the switch port did not send.")                                                          \
	X("port_data_received_bytes", "counters/port_rcv_data", 4, "Data received.")                                   \
	X("port_data_transmitted_bytes", "counters/port_xmit_data", 4, "Data sent.")                                   \
	X("port_discards_received", "counters/port_rcv_discards", 1, "Inbound packets discarded by the port.")         \
	X("port_discards_transmitted", "counters/port_xmit_discards", 1, "Outbound packets discarded by the port.")    \
	X("port_errors_received", "counters/port_rcv_errors", 1, "Packets received with an error.")                    \
	X("port_packets_received", "counters/port_rcv_packets", 1, "Packets received, with errors or without.")        \
	X("port_packets_transmitted", "counters/port_xmit_packets", 1, "Packets sent, with errors or without.")        \
	X("port_receive_remote_physical_errors", "counters/port_rcv_remote_physical_errors", 1,                        \
		"Packets received that were marked as bad by their sender.")                                           \
	X("port_receive_switch_relay_errors", "counters/port_rcv_switch_relay_errors", 1,                              \
		"Packets received that the switch could not forward.")                                                 \
	X("port_transmit_wait", "counters/port_xmit_wait", 1, "Ticks in which the port had data but could not send.")  \
	X("symbol_error", "counters/symbol_error", 1, "Minor link errors.")                                            \
	X("unicast_packets_received", "counters/unicast_rcv_packets", 1, "Unicast packets received.")                  \
	X("unicast_packets_transmitted", "counters/unicast_xmit_packets", 1, "Unicast packets sent.")                  \
	X("vl15_dropped", "counters/VL15_dropped", 1, "Management packets dropped for lack of resources.")             \
	HW_METRICS(X)

#define HW_METRICS(X)                                                                                                  \
	X("duplicate_requests_packets", "hw_counters/duplicate_request", 1, "Duplicate requests received.")            \
	X("implied_nak_seq_errors", "hw_counters/implied_nak_seq_err", 1,                                              \
		"Acknowledgements with a sequence number beyond the expected one.")                                    \
	X("local_ack_timeout_errors", "hw_counters/local_ack_timeout_err", 1, "Acknowledgement timeouts.")             \
	X("np_cnp_packets_sent", "hw_counters/np_cnp_sent", 1, "Congestion notifications sent.")                       \
	X("np_ecn_marked_roce_packets_received", "hw_counters/np_ecn_marked_roce_packets", 1,                          \
		"RoCE packets received with the mark of congestion.")                                                  \
	X("out_of_buffer_drops", "hw_counters/out_of_buffer", 1, "Packets dropped for lack of receive requests.")      \
	X("out_of_sequence_packets_received", "hw_counters/out_of_sequence", 1, "Packets received out of order.")      \
	X("packet_sequence_errors", "hw_counters/packet_seq_err", 1, "Negative acknowledgements of the sequence.")     \
	X("req_cqes_errors", "hw_counters/req_cqe_error", 1, "Requests completed with an error.")                      \
	X("req_cqes_flush_errors", "hw_counters/req_cqe_flush_error", 1, "Requests completed by a flush.")             \
	X("req_remote_access_errors", "hw_counters/req_remote_access_errors", 1,                                       \
		"Requests that the remote side refused for an access error.")                                          \
	X("req_remote_invalid_request_errors", "hw_counters/req_remote_invalid_request", 1,                            \
		"Requests that the remote side refused as invalid.")                                                   \
	X("resp_cqes_errors", "hw_counters/resp_cqe_error", 1, "Responses completed with an error.")                   \
	X("resp_cqes_flush_errors", "hw_counters/resp_cqe_flush_error", 1, "Responses completed by a flush.")          \
	X("resp_local_length_errors", "hw_counters/resp_local_length_error", 1,                                        \
		"Responses with a local length error.")                                                                \
	X("resp_remote_access_errors", "hw_counters/resp_remote_access_errors", 1, "Responses with an access error.")  \
	X("rnr_nak_retry_packets_received", "hw_counters/rnr_nak_retry_err", 1,                                        \
		"Receiver-not-ready messages received, within the limit of retries.")                                  \
	X("roce_adp_retransmits", "hw_counters/roce_adp_retrans", 1, "Adaptive retransmissions of RoCE traffic.")      \
	X("roce_adp_retransmits_timeout", "hw_counters/roce_adp_retrans_to", 1,                                        \
		"Timeouts of RoCE traffic by adaptive retransmission.")                                                \
	X("roce_slow_restart_used", "hw_counters/roce_slow_restart", 1, "Uses of RoCE slow restart.")                  \
	X("roce_slow_restart_cnps", "hw_counters/roce_slow_restart_cnps", 1,                                           \
		"Congestion notifications generated by RoCE slow restart.")                                            \
	X("roce_slow_restart", "hw_counters/roce_slow_restart_trans", 1, "Changes to the state of RoCE slow restart.") \
	X("rp_cnp_packets_handled", "hw_counters/rp_cnp_handled", 1, "Congestion notifications handled.")              \
	X("rp_cnp_ignored_packets_received", "hw_counters/rp_cnp_ignored", 1, "Congestion notifications ignored.")     \
	X("rx_atomic_requests", "hw_counters/rx_atomic_requests", 1, "Atomic requests received.")                      \
	X("rx_dct_connect_requests", "hw_counters/rx_dct_connect", 1,                                                  \
		"Connection requests received for dynamically connected transports.")                                  \
	X("rx_icrc_encapsulated_errors", "hw_counters/rx_icrc_encapsulated", 1,                                        \
		"RoCE packets received with a wrong invariant checksum (ICRC).")                                       \
	X("rx_read_requests", "hw_counters/rx_read_requests", 1, "Read requests received.")                            \
	X("rx_write_requests", "hw_counters/rx_write_requests", 1, "Write requests received.")

#define FAMILY(name_, file, unit, help_)                                                                               \
	{ .name = "node_infiniband_" name_ "_total", .help = (help_), .type = NG_COUNTER, .labels = "device,port" },
#define NUMBER(name, file_, unit, help) { .file = (file_), .multiple = (unit) },
#define ONE(name, file, unit, help)     +1

enum { NUMBERS = METRICS(ONE), INFO = NUMBERS, STATE_ID, PHYSICAL_STATE_ID, RATE, LIFESPAN };

static const struct ng_family families[] = {
	METRICS(FAMILY)[INFO] = { .name = "node_infiniband_info",
		.help = "An InfiniBand or RDMA device; always 1.",
		.type = NG_GAUGE,
		.labels = "device,board_id,firmware_version,hca_type" },
	[STATE_ID] = { .name = "node_infiniband_state_id",
		.help = "State of the port (0: no change, 1: down, 2: initialising, 3: armed, 4: active, 5: deferred).",
		.type = NG_GAUGE,
		.labels = "device,port" },
	[PHYSICAL_STATE_ID] = { .name = "node_infiniband_physical_state_id",
		.help = "Physical state of the port (0: no change, 1: sleep, 2: polling, 3: disabled, 4: shift, 5: "
			"link "
			"up, 6: recovering, 7: test).",
		.type = NG_GAUGE,
		.labels = "device,port" },
	[RATE] = { .name = "node_infiniband_rate_bytes_per_second",
		.help = "Signalling rate of the port.",
		.type = NG_GAUGE,
		.labels = "device,port" },
	[LIFESPAN] = { .name = "node_infiniband_lifespan_seconds",
		.help = "Age up to which the port's hardware counters are cached, in whole seconds.",
		.type = NG_GAUGE,
		.labels = "device,port" },
};

/* The texts of a port: their families are in the same order, from STATE_ID. */
static const struct device_attribute port_attributes[] = {
	METRICS(NUMBER){ .file = "state" },
	{ .file = "phys_state" },
	{ .file = "rate" },
	{ .file = "hw_counters/lifespan" },
};
static const struct device_kind ports = {
	.attributes = port_attributes,
	.count = NG_COUNT(port_attributes),
	.numbers = NUMBERS,
	.families = families,
	.file_kind = NG_VALUE,
};

enum { FIRMWARE, BOARD, TYPE };
static const struct device_attribute adapter_attributes[] = {
	[FIRMWARE] = { .file = "fw_ver" },
	[BOARD] = { .file = "board_id" },
	[TYPE] = { .file = "hca_type" },
};
static const struct device_kind adapters = {
	.attributes = adapter_attributes, .count = NG_COUNT(adapter_attributes), .file_kind = NG_VALUE
};

struct infiniband {
	struct ng_filter filter;
	struct devices devices;
	bool absent; /* no class directory */
};

static const struct ng_option options[] = {
	NG_OPTION(infiniband, filter.include, NG_OPTION_PATTERN, "device-include", "", "Devices to report."),
	NG_OPTION(infiniband, filter.exclude, NG_OPTION_PATTERN, "device-exclude", "", "Devices to leave out."),
};

/* ---- listing ---- */

static int port_add(struct infiniband *infiniband, struct ng_scrape *scrape, const char *device, const char *below,
	const char *name)
{
	const char *front = ng_join(scrape->arena, below, name, "/");
	char room[NG_DIGITS];
	uint64_t number;

	if (!front)
		return -ENOMEM;
	if (ng_u64(ng_span(name), &number) < 0) {
		ng_drop_record(scrape, front, 0, "the number of a port");
		return 0;
	}
	return devices_add(&infiniband->devices, &ports, front, name,
		NG_LABELS(
			&infiniband->devices.kept, { "device", ng_span(device) }, { "port", ng_digits(room, number) }));
}

static int adapter_add(struct infiniband *infiniband, struct ng_scrape *scrape, const char *name)
{
	const char *front = ng_join(scrape->arena, DIRECTORY "/", name, "/");
	const char *below = front ? ng_join(scrape->arena, front, "ports/", NULL) : NULL;
	struct ng_names names;

	if (!ng_filter_keeps(&infiniband->filter, ng_span(name)))
		return 0;
	int r = below ? devices_add(&infiniband->devices, &adapters, front, name,
				NG_LABELS(&infiniband->devices.kept, { "device", ng_span(name) }))
		      : -ENOMEM;
	if (r == 0)
		r = ng_names(scrape, NG_SYS, below, &names);
	if (r < 0 && r != -ENOMEM) {
		devices_leave_out(&infiniband->devices, scrape, r, below);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = port_add(infiniband, scrape, name, below, names.name[i]);
	return r;
}

static int list(struct infiniband *infiniband, struct ng_scrape *scrape)
{
	struct ng_names names;

	if (!devices_list(&infiniband->devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	infiniband->absent = r == -ENOENT;
	if (infiniband->absent)
		return devices_listed(&infiniband->devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = adapter_add(infiniband, scrape, names.name[i]);
	return devices_listed(&infiniband->devices, scrape, r);
}

/* ---- values ---- */

static void hide_unavailable(struct device *device)
{
	for (size_t i = 0; i < device->kind->numbers; i++) {
		if (ng_span_starts(device->texts[i], NG_SPAN("N/A")))
			device->texts[i] = (struct ng_span){ NULL, 0 };
	}
}

/* "4: ACTIVE" */
static bool state_parse(struct ng_span text, uint64_t *ret_value)
{
	return ng_u64(ng_trim((struct ng_span){ text.text, ng_span_find(text, ':') }), ret_value) == 0 &&
	       ng_span_find(text, ':') < text.size;
}

/* "2.5 Gb/sec (1X SDR)" in bytes per second */
static bool rate_parse(struct ng_span text, uint64_t *ret_value)
{
	struct ng_span word;
	struct ng_decimal rate;
	int64_t scale = 1;

	if (!ng_word_next(&text, &word) || text.size == 0 || ng_decimal(word, &rate) < 0 || rate.digits < 0)
		return false;
	for (unsigned i = 0; i < rate.places; i++)
		scale *= 10;
	if (__builtin_mul_overflow((uint64_t)rate.digits, UINT64_C(125000000), ret_value))
		return false;
	*ret_value /= (uint64_t)scale;
	return true;
}

/* Milliseconds in the file, whole seconds in node_exporter. */
static bool lifespan_parse(struct ng_span text, uint64_t *ret_value)
{
	if (ng_u64(text, ret_value) < 0)
		return false;
	*ret_value /= 1000;
	return true;
}

static void emit_text(struct ng_scrape *scrape, const struct device *port, size_t family)
{
	size_t i = NUMBERS + family - STATE_ID;
	struct ng_span text = port->texts[i];
	uint64_t value;

	if (text.size == 0 || ng_span_starts(text, NG_SPAN("N/A")))
		return;
	if (family == RATE           ? rate_parse(text, &value)
		: family == LIFESPAN ? lifespan_parse(text, &value)
				     : state_parse(text, &value))
		ng_sample_u64(scrape->page, port->labels, value);
	else
		ng_drop_value(scrape, port->files[i].path, 1, "a number with its unit or name");
}

static void emit_info(struct ng_scrape *scrape, const struct device *adapter)
{
	ng_sample_u64(scrape->page,
		NG_LABELS_WITH(scrape->arena, adapter->labels, { "board_id", adapter->texts[BOARD] },
			{ "firmware_version", adapter->texts[FIRMWARE] }, { "hca_type", adapter->texts[TYPE] }),
		1);
}

static void emit(const struct infiniband *infiniband, struct ng_scrape *scrape)
{
	const struct devices *devices = &infiniband->devices;

	devices_emit(devices, scrape, families, NUMBERS);
	for (size_t family = INFO; family < NG_COUNT(families); family++) {
		ng_family(scrape->page, &families[family]);
		for (size_t i = 0; i < devices->count; i++) {
			const struct device *device = &devices->device[i];
			if (family == INFO && device->kind == &adapters && !device->gone && !device->unread)
				emit_info(scrape, device);
			else if (family != INFO && device->kind == &ports)
				emit_text(scrape, device, family);
		}
	}
}

static int infiniband_collect(void *state, struct ng_scrape *scrape)
{
	struct infiniband *infiniband = state;

	int r = list(infiniband, scrape);
	if (r == 0 && infiniband->absent)
		return ng_failed(scrape, -ENODATA, "list", DIRECTORY);
	if (r < 0)
		return r;
	devices_read(&infiniband->devices, scrape);
	for (size_t i = 0; i < infiniband->devices.count; i++)
		hide_unavailable(&infiniband->devices.device[i]);
	emit(infiniband, scrape);
	return 0;
}

static void infiniband_done(void *state)
{
	struct infiniband *infiniband = state;

	devices_done(&infiniband->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "infiniband",
	.summary = "InfiniBand and RDMA devices: state, rate and counters of their ports",
	.may_block = true, /* the counters are fetched from the adapter */
	.options = options,
	.option_count = NG_COUNT(options),
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct infiniband),
	.collect = infiniband_collect,
	.done = infiniband_done,
};
NG_COLLECTOR(descriptor);
