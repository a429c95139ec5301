/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the cpu collector: each keeps its own state and writes its own families. */
#ifndef COLLECTORS_CPU_H
#define COLLECTORS_CPU_H

#include <nodegauge/collector.h>

enum ng_cpu_family {
	NG_CPU_SECONDS,
	NG_CPU_GUEST_SECONDS,
	NG_CPU_ONLINE,
	NG_CPU_ISOLATED,
	NG_CPU_CORE_THROTTLES,
	NG_CPU_PACKAGE_THROTTLES,
	NG_CPU_INFO,
	NG_CPU_FREQUENCY,
	NG_CPU_FLAG,
	NG_CPU_BUG,
	NG_CPU_FAMILIES,
};
extern const struct ng_family ng_cpu_families[NG_CPU_FAMILIES];

/* The time spent in each mode, from /proc/stat. */
struct ng_cpu_times {
	struct ng_shared *file;
	struct ng_arena kept;
	struct ng_cpu_row *row; /* one per online CPU */
	size_t count;
};
int ng_cpu_times_collect(struct ng_cpu_times *times, struct ng_scrape *scrape, bool guest);
void ng_cpu_times_done(struct ng_cpu_times *times);

/*
 * The state of the CPUs in sysfs: online, isolated, throttled. A failure of this part or of the info part never costs
 * the times: they return 0 and note what was left out, or -ENOMEM.
 */
struct ng_cpu_topology {
	uint64_t epoch; /* in which it was read or found unchanged; the throttle counts are read at each scrape */
	bool unsure;    /* something could not be read: retry */
	struct ng_arena kept;
	struct ng_span mask[3]; /* the present, online and isolated CPUs at that time */
	struct ng_cpu_flags {
		struct ng_cpu_flag {
			struct ng_labels *labels;
			bool set;
		} * flag;
		size_t count, capacity;
	} online, isolated;
	struct ng_cpu_throttles {
		struct ng_cpu_throttle *throttle;
		size_t count, capacity;
	} cores, packages;
	size_t files; /* read in this scrape */
};
int ng_cpu_topology_collect(struct ng_cpu_topology *topology, struct ng_scrape *scrape);
void ng_cpu_topology_done(struct ng_cpu_topology *topology);

/* From /proc/cpuinfo: vendor and model, frequency, flags and bugs. */
struct ng_cpu_info {
	struct ng_file file;
	bool frequency; /* wanted */
	struct ng_pattern *flags, *bugs;
};
int ng_cpu_info_collect(struct ng_cpu_info *info, struct ng_scrape *scrape);

#endif
