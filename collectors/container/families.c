/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the container collector. Names, types and labels are cAdvisor's where it has them; what is ours alone
 * follows their pattern. A label without a value is left out.
 */
#include "families.h"

#define OF_GROUP "container,id,image?,name?,namespace,pod"

/* clang-format off: one family a line */

/* name, type, value, set, decimal places, when to write it, help: families with one sample of each row */
#define EACH_VALUE(X)                                                                                                  \
	X("container_cpu_usage_seconds_total", NG_COUNTER, VALUE_CPU_USAGE, SET_CPU, 9, WITH_CPU,                      \
		"CPU time that the tasks of the group used.")                                                          \
	X("container_cpu_user_seconds_total", NG_COUNTER, VALUE_CPU_USER, SET_CPU, 9, ALWAYS,                          \
		"CPU time of the group in user mode.")                                                                 \
	X("container_cpu_system_seconds_total", NG_COUNTER, VALUE_CPU_SYSTEM, SET_CPU, 9, ALWAYS,                      \
		"CPU time of the group in the kernel.")                                                                \
	X("container_cpu_cfs_periods_total", NG_COUNTER, VALUE_CFS_PERIODS, SET_CPU, 0, WITH_QUOTA,                    \
		"Enforcement periods of the CPU quota that passed.")                                                   \
	X("container_cpu_cfs_throttled_periods_total", NG_COUNTER, VALUE_CFS_THROTTLED_PERIODS, SET_CPU, 0,            \
		WITH_QUOTA, "Periods in which the group was stopped by its CPU quota.")                                \
	X("container_cpu_cfs_throttled_seconds_total", NG_COUNTER, VALUE_CFS_THROTTLED, SET_CPU, 9, WITH_QUOTA,        \
		"Time for which CPUs of the group were stopped by its CPU quota.")                                     \
	X("container_cpu_cfs_burst_periods_total", NG_COUNTER, VALUE_CFS_BURST_PERIODS, SET_CPU_DETAIL, 0, WITH_QUOTA, \
		"Periods in which the group used saved quota.")                                                        \
	X("container_cpu_cfs_burst_seconds_total", NG_COUNTER, VALUE_CFS_BURST, SET_CPU_DETAIL, 9, WITH_QUOTA,         \
		"CPU time above the quota that the group took from what it had saved.")                                \
	X("container_cpu_cfs_throttled_local_seconds_total", NG_COUNTER, VALUE_CPU_THROTTLED_LOCAL, SET_CPU_DETAIL, 9, \
		ALWAYS, "Time for which the group was stopped by its own quota or one above it.")                      \
	X("container_cgroup_descendants", NG_GAUGE, VALUE_GROUPS, SET_CPU_DETAIL, 0, ALWAYS, "Groups below this one.") \
	X("container_cgroup_dying_descendants", NG_GAUGE, VALUE_DYING, SET_CPU_DETAIL, 0, ALWAYS,                      \
		"Removed groups below this one that something, page cache mostly, still holds.")                       \
	X("container_memory_usage_bytes", NG_GAUGE, VALUE_MEMORY_USAGE, SET_MEMORY, 0, ALWAYS,                         \
		"Memory charged to the group, page cache included.")                                                   \
	X("container_memory_working_set_bytes", NG_GAUGE, VALUE_MEMORY_WORKING_SET, SET_MEMORY, 0, ALWAYS,             \
		"Memory charged to the group without inactive page cache.")                                            \
	X("container_memory_rss", NG_GAUGE, VALUE_MEMORY_ANON, SET_MEMORY, 0, ALWAYS,                                  \
		"Anonymous memory of the group in bytes.")                                                             \
	X("container_memory_cache", NG_GAUGE, VALUE_MEMORY_FILE, SET_MEMORY, 0, ALWAYS,                                \
		"Page cache of the group in bytes, shared memory included.")                                           \
	X("container_memory_swap", NG_GAUGE, VALUE_MEMORY_SWAP, SET_MEMORY, 0, ALWAYS,                                 \
		"Swap used by the group in bytes.")                                                                    \
	X("container_oom_events_total", NG_COUNTER, VALUE_EVENTS_OOM_KILL, SET_MEMORY, 0, ALWAYS,                      \
		"Processes of the group, and of groups below it, that were killed for want of memory.")                \
	X("container_memory_mapped_file", NG_GAUGE, VALUE_MEMORY_MAPPED, SET_MEMORY_DETAIL, 0, ALWAYS,                 \
		"Mapped files of the group in bytes.")                                                                 \
	X("container_memory_kernel_usage", NG_GAUGE, VALUE_MEMORY_KERNEL, SET_MEMORY_DETAIL, 0, ALWAYS,                \
		"Kernel memory charged to the group in bytes.")                                                        \
	X("container_memory_max_usage_bytes", NG_GAUGE, VALUE_MEMORY_PEAK, SET_MEMORY_DETAIL, 0, ALWAYS,               \
		"Highest memory use of the group so far.")                                                             \
	X("container_memory_failcnt", NG_COUNTER, VALUE_MEMORY_FAILCNT, SET_MEMORY_DETAIL, 0, ALWAYS,                  \
		"Times the group came up against its memory limit.")                                                   \
	X("container_memory_total_active_file_bytes", NG_GAUGE, VALUE_MEMORY_ACTIVE_FILE, SET_MEMORY_DETAIL, 0,        \
		ALWAYS, "Page cache of the group on the active list.")                                                 \
	X("container_memory_total_inactive_file_bytes", NG_GAUGE, VALUE_MEMORY_INACTIVE_FILE, SET_MEMORY_DETAIL, 0,    \
		ALWAYS, "Page cache of the group on the inactive list.")                                               \
	X("container_memory_file_dirty_bytes", NG_GAUGE, VALUE_MEMORY_DIRTY, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Page cache of the group that waits to be written.")                                                   \
	X("container_memory_file_writeback_bytes", NG_GAUGE, VALUE_MEMORY_WRITEBACK, SET_MEMORY_DETAIL, 0, ALWAYS,     \
		"Page cache of the group that is being written.")                                                      \
	X("container_memory_pgscan_total", NG_COUNTER, VALUE_MEMORY_SCANNED, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Pages of the group looked at by reclaim.")                                                            \
	X("container_memory_pgsteal_total", NG_COUNTER, VALUE_MEMORY_STOLEN, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Pages of the group taken by reclaim.")                                                                \
	X("container_memory_workingset_refault_file_total", NG_COUNTER, VALUE_MEMORY_REFAULT_FILE, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Page cache of the group that was read again soon after it was reclaimed, in pages.")       \
	X("container_memory_workingset_refault_anon_total", NG_COUNTER, VALUE_MEMORY_REFAULT_ANON, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Anonymous pages of the group that were swapped in soon after they were swapped out.")      \
	X("container_memory_zswap_bytes", NG_GAUGE, VALUE_MEMORY_ZSWAP, SET_MEMORY_DETAIL, 0, ALWAYS,                  \
		"Memory that the compressed swap cache takes for the group.")                                          \
	X("container_memory_zswapped_bytes", NG_GAUGE, VALUE_MEMORY_ZSWAPPED, SET_MEMORY_DETAIL, 0, ALWAYS,            \
		"Memory of the group that lies in the compressed swap cache, as it was before.")                       \
	X("container_memory_events_low_total", NG_COUNTER, VALUE_EVENTS_LOW, SET_EVENTS, 0, ALWAYS,                    \
		"Times memory of the group was reclaimed although it was below its protection.")                       \
	X("container_memory_events_high_total", NG_COUNTER, VALUE_EVENTS_HIGH, SET_EVENTS, 0, ALWAYS,                  \
		"Times tasks of the group were throttled for exceeding memory.high.")                                  \
	X("container_memory_events_max_total", NG_COUNTER, VALUE_EVENTS_MAX, SET_EVENTS, 0, ALWAYS,                    \
		"Times the group or one below it was about to exceed its memory.max: ask a pod, whose limit is that "  \
		"of "                                                                                                  \
		"its containers and is met first.")                                                                    \
	X("container_memory_events_oom_total", NG_COUNTER, VALUE_EVENTS_OOM, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Times the group was at its limit and reclaim found nothing.")                                         \
	X("container_memory_events_oom_kill_total", NG_COUNTER, VALUE_EVENTS_OOM_KILL, SET_MEMORY_DETAIL, 0, ALWAYS,   \
		"Processes of the group that were killed for want of memory.")                                         \
	X("container_memory_events_oom_group_kill_total", NG_COUNTER, VALUE_EVENTS_OOM_GROUP_KILL, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Times the group was killed as a whole for want of memory.")                                \
	X("container_oom_last_kill_time_seconds", NG_GAUGE, VALUE_LAST_OOM_KILL, SET_EVENTS, 9, ALWAYS,                \
		"Unix time when the last kill for want of memory was seen.")                                           \
	X("container_threads", NG_GAUGE, VALUE_THREADS, SET_TASKS, 0, ALWAYS, "Tasks in the group and below it.")      \
	X("container_threads_max", NG_GAUGE, VALUE_THREADS_MAX, SET_TASKS, 0, OR_ZERO_WITH_TASKS,                      \
		"Limit of tasks; 0 for none.")                                                                         \
	X("container_pids_events_max_total", NG_COUNTER, VALUE_EVENTS_FORKS_REFUSED, SET_CPU_DETAIL, 0, ALWAYS,        \
		"Forks refused as the limit of tasks was reached.")                                                    \
	X("container_processes", NG_GAUGE, VALUE_PROCESSES, SET_PROCESSES, 0, ALWAYS,                                  \
		"Processes in the group itself; of a container of crun those in its group below.")                     \
	X("container_file_descriptors", NG_GAUGE, VALUE_DESCRIPTORS, SET_DESCRIPTORS, 0, ALWAYS,                       \
		"Open file descriptors of the processes in the group.")                                                \
	X("container_sockets", NG_GAUGE, VALUE_SOCKETS, SET_DESCRIPTORS, 0, ALWAYS,                                    \
		"Open sockets of the processes in the group.")                                                         \
	X("container_spec_cpu_period", NG_GAUGE, VALUE_CPU_PERIOD, SET_SPEC, 0, ALWAYS,                                \
		"Length of a period of the CPU quota in microseconds.")                                                \
	X("container_spec_cpu_quota", NG_GAUGE, VALUE_CPU_QUOTA, SET_SPEC, 0, ALWAYS,                                  \
		"CPU time allowed in each period in microseconds; absent without a limit.")                            \
	X("container_spec_cpu_shares", NG_GAUGE, VALUE_CPU_SHARES, SET_SPEC, 0, ALWAYS,                                \
		"CPU shares of cgroup v1; on cgroup v2 the shares that the weight was converted from.")                \
	X("container_spec_cpu_weight", NG_GAUGE, VALUE_CPU_WEIGHT, SET_SPEC, 0, ALWAYS,                                \
		"Share of CPU time when it is scarce, in the unit of cgroup v2.")                                      \
	X("container_spec_memory_limit_bytes", NG_GAUGE, VALUE_MEMORY_LIMIT, SET_SPEC, 0, OR_ZERO_WITH_MEMORY,         \
		"Memory limit; 0 for none.")                                                                           \
	X("container_spec_memory_swap_limit_bytes", NG_GAUGE, VALUE_SWAP_LIMIT, SET_SPEC, 0, OR_ZERO_WITH_MEMORY,      \
		"Swap limit, on cgroup v1 of memory and swap together; 0 for none.")                                   \
	X("container_spec_memory_reservation_limit_bytes", NG_GAUGE, VALUE_MEMORY_RESERVATION, SET_SPEC, 0,            \
		OR_ZERO_WITH_MEMORY,                                                                                   \
		"memory.min, or memory.low where that is 0; on cgroup v1 the soft limit; 0 for none.")                 \
	X("container_pressure_cpu_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 0, SET_PRESSURE, 6, ALWAYS,     \
		"Time in which some task of the group waited for a CPU.")                                              \
	X("container_pressure_cpu_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 1, SET_PRESSURE, 6, ALWAYS,     \
		"Time in which all tasks of the group waited for a CPU.")                                              \
	X("container_pressure_memory_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 2, SET_PRESSURE, 6, ALWAYS,  \
		"Time in which some task of the group waited for memory.")                                             \
	X("container_pressure_memory_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 3, SET_PRESSURE, 6, ALWAYS,  \
		"Time in which all tasks of the group waited for memory.")                                             \
	X("container_pressure_io_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 4, SET_PRESSURE, 6, ALWAYS,      \
		"Time in which some task of the group waited for storage.")                                            \
	X("container_pressure_io_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 5, SET_PRESSURE, 6, ALWAYS,      \
		"Time in which all tasks of the group waited for storage.")                                            \
	X("container_pressure_irq_stalled_seconds_total", NG_COUNTER, VALUE_IRQ_STALLED, SET_CPU_DETAIL, 6, ALWAYS,    \
		"Time that interrupts took from the tasks of the group.")                                              \
	X("container_start_time_seconds", NG_GAUGE, VALUE_STARTED, SET_INFO, 0, ALWAYS,                                \
		"Unix time when the group was made. Of one that was there before the daemon: when its oldest "         \
		"process started or, where none is seen, its log link was made; or the time of its directory, which "  \
		"is that of the first look at it by anybody, where that is earlier.")

#define OF_VALUE(name_, type_, value_, set_, places_, when_, help_)                                                    \
	{ .name = (name_),                                                                                             \
		.help = (help_),                                                                                       \
		.type = (type_),                                                                                       \
		.labels = (when_) == WITH_CPU ? OF_GROUP ",cpu" : OF_GROUP },
#define SOURCE(name_, type_, value_, set_, places_, when_, help_) { (value_), (set_), (places_), (when_) },
#define COUNT(...)                                                +1

enum { VALUE_FAMILIES = 0 EACH_VALUE(COUNT) };
_Static_assert((int)VALUE_FAMILIES == (int)CONTAINER_VALUE_FAMILIES, "families.h has the number");

#define PLAIN(name_, type_, labels_, help_)                                                                            \
	{                                                                                                              \
		.name = (name_), .help = (help_), .type = (type_), .labels = (labels_)                                 \
	}
#define DISK(name_, what_)    PLAIN(name_, NG_COUNTER, OF_GROUP ",device", what_)
#define NETWORK(name_, what_) PLAIN(name_, NG_COUNTER, OF_GROUP ",interface", what_)
#define PEAK(name_, what_)    PLAIN(name_, NG_GAUGE, OF_GROUP ",window", what_)
#define MACHINE(name_, what_) PLAIN(name_, NG_GAUGE, "boot_id?,machine_id?,system_uuid?", what_)
#define AT(which_)            [VALUE_FAMILIES + (which_)]

const struct ng_family container_families[CONTAINER_ALL_FAMILIES] = {
	EACH_VALUE(OF_VALUE) AT(FAMILY_FAULTS) = PLAIN("container_memory_failures_total", NG_COUNTER,
		OF_GROUP ",failure_type,scope", "Page faults of the group."),
	AT(FAMILY_DISK + 0) = DISK("container_fs_reads_bytes_total", "Bytes that the group read from the device."),
	AT(FAMILY_DISK + 1) = DISK("container_fs_writes_bytes_total", "Bytes that the group wrote to the device."),
	AT(FAMILY_DISK + 2) = DISK("container_fs_reads_total", "Reads of the group from the device."),
	AT(FAMILY_DISK + 3) = DISK("container_fs_writes_total", "Writes of the group to the device."),
	AT(FAMILY_COST + 0) = DISK(
		"container_fs_io_cost_usage_seconds_total", "Device time that the cost model charged to the group."),
	AT(FAMILY_COST + 1) = DISK("container_fs_io_cost_wait_seconds_total",
		"Time that the group's requests were held back by the cost model."),
	AT(FAMILY_COST + 2) =
		DISK("container_fs_io_cost_indebt_seconds_total", "Time that the group had device time to pay back."),
	AT(FAMILY_COST + 3) = DISK("container_fs_io_cost_indelay_seconds_total",
		"Time that tasks of the group were delayed for what it owed."),
	AT(FAMILY_BLKIO) = PLAIN("container_blkio_device_usage_total", NG_COUNTER,
		OF_GROUP ",device,major,minor,operation", "Bytes that the group moved to or from the device."),
	AT(FAMILY_DISK_DETAIL + 0) = DISK("container_fs_reads_merged_total",
		"Reads of the node from the device that became part of another request."),
	AT(FAMILY_DISK_DETAIL + 1) = DISK("container_fs_writes_merged_total",
		"Writes of the node to the device that became part of another request."),
	AT(FAMILY_DISK_DETAIL + 2) =
		DISK("container_fs_sector_reads_total", "Sectors of 512 bytes that the node read from the device."),
	AT(FAMILY_DISK_DETAIL + 3) =
		DISK("container_fs_sector_writes_total", "Sectors of 512 bytes that the node wrote to the device."),
	AT(FAMILY_DISK_DETAIL + 4) =
		DISK("container_fs_read_seconds_total", "Time that reads of the node took, summed up."),
	AT(FAMILY_DISK_DETAIL + 5) =
		DISK("container_fs_write_seconds_total", "Time that writes of the node took, summed up."),
	AT(FAMILY_DISK_DETAIL + 6) =
		DISK("container_fs_io_time_seconds_total", "Time in which the device had a request in flight."),
	AT(FAMILY_DISK_DETAIL + 7) =
		PLAIN("container_fs_io_current", NG_GAUGE, OF_GROUP ",device", "Requests of the device in flight."),
	AT(FAMILY_DISK_DETAIL + 8) = DISK("container_fs_io_time_weighted_seconds_total",
		"Time in flight, summed up over the requests of the device."),
	AT(FAMILY_SIZE + 0) = PLAIN("container_fs_usage_bytes", NG_GAUGE, OF_GROUP ",device",
		"Space in use of the node's file system on the device."),
	AT(FAMILY_SIZE + 1) = PLAIN("container_fs_limit_bytes", NG_GAUGE, OF_GROUP ",device",
		"Size of the node's file system on the device."),
	AT(FAMILY_SIZE + 2) = PLAIN("container_fs_inodes_free", NG_GAUGE, OF_GROUP ",device",
		"Free inodes of the node's file system on the device."),
	AT(FAMILY_SIZE + 3) = PLAIN("container_fs_inodes_total", NG_GAUGE, OF_GROUP ",device",
		"Inodes of the node's file system on the device."),
	AT(FAMILY_NETWORK + 0) = NETWORK("container_network_receive_bytes_total", "Bytes received by the pod."),
	AT(FAMILY_NETWORK + 1) = NETWORK("container_network_receive_packets_total", "Packets received by the pod."),
	AT(FAMILY_NETWORK + 2) =
		NETWORK("container_network_receive_errors_total", "Errors of the pod's interface when receiving."),
	AT(FAMILY_NETWORK + 3) = NETWORK(
		"container_network_receive_packets_dropped_total", "Packets for the pod that its interface dropped."),
	AT(FAMILY_NETWORK + 4) = NETWORK("container_network_transmit_bytes_total", "Bytes sent by the pod."),
	AT(FAMILY_NETWORK + 5) = NETWORK("container_network_transmit_packets_total", "Packets sent by the pod."),
	AT(FAMILY_NETWORK + 6) =
		NETWORK("container_network_transmit_errors_total", "Errors of the pod's interface when sending."),
	AT(FAMILY_NETWORK + 7) = NETWORK(
		"container_network_transmit_packets_dropped_total", "Packets of the pod that its interface dropped."),
	AT(FAMILY_STATES) = PLAIN("container_tasks_state", NG_GAUGE, OF_GROUP ",state",
		"Tasks in the group itself by what they do: running, sleeping, stopped, uninterruptible."),
	AT(FAMILY_LOAD) = PLAIN("container_cpu_load_average_10s", NG_GAUGE, OF_GROUP,
		"Deprecated, as pressure tells more: 1000 times the running tasks, of the scrapes of the last 10 s or "
		"so."),
	AT(FAMILY_LOAD_BLOCKED) = PLAIN("container_cpu_load_d_average_10s", NG_GAUGE, OF_GROUP,
		"Deprecated, as pressure tells more: the same of uninterruptible tasks."),
	AT(FAMILY_FILE_LIMIT) = PLAIN("container_ulimits_soft", NG_GAUGE, OF_GROUP ",ulimit",
		"Soft limit of open files of the container's first process; -1 for none."),
	AT(FAMILY_HUGE_USAGE) = PLAIN("container_hugetlb_usage_bytes", NG_GAUGE, OF_GROUP ",pagesize",
		"Huge pages that the group uses or has reserved, in bytes."),
	AT(FAMILY_HUGE_MAX) = PLAIN("container_hugetlb_max_usage_bytes", NG_GAUGE, OF_GROUP ",pagesize",
		"Highest use of huge pages so far, in bytes; cgroup v1 only."),
	AT(FAMILY_HUGE_FAILURES) = PLAIN("container_hugetlb_failcnt", NG_COUNTER, OF_GROUP ",pagesize",
		"Times the limit of huge pages was reached."),
	AT(FAMILY_PEAK + 0) = PEAK("container_pressure_cpu_waiting_peak_ratio",
		"Largest share of one sampling interval in which some task of the group waited for a CPU."),
	AT(FAMILY_PEAK + 1) = PEAK("container_pressure_cpu_stalled_peak_ratio",
		"Largest share of one sampling interval in which all tasks of the group waited for a CPU."),
	AT(FAMILY_PEAK + 2) = PEAK("container_pressure_memory_waiting_peak_ratio",
		"Largest share of one sampling interval in which some task of the group waited for memory."),
	AT(FAMILY_PEAK + 3) = PEAK("container_pressure_memory_stalled_peak_ratio",
		"Largest share of one sampling interval in which all tasks of the group waited for memory."),
	AT(FAMILY_PEAK + 4) = PEAK("container_pressure_io_waiting_peak_ratio",
		"Largest share of one sampling interval in which some task of the group waited for storage."),
	AT(FAMILY_PEAK + 5) = PEAK("container_pressure_io_stalled_peak_ratio",
		"Largest share of one sampling interval in which all tasks of the group waited for storage."),
	AT(FAMILY_LAST_SEEN) = PLAIN("container_last_seen", NG_GAUGE, OF_GROUP,
		"Unix time of this answer; of a group that has gone, of its last reading."),
	AT(FAMILY_IDENTITY) = PLAIN("nodegauge_container_info", NG_GAUGE, "id,qos?,restart?,runtime?,uid?",
		"What is known of a group beside its labels; always 1."),
	AT(FAMILY_NODE_PEAK) = PLAIN("node_pressure_peak_ratio", NG_GAUGE, "kind,resource,window",
		"Largest share of one sampling interval in which some (waiting) or all (stalled) tasks of the node "
		"waited."),
	AT(FAMILY_NODE_SHARES) = PLAIN("node_pressure_share", NG_HISTOGRAM, "kind,resource",
		"Shares of the sampling intervals in which some (waiting) or all (stalled) tasks of the node waited."),
	AT(FAMILY_TRIGGERS) = PLAIN("node_pressure_trigger_events_total", NG_COUNTER, "resource",
		"Windows of 2 s in which some task of the node waited for 200 ms or more, as the kernel's trigger "
		"told."),
	AT(FAMILY_SAMPLER_CPU) = PLAIN("nodegauge_pressure_sampler_cpu_seconds_total", NG_COUNTER, "",
		"CPU time that sampling pressure took."),
	AT(FAMILY_SAMPLER_ROUNDS) =
		PLAIN("nodegauge_pressure_sampler_rounds_total", NG_COUNTER, "", "Rounds of sampling pressure."),
	AT(FAMILY_SAMPLER_READS) = PLAIN("nodegauge_pressure_sampler_reads_total", NG_COUNTER, "",
		"Pressure files that were read while sampling."),
	AT(FAMILY_SAMPLER_KEPT) =
		PLAIN("nodegauge_pressure_sampler_open_files", NG_GAUGE, "", "Pressure files that are kept open."),
	AT(FAMILY_GROUPS) = PLAIN("nodegauge_cgroups", NG_GAUGE, "level", "Control groups that are followed."),
	AT(FAMILY_CREATED) = PLAIN("nodegauge_cgroups_created_total", NG_COUNTER, "level",
		"Control groups that appeared, those at the start included."),
	AT(FAMILY_REMOVED) = PLAIN("nodegauge_cgroups_removed_total", NG_COUNTER, "level", "Control groups that went."),
	AT(FAMILY_UNRESOLVED) = PLAIN("nodegauge_container_unresolved", NG_GAUGE, "reason",
		"Pods and containers whose names were not found; those outside of the cgroups of pods are shown by "
		"their path, all others not yet."),
	AT(FAMILY_PSI) = PLAIN("nodegauge_psi_unavailable", NG_GAUGE, "reason",
		"Control groups without pressure figures, by the reason."),
	AT(FAMILY_BY_PATH) = PLAIN("nodegauge_cgroups_by_path", NG_GAUGE, "",
		"Control groups past the budget of kept directories, entered by their path."),
	AT(FAMILY_REFUSED) = PLAIN("nodegauge_cgroups_refused_total", NG_COUNTER, "",
		"Control groups that were not followed as there were too many."),
	AT(FAMILY_WATCHES) = PLAIN("nodegauge_cgroup_watches", NG_GAUGE, "", "Inotify watches on control groups."),
	AT(FAMILY_OVERFLOWS) = PLAIN("nodegauge_cgroup_watch_overflows_total", NG_COUNTER, "",
		"Times events of the watches were lost, and the whole tree was walked."),
	AT(FAMILY_POLLING) = PLAIN("nodegauge_cgroup_polling", NG_GAUGE, "",
		"1 where groups are found by walking at each scrape, as they cannot be watched."),
	AT(FAMILY_LEAVING) = PLAIN("nodegauge_container_leaving", NG_GAUGE, "",
		"Groups that have gone and are shown until each reader has seen their last totals."),
	AT(FAMILY_FORGOTTEN) = PLAIN("nodegauge_container_forgotten_total", NG_COUNTER, "",
		"Groups that have gone whose last totals not every reader has seen: too many, too old or succeeded."),
	AT(FAMILY_LOST) = PLAIN("nodegauge_container_lost_total", NG_COUNTER, "reason",
		"Containers whose last totals are not complete: removed before they were read, and not to be told from "
		"the totals of their pod."),
	AT(FAMILY_UNATTRIBUTED_CPU) = PLAIN("nodegauge_pod_unattributed_cpu_seconds_total", NG_COUNTER, OF_GROUP,
		"CPU time of the pod used by containers that were removed before they were read, where it is not known "
		"how much each used."),
	AT(FAMILY_UNATTRIBUTED_KILLS) = PLAIN("nodegauge_pod_unattributed_oom_kills_total", NG_COUNTER, OF_GROUP,
		"OOM kills in containers of the pod that were removed before they were read, where it is not known in "
		"which."),
	AT(FAMILY_UNATTRIBUTED_IO) = PLAIN("nodegauge_pod_unattributed_io_bytes_total", NG_COUNTER,
		OF_GROUP ",operation",
		"Bytes read and written by containers of the pod that were removed before they were read, where it is "
		"not known by which."),
	AT(FAMILY_CORES) = MACHINE("machine_cpu_cores", "Logical CPUs that are online."),
	AT(FAMILY_PHYSICAL_CORES) = MACHINE("machine_cpu_physical_cores", "Physical CPU cores."),
	AT(FAMILY_SOCKETS) = MACHINE("machine_cpu_sockets", "CPU sockets."),
	AT(FAMILY_MEMORY) = MACHINE("machine_memory_bytes", "Memory of the machine."),
	AT(FAMILY_SWAP) = MACHINE("machine_swap_bytes", "Swap of the machine."),
	AT(FAMILY_BOOKS) = MACHINE("machine_cpu_books", "CPU books, as s390x has them."),
	AT(FAMILY_DRAWERS) = MACHINE("machine_cpu_drawers", "CPU drawers, as s390x has them."),
	AT(FAMILY_DIMM_COUNT) = PLAIN("machine_dimm_count", NG_GAUGE, "boot_id?,machine_id?,system_uuid?,type",
		"Memory modules that EDAC knows, by type."),
	AT(FAMILY_DIMM_CAPACITY) = PLAIN("machine_dimm_capacity_bytes", NG_GAUGE,
		"boot_id?,machine_id?,system_uuid?,type", "Size of the memory modules that EDAC knows, by type."),
	AT(FAMILY_NVM_CAPACITY) = PLAIN("machine_nvm_capacity", NG_GAUGE, "boot_id?,machine_id?,system_uuid?,mode",
		"Persistent memory in bytes; in memory mode 0 without modules, and else not known."),
	AT(FAMILY_NVM_POWER) = MACHINE("machine_nvm_avg_power_budget_watts",
		"Power budget of the persistent memory modules: 0 without any, and else not known."),
	AT(FAMILY_VERSION) = PLAIN("cadvisor_version_info", NG_GAUGE,
		"cadvisorRevision,cadvisorVersion,dockerVersion,kernelVersion,osVersion",
		"Kernel and system of the node, under cAdvisor's name; always 1. The other labels are empty, as the "
		"kubelet has them."),
	AT(FAMILY_MACHINE_ERROR) =
		PLAIN("machine_scrape_error", NG_GAUGE, "", "1 when the CPUs of the machine could not be read."),
	AT(FAMILY_SCRAPE_ERROR) = PLAIN("container_scrape_error", NG_GAUGE, "",
		"0: when the control groups cannot be listed the collector as a whole has no success."),
};
/* clang-format on */

const struct ng_family *container_family(enum container_family which)
{
	return &container_families[VALUE_FAMILIES + which];
}

/* ---- where values come from ---- */

static const struct source {
	uint8_t value, set, places, when;
} sources[VALUE_FAMILIES] = { EACH_VALUE(SOURCE) };

static bool to_write(const struct source *source, const struct container_row *row, uint64_t *ret_value)
{
	const struct container_values *values = &row->figures.values;

	*ret_value = values->value[source->value];
	switch (source->when) {
	case WITH_QUOTA:
		return container_has(values, source->value) && container_has(values, VALUE_CPU_QUOTA);
	case OR_ZERO_WITH_MEMORY:
		if (container_has(values, source->value))
			return true;
		*ret_value = 0;
		return container_has(values, VALUE_MEMORY_USAGE) && row->shown != SHOWN_NODE &&
		       !(row->figures.unknown >> source->value & 1);
	case OR_ZERO_WITH_TASKS:
		if (container_has(values, source->value))
			return true;
		*ret_value = 0;
		return container_has(values, VALUE_THREADS) && !(row->figures.unknown >> source->value & 1);
	default:
		return container_has(values, source->value);
	}
}

struct ng_span container_with(struct ng_arena *arena, struct ng_span labels, struct ng_span more)
{
	char *text = labels.text && more.text ? ng_alloc(arena, labels.size + more.size) : NULL;

	if (!text)
		return NG_LABELS_FAILED;
	memcpy(text, labels.text, labels.size - 1);
	memcpy(text + labels.size - 1, more.text, more.size);
	text[labels.size - 1 + more.size] = '}';
	return (struct ng_span){ text, labels.size + more.size };
}

struct ng_span container_join(struct ng_scrape *scrape, struct ng_span labels, struct ng_span own)
{
	if (!own.text || !labels.text)
		return own;
	char *text = (char *)own.text;
	text[0] = ',';
	return container_with(scrape->arena, labels, (struct ng_span){ text, own.size - 1 });
}

static void write_values(struct ng_scrape *scrape, const struct container_rows *rows, size_t which)
{
	const struct source *source = &sources[which];
	bool with_cpu = source->when == WITH_CPU, counter = container_families[which].type == NG_COUNTER;
	uint64_t value;

	ng_family(scrape->page, &container_families[which]);
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		if ((row->outdone && !counter) || !to_write(source, row, &value))
			continue;
		struct ng_span labels =
			with_cpu ? container_with(scrape->arena, row->labels, NG_SPAN(",cpu=\"total\"")) : row->labels;
		if (source->places)
			ng_sample_scaled(scrape->page, labels, value, source->places);
		else
			ng_sample_u64(scrape->page, labels, value);
	}
}

static void write_faults(struct ng_scrape *scrape, const struct container_rows *rows)
{
	static const struct {
		enum container_value value;
		const char *more;
	} kinds[] = {
		{ VALUE_MEMORY_FAULTS, ",failure_type=\"pgfault\",scope=\"container\"" },
		{ VALUE_MEMORY_FAULTS, ",failure_type=\"pgfault\",scope=\"hierarchy\"" },
		{ VALUE_MEMORY_MAJOR_FAULTS, ",failure_type=\"pgmajfault\",scope=\"container\"" },
		{ VALUE_MEMORY_MAJOR_FAULTS, ",failure_type=\"pgmajfault\",scope=\"hierarchy\"" },
	};

	ng_family(scrape->page, container_family(FAMILY_FAULTS));
	for (size_t i = 0; i < rows->count; i++) {
		const struct container_row *row = rows->row[i];
		for (size_t k = 0; k < NG_COUNT(kinds); k++) {
			if (container_has(&row->figures.values, kinds[k].value))
				ng_sample_u64(scrape->page,
					container_with(scrape->arena, row->labels, ng_span(kinds[k].more)),
					row->figures.values.value[kinds[k].value]);
		}
	}
}

void container_write_values(struct ng_scrape *scrape, uint32_t sets, const struct container_rows *rows)
{
	for (size_t i = 0; i < VALUE_FAMILIES; i++) {
		if (sets >> sources[i].set & 1)
			write_values(scrape, rows, i);
	}
	if (sets >> SET_MEMORY_DETAIL & 1)
		write_faults(scrape, rows);
}
