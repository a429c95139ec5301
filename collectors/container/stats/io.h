/* SPDX-License-Identifier: Apache-2.0 */
/* The block devices of a cgroup. See io.c. */
#ifndef CONTAINER_IO_H
#define CONTAINER_IO_H

#include "stats/values.h"

/* The entry of a device, created if necessary; NULL if there is no memory. */
struct container_device *container_device_of(struct container_devices *devices, uint32_t major, uint32_t minor);
int container_read_devices(struct ng_scrape *scrape, int directory, struct container_devices *devices);

/* "8:0" */
bool container_parse_device(struct ng_span word, uint32_t *ret_major, uint32_t *ret_minor);

#endif
