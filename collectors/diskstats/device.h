/* SPDX-License-Identifier: Apache-2.0 */
/* Identification of block devices, as opposed to their statistics. */
#ifndef DISKSTATS_DEVICE_H
#define DISKSTATS_DEVICE_H

#include <nodegauge/collector.h>

enum { ATA_WRITE_CACHE, ATA_WRITE_CACHE_ENABLED, ATA_ROTATION_RATE, ATA_VALUES };

struct device {
	struct ng_span head; /* its line in diskstats up to the end of the name */
	bool ignored;
	struct ng_labels *labels, *info;
	struct ng_labels *filesystem; /* NULL where udev found nothing on it */
	struct ng_labels *mapper;     /* NULL where it is none */
	bool has_ata[ATA_VALUES];
	struct ng_decimal ata[ATA_VALUES];
};

/* Of one reading of the udev database and sysfs, in the order of the lines. */
struct devices {
	struct ng_arena arena;
	struct device *device;
	size_t count, capacity;
	bool incomplete; /* something could not be read, which is tried again at each scrape */
	uint64_t epoch;
	struct {
		int64_t seconds, nanoseconds;
		bool settled; /* not so new that the next change could have the same time */
	} database;           /* when something was last put into it or taken out */
};

/* Whether what was read is what a reading would give now, as long as the lines are the same. */
bool diskstats_devices_fresh(struct ng_scrape *scrape, struct devices *devices);

/* Forgets all and takes note of epoch and database; diskstats_devices_add then fills in one line each. */
void diskstats_devices_reset(struct ng_scrape *scrape, struct devices *devices);

/* `head` with `rest` is the line of the device `major`, `minor`, `name`. -ENOMEM is the only error. */
int diskstats_devices_add(struct ng_scrape *scrape, struct devices *devices, struct ng_span head,
	const struct ng_filter *filter, uint32_t major, uint32_t minor, struct ng_span name);

#endif
