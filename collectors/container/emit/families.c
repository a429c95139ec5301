/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The families of the container collector. Names, types and labels are cAdvisor's where it has them; our own families
 * follow the same pattern. A label without a value is left out.
 */
#include "emit/families.h"

#define OF_GROUP "container,id,image?,name?,namespace,pod"

/* clang-format off: one family per line */

/* name, type, value, set, decimal places, when to write it, help: families with one sample per row */
#define EACH_VALUE(X)                                                                                                  \
	X("container_cpu_usage_seconds_total", NG_COUNTER, VALUE_CPU_USAGE, SET_CPU, 9, WITH_CPU,                      \
		"CPU time used by the tasks of the cgroup.")                                                           \
	X("container_cpu_user_seconds_total", NG_COUNTER, VALUE_CPU_USER, SET_CPU, 9, ALWAYS,                          \
		"CPU time of the cgroup in user mode.")                                                                \
	X("container_cpu_system_seconds_total", NG_COUNTER, VALUE_CPU_SYSTEM, SET_CPU, 9, ALWAYS,                      \
		"CPU time of the cgroup in kernel mode.")                                                              \
	X("container_cpu_cfs_periods_total", NG_COUNTER, VALUE_CFS_PERIODS, SET_CPU, 0, WITH_QUOTA,                    \
		"Elapsed enforcement periods of the CPU quota.")                                                       \
	X("container_cpu_cfs_throttled_periods_total", NG_COUNTER, VALUE_CFS_THROTTLED_PERIODS, SET_CPU, 0,            \
		WITH_QUOTA, "Periods in which the cgroup was throttled by its CPU quota.")                             \
	X("container_cpu_cfs_throttled_seconds_total", NG_COUNTER, VALUE_CFS_THROTTLED, SET_CPU, 9, WITH_QUOTA,        \
		"Time the cgroup was throttled by its CPU quota, summed over its CPUs.")                               \
	X("container_cpu_cfs_burst_periods_total", NG_COUNTER, VALUE_CFS_BURST_PERIODS, SET_CPU_DETAIL, 0, WITH_QUOTA, \
		"Periods in which the cgroup exceeded its quota by bursting.")                                         \
	X("container_cpu_cfs_burst_seconds_total", NG_COUNTER, VALUE_CFS_BURST, SET_CPU_DETAIL, 9, WITH_QUOTA,         \
		"CPU time used above the quota by bursting.")                                                          \
	X("container_cpu_cfs_throttled_local_seconds_total", NG_COUNTER, VALUE_CPU_THROTTLED_LOCAL, SET_CPU_DETAIL, 9, \
		ALWAYS, "Time the cgroup was throttled by its own quota or an ancestor's.")                            \
	X("container_cgroup_descendants", NG_GAUGE, VALUE_GROUPS, SET_CPU_DETAIL, 0, ALWAYS, "Descendant cgroups.")    \
	X("container_cgroup_dying_descendants", NG_GAUGE, VALUE_DYING, SET_CPU_DETAIL, 0, ALWAYS,                      \
		"Removed descendant cgroups still kept alive by references, mostly page cache.")                       \
	X("container_memory_usage_bytes", NG_GAUGE, VALUE_MEMORY_USAGE, SET_MEMORY, 0, ALWAYS,                         \
		"Memory charged to the cgroup, including page cache.")                                                 \
	X("container_memory_working_set_bytes", NG_GAUGE, VALUE_MEMORY_WORKING_SET, SET_MEMORY, 0, ALWAYS,             \
		"Memory charged to the cgroup, excluding inactive page cache.")                                        \
	X("container_memory_rss", NG_GAUGE, VALUE_MEMORY_ANON, SET_MEMORY, 0, ALWAYS,                                  \
		"Anonymous memory of the cgroup in bytes.")                                                            \
	X("container_memory_cache", NG_GAUGE, VALUE_MEMORY_FILE, SET_MEMORY, 0, ALWAYS,                                \
		"Page cache of the cgroup in bytes, including shared memory.")                                         \
	X("container_memory_swap", NG_GAUGE, VALUE_MEMORY_SWAP, SET_MEMORY, 0, ALWAYS,                                 \
		"Swap used by the cgroup in bytes.")                                                                   \
	X("container_oom_events_total", NG_COUNTER, VALUE_EVENTS_OOM_KILL, SET_MEMORY, 0, ALWAYS,                      \
		"Processes of the cgroup and its descendants killed by the OOM killer.")                               \
	X("container_memory_mapped_file", NG_GAUGE, VALUE_MEMORY_MAPPED, SET_MEMORY_DETAIL, 0, ALWAYS,                 \
		"Mapped files of the cgroup in bytes.")                                                                \
	X("container_memory_kernel_usage", NG_GAUGE, VALUE_MEMORY_KERNEL, SET_MEMORY_DETAIL, 0, ALWAYS,                \
		"Kernel memory charged to the cgroup in bytes.")                                                       \
	X("container_memory_max_usage_bytes", NG_GAUGE, VALUE_MEMORY_PEAK, SET_MEMORY_DETAIL, 0, ALWAYS,               \
		"Peak memory usage of the cgroup.")                                                                    \
	X("container_memory_failcnt", NG_COUNTER, VALUE_MEMORY_FAILCNT, SET_MEMORY_DETAIL, 0, ALWAYS,                  \
		"Times the cgroup hit its memory limit.")                                                              \
	X("container_memory_total_active_file_bytes", NG_GAUGE, VALUE_MEMORY_ACTIVE_FILE, SET_MEMORY_DETAIL, 0,        \
		ALWAYS, "Page cache of the cgroup on the active list.")                                                \
	X("container_memory_total_inactive_file_bytes", NG_GAUGE, VALUE_MEMORY_INACTIVE_FILE, SET_MEMORY_DETAIL, 0,    \
		ALWAYS, "Page cache of the cgroup on the inactive list.")                                              \
	X("container_memory_file_dirty_bytes", NG_GAUGE, VALUE_MEMORY_DIRTY, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Dirty page cache of the cgroup, not yet written back.")                                               \
	X("container_memory_file_writeback_bytes", NG_GAUGE, VALUE_MEMORY_WRITEBACK, SET_MEMORY_DETAIL, 0, ALWAYS,     \
		"Page cache of the cgroup being written back.")                                                        \
	X("container_memory_pgscan_total", NG_COUNTER, VALUE_MEMORY_SCANNED, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Pages of the cgroup scanned by reclaim.")                                                             \
	X("container_memory_pgsteal_total", NG_COUNTER, VALUE_MEMORY_STOLEN, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Pages of the cgroup reclaimed.")                                                                      \
	X("container_memory_workingset_refault_file_total", NG_COUNTER, VALUE_MEMORY_REFAULT_FILE, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Refaults of recently reclaimed page cache of the cgroup, in pages.")                       \
	X("container_memory_workingset_refault_anon_total", NG_COUNTER, VALUE_MEMORY_REFAULT_ANON, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Refaults of recently swapped-out anonymous pages of the cgroup.")                          \
	X("container_memory_zswap_bytes", NG_GAUGE, VALUE_MEMORY_ZSWAP, SET_MEMORY_DETAIL, 0, ALWAYS,                  \
		"Memory used by zswap for the cgroup (compressed size).")                                              \
	X("container_memory_zswapped_bytes", NG_GAUGE, VALUE_MEMORY_ZSWAPPED, SET_MEMORY_DETAIL, 0, ALWAYS,            \
		"Uncompressed size of the memory of the cgroup held in zswap.")                                        \
	X("container_memory_events_low_total", NG_COUNTER, VALUE_EVENTS_LOW, SET_EVENTS, 0, ALWAYS,                    \
		"Times the cgroup was reclaimed while below its memory.low protection.")                               \
	X("container_memory_events_high_total", NG_COUNTER, VALUE_EVENTS_HIGH, SET_EVENTS, 0, ALWAYS,                  \
		"Times tasks of the cgroup were throttled for exceeding memory.high.")                                 \
	X("container_memory_events_max_total", NG_COUNTER, VALUE_EVENTS_MAX, SET_EVENTS, 0, ALWAYS,                    \
		"Times the cgroup or one of its descendants was about to exceed its memory.max. Query the pod rather " \
		"than the container: a pod reaches its limit first.")                                                  \
	X("container_memory_events_oom_total", NG_COUNTER, VALUE_EVENTS_OOM, SET_MEMORY_DETAIL, 0, ALWAYS,             \
		"Times the cgroup was at its memory limit and reclaim failed.")                                        \
	X("container_memory_events_oom_kill_total", NG_COUNTER, VALUE_EVENTS_OOM_KILL, SET_MEMORY_DETAIL, 0, ALWAYS,   \
		"Processes of the cgroup killed by the OOM killer.")                                                   \
	X("container_memory_events_oom_group_kill_total", NG_COUNTER, VALUE_EVENTS_OOM_GROUP_KILL, SET_MEMORY_DETAIL,  \
		0, ALWAYS, "Times the whole cgroup was killed by the OOM killer (memory.oom.group).")                  \
	X("container_oom_last_kill_time_seconds", NG_GAUGE, VALUE_LAST_OOM_KILL, SET_EVENTS, 9, ALWAYS,                \
		"Unix time of the last observed OOM kill.")                                                            \
	X("container_threads", NG_GAUGE, VALUE_THREADS, SET_TASKS, 0, ALWAYS,                                          \
		"Tasks in the cgroup and its descendants.")                                                            \
	X("container_threads_max", NG_GAUGE, VALUE_THREADS_MAX, SET_TASKS, 0, OR_ZERO_WITH_TASKS,                      \
		"Task limit; 0 if unlimited.")                                                                         \
	X("container_pids_events_max_total", NG_COUNTER, VALUE_EVENTS_FORKS_REFUSED, SET_CPU_DETAIL, 0, ALWAYS,        \
		"Forks that failed because the task limit was reached.")                                               \
	X("container_processes", NG_GAUGE, VALUE_PROCESSES, SET_PROCESSES, 0, ALWAYS,                                  \
		"Processes in the cgroup itself; for crun, those in the container's sub-cgroup.")                      \
	X("container_file_descriptors", NG_GAUGE, VALUE_DESCRIPTORS, SET_DESCRIPTORS, 0, ALWAYS,                       \
		"Open file descriptors of the processes in the cgroup.")                                               \
	X("container_sockets", NG_GAUGE, VALUE_SOCKETS, SET_DESCRIPTORS, 0, ALWAYS,                                    \
		"Open sockets of the processes in the cgroup.")                                                        \
	X("container_spec_cpu_period", NG_GAUGE, VALUE_CPU_PERIOD, SET_SPEC, 0, ALWAYS,                                \
		"CPU quota period in microseconds.")                                                                   \
	X("container_spec_cpu_quota", NG_GAUGE, VALUE_CPU_QUOTA, SET_SPEC, 0, ALWAYS,                                  \
		"CPU quota per period in microseconds; absent if unlimited.")                                          \
	X("container_spec_cpu_shares", NG_GAUGE, VALUE_CPU_SHARES, SET_SPEC, 0, ALWAYS,                                \
		"CPU shares (cgroup v1); on cgroup v2, the shares that cpu.weight was derived from.")                  \
	X("container_spec_cpu_weight", NG_GAUGE, VALUE_CPU_WEIGHT, SET_SPEC, 0, ALWAYS,                                \
		"CPU weight (cpu.weight of cgroup v2).")                                                               \
	X("container_spec_memory_limit_bytes", NG_GAUGE, VALUE_MEMORY_LIMIT, SET_SPEC, 0, OR_ZERO_WITH_MEMORY,         \
		"Memory limit; 0 if unlimited.")                                                                       \
	X("container_spec_memory_swap_limit_bytes", NG_GAUGE, VALUE_SWAP_LIMIT, SET_SPEC, 0, OR_ZERO_WITH_MEMORY,      \
		"Swap limit (cgroup v1: memory plus swap); 0 if unlimited.")                                           \
	X("container_spec_memory_reservation_limit_bytes", NG_GAUGE, VALUE_MEMORY_RESERVATION, SET_SPEC, 0,            \
		OR_ZERO_WITH_MEMORY,                                                                                   \
		"memory.min, or memory.low if that is 0; on cgroup v1, the soft limit; 0 if none is set.")             \
	X("container_pressure_cpu_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 0, SET_PRESSURE, 6, ALWAYS,     \
		"Time at least one task of the cgroup was waiting for a CPU.")                                         \
	X("container_pressure_cpu_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 1, SET_PRESSURE, 6, ALWAYS,     \
		"Time all tasks of the cgroup were waiting for a CPU.")                                                \
	X("container_pressure_memory_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 2, SET_PRESSURE, 6, ALWAYS,  \
		"Time at least one task of the cgroup was waiting for memory.")                                        \
	X("container_pressure_memory_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 3, SET_PRESSURE, 6, ALWAYS,  \
		"Time all tasks of the cgroup were waiting for memory.")                                               \
	X("container_pressure_io_waiting_seconds_total", NG_COUNTER, VALUE_PRESSURE + 4, SET_PRESSURE, 6, ALWAYS,      \
		"Time at least one task of the cgroup was waiting for storage.")                                       \
	X("container_pressure_io_stalled_seconds_total", NG_COUNTER, VALUE_PRESSURE + 5, SET_PRESSURE, 6, ALWAYS,      \
		"Time all tasks of the cgroup were waiting for storage.")                                              \
	X("container_pressure_irq_stalled_seconds_total", NG_COUNTER, VALUE_IRQ_STALLED, SET_CPU_DETAIL, 6, ALWAYS,    \
		"Time all tasks of the cgroup were stalled by interrupt handling.")                                    \
	X("container_start_time_seconds", NG_GAUGE, VALUE_STARTED, SET_INFO, 0, ALWAYS,                                \
		"Unix time when the cgroup was created. If it is older than the daemon: start of its oldest process "  \
		"or, if none is visible, creation of its log link; or the timestamp of its directory if that is "      \
		"earlier.")

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
		OF_GROUP ",failure_type,scope", "Page faults of the cgroup."),
	AT(FAMILY_DISK + 0) = DISK("container_fs_reads_bytes_total", "Bytes read by the cgroup from the device."),
	AT(FAMILY_DISK + 1) = DISK("container_fs_writes_bytes_total", "Bytes written by the cgroup to the device."),
	AT(FAMILY_DISK + 2) = DISK("container_fs_reads_total", "Reads by the cgroup from the device."),
	AT(FAMILY_DISK + 3) = DISK("container_fs_writes_total", "Writes by the cgroup to the device."),
	AT(FAMILY_COST + 0) = DISK(
		"container_fs_io_cost_usage_seconds_total", "Device time charged to the cgroup by the iocost model."),
	AT(FAMILY_COST + 1) = DISK("container_fs_io_cost_wait_seconds_total",
		"Time I/O requests of the cgroup were throttled by the iocost model."),
	AT(FAMILY_COST + 2) =
		DISK("container_fs_io_cost_indebt_seconds_total", "Time the cgroup was in debt for device time."),
	AT(FAMILY_COST + 3) = DISK("container_fs_io_cost_indelay_seconds_total",
		"Time tasks of the cgroup were delayed to pay off device time debt."),
	AT(FAMILY_BLKIO) = PLAIN("container_blkio_device_usage_total", NG_COUNTER,
		OF_GROUP ",device,major,minor,operation", "Bytes transferred between the cgroup and the device."),
	AT(FAMILY_DISK_DETAIL + 0) =
		DISK("container_fs_reads_merged_total", "Merged reads from the device, for the whole node."),
	AT(FAMILY_DISK_DETAIL + 1) =
		DISK("container_fs_writes_merged_total", "Merged writes to the device, for the whole node."),
	AT(FAMILY_DISK_DETAIL + 2) =
		DISK("container_fs_sector_reads_total", "Sectors (512 bytes) read from the device, for the whole "
							"node."),
	AT(FAMILY_DISK_DETAIL + 3) =
		DISK("container_fs_sector_writes_total", "Sectors (512 bytes) written to the device, for the whole "
							 "node."),
	AT(FAMILY_DISK_DETAIL + 4) = DISK("container_fs_read_seconds_total", "Total time spent on reads, for the "
									     "whole node."),
	AT(FAMILY_DISK_DETAIL + 5) =
		DISK("container_fs_write_seconds_total", "Total time spent on writes, for the whole node."),
	AT(FAMILY_DISK_DETAIL + 6) =
		DISK("container_fs_io_time_seconds_total", "Time the device had at least one request in flight."),
	AT(FAMILY_DISK_DETAIL + 7) =
		PLAIN("container_fs_io_current", NG_GAUGE, OF_GROUP ",device", "Requests in flight on the device."),
	AT(FAMILY_DISK_DETAIL + 8) = DISK("container_fs_io_time_weighted_seconds_total",
		"Time in flight, summed over all requests of the device."),
	AT(FAMILY_SIZE + 0) = PLAIN("container_fs_usage_bytes", NG_GAUGE, OF_GROUP ",device",
		"Space used on the node's file system on the device."),
	AT(FAMILY_SIZE + 1) = PLAIN("container_fs_limit_bytes", NG_GAUGE, OF_GROUP ",device",
		"Size of the node's file system on the device."),
	AT(FAMILY_SIZE + 2) = PLAIN("container_fs_inodes_free", NG_GAUGE, OF_GROUP ",device",
		"Free inodes of the node's file system on the device."),
	AT(FAMILY_SIZE + 3) = PLAIN("container_fs_inodes_total", NG_GAUGE, OF_GROUP ",device",
		"Total inodes of the node's file system on the device."),
	AT(FAMILY_NETWORK + 0) = NETWORK("container_network_receive_bytes_total", "Bytes received on the interface."),
	AT(FAMILY_NETWORK + 1) =
		NETWORK("container_network_receive_packets_total", "Packets received on the interface."),
	AT(FAMILY_NETWORK + 2) = NETWORK("container_network_receive_errors_total", "Receive errors on the interface."),
	AT(FAMILY_NETWORK + 3) = NETWORK(
		"container_network_receive_packets_dropped_total", "Received packets dropped by the interface."),
	AT(FAMILY_NETWORK + 4) = NETWORK("container_network_transmit_bytes_total", "Bytes sent on the interface."),
	AT(FAMILY_NETWORK + 5) = NETWORK("container_network_transmit_packets_total", "Packets sent on the interface."),
	AT(FAMILY_NETWORK + 6) =
		NETWORK("container_network_transmit_errors_total", "Transmit errors on the interface."),
	AT(FAMILY_NETWORK + 7) = NETWORK(
		"container_network_transmit_packets_dropped_total", "Transmitted packets dropped by the interface."),
	AT(FAMILY_STATES) = PLAIN("container_tasks_state", NG_GAUGE, OF_GROUP ",state",
		"Tasks in the cgroup itself by state: running, sleeping, stopped, uninterruptible."),
	AT(FAMILY_LOAD) = PLAIN("container_cpu_load_average_10s", NG_GAUGE, OF_GROUP,
		"Deprecated in favour of pressure: 1000 times the running tasks, averaged over the scrapes of the "
		"last 10 s or so."),
	AT(FAMILY_LOAD_BLOCKED) = PLAIN("container_cpu_load_d_average_10s", NG_GAUGE, OF_GROUP,
		"Deprecated in favour of pressure: the same for uninterruptible tasks."),
	AT(FAMILY_FILE_LIMIT) = PLAIN("container_ulimits_soft", NG_GAUGE, OF_GROUP ",ulimit",
		"Soft limit on open files of the container's first process; -1 if unlimited."),
	AT(FAMILY_HUGE_USAGE) = PLAIN("container_hugetlb_usage_bytes", NG_GAUGE, OF_GROUP ",pagesize",
		"Huge pages used or reserved by the cgroup, in bytes."),
	AT(FAMILY_HUGE_MAX) = PLAIN("container_hugetlb_max_usage_bytes", NG_GAUGE, OF_GROUP ",pagesize",
		"Peak huge page usage in bytes; cgroup v1 only."),
	AT(FAMILY_HUGE_FAILURES) = PLAIN(
		"container_hugetlb_failcnt", NG_COUNTER, OF_GROUP ",pagesize", "Times the huge page limit was hit."),
	AT(FAMILY_PEAK + 0) = PEAK("container_pressure_cpu_waiting_peak_ratio",
		"Largest fraction of a sampling interval with at least one task of the cgroup waiting for a CPU."),
	AT(FAMILY_PEAK + 1) = PEAK("container_pressure_cpu_stalled_peak_ratio",
		"Largest fraction of a sampling interval with all tasks of the cgroup waiting for a CPU."),
	AT(FAMILY_PEAK + 2) = PEAK("container_pressure_memory_waiting_peak_ratio",
		"Largest fraction of a sampling interval with at least one task of the cgroup waiting for memory."),
	AT(FAMILY_PEAK + 3) = PEAK("container_pressure_memory_stalled_peak_ratio",
		"Largest fraction of a sampling interval with all tasks of the cgroup waiting for memory."),
	AT(FAMILY_PEAK + 4) = PEAK("container_pressure_io_waiting_peak_ratio",
		"Largest fraction of a sampling interval with at least one task of the cgroup waiting for storage."),
	AT(FAMILY_PEAK + 5) = PEAK("container_pressure_io_stalled_peak_ratio",
		"Largest fraction of a sampling interval with all tasks of the cgroup waiting for storage."),
	AT(FAMILY_LAST_SEEN) = PLAIN("container_last_seen", NG_GAUGE, OF_GROUP,
		"Unix time of this scrape; for a removed cgroup, of its last reading."),
	AT(FAMILY_IDENTITY) = PLAIN("nodegauge_container_info", NG_GAUGE, "id,qos?,restart?,runtime?,uid?",
		"Additional information about the cgroup as labels; always 1."),
	AT(FAMILY_NODE_PEAK) = PLAIN("node_pressure_peak_ratio", NG_GAUGE, "kind,resource,window",
		"Largest fraction of a sampling interval with some (waiting) or all (stalled) tasks of the node "
		"waiting."),
	AT(FAMILY_NODE_SHARES) = PLAIN("node_pressure_share", NG_HISTOGRAM, "kind,resource",
		"Fractions of the sampling intervals with some (waiting) or all (stalled) tasks of the node waiting."),
	AT(FAMILY_TRIGGERS) = PLAIN("node_pressure_trigger_events_total", NG_COUNTER, "resource",
		"2 s windows in which tasks of the node were waiting for at least 200 ms, reported by the kernel's "
		"PSI triggers."),
	AT(FAMILY_SAMPLER_CPU) = PLAIN(
		"nodegauge_pressure_sampler_cpu_seconds_total", NG_COUNTER, "", "CPU time spent on sampling pressure."),
	AT(FAMILY_SAMPLER_ROUNDS) =
		PLAIN("nodegauge_pressure_sampler_rounds_total", NG_COUNTER, "", "Pressure sampling rounds."),
	AT(FAMILY_SAMPLER_READS) =
		PLAIN("nodegauge_pressure_sampler_reads_total", NG_COUNTER, "", "Pressure files read by the sampler."),
	AT(FAMILY_SAMPLER_KEPT) = PLAIN(
		"nodegauge_pressure_sampler_open_files", NG_GAUGE, "", "Pressure files kept open by the sampler."),
	AT(FAMILY_GROUPS) = PLAIN("nodegauge_cgroups", NG_GAUGE, "level", "Cgroups being tracked."),
	AT(FAMILY_CREATED) = PLAIN("nodegauge_cgroups_created_total", NG_COUNTER, "level",
		"Cgroups that appeared, including those present at startup."),
	AT(FAMILY_REMOVED) =
		PLAIN("nodegauge_cgroups_removed_total", NG_COUNTER, "level", "Cgroups that were removed."),
	AT(FAMILY_UNRESOLVED) = PLAIN("nodegauge_container_unresolved", NG_GAUGE, "reason",
		"Pods and containers whose names were not found; those outside of pod cgroups are shown by their "
		"path, the others not at all."),
	AT(FAMILY_PSI) =
		PLAIN("nodegauge_psi_unavailable", NG_GAUGE, "reason", "Cgroups without pressure metrics, by reason."),
	AT(FAMILY_BY_PATH) = PLAIN("nodegauge_cgroups_by_path", NG_GAUGE, "",
		"Cgroups over the limit on open directories, opened by path on each read."),
	AT(FAMILY_REFUSED) = PLAIN(
		"nodegauge_cgroups_refused_total", NG_COUNTER, "", "Cgroups not tracked because there were too many."),
	AT(FAMILY_WATCHES) = PLAIN("nodegauge_cgroup_watches", NG_GAUGE, "", "Inotify watches on cgroups."),
	AT(FAMILY_OVERFLOWS) = PLAIN("nodegauge_cgroup_watch_overflows_total", NG_COUNTER, "",
		"Times inotify events were lost and the whole tree was rescanned."),
	AT(FAMILY_POLLING) = PLAIN("nodegauge_cgroup_polling", NG_GAUGE, "",
		"1 if cgroups are found by a tree walk on each scrape because they cannot be watched."),
	AT(FAMILY_LEAVING) = PLAIN("nodegauge_container_leaving", NG_GAUGE, "",
		"Removed cgroups still shown until every scraper has seen their final totals."),
	AT(FAMILY_FORGOTTEN) = PLAIN("nodegauge_container_forgotten_total", NG_COUNTER, "",
		"Removed cgroups dropped before every scraper saw their final totals: too many, too old or "
		"superseded."),
	AT(FAMILY_LOST) = PLAIN("nodegauge_container_lost_total", NG_COUNTER, "reason",
		"Containers with incomplete final totals: removed before they were read, and not derivable from the "
		"totals of their pod."),
	AT(FAMILY_UNATTRIBUTED_CPU) = PLAIN("nodegauge_pod_unattributed_cpu_seconds_total", NG_COUNTER, OF_GROUP,
		"CPU time of the pod used by containers removed before they were read, when it cannot be split "
		"between them."),
	AT(FAMILY_UNATTRIBUTED_KILLS) = PLAIN("nodegauge_pod_unattributed_oom_kills_total", NG_COUNTER, OF_GROUP,
		"OOM kills in containers of the pod removed before they were read, when it is unknown in which one."),
	AT(FAMILY_UNATTRIBUTED_IO) = PLAIN("nodegauge_pod_unattributed_io_bytes_total", NG_COUNTER,
		OF_GROUP ",operation",
		"Bytes read and written by containers of the pod removed before they were read, when it cannot be "
		"split between them."),
	AT(FAMILY_CORES) = MACHINE("machine_cpu_cores", "Online logical CPUs."),
	AT(FAMILY_PHYSICAL_CORES) = MACHINE("machine_cpu_physical_cores", "Physical CPU cores."),
	AT(FAMILY_SOCKETS) = MACHINE("machine_cpu_sockets", "CPU sockets."),
	AT(FAMILY_MEMORY) = MACHINE("machine_memory_bytes", "Total memory of the machine."),
	AT(FAMILY_SWAP) = MACHINE("machine_swap_bytes", "Total swap space of the machine."),
	AT(FAMILY_BOOKS) = MACHINE("machine_cpu_books", "CPU books (s390x)."),
	AT(FAMILY_DRAWERS) = MACHINE("machine_cpu_drawers", "CPU drawers (s390x)."),
	AT(FAMILY_DIMM_COUNT) = PLAIN("machine_dimm_count", NG_GAUGE, "boot_id?,machine_id?,system_uuid?,type",
		"Memory modules known to EDAC, by type."),
	AT(FAMILY_DIMM_CAPACITY) = PLAIN("machine_dimm_capacity_bytes", NG_GAUGE,
		"boot_id?,machine_id?,system_uuid?,type", "Size of the memory modules known to EDAC, by type."),
	AT(FAMILY_NVM_CAPACITY) = PLAIN("machine_nvm_capacity", NG_GAUGE, "boot_id?,machine_id?,system_uuid?,mode",
		"Persistent memory in bytes; memory mode is only reported if there are no modules, as 0."),
	AT(FAMILY_NVM_POWER) = MACHINE("machine_nvm_avg_power_budget_watts",
		"Power budget of the persistent memory modules; only reported if there are none, as 0."),
	AT(FAMILY_VERSION) = PLAIN("cadvisor_version_info", NG_GAUGE,
		"cadvisorRevision,cadvisorVersion,dockerVersion,kernelVersion,osVersion",
		"Kernel and OS version of the node, under cAdvisor's name; always 1. The other labels are empty, as "
		"with the kubelet."),
	AT(FAMILY_MACHINE_ERROR) =
		PLAIN("machine_scrape_error", NG_GAUGE, "", "1 if the CPUs of the machine could not be read."),
	AT(FAMILY_SCRAPE_ERROR) = PLAIN("container_scrape_error", NG_GAUGE, "",
		"Always 0: if the cgroups cannot be listed, the collector as a whole fails."),
};
/* clang-format on */

const struct ng_family *container_family(enum container_family which)
{
	return &container_families[VALUE_FAMILIES + which];
}

/* ---- where values come from ---- */

const struct container_source container_sources[CONTAINER_VALUE_FAMILIES] = { EACH_VALUE(SOURCE) };
