/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the firmware says of the machine, its board, its chassis and itself (SMBIOS).
 *
 *     /sys/class/dmi/id/sys_vendor     Dell Inc.
 *     /sys/class/dmi/id/product_name   PowerEdge R6515
 *
 * Source: drivers/firmware/dmi-id.c. The serial numbers and the UUID are for root only. It does not change while the
 * machine runs, so it is read when devices change.
 */
#include <nodegauge/collector.h>

static const char directory[] = "class/dmi/id";

/* Which of the labels there are depends on the machine, hence .dynamic. */
static const struct ng_family families[] = {
	{ .name = "node_dmi_info",
		.help = "What the firmware says of the machine; always 1. Only labels that can be read are present.",
		.type = NG_GAUGE,
		.labels =
			"bios_date,bios_release,bios_vendor,bios_version,board_asset_tag,board_name,board_serial,board_"
			"vendor,"
			"board_version,chassis_asset_tag,chassis_serial,chassis_vendor,chassis_version,product_family,"
			"product_name,product_serial,product_sku,product_uuid,product_version,system_vendor",
		.dynamic = true },
};

static const struct {
	const char *label, *file;
} fields[] = {
	{ "bios_date", "bios_date" },
	{ "bios_release", "bios_release" },
	{ "bios_vendor", "bios_vendor" },
	{ "bios_version", "bios_version" },
	{ "board_asset_tag", "board_asset_tag" },
	{ "board_name", "board_name" },
	{ "board_serial", "board_serial" },
	{ "board_vendor", "board_vendor" },
	{ "board_version", "board_version" },
	{ "chassis_asset_tag", "chassis_asset_tag" },
	{ "chassis_serial", "chassis_serial" },
	{ "chassis_vendor", "chassis_vendor" },
	{ "chassis_version", "chassis_version" },
	{ "product_family", "product_family" },
	{ "product_name", "product_name" },
	{ "product_serial", "product_serial" },
	{ "product_sku", "product_sku" },
	{ "product_uuid", "product_uuid" },
	{ "product_version", "product_version" },
	{ "system_vendor", "sys_vendor" },
};

struct dmi {
	uint64_t epoch; /* of the last reading */
	struct ng_arena arena;
	struct ng_span labels; /* empty where there is no DMI */
};

/* The labels lie in the arena of the scrape. `*ret_doubtful` when a file that exists could not be read. */
static int labels_read(struct ng_scrape *scrape, struct ng_span *ret_labels, bool *ret_doubtful)
{
	NG_CLOSE int fd = -1;
	struct ng_label labels[NG_COUNT(fields)];
	size_t count = 0;
	struct ng_span text;

	int r = ng_directory(scrape, NG_SYS, directory, &fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < NG_COUNT(fields); i++) {
		r = ng_read_at(scrape, fd, NG_RECORDS | NG_PRIVILEGED, fields[i].file, &text);
		if (r == 0)
			labels[count++] = (struct ng_label){ fields[i].label, ng_trim(text) };
		else if (!ng_item_gone(r) && r != -EACCES && r != -EPERM)
			return r;
		*ret_doubtful = *ret_doubtful || (r < 0 && r != -ENOENT);
	}
	if (count)
		*ret_labels = ng_labels(scrape->arena, labels, count);
	return 0;
}

/* A doubtful reading is believed when the next one says the same. */
static int dmi_read(struct dmi *dmi, struct ng_scrape *scrape)
{
	struct ng_span labels = NG_NO_LABELS;
	bool doubtful = false;

	dmi->epoch = 0;
	int r = labels_read(scrape, &labels, &doubtful);
	if (r < 0)
		return r;
	bool same = ng_span_equal(labels, dmi->labels);
	if (!same) {
		ng_arena_reset(&dmi->arena);
		dmi->labels = ng_copy(&dmi->arena, labels);
		if (!dmi->labels.text)
			return -ENOMEM;
	}
	if (same || !doubtful)
		dmi->epoch = scrape->devices_epoch;
	return 0;
}

static int dmi_collect(void *state, struct ng_scrape *scrape)
{
	struct dmi *dmi = state;

	if (dmi->epoch != scrape->devices_epoch) {
		int r = dmi_read(dmi, scrape);
		if (r < 0)
			return r;
	}
	if (dmi->labels.size == 0)
		return ng_failed(scrape, -ENODATA, "read", directory);
	ng_family_dynamic(scrape->page, families[0].type, ng_span(families[0].name), ng_span(families[0].help));
	ng_sample_u64(scrape->page, dmi->labels, 1);
	return 0;
}

static void dmi_done(void *state)
{
	struct dmi *dmi = state;

	ng_arena_done(&dmi->arena);
}

static const struct ng_privilege privileges[] = {
	{ .capability = "root or CAP_DAC_READ_SEARCH",
		.lost = "labels of node_dmi_info: board_serial, chassis_serial, product_serial, product_uuid" },
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "dmi",
	.summary = "Vendor, model and versions that the firmware tells",
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct dmi),
	.collect = dmi_collect,
	.done = dmi_done,
};
NG_COLLECTOR(descriptor);
