// SPDX-License-Identifier: Apache-2.0
// The node as a whole: memory, limits, clock, hardware. The metric names are node_exporter's, so these rules also work with its series.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local on = ' on ' + lib.node;
  local rate(metric) = function(window) lib.of_node([], 'rate(%s[%s])' % [metric, window]);
  local value(metric) = lib.of_node([], metric);

  {
    alerts: [
      lib.alert(
        'NodeMemoryThrashing',
        'node',
        'page',
        lib.both(rate('node_pressure_memory_stalled_seconds_total'), c.nodeMemoryStalled) +
        'and\n%s\n/ %s < %g\n' % [value('node_memory_MemAvailable_bytes'), value('node_memory_MemTotal_bytes'), c.nodeMemoryAvailable],
        wait='2m',
        keep=true,
        summary='All tasks' + on + ' are stalled on memory {{ $value | humanizePercentage }} of the time.',
        description='The node as a whole is short of memory and spends its time on reclaim or swapping. All services on it are slow, logins may hang, and it may take long until the kernel kills something.',
      ),
      lib.alert(
        'NodeGlobalOOM',
        'node',
        'page',
        // A kill at a cgroup's own limit counts as an `oom` event of a top-level cgroup. Without the set memory-detail these series do not
        // exist: then the node's memory must have been low.
        |||
          %(kills)s > 0
          unless on (%(node)s)
          sum by (%(node)s) (increase(container_memory_events_oom_total{id=~"/[^/]+"}[%(window)s])) > 0
          and on (%(node)s)
          (
            count by (%(node)s) (container_memory_events_oom_total{id=~"/[^/]+"})
            or
            %(available)s
            / %(total)s < %(low)g
          )
        ||| % {
          node: c.nodeLabels,
          window: c.window,
          kills: lib.of_node([], 'increase(node_vmstat_oom_kill[%s])' % c.window),
          available: lib.of_node([], 'min_over_time(node_memory_MemAvailable_bytes[%s])' % c.window),
          total: value('node_memory_MemTotal_bytes'),
          low: c.nodeMemoryGone,
        },
        summary=lib.node + ' ran out of memory, and the kernel killed processes ({{ $value | printf "%.0f" }}).',
        description='The node as a whole had no memory left, rather than a cgroup at its limit. Any process can be the victim, including the kubelet or sshd.',
      ),
      lib.alert(
        'FileDescriptorsExhausted',
        'node',
        'ticket',
        '%s\n/ %s > %g\n' % [value('node_filefd_allocated'), value('node_filefd_maximum'), c.fdRatio],
        wait='2m',
        summary=lib.node + ' uses {{ $value | humanizePercentage }} of the file handles that the kernel allows.',
        description='At 100 %, no program can open a file or accept a connection ("Too many open files in system").',
      ),
      lib.alert(
        'ConntrackExhausted',
        'node',
        'page',
        // A full table also drops scrapes, and a failed scrape makes all series stale: only a range still includes the last values.
        |||
          %(entries)s
          / %(limit)s > %(ratio)g
        ||| % {
          entries: lib.of_node([], 'max_over_time(node_nf_conntrack_entries[%s])' % c.shortWindow),
          limit: lib.of_node([], 'max_over_time(node_nf_conntrack_entries_limit[%s])' % c.shortWindow),
          ratio: c.conntrackRatio,
        },
        wait='1m',
        keep=true,
        summary='The connection tracking table' + on + ' is {{ $value | humanizePercentage }} full.',
        description='When it is full, the kernel drops the first packet of each new connection of all pods and services on the node. Scrapes may fail as well.',
      ),
      lib.alert(
        'TasksExhausted',
        'node',
        'ticket',
        '%s\n/ %s > %g\nor\n%s\n/ %s > %g\n' % [
          value('node_processes_threads'),
          value('node_processes_max_threads'),
          c.tasksRatio,
          value('node_processes_pids'),
          value('node_processes_max_processes'),
          c.tasksRatio,
        ],
        wait='2m',
        summary=lib.node + ' uses {{ $value | humanizePercentage }} of the processes or threads that the kernel allows.',
        description='At 100 %, no process or thread can be started, not even a shell to look for the cause.',
      ),
      lib.alert(
        'HungTasks',
        'node',
        'ticket',
        lib.of_node([], 'increase(node_kernel_hung_tasks_total[10m])') + ' > 0\n',
        keep=true,
        summary='The kernel detected hung tasks' + on + ' ({{ $value | printf "%.0f" }} times within 10 minutes).',
        description='They have been waiting for a device, a network file system or a lock for minutes, and cannot be killed. A task that keeps hanging is counted again at each check.',
      ),
      lib.alert(
        'MemoryCorrupted',
        'node',
        'ticket',
        value('node_memory_HardwareCorrupted_bytes') + ' > 0\n',
        summary='{{ $value | humanize1024 }}B of memory' + on + ' was retired after uncorrectable errors.',
        description='A memory module is failing. Processes that used these pages may have been killed, and more errors are likely.',
      ),
      lib.alert(
        'ClockWrong',
        'node',
        'ticket',
        |||
          abs(%(time)s) > %(seconds)g
          or
          abs(%(offset)s) > %(offsetSeconds)g
        ||| % {
          time: lib.of_node([], 'node_time_seconds - timestamp(node_time_seconds)'),
          seconds: c.clockSeconds,
          offset: lib.of_node([], 'node_timex_offset_seconds'),
          offsetSeconds: c.clockOffsetSeconds,
        },
        wait='10m',
        summary='The clock' + on + ' is off by {{ $value | humanizeDuration }}.',
        description='This is the offset from the clock of Prometheus, or the one reported by the kernel. Certificates, tokens and leases fail, and logs have wrong timestamps. If all nodes fire at once, the clock of Prometheus is wrong.',
      ),
      lib.alert(
        'ClockUnsynchronised',
        'node',
        'ticket',
        // Machines whose hypervisor keeps the time never synchronise: only the loss of synchronisation counts.
        |||
          %(now)s == 0
          and
          (
            %(hour)s == 1
            or
            %(day)s == 1
          )
        ||| % {
          now: value('node_timex_sync_status'),
          hour: value('max_over_time(node_timex_sync_status[1h])'),
          day: value('node_timex_sync_status offset 1d'),
        },
        wait='10m',
        summary='The clock' + on + ' lost its synchronisation within the past day.',
        description='The time daemon has stopped or cannot reach its servers. The clock is drifting.',
      ),
    ],
  }
