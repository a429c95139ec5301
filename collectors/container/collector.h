/* SPDX-License-Identifier: Apache-2.0 */
/* The whole collector: for collector.c, follow.c and collect.c, which hand its parts to those that own them. */
#ifndef CONTAINER_COLLECTOR_H
#define CONTAINER_COLLECTOR_H

#include "follow.h"
#include "identity/resolve.h"
#include "machine/machine.h"
#include "model.h"
#include "process/network.h"
#include "process/start.h"
#include "sampling/sampler.h"
#include "settle/settle.h"
#include "stats/read.h"

#include "kernel/mounts.h"

/* The name of a block device, kept while no device comes or goes. */
struct container_device_name {
	uint32_t major, minor;
	char name[40];
};

struct container_options {
	const char *levels, *sets, *logs, *pod_logs;
	uint64_t max_groups, max_files, sample_interval;
	bool watch, triggers;
};

struct container {
	struct container_options options;
	struct ng_cgroups *cgroups;
	struct container_model model;
	struct container_follow follow;
	struct container_reader reader;
	struct container_starts starts;
	struct container_networks networks;
	struct container_settlement settlement;
	struct container_resolver resolver;
	struct container_sampler sampler;
	struct container_triggers triggers;
	struct container_machine machine;
	struct ng_arena memory; /* of the device names */
	struct container_device_name *device;
	size_t device_count, device_room;
	uint64_t device_epoch;
	struct ng_shared *diskstats;
	struct ng_mounts mounts;
};

#endif
