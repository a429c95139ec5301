/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fibre Channel host adapters.
 *
 *     class/fc_host/host0/port_name                   0x1000e0071bce95f2
 *     class/fc_host/host0/statistics/tx_frames        0x5
 *
 * A counter that the firmware does not have is 0xffffffffffffffff. Source: drivers/scsi/scsi_transport_fc.c.
 */
#include "devices.h"

static const char directory[] = "class/fc_host";

/* X(family, file, help) */
#define METRICS(X)                                                                                                     \
	X("dumped_frames", "dumped_frames", "Frames discarded for lack of host buffers.")                              \
	X("error_frames", "error_frames", "Frames received with an error.")                                            \
	X("invalid_crc", "invalid_crc_count", "Frames received with a wrong checksum (CRC).")                          \
	X("rx_frames", "rx_frames", "Frames received.")                                                                \
	X("rx_words", "rx_words", "Words received.")                                                                   \
	X("tx_frames", "tx_frames", "Frames sent.")                                                                    \
	X("tx_words", "tx_words", "Words sent.")                                                                       \
	X("seconds_since_last_reset", "seconds_since_last_reset", "Seconds since the statistics were reset.")          \
	X("invalid_tx_words", "invalid_tx_word_count", "Invalid transmission words.")                                  \
	X("link_failure", "link_failure_count", "Failures of the link.")                                               \
	X("loss_of_sync", "loss_of_sync_count", "Losses of synchronisation.")                                          \
	X("loss_of_signal", "loss_of_signal_count", "Losses of the signal.")                                           \
	X("nos", "nos_count", "Not-operational primitive sequences (NOS).")                                            \
	X("fcp_packet_aborts", "fcp_packet_aborts", "FCP packets aborted.")

/* X(label, whether the value is hexadecimal with 0x, which is left out); the files have the same names. */
#define TEXTS(X)                                                                                                       \
	X("speed", false)                                                                                              \
	X("port_state", false)                                                                                         \
	X("port_type", false)                                                                                          \
	X("port_id", true)                                                                                             \
	X("port_name", true)                                                                                           \
	X("fabric_name", true)                                                                                         \
	X("symbolic_name", false)                                                                                      \
	X("supported_classes", false)                                                                                  \
	X("supported_speeds", false)                                                                                   \
	X("dev_loss_tmo", false)

#define FAMILY(name_, file, help_)                                                                                     \
	{ .name = "node_fibrechannel_" name_ "_total", .help = (help_), .type = NG_COUNTER, .labels = "fc_host" },
#define NUMBER(name, file_, help) { .file = "statistics/" file_ },
#define ONE(name, file, help)     +1
#define TEXT(file_, hex)          { .file = (file_) },
#define HEX(file, hex)            hex,

enum { NUMBERS = METRICS(ONE), INFO = NUMBERS };

static const struct ng_family families[] = { METRICS(FAMILY)[INFO] = { .name = "node_fibrechannel_info",
						     .help = "A host adapter; always 1.",
						     .type = NG_GAUGE,
						     .labels = "fc_host,speed,port_state,port_type,port_id,port_name,"
							       "fabric_name,symbolic_name,supported_classes,"
							       "supported_speeds,dev_loss_tmo" } };
static const struct device_attribute attributes[] = { METRICS(NUMBER) TEXTS(TEXT) };
static const bool is_hex[] = { TEXTS(HEX) };

static const struct device_kind hosts = {
	.attributes = attributes,
	.count = NG_COUNT(attributes),
	.numbers = NUMBERS,
	.families = families,
	.file_kind = NG_VALUE,
};

struct fibrechannel {
	struct devices devices;
	bool absent; /* no class directory */
};

static int list(struct fibrechannel *fibrechannel, struct ng_scrape *scrape)
{
	struct devices *devices = &fibrechannel->devices;
	struct ng_names names;

	if (!devices_list(devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, directory, &names);
	fibrechannel->absent = r == -ENOENT;
	if (fibrechannel->absent)
		return devices_listed(devices, scrape, 0);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		const char *front = ng_join(scrape->arena, "class/fc_host/", names.name[i], "/");
		r = front ? devices_add(devices, &hosts, front, names.name[i],
				    NG_LABELS(&devices->kept, { "fc_host", ng_span(names.name[i]) }))
			  : -ENOMEM;
	}
	return devices_listed(devices, scrape, r);
}

static void hide_unsupported(struct device *device)
{
	uint64_t value;

	for (size_t i = 0; i < NUMBERS; i++) {
		struct ng_span *text = &device->texts[i];
		if (ng_span_starts(*text, NG_SPAN("0x")) && ng_hex(*text, &value) == 0 && value == UINT64_MAX)
			*text = (struct ng_span){ NULL, 0 };
	}
}

static struct ng_labels *info_labels(struct ng_scrape *scrape, const struct device *device)
{
	struct ng_label labels[1 + NG_COUNT(is_hex)];

	labels[0] = (struct ng_label){ "fc_host", device->name };
	for (size_t i = 0; i < NG_COUNT(is_hex); i++) {
		struct ng_span text = device->texts[NUMBERS + i];
		if (is_hex[i] && text.size > 2)
			text = ng_span_skip(text, 2);
		labels[1 + i] = (struct ng_label){ attributes[NUMBERS + i].file, text };
	}
	return ng_labels(scrape->arena, labels, NG_COUNT(labels));
}

static int fibrechannel_collect(void *state, struct ng_scrape *scrape)
{
	struct fibrechannel *fibrechannel = state;
	struct devices *devices = &fibrechannel->devices;

	int r = list(fibrechannel, scrape);
	if (r == 0 && fibrechannel->absent)
		return ng_failed(scrape, -ENODATA, "list", directory);
	if (r < 0)
		return r;
	devices_read(devices, scrape);
	for (size_t i = 0; i < devices->count; i++)
		hide_unsupported(&devices->device[i]);
	devices_emit(devices, scrape, families, NUMBERS);
	ng_family(scrape->page, &families[INFO]);
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->device[i];
		if (!device->gone && !device->unread)
			ng_sample_u64(scrape->page, info_labels(scrape, device), 1);
	}
	return 0;
}

static void fibrechannel_done(void *state)
{
	struct fibrechannel *fibrechannel = state;

	devices_done(&fibrechannel->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "fibrechannel",
	.summary = "Fibre Channel host adapters: state and counters",
	.may_block = true, /* the counters are fetched from the adapter */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct fibrechannel),
	.collect = fibrechannel_collect,
	.done = fibrechannel_done,
};
NG_COLLECTOR(descriptor);
