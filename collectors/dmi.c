/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification of the machine, its board, its chassis and its firmware (SMBIOS).
 *
 *     /sys/class/dmi/id/sys_vendor     Dell Inc.
 *     /sys/class/dmi/id/product_name   PowerEdge R6515
 *
 * Source: drivers/firmware/dmi-id.c. The serial numbers and the UUID are readable by root only. The data does not
 * change while the machine is running, so it is reread only when devices change.
 */
#include <nodegauge/collector.h>

static const char directory[] = "class/dmi/id";

/* The labels present depend on the machine, hence .dynamic. */
static const struct ng_family families[] = {
	{ .name = "node_dmi_info",
		.help = "Machine identification from the firmware (DMI); always 1. Labels that cannot be read are "
			"absent.",
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
	bool for_root; /* see the privileges */
} fields[] = {
	{ "bios_date", "bios_date", false },
	{ "bios_release", "bios_release", false },
	{ "bios_vendor", "bios_vendor", false },
	{ "bios_version", "bios_version", false },
	{ "board_asset_tag", "board_asset_tag", false },
	{ "board_name", "board_name", false },
	{ "board_serial", "board_serial", true },
	{ "board_vendor", "board_vendor", false },
	{ "board_version", "board_version", false },
	{ "chassis_asset_tag", "chassis_asset_tag", false },
	{ "chassis_serial", "chassis_serial", true },
	{ "chassis_vendor", "chassis_vendor", false },
	{ "chassis_version", "chassis_version", false },
	{ "product_family", "product_family", false },
	{ "product_name", "product_name", false },
	{ "product_serial", "product_serial", true },
	{ "product_sku", "product_sku", false },
	{ "product_uuid", "product_uuid", true },
	{ "product_version", "product_version", false },
	{ "system_vendor", "sys_vendor", false },
};

struct dmi {
	uint64_t epoch; /* of the last reading */
	struct ng_arena arena;
	struct ng_labels *labels; /* NULL if there is no DMI */
};

struct reading {
	struct ng_labels *labels;
	bool doubtful; /* an existing file could not be read */
	bool failed;   /* for a reason other than privileges */
};

/* Records a field that could not be read. */
static void leave_out(struct ng_scrape *scrape, size_t field, int error, struct reading *reading)
{
	bool refused = error == -EACCES || error == -EPERM;

	reading->doubtful = reading->doubtful || error != -ENOENT;
	if (ng_absent(error) || (refused && fields[field].for_root))
		return;
	reading->failed = true;
	ng_drop_unread(scrape, error, fields[field].file);
}

/* The labels are in the scrape's arena. */
static int labels_read(struct ng_scrape *scrape, struct reading *reading)
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
		else if (r == -ENOMEM)
			return r;
		else
			leave_out(scrape, i, r, reading);
	}
	if (count)
		reading->labels = ng_labels(scrape->arena, labels, count);
	return 0;
}

/* A doubtful reading is accepted if the next one gives the same result, a failed one never. */
static int dmi_read(struct dmi *dmi, struct ng_scrape *scrape)
{
	struct reading reading = { .labels = NG_NO_LABELS };

	dmi->epoch = 0;
	int r = labels_read(scrape, &reading);
	if (r < 0)
		return r;
	bool same = ng_labels_equal(reading.labels, dmi->labels);
	if (!same) {
		ng_arena_reset(&dmi->arena);
		dmi->labels = ng_labels_copy(&dmi->arena, reading.labels);
		if (!ng_labels_valid(dmi->labels))
			return -ENOMEM;
	}
	if (!reading.failed && (same || !reading.doubtful))
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
	if (!dmi->labels)
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
	.summary = "Vendor, model and versions from the firmware (DMI)",
	.families = families,
	.family_count = NG_COUNT(families),
	.privileges = privileges,
	.privilege_count = NG_COUNT(privileges),
	.state_size = sizeof(struct dmi),
	.collect = dmi_collect,
	.done = dmi_done,
};
NG_COLLECTOR(descriptor);
