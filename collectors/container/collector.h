/* SPDX-License-Identifier: Apache-2.0 */
/* The whole collector, for collector.c, follow.c and collect.c, which pass its parts to the code that owns them. */
#ifndef CONTAINER_COLLECTOR_H
#define CONTAINER_COLLECTOR_H

#include "follow.h"
#include "identity/resolve.h"
#include "machine/devices.h"
#include "machine/filesystems.h"
#include "machine/machine.h"
#include "model.h"
#include "process/network.h"
#include "process/start.h"
#include "sampling/sampler.h"
#include "settle/settle.h"
#include "stats/read.h"

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
	struct container_device_names devices;
	struct container_filesystems filesystems;
};

#endif
