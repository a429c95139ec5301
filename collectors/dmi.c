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

static const struct ng_family families[] = {
	{ .name = "node_dmi_info",
		.help = "What the firmware says of the machine; always 1. Only labels that can be read are present.",
		.type = NG_GAUGE,
		.labels =
			"bios_date,bios_release,bios_vendor,bios_version,board_asset_tag,board_name,board_serial,board_"
			"vendor,"
			"board_version,chassis_asset_tag,chassis_serial,chassis_vendor,chassis_version,product_family,"
			"product_name,product_serial,product_sku,product_uuid,product_version,system_vendor" },
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

static int dmi_read(struct dmi *dmi, struct ng_scrape *scrape)
{
	NG_CLOSE int fd = -1;
	struct ng_label labels[NG_COUNT(fields)];
	size_t count = 0;
	struct ng_span text;

	int r = ng_directory(scrape, NG_SYS, directory, &fd);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < NG_COUNT(fields); i++) {
		r = ng_read_at(scrape, fd, NG_VALUE, fields[i].file, &text);
		if (r == 0)
			labels[count++] = (struct ng_label){ fields[i].label, ng_trim(text) };
		else if (!ng_item_gone(r) && r != -EACCES && r != -EPERM)
			return r;
	}
	if (count)
		dmi->labels = ng_labels(&dmi->arena, labels, count);
	return 0;
}

static int dmi_collect(void *state, struct ng_scrape *scrape)
{
	struct dmi *dmi = state;

	if (dmi->epoch != scrape->devices_epoch) {
		dmi->epoch = 0;
		dmi->labels = NG_NO_LABELS;
		ng_arena_reset(&dmi->arena);
		int r = dmi_read(dmi, scrape);
		if (r < 0)
			return r;
		dmi->epoch = scrape->devices_epoch;
	}
	if (dmi->labels.size == 0)
		return ng_failed(scrape, -ENODATA, "read", directory);
	ng_family(scrape->page, &families[0]);
	ng_sample_u64(scrape->page, dmi->labels, 1);
	return 0;
}

static void dmi_done(void *state)
{
	struct dmi *dmi = state;

	ng_arena_done(&dmi->arena);
}

static const struct ng_privilege privileges[] = {
	{ "CAP_DAC_READ_SEARCH", "the serial numbers and the UUID" },
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
