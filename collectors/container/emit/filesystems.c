/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file systems of the node's block devices, which cAdvisor reports for id="/": sizes by statfs(2), and what the
 * kernel counts of the device as a whole (Documentation/admin-guide/iostats.rst).
 *
 *     29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
 *        8       1 sda1 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804
 *
 * Only those whose statfs is answered out of memory are asked, so a device that hangs holds nobody up.
 */
#include "emit/families.h"

#include <nodegauge/privilege.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

enum { DISK_COLUMNS = 11 };
struct node_device {
	struct ng_span source; /* "/dev/sda1" */
	uint32_t major, minor; /* 0 where the file system has a number of its own (btrfs) */
	struct ng_labels *labels;
	struct statfs fs;
	bool has_size, has_disk;
	uint64_t disk[DISK_COLUMNS];
};

struct node_devices {
	struct node_device *device;
	size_t count, room;
};

/* ---- sizes ---- */

static bool is_supported(const struct ng_mount *mount)
{
	static const struct ng_span types[] = { NG_SPAN("ext2"), NG_SPAN("ext3"), NG_SPAN("ext4"), NG_SPAN("xfs"),
		NG_SPAN("btrfs"), NG_SPAN("f2fs") };

	for (size_t i = 0; i < NG_COUNT(types); i++) {
		if (ng_span_equal(mount->type, types[i]))
			return ng_span_starts(mount->source, NG_SPAN("/dev/"));
	}
	return false;
}

/* A mount may lie below another one at the same place, which then answers in its stead. */
static void read_size(struct ng_scrape *scrape, const struct ng_mount *mount, struct node_device *device)
{
	const char *root = ng_root_path(scrape, NG_ROOTFS);
	char *path = ng_alloc(scrape->arena, strlen(root) + mount->point.size + 1);
	struct stat status;

	if (!path)
		return;
	*ng_mount_unescape(stpcpy(path, strcmp(root, "/") == 0 ? "" : root), mount->point) = '\0';
	/* subvolumes of btrfs have numbers that are not in the table */
	int r = ng_privileged_stat(path, &status);
	if (r == 0 && mount->major && status.st_dev != makedev(mount->major, mount->minor))
		return;
	if (r == 0)
		r = ng_privileged_statfs(path, &device->fs);
	if (r < 0)
		ng_drop_unread(scrape, r, path);
	device->has_size = r == 0;
}

static struct node_device *device_of(
	struct ng_scrape *scrape, struct node_devices *devices, const struct ng_mount *mount)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (ng_span_equal(devices->device[i].source, mount->source))
			return &devices->device[i];
	}
	struct node_device *device = ng_push(scrape->arena, &devices->device, &devices->count, &devices->room);
	if (device)
		*device = (struct node_device){ .source = mount->source, .major = mount->major, .minor = mount->minor };
	return device;
}

static int find_devices(struct ng_scrape *scrape, struct container *state, struct node_devices *devices)
{
	struct ng_span text, line;
	struct ng_mount mount;

	int r = ng_mounts_read(scrape, &state->mounts, &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		if (ng_mount_parse(line, &mount) < 0 || !is_supported(&mount))
			continue;
		struct node_device *device = device_of(scrape, devices, &mount);
		if (!device)
			return -ENOMEM;
		if (!device->has_size && container_wants(&state->reader, SET_FILESYSTEM))
			read_size(scrape, &mount, device);
	}
	return r;
}

/* ---- what the devices did ---- */

static bool is_of(const struct node_device *device, uint64_t major, uint64_t minor, struct ng_span name)
{
	struct ng_span own = ng_span_skip(device->source, strlen("/dev/"));

	return device->major ? device->major == major && device->minor == minor : ng_span_equal(own, name);
}

static void parse_disk(struct ng_span line, struct node_devices *devices)
{
	uint64_t major, minor, value[DISK_COLUMNS];
	struct ng_span name;

	if (ng_u64_next(&line, &major) < 0 || ng_u64_next(&line, &minor) < 0 || !ng_word_next(&line, &name))
		return;
	for (size_t i = 0; i < DISK_COLUMNS; i++) {
		if (ng_u64_next(&line, &value[i]) < 0)
			return;
	}
	for (size_t i = 0; i < devices->count; i++) {
		struct node_device *device = &devices->device[i];
		if (!is_of(device, major, minor, name))
			continue;
		memcpy(device->disk, value, sizeof(value));
		device->has_disk = true;
	}
}

static void read_disks(struct ng_scrape *scrape, struct container *state, struct node_devices *devices)
{
	struct ng_span text, line;

	int r = container_wants(&state->reader, SET_IO_DETAIL) ? ng_shared_read(scrape, state->diskstats, &text)
							       : -ENOENT;
	if (r < 0)
		ng_drop_unread(scrape, r, "diskstats");
	if (r < 0)
		return;
	while (ng_line_next(&text, &line))
		parse_disk(line, devices);
}

/* ---- writing ---- */

/* The columns of diskstats in the order of the families; times in ms, of which cAdvisor makes seconds. */
static const struct {
	uint8_t column, places;
} disk_families[CONTAINER_DISK_FAMILIES] = {
	{ 1, 0 },  /* reads merged */
	{ 5, 0 },  /* writes merged */
	{ 2, 0 },  /* sectors read */
	{ 6, 0 },  /* sectors written */
	{ 3, 3 },  /* time of reads */
	{ 7, 3 },  /* time of writes */
	{ 9, 3 },  /* time of I/O */
	{ 8, 0 },  /* in flight */
	{ 10, 3 }, /* time in flight */
};

static void write_disks(struct ng_scrape *scrape, const struct node_devices *devices)
{
	for (size_t which = 0; which < CONTAINER_DISK_FAMILIES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_DISK_DETAIL + which)));
		for (size_t i = 0; i < devices->count; i++) {
			const struct node_device *device = &devices->device[i];
			if (!device->has_disk)
				continue;
			uint64_t value = device->disk[disk_families[which].column];
			if (disk_families[which].places)
				ng_sample_scaled(scrape->page, device->labels, value, disk_families[which].places);
			else
				ng_sample_u64(scrape->page, device->labels, value);
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

static void write_sizes(struct ng_scrape *scrape, const struct node_devices *devices)
{
	for (size_t which = 0; which < CONTAINER_SIZE_FAMILIES; which++) {
		ng_family(scrape->page, container_family((enum container_family)(FAMILY_SIZE + which)));
		for (size_t i = 0; i < devices->count; i++) {
			const struct node_device *device = &devices->device[i];
			/* a file system without a table of inodes has no number of them */
			if (device->has_size && (which < 2 || device->fs.f_files))
				ng_sample_u64(scrape->page, device->labels, size_value(&device->fs, which));
		}
	}
}

static const struct container_row *node_row(const struct container_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->row[i]->shown == SHOWN_NODE)
			return rows->row[i];
	}
	return NULL;
}

void container_write_filesystems(struct ng_scrape *scrape, struct container *state, const struct container_rows *rows)
{
	const struct container_row *node = node_row(rows);
	struct node_devices devices = { 0 };

	int r = node ? find_devices(scrape, state, &devices) : -ENOENT;
	if (r < 0)
		ng_drop_unread(scrape, r, "self/mountinfo");
	if (r < 0)
		return;
	read_disks(scrape, state, &devices);
	for (size_t i = 0; i < devices.count; i++) {
		struct ng_span source = devices.device[i].source;
		char *plain = ng_alloc(scrape->arena, source.size + 1);
		if (!plain)
			return;
		source = (struct ng_span){ plain, (size_t)(ng_mount_unescape(plain, source) - plain) };
		devices.device[i].labels = NG_LABELS_WITH(scrape->arena, node->labels, { "device", source });
	}
	if (container_wants(&state->reader, SET_FILESYSTEM))
		write_sizes(scrape, &devices);
	if (container_wants(&state->reader, SET_IO_DETAIL))
		write_disks(scrape, &devices);
}
