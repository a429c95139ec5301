/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the block devices of cgroups. */
#include "emit/write.h"

static uint64_t disk_value(const struct container_device *device, size_t which)
{
	const uint64_t values[] = { device->read_bytes, device->written_bytes, device->reads, device->writes };

	return values[which];
}

/* The labels of each device of each row, made once and used by all families. */
struct device_row {
	const struct container_device *device;
	const struct container_row *row;
	struct ng_labels *labels;
};

static void write_device_usage(struct ng_scrape *scrape, const struct device_row *rows, size_t count)
{
	ng_family(scrape->page, container_family(FAMILY_BLKIO));
	for (size_t i = 0; i < 2 * count; i++) {
		const struct device_row *row = &rows[i / 2];
		char major[NG_DIGITS], minor[NG_DIGITS];
		struct ng_labels *labels =
			NG_LABELS_WITH(scrape->arena, row->labels, { "major", ng_digits(major, row->device->major) },
				{ "minor", ng_digits(minor, row->device->minor) },
				{ "operation", ng_span(i % 2 ? "Write" : "Read") });
		ng_sample_u64(scrape->page, labels, disk_value(row->device, i % 2));
	}
}

void container_write_devices(struct ng_scrape *scrape, uint32_t sets, struct container_device_names *names,
	const struct container_list *rows)
{
	struct device_row *devices = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		for (uint32_t k = 0; k < row->figures.devices.count; k++) {
			const struct container_device *device = &row->figures.devices.device[k];
			struct ng_span name = container_device_name(scrape, names, device->major, device->minor);
			struct device_row *slot = name.text ? ng_push(scrape->arena, &devices, &count, &room) : NULL;
			if (!name.text)
				continue;
			if (!slot)
				return;
			*slot = (struct device_row){ device, row,
				NG_LABELS_WITH(scrape->arena, row->labels, { "device", name }) };
		}
	}
	for (size_t which = 0; sets >> SET_IO & 1 && which < 4; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_DISK + which)));
		for (size_t i = 0; i < count; i++)
			ng_sample_u64(scrape->page, devices[i].labels, disk_value(devices[i].device, which));
	}
	if (!(sets >> SET_IO_DETAIL & 1))
		return;
	for (size_t which = 0; which < 4; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_COST + which)));
		for (size_t i = 0; i < count; i++) {
			if (devices[i].device->has_cost)
				ng_sample_scaled(scrape->page, devices[i].labels, devices[i].device->cost[which], 6);
		}
	}
	write_device_usage(scrape, devices, count);
}
