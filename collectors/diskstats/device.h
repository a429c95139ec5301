/* SPDX-License-Identifier: Apache-2.0 */
/* Identification of block devices, as opposed to their statistics. */
#ifndef DISKSTATS_DEVICE_H
#define DISKSTATS_DEVICE_H

#include <nodegauge/collector.h>

enum { ATA_WRITE_CACHE, ATA_WRITE_CACHE_ENABLED, ATA_ROTATION_RATE, ATA_VALUES };

struct device {
	struct ng_span head; /* its line in diskstats up to and including the name */
	bool ignored;
	struct ng_labels *labels, *info;
	struct ng_labels *filesystem; /* NULL if udev found no file system */
	struct ng_labels *mapper;     /* NULL if it is not a mapped device */
	bool has_ata[ATA_VALUES];
	struct ng_decimal ata[ATA_VALUES];
};

/* The results of one pass over the udev database and sysfs, in the order of the lines. */
struct devices {
	struct ng_arena arena;
	struct device *device;
	size_t count, capacity;
	bool incomplete; /* something could not be read: retry at each scrape */
	uint64_t epoch;
	struct {
		int64_t seconds, nanoseconds;
		bool settled; /* old enough that the next change will have a different mtime */
	} database;           /* when an entry was last added or removed */
};

/* Whether the data would be the same if read again, provided that the lines are the same. */
bool diskstats_devices_fresh(struct ng_scrape *scrape, struct devices *devices);

/* Discards everything and records epoch and database time; diskstats_devices_add then adds one line each. */
void diskstats_devices_reset(struct ng_scrape *scrape, struct devices *devices);

/* `head` followed by `rest` is the line of device `major`, `minor`, `name`. -ENOMEM is the only error. */
int diskstats_devices_add(struct ng_scrape *scrape, struct devices *devices, struct ng_span head,
	const struct ng_filter *filter, uint32_t major, uint32_t minor, struct ng_span name);

#endif
