/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_BTRFS_H
#define COLLECTORS_BTRFS_H

#include "kernel/mounts.h"

#include <nodegauge/collector.h>

enum btrfs_family {
	INFO,
	GLOBAL_RESERVE,
	COMMITS,
	LAST_COMMIT,
	MAX_COMMIT,
	COMMIT_TIME,
	RESERVED,
	USED,
	SIZE,
	RATIO,
	DEVICE_SIZE,
	DEVICE_UNUSED,
	DEVICE_ERRORS,
	FAMILIES,
};

/* A sample that is still to be written, in the arena of the scrape. */
struct btrfs_sample {
	enum btrfs_family family;
	struct ng_labels *labels;
	unsigned places; /* of the value */
	uint64_t value;
	double ratio; /* of family RATIO */
};

struct btrfs_samples {
	struct btrfs_sample *sample;
	size_t count, capacity;
	bool no_memory;
};

/* Errors are remembered in the samples. */
void btrfs_add(struct ng_scrape *scrape, struct btrfs_samples *samples, struct btrfs_sample sample);

/* A mounted file system: its directory in sysfs, whose name is its ID, and the UUID that is its label. */
struct btrfs_filesystem {
	const char *name, *path;
	struct ng_span uuid;
	bool devices_done; /* by ioctl */
};

/* Adds everything from sysfs except the devices, unless the file system has gone. */
int btrfs_read_sysfs(struct ng_scrape *scrape, struct btrfs_samples *samples, struct btrfs_filesystem *filesystem);

/* Adds the sizes of the devices from sysfs. */
int btrfs_read_sizes(
	struct ng_scrape *scrape, struct btrfs_samples *samples, const struct btrfs_filesystem *filesystem);

/* Adds the devices of those file systems that have a mount point which may be opened. */
int btrfs_read_devices(struct ng_scrape *scrape, struct btrfs_samples *samples, struct ng_mounts *mounts,
	struct btrfs_filesystem *filesystems, size_t count);

#endif
