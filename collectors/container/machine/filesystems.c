/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file systems on the node's block devices, which cAdvisor reports with id="/": sizes from statfs(2), and the
 * kernel's counters of the whole device (Documentation/admin-guide/iostats.rst).
 *
 *     29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
 *        8       1 sda1 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804
 *
 * statfs is called only on file systems that answer from memory, so a hung device delays nobody.
 */
#include "machine/filesystems.h"

#include <nodegauge/privilege.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

/* A mount may be hidden by another one at the same path, which would answer instead. */
static void read_size(struct ng_scrape *scrape, const struct ng_mount *mount, struct container_disk *device)
{
	const char *root = ng_root_path(scrape, NG_ROOTFS);
	char *path = ng_alloc(scrape->arena, strlen(root) + mount->point.size + 1);
	struct stat status;

	if (!path)
		return;
	*ng_mount_unescape(stpcpy(path, strcmp(root, "/") == 0 ? "" : root), mount->point) = '\0';
	/* subvolumes of btrfs have device numbers that are not in the table */
	int r = ng_privileged_stat(path, &status);
	if (r == 0 && mount->major && status.st_dev != makedev(mount->major, mount->minor))
		return;
	if (r == 0)
		r = ng_privileged_statfs(path, &device->fs);
	if (r < 0)
		ng_drop_unread(scrape, r, path);
	device->has_size = r == 0;
}

static struct container_disk *device_of(
	struct ng_scrape *scrape, struct container_disks *devices, const struct ng_mount *mount)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (ng_span_equal(devices->device[i].source, mount->source))
			return &devices->device[i];
	}
	struct container_disk *device = ng_push(scrape->arena, &devices->device, &devices->count, &devices->room);
	if (device)
		*device = (struct container_disk){
			.source = mount->source, .major = mount->major, .minor = mount->minor
		};
	return device;
}

static int find_disks(
	struct ng_scrape *scrape, struct container_filesystems *filesystems, bool sizes, struct container_disks *disks)
{
	struct ng_span text, line;
	struct ng_mount mount;

	int r = ng_mounts_read(scrape, &filesystems->mounts, &text);
	while (r == 0 && ng_line_next(&text, &line)) {
		if (ng_mount_parse(line, &mount) < 0 || !is_supported(&mount))
			continue;
		struct container_disk *device = device_of(scrape, disks, &mount);
		if (!device)
			return -ENOMEM;
		if (!device->has_size && sizes)
			read_size(scrape, &mount, device);
	}
	return r;
}

/* ---- device counters ---- */

static bool is_of(const struct container_disk *device, uint64_t major, uint64_t minor, struct ng_span name)
{
	struct ng_span own = ng_span_skip(device->source, strlen("/dev/"));

	return device->major ? device->major == major && device->minor == minor : ng_span_equal(own, name);
}

static void parse_disk(struct ng_span line, struct container_disks *devices)
{
	uint64_t major, minor, value[CONTAINER_DISK_COLUMNS];
	struct ng_span name;

	if (ng_u64_next(&line, &major) < 0 || ng_u64_next(&line, &minor) < 0 || !ng_word_next(&line, &name))
		return;
	for (size_t i = 0; i < CONTAINER_DISK_COLUMNS; i++) {
		if (ng_u64_next(&line, &value[i]) < 0)
			return;
	}
	for (size_t i = 0; i < devices->count; i++) {
		struct container_disk *device = &devices->device[i];
		if (!is_of(device, major, minor, name))
			continue;
		memcpy(device->disk, value, sizeof(value));
		device->has_disk = true;
	}
}

static void read_disks(
	struct ng_scrape *scrape, struct container_filesystems *filesystems, struct container_disks *devices)
{
	struct ng_span text, line;

	int r = ng_shared_read(scrape, filesystems->diskstats, &text);
	if (r < 0)
		ng_drop_unread(scrape, r, "diskstats");
	if (r < 0)
		return;
	while (ng_line_next(&text, &line))
		parse_disk(line, devices);
}

int container_disks_read(struct ng_scrape *scrape, struct container_filesystems *filesystems, bool sizes, bool counters,
	struct container_disks *ret_disks)
{
	*ret_disks = (struct container_disks){ 0 };
	int r = find_disks(scrape, filesystems, sizes, ret_disks);
	if (r < 0)
		ng_drop_unread(scrape, r, "self/mountinfo");
	else if (counters)
		read_disks(scrape, filesystems, ret_disks);
	return r;
}
