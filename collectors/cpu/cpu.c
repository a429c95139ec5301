/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs: their times (times.c), their state in sysfs (topology.c) and, on request, vendor and model (info.c). */
#include "cpu.h"

struct cpu {
	struct ng_cpu_times times;
	struct ng_cpu_topology topology;
	struct ng_cpu_info info;
	bool guest, want_info;
};

const struct ng_family ng_cpu_families[NG_CPU_FAMILIES] = {
	[NG_CPU_SECONDS] = { .name = "node_cpu_seconds_total",
		.help = "Time the CPU spent in each mode; user and nice include guest time.",
		.type = NG_COUNTER,
		.labels = "cpu,mode" },
	[NG_CPU_GUEST_SECONDS] = { .name = "node_cpu_guest_seconds_total",
		.help = "Time the CPU spent running virtual machines.",
		.type = NG_COUNTER,
		.labels = "cpu,mode" },
	[NG_CPU_ONLINE] = { .name = "node_cpu_online",
		.help = "1 if the CPU is online, 0 if it is offline.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_CPU_ISOLATED] = { .name = "node_cpu_isolated",
		.help = "1 for each CPU isolated from the scheduler.",
		.type = NG_GAUGE,
		.labels = "cpu" },
	[NG_CPU_CORE_THROTTLES] = { .name = "node_cpu_core_throttles_total",
		.help = "Times the core was throttled because of heat.",
		.type = NG_COUNTER,
		.labels = "package,core" },
	[NG_CPU_PACKAGE_THROTTLES] = { .name = "node_cpu_package_throttles_total",
		.help = "Times the package was throttled because of heat.",
		.type = NG_COUNTER,
		.labels = "package" },
	[NG_CPU_INFO] = { .name = "node_cpu_info",
		.help = "CPU vendor and model; always 1.",
		.type = NG_GAUGE,
		.labels = "package,core,cpu,vendor,family,model,model_name,microcode,stepping,cachesize" },
	[NG_CPU_FREQUENCY] = { .name = "node_cpu_frequency_hertz",
		.help = "Current frequency as reported by the CPU.",
		.type = NG_GAUGE,
		.labels = "package,core,cpu" },
	[NG_CPU_FLAG] = { .name = "node_cpu_flag_info",
		.help = "Selected CPU flag of the first CPU; always 1.",
		.type = NG_GAUGE,
		.labels = "flag" },
	[NG_CPU_BUG] = { .name = "node_cpu_bug_info",
		.help = "Selected CPU bug of the first CPU; always 1.",
		.type = NG_GAUGE,
		.labels = "bug" },
};

static const struct ng_option options[] = {
	NG_OPTION(cpu, guest, NG_OPTION_BOOL, "guest", "true", "Report guest time."),
	NG_OPTION(cpu, want_info, NG_OPTION_BOOL, "info", "false", "Report vendor and model of each CPU."),
	NG_OPTION(cpu, info.flags, NG_OPTION_PATTERN, "info.flags-include", "",
		"Report the CPU flags that match this regular expression; implies --collector.cpu.info."),
	NG_OPTION(cpu, info.bugs, NG_OPTION_PATTERN, "info.bugs-include", "",
		"Report the CPU bugs that match this regular expression; implies --collector.cpu.info."),
};

static int cpu_init(void *state, struct ng_setup *setup)
{
	struct cpu *cpu = state;

	cpu->times.file = ng_shared(setup, NG_PROC, NG_WHOLE, "stat");
	cpu->info.frequency = ng_enabled(setup, "cpufreq");
	cpu->want_info = cpu->want_info || cpu->info.flags || cpu->info.bugs;
	return cpu->times.file ? 0 : -ENOMEM;
}

static int cpu_collect(void *state, struct ng_scrape *scrape)
{
	struct cpu *cpu = state;

	int r = cpu->want_info ? ng_cpu_info_collect(&cpu->info, scrape) : 0;
	if (r == 0)
		r = ng_cpu_times_collect(&cpu->times, scrape, cpu->guest);
	if (r == 0)
		r = ng_cpu_topology_collect(&cpu->topology, scrape);
	return r;
}

static void cpu_done(void *state)
{
	struct cpu *cpu = state;

	ng_cpu_times_done(&cpu->times);
	ng_cpu_topology_done(&cpu->topology);
}

static const struct ng_state_file files[] = {
	NG_STATE_FILE(cpu, info.file, NG_PROC, NG_RECORDS, "cpuinfo"),
};

static const struct ng_collector descriptor = {
	NG_COLLECTOR_HEAD,
	.name = "cpu",
	.summary = "CPU time by mode, online and isolated CPUs, thermal throttling",
	.options = options,
	.option_count = NG_COUNT(options),
	.families = ng_cpu_families,
	.family_count = NG_CPU_FAMILIES,
	.state_size = sizeof(struct cpu),
	.files = files,
	.file_count = NG_COUNT(files),
	.init = cpu_init,
	.collect = cpu_collect,
	.done = cpu_done,
};
NG_COLLECTOR(descriptor);
