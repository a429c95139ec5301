/* SPDX-License-Identifier: Apache-2.0 */
/* The file systems of the node's block devices: see filesystems.c. */
#ifndef CONTAINER_FILESYSTEMS_H
#define CONTAINER_FILESYSTEMS_H

#include "kernel/mounts.h"
#include <nodegauge/collector.h>
#include <sys/statfs.h>

enum { CONTAINER_DISK_COLUMNS = 11 };
struct container_disk {
	struct ng_span source; /* "/dev/sda1" */
	uint32_t major, minor; /* 0 if the file system has an anonymous device number (btrfs) */
	struct statfs fs;
	bool has_size, has_disk;
	uint64_t disk[CONTAINER_DISK_COLUMNS];
};

struct container_disks {
	struct container_disk *device;
	size_t count, room;
};

/* Where file systems are read from. */
struct container_filesystems {
	struct ng_mounts mounts;
	struct ng_shared *diskstats;
};

/*
 * Results are in the scrape's arena; `sizes` and `counters` select what to read. Returns the error of reading the mount
 * table.
 */
int container_disks_read(struct ng_scrape *scrape, struct container_filesystems *filesystems, bool sizes, bool counters,
	struct container_disks *ret_disks);

#endif
