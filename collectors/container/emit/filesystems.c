/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the file systems of the node. */
#include "emit/write.h"

/* The columns of diskstats in the order of the families; times are in ms, which cAdvisor reports as seconds. */
static const struct {
	uint8_t column, places;
} disk_families[CONTAINER_DISK_FAMILIES] = {
	{ 1, 0 },  /* reads merged */
	{ 5, 0 },  /* writes merged */
	{ 2, 0 },  /* sectors read */
	{ 6, 0 },  /* sectors written */
	{ 3, 3 },  /* time of reads */
	{ 7, 3 },  /* time of writes */
	{ 9, 3 },  /* time spent on I/O */
	{ 8, 0 },  /* in flight */
	{ 10, 3 }, /* time in flight */
};

static void write_disks(
	struct ng_scrape *scrape, const struct container_disks *devices, struct ng_labels *const *labels)
{
	for (size_t which = 0; which < CONTAINER_DISK_FAMILIES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_DISK_DETAIL + which)));
		for (size_t i = 0; i < devices->count; i++) {
			const struct container_disk *device = &devices->device[i];
			if (!device->has_disk)
				continue;
			uint64_t value = device->disk[disk_families[which].column];
			if (disk_families[which].places)
				ng_sample_scaled(scrape->page, labels[i], value, disk_families[which].places);
			else
				ng_sample_u64(scrape->page, labels[i], value);
		}
	}
}

static uint64_t size_value(const struct statfs *fs, size_t which)
{
	uint64_t block = (uint64_t)(fs->f_frsize ? fs->f_frsize : fs->f_bsize);
	const uint64_t values[CONTAINER_SIZE_FAMILIES] = { (fs->f_blocks - fs->f_bfree) * block, fs->f_blocks * block,
		fs->f_ffree, fs->f_files };

	return values[which];
}

static void write_sizes(
	struct ng_scrape *scrape, const struct container_disks *devices, struct ng_labels *const *labels)
{
	for (size_t which = 0; which < CONTAINER_SIZE_FAMILIES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_SIZE + which)));
		for (size_t i = 0; i < devices->count; i++) {
			const struct container_disk *device = &devices->device[i];
			/* file systems without an inode table have no inode count */
			if (device->has_size && (which < 2 || device->fs.f_files))
				ng_sample_u64(scrape->page, labels[i], size_value(&device->fs, which));
		}
	}
}

static const struct container_row *node_row(const struct container_list *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->row[i]->shown == SHOWN_NODE)
			return rows->row[i];
	}
	return NULL;
}

void container_write_filesystems(struct ng_scrape *scrape, uint32_t sets, struct container_filesystems *filesystems,
	const struct container_list *rows)
{
	const struct container_row *node = node_row(rows);
	struct container_disks devices;
	bool sizes = sets >> SET_FILESYSTEM & 1, counters = sets >> SET_IO_DETAIL & 1;

	if (!node || container_disks_read(scrape, filesystems, sizes, counters, &devices) < 0)
		return;
	struct ng_labels **labels = ng_alloc(scrape->arena, devices.count * sizeof(*labels) + 1);
	if (!labels)
		return;
	for (size_t i = 0; i < devices.count; i++) {
		struct ng_span source = devices.device[i].source;
		char *plain = ng_alloc(scrape->arena, source.size + 1);
		if (!plain)
			return;
		source = (struct ng_span){ plain, (size_t)(ng_mount_unescape(plain, source) - plain) };
		labels[i] = NG_LABELS_WITH(scrape->arena, node->labels, { "device", source });
	}
	if (sizes)
		write_sizes(scrape, &devices, labels);
	if (counters)
		write_disks(scrape, &devices, labels);
}
