/* SPDX-License-Identifier: Apache-2.0 */
/* Only ioctls on a mount point tell the errors of the devices; none of them needs a privilege. */
#include "btrfs.h"

#include "kernel/open.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

/* In the order of enum btrfs_dev_stat_values. */
static const char *const errors[BTRFS_DEV_STAT_VALUES_MAX] = { "write", "read", "flush", "corruption", "generation" };

enum { UUID_TEXT = 2 * BTRFS_UUID_SIZE + 4 };

/* "0abb23a9-579b-43e6-ad30-227ef47fcb9d" */
static struct ng_span uuid_text(char text[static UUID_TEXT], const __u8 *bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < BTRFS_UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = digits[bytes[i] >> 4];
		text[at++] = digits[bytes[i] & 15];
	}
	return (struct ng_span){ text, UUID_TEXT };
}

/* As in node_exporter, without dashes: it is a label. */
static struct ng_span plain_uuid(char text[static UUID_TEXT], const __u8 *bytes)
{
	size_t size = 0;

	(void)uuid_text(text, bytes);
	for (size_t i = 0; i < UUID_TEXT; i++) {
		if (text[i] != '-')
			text[size++] = text[i];
	}
	return (struct ng_span){ text, size };
}

/* The path ends in the name that sysfs has. */
static struct ng_span device_name(const struct btrfs_ioctl_dev_info_args *info)
{
	struct ng_span name = { (const char *)info->path, strnlen((const char *)info->path, sizeof(info->path)) };

	for (size_t slash = ng_span_find(name, '/'); slash < name.size; slash = ng_span_find(name, '/'))
		name = ng_span_skip(name, slash + 1);
	return name;
}

static void add_errors(struct ng_scrape *scrape, struct btrfs_samples *samples, int mount, uint64_t id,
	struct ng_label uuid, struct ng_labels *device)
{
	struct btrfs_ioctl_get_dev_stats stats = { .devid = id, .nr_items = BTRFS_DEV_STAT_VALUES_MAX };

	if (ioctl(mount, BTRFS_IOC_GET_DEV_STATS, &stats) < 0) {
		int r = ng_failed(scrape, -errno, "get the errors of a device of", "btrfs");
		ng_drop_unread(scrape, r, "btrfs");
		return;
	}
	for (size_t i = 0; i < BTRFS_DEV_STAT_VALUES_MAX && i < stats.nr_items; i++) {
		struct ng_labels *labels = NG_LABELS(scrape->arena, uuid, { "type", ng_span(errors[i]) });
		labels = ng_labels_join(scrape->arena, labels, device);
		btrfs_add(scrape, samples,
			(struct btrfs_sample){ .family = DEVICE_ERRORS, .labels = labels, .value = stats.values[i] });
	}
}

static void add_device(struct ng_scrape *scrape, struct btrfs_samples *samples, int mount, struct ng_label uuid,
	const struct btrfs_ioctl_dev_info_args *info)
{
	char text[UUID_TEXT];
	struct ng_labels *device = NG_LABELS(
		scrape->arena, { "device", device_name(info) }, { "btrfs_dev_uuid", plain_uuid(text, info->uuid) });
	struct ng_labels *labels = ng_labels_join(scrape->arena, NG_LABELS(scrape->arena, uuid), device);

	btrfs_add(scrape, samples,
		(struct btrfs_sample){ .family = DEVICE_SIZE, .labels = labels, .value = info->total_bytes });
	if (info->bytes_used <= info->total_bytes)
		btrfs_add(scrape, samples,
			(struct btrfs_sample){ .family = DEVICE_UNUSED,
				.labels = labels,
				.value = info->total_bytes - info->bytes_used });
	else
		ng_drop_value(scrape, "btrfs", 0, "fewer bytes used than the device has");
	add_errors(scrape, samples, mount, info->devid, uuid, device);
}

/* Devices are numbered with gaps. If one of them cannot be read, all are taken from sysfs instead. */
static int add_devices(struct ng_scrape *scrape, struct btrfs_samples *samples, int mount, struct ng_span uuid,
	const struct btrfs_ioctl_fs_info_args *filesystem)
{
	size_t before = samples->count;
	uint64_t found = 0;

	for (uint64_t id = 0; id <= filesystem->max_id && found < filesystem->num_devices; id++) {
		struct btrfs_ioctl_dev_info_args info = { .devid = id };
		if (ioctl(mount, BTRFS_IOC_DEV_INFO, &info) == 0) {
			add_device(scrape, samples, mount, (struct ng_label){ "uuid", uuid }, &info);
			found++;
		} else if (errno != ENODEV) {
			int r = -errno;
			samples->count = before;
			return r;
		}
	}
	return 0;
}

static struct btrfs_filesystem *find(
	struct btrfs_filesystem *filesystems, size_t count, const struct btrfs_ioctl_fs_info_args *info)
{
	char text[UUID_TEXT];
	struct ng_span id = uuid_text(text, info->fsid);

	for (size_t i = 0; i < count; i++) {
		if (ng_span_equal(ng_span(filesystems[i].name), id))
			return &filesystems[i];
	}
	return NULL;
}

/* The descriptor of a mount point below the root file system; opening it triggers no automount. */
static int open_mount(struct ng_scrape *scrape, struct ng_span escaped)
{
	struct ng_span root = ng_span(ng_root_path(scrape, NG_ROOTFS));
	char *path = ng_alloc(scrape->arena, escaped.size + 1);

	if (!path)
		return -ENOMEM;
	*ng_mount_unescape(path, escaped) = '\0';
	while (root.size && root.text[root.size - 1] == '/')
		root.size--;
	if (root.size && strncmp(path, root.text, root.size) == 0 && path[root.size] == '/')
		path += root.size;
	path += *path == '/';
	return ng_open_at(scrape, ng_root_fd(scrape, NG_ROOTFS), *path ? path : ".",
		O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Whether the devices of the file system are done, by this mount or another one. */
static bool read_mount(struct ng_scrape *scrape, struct btrfs_samples *samples, struct ng_span point,
	struct btrfs_filesystem *filesystems, size_t count)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	NG_CLOSE int mount = open_mount(scrape, point);

	if (mount < 0 || ioctl(mount, BTRFS_IOC_FS_INFO, &info) < 0)
		return false;
	struct btrfs_filesystem *filesystem = find(filesystems, count, &info);
	if (!filesystem || !filesystem->uuid.text)
		return false;
	if (!filesystem->devices_done)
		filesystem->devices_done = add_devices(scrape, samples, mount, filesystem->uuid, &info) == 0;
	return filesystem->devices_done;
}

int btrfs_read_devices(struct ng_scrape *scrape, struct btrfs_samples *samples, struct ng_mounts *mounts,
	struct btrfs_filesystem *filesystems, size_t count)
{
	struct ng_span text, line, *sources = NULL;
	size_t done = 0, capacity = 0;

	int r = ng_mounts_read(scrape, mounts, &text);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return 0; /* as if none of them could be opened */
	while (ng_line_next(&text, &line)) {
		struct ng_mount mount;
		size_t i = 0;
		if (ng_mount_parse(line, &mount) < 0 || !ng_span_equal(mount.type, NG_SPAN("btrfs")))
			continue;
		while (i < done && !ng_span_equal(sources[i], mount.source))
			i++;
		if (i < done || !read_mount(scrape, samples, mount.point, filesystems, count))
			continue;
		struct ng_span *source = ng_push(scrape->arena, &sources, &done, &capacity);
		if (!source)
			return -ENOMEM;
		*source = mount.source;
	}
	return 0;
}
