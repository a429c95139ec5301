/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory errors that were detected and corrected (EDAC).
 *
 *     mc0/ce_count, mc0/ce_noinfo_count      1
 *     mc0/csrow0/ce_count                    3
 *     mc0/csrow0/ch0_ce_count                0
 *     mc0/csrow0/ch0_dimm_label              mc#0csrow#0channel#0
 *
 * ce is correctable, ue uncorrectable; noinfo counts the errors that could not be attributed to a row. The label is
 * that of the memory module on the board, if the driver or the administrator has set one.
 * Source: Documentation/ABI/testing/sysfs-devices-edac, drivers/edac/edac_mc_sysfs.c.
 */
#include "devices.h"

#define DIRECTORY "devices/system/edac/mc"

enum { CONTROLLER, CSROW = 2, CHANNEL = 4, COUNTS = 2 };

static const struct ng_family families[] = {
	[CONTROLLER] = { .name = "node_edac_correctable_errors_total",
		.help = "Correctable memory errors of the controller.",
		.type = NG_COUNTER,
		.labels = "controller" },
	{ .name = "node_edac_uncorrectable_errors_total",
		.help = "Uncorrectable memory errors of the controller.",
		.type = NG_COUNTER,
		.labels = "controller" },
	[CSROW] = { .name = "node_edac_csrow_correctable_errors_total",
		.help = "Correctable memory errors of the chip-select row; unknown: not attributed to a row.",
		.type = NG_COUNTER,
		.labels = "controller,csrow" },
	{ .name = "node_edac_csrow_uncorrectable_errors_total",
		.help = "Uncorrectable memory errors of the chip-select row; unknown: not attributed to a row.",
		.type = NG_COUNTER,
		.labels = "controller,csrow" },
	[CHANNEL] = { .name = "node_edac_channel_correctable_errors_total",
		.help = "Correctable memory errors of the channel of a row, with the label of its memory module.",
		.type = NG_COUNTER,
		.labels = "controller,csrow,channel,dimm_label" },
	{ .name = "node_edac_channel_uncorrectable_errors_total",
		.help = "Uncorrectable memory errors of the channel of a row, with the label of its memory module.",
		.type = NG_COUNTER,
		.labels = "controller,csrow,channel,dimm_label" },
};

static const struct device_attribute counts[COUNTS] = { { .file = "ce_count" }, { .file = "ue_count" } };
static const struct device_attribute unattributed[COUNTS] = { { .file = "ce_noinfo_count" },
	{ .file = "ue_noinfo_count" } };

#define KIND(attributes_, first)                                                                                       \
	{                                                                                                              \
		.attributes = (attributes_), .count = COUNTS, .numbers = COUNTS, .families = &families[first],         \
		.file_kind = NG_VALUE                                                                                  \
	}
static const struct device_kind controllers = KIND(counts, CONTROLLER);
static const struct device_kind csrows = KIND(counts, CSROW);
static const struct device_kind unknown_csrows = KIND(unattributed, CSROW);
static const struct device_kind channels = KIND(counts, CHANNEL);

struct edac {
	struct devices devices;
};

/* "csrow12", "csrow" -> "12" */
static bool numbered(const char *name, struct ng_span prefix, struct ng_span *ret_number)
{
	struct ng_span rest = ng_span_skip(ng_span(name), prefix.size);
	size_t n = 0;

	while (n < rest.size && rest.text[n] >= '0' && rest.text[n] <= '9')
		n++;
	*ret_number = (struct ng_span){ rest.text, n };
	return ng_span_starts(ng_span(name), prefix) && n > 0;
}

/* Without '#', and with '_' before "csrow" and "channel", as node_exporter shows it. */
static struct ng_span label_clean(struct ng_arena *arena, struct ng_span label)
{
	char *room = ng_alloc(arena, 2 * label.size + 1);
	size_t size = 0;

	for (size_t i = 0; room && i < label.size; i++) {
		struct ng_span rest = ng_span_skip(label, i);
		if (ng_span_starts(rest, NG_SPAN("csrow")) || ng_span_starts(rest, NG_SPAN("channel")) ||
			ng_span_starts(rest, NG_SPAN("#csrow")) || ng_span_starts(rest, NG_SPAN("#channel")))
			room[size++] = '_';
		if (label.text[i] != '#')
			room[size++] = label.text[i];
	}
	return (struct ng_span){ room, room ? size : 0 };
}

static int channel_add(struct edac *edac, struct ng_scrape *scrape, const char *row, struct ng_label controller,
	struct ng_label csrow, struct ng_span channel)
{
	const char *number = ng_copy(scrape->arena, channel).text;
	const char *front = number ? ng_join(scrape->arena, row, "ch", number) : NULL;
	struct ng_span label;

	front = front ? ng_join(scrape->arena, front, "_", NULL) : NULL;
	const char *path = front ? ng_join(scrape->arena, front, "dimm_label", NULL) : NULL;
	if (!path)
		return -ENOMEM;
	int r = ng_read(scrape, NG_SYS, NG_VALUE, path, &label);
	if (r == -ENOMEM)
		return r;
	if (r < 0 && r != -ENOENT) {
		ng_drop(scrape); /* it would be a different series */
		devices_leave_out(&edac->devices, scrape, r, path);
		return 0;
	}
	label = r < 0 ? NG_SPAN("unknown") : label_clean(scrape->arena, ng_trim(label));
	if (!label.text)
		return -ENOMEM;
	return devices_add(&edac->devices, &channels, front, number,
		NG_LABELS(&edac->devices.kept, controller, csrow, { "channel", channel }, { "dimm_label", label }));
}

static int channels_add(
	struct edac *edac, struct ng_scrape *scrape, const char *row, struct ng_label controller, struct ng_label csrow)
{
	struct ng_names names;
	struct ng_span number;

	int r = ng_names(scrape, NG_SYS, row, &names);
	if (r < 0 && r != -ENOMEM) {
		devices_leave_out(&edac->devices, scrape, r, row);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (numbered(names.name[i], NG_SPAN("ch"), &number) &&
			strcmp(number.text + number.size, "_ce_count") == 0)
			r = channel_add(edac, scrape, row, controller, csrow, number);
	}
	return r;
}

static int csrow_add(struct edac *edac, struct ng_scrape *scrape, const char *front, struct ng_label controller,
	const char *name, struct ng_span number)
{
	const char *row = ng_join(scrape->arena, front, name, "/");
	struct ng_label csrow = { "csrow", number };

	int r = row ? devices_add(&edac->devices, &csrows, row, name, NG_LABELS(&edac->devices.kept, controller, csrow))
		    : -ENOMEM;
	return r == 0 ? channels_add(edac, scrape, row, controller, csrow) : r;
}

static int controller_add(struct edac *edac, struct ng_scrape *scrape, const char *name, struct ng_span number)
{
	const char *front = ng_join(scrape->arena, DIRECTORY "/", name, "/");
	struct ng_label controller = { "controller", number };
	struct ng_names names;

	if (!front)
		return -ENOMEM;
	int r = ng_names(scrape, NG_SYS, front, &names);
	if (r < 0 && r != -ENOMEM) {
		ng_drop(scrape);
		devices_leave_out(&edac->devices, scrape, r, front);
		return 0;
	}
	if (r == 0)
		r = devices_add(&edac->devices, &controllers, front, name, NG_LABELS(&edac->devices.kept, controller));
	if (r == 0) {
		r = devices_add(&edac->devices, &unknown_csrows, front, name,
			NG_LABELS(&edac->devices.kept, controller, { "csrow", NG_SPAN("unknown") }));
	}
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (numbered(names.name[i], NG_SPAN("csrow"), &number))
			r = csrow_add(edac, scrape, front, controller, names.name[i], number);
	}
	return r;
}

static int list(struct edac *edac, struct ng_scrape *scrape)
{
	struct ng_names names;
	struct ng_span number;

	if (!devices_list(&edac->devices, scrape))
		return 0;
	int r = ng_names(scrape, NG_SYS, DIRECTORY, &names);
	if (r == -ENOENT)
		return devices_listed(&edac->devices, scrape, 0); /* no such memory */
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (numbered(names.name[i], NG_SPAN("mc"), &number))
			r = controller_add(edac, scrape, names.name[i], number);
	}
	return devices_listed(&edac->devices, scrape, r);
}

static int edac_collect(void *state, struct ng_scrape *scrape)
{
	struct edac *edac = state;

	int r = list(edac, scrape);
	if (r < 0)
		return r;
	devices_read(&edac->devices, scrape);
	for (size_t i = 0; i < NG_COUNT(families); i += COUNTS)
		devices_emit(&edac->devices, scrape, &families[i], COUNTS);
	return 0;
}

static void edac_done(void *state)
{
	struct edac *edac = state;

	devices_done(&edac->devices);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "edac",
	.summary = "Memory errors by controller, row and channel (EDAC)",
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct edac),
	.collect = edac_collect,
	.done = edac_done,
};
NG_COLLECTOR(descriptor);
