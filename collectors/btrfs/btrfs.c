/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Btrfs file systems: how their space is allocated, their commits, and the sizes and errors of their devices.
 *
 *     fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d/label                              backup
 *     fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d/allocation/data/raid0/used_bytes   808189952
 *     fs/btrfs/0abb23a9-579b-43e6-ad30-227ef47fcb9d/devices/sda1/size                  20971520
 *
 * Source: Documentation/ABI/testing/sysfs-fs-btrfs, fs/btrfs/sysfs.c; for the devices' errors btrfs(5),
 * linux/btrfs.h. A file system is in sysfs while it is mounted; mounting one changes no device, so they are listed on
 * each scrape.
 */
#include "btrfs.h"

struct btrfs {
	struct ng_mounts mounts;
};

static const struct ng_family families[FAMILIES] = {
	[INFO] = { .name = "node_btrfs_info",
		.help = "Label of the file system; always 1.",
		.type = NG_GAUGE,
		.labels = "uuid,label" },
	[GLOBAL_RESERVE] = { .name = "node_btrfs_global_rsv_size_bytes",
		.help = "Size of the global reserve.",
		.type = NG_GAUGE,
		.labels = "uuid" },
	[COMMITS] = { .name = "node_btrfs_commits_total",
		.help = "Commits of the file system; 0 before Linux 6.1.",
		.type = NG_COUNTER,
		.labels = "uuid" },
	[LAST_COMMIT] = { .name = "node_btrfs_last_commit_seconds",
		.help = "Duration of the last commit; 0 before Linux 6.1.",
		.type = NG_GAUGE,
		.labels = "uuid" },
	[MAX_COMMIT] = { .name = "node_btrfs_max_commit_seconds",
		.help = "Duration of the longest commit; 0 before Linux 6.1.",
		.type = NG_GAUGE,
		.labels = "uuid" },
	[COMMIT_TIME] = { .name = "node_btrfs_commit_seconds_total",
		.help = "Time spent on commits; 0 before Linux 6.1.",
		.type = NG_COUNTER,
		.labels = "uuid" },
	[RESERVED] = { .name = "node_btrfs_reserved_bytes",
		.help = "Space reserved for writes in progress, by kind of block group.",
		.type = NG_GAUGE,
		.labels = "uuid,block_group_type" },
	[USED] = { .name = "node_btrfs_used_bytes",
		.help = "Used space, by kind of block group and profile.",
		.type = NG_GAUGE,
		.labels = "uuid,block_group_type,mode" },
	[SIZE] = { .name = "node_btrfs_size_bytes",
		.help = "Space allocated to block groups, by their kind and profile.",
		.type = NG_GAUGE,
		.labels = "uuid,block_group_type,mode" },
	[RATIO] = { .name = "node_btrfs_allocation_ratio",
		.help = "Space that the profile takes on the devices for each byte stored.",
		.type = NG_GAUGE,
		.labels = "uuid,block_group_type,mode" },
	[DEVICE_SIZE] = { .name = "node_btrfs_device_size_bytes",
		.help = "Size of the device; its UUID is missing if the mount point cannot be opened.",
		.type = NG_GAUGE,
		.labels = "uuid,device,btrfs_dev_uuid?" },
	[DEVICE_UNUSED] = { .name = "node_btrfs_device_unused_bytes",
		.help = "Space of the device that no block group uses; missing if the mount point cannot be opened.",
		.type = NG_GAUGE,
		.labels = "uuid,device,btrfs_dev_uuid" },
	[DEVICE_ERRORS] = { .name = "node_btrfs_device_errors_total",
		.help = "Errors of the device, by kind; missing if the mount point cannot be opened.",
		.type = NG_COUNTER,
		.labels = "uuid,type,device,btrfs_dev_uuid" },
};

void btrfs_add(struct ng_scrape *scrape, struct btrfs_samples *samples, struct btrfs_sample sample)
{
	struct btrfs_sample *place = ng_push(scrape->arena, &samples->sample, &samples->count, &samples->capacity);

	if (place)
		*place = sample;
	samples->no_memory = samples->no_memory || !place;
}

static void emit(struct ng_page *page, const struct btrfs_samples *samples)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		ng_family(page, &families[i]);
		for (size_t k = 0; k < samples->count; k++) {
			const struct btrfs_sample *sample = &samples->sample[k];
			if (sample->family != i)
				continue;
			if (i == RATIO)
				ng_sample_double(page, sample->labels, sample->ratio);
			else
				ng_sample_scaled(page, sample->labels, sample->value, sample->places);
		}
	}
}

/* The directory has the features of the driver as well. */
static int list(struct ng_scrape *scrape, struct btrfs_filesystem **filesystems, size_t *count)
{
	struct ng_names names;
	size_t capacity = 0;

	int r = ng_names(scrape, NG_SYS, "fs/btrfs", &names);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.count; i++) {
		if (!strchr(names.name[i], '-'))
			continue;
		struct btrfs_filesystem *filesystem = ng_push(scrape->arena, filesystems, count, &capacity);
		if (!filesystem)
			return -ENOMEM;
		*filesystem = (struct btrfs_filesystem){
			.name = names.name[i],
			.path = ng_join(scrape->arena, "fs/btrfs/", names.name[i], NULL),
		};
		if (!filesystem->path)
			return -ENOMEM;
	}
	return 0;
}

static int btrfs_collect(void *state, struct ng_scrape *scrape)
{
	struct btrfs *btrfs = state;
	struct btrfs_filesystem *filesystems = NULL;
	struct btrfs_samples samples = { 0 };
	size_t count = 0;

	int r = list(scrape, &filesystems, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = btrfs_read_sysfs(scrape, &samples, &filesystems[i]);
	if (r == 0 && count)
		r = btrfs_read_devices(scrape, &samples, &btrfs->mounts, filesystems, count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (filesystems[i].uuid.text && !filesystems[i].devices_done)
			r = btrfs_read_sizes(scrape, &samples, &filesystems[i]);
	}
	if (r < 0 || samples.no_memory)
		return r < 0 ? r : -ENOMEM;
	emit(scrape->page, &samples);
	return 0;
}

static void btrfs_done(void *state)
{
	struct btrfs *btrfs = state;

	ng_mounts_close(&btrfs->mounts);
}

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "btrfs",
	.summary = "Btrfs file systems: allocation, commits, sizes and errors of devices",
	.may_block = true, /* the ioctls wait for the balance or replacement of a device to take a step */
	.families = families,
	.family_count = NG_COUNT(families),
	.state_size = sizeof(struct btrfs),
	.collect = btrfs_collect,
	.done = btrfs_done,
};
NG_COLLECTOR(descriptor);
