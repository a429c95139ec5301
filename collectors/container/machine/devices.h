/* SPDX-License-Identifier: Apache-2.0 */
/* Names of block devices, kept until a device is added or removed. */
#ifndef CONTAINER_DEVICES_H
#define CONTAINER_DEVICES_H

#include <nodegauge/collector.h>

struct container_device_name {
	uint32_t major, minor;
	char name[40];
};
struct container_device_names {
	struct ng_arena memory; /* of the names */
	struct container_device_name *name;
	size_t count, room;
	uint64_t epoch; /* of the devices when they were read */
};

/* "/dev/sda", or its numbers if the device is gone; .text is NULL if the name could not be read. */
struct ng_span container_device_name(
	struct ng_scrape *scrape, struct container_device_names *names, uint32_t major, uint32_t minor);

#endif
