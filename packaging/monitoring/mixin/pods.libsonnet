// SPDX-License-Identifier: Apache-2.0
// Pods. These rules need the series of pods' own cgroups: nodegauge's, or the kubelet's from Kubernetes 1.34 on.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local who = 'Pod {{ $labels.namespace }}/{{ $labels.pod }} on ' + lib.node;

  local throttled(window) = lib.part(|||
    sum by (%(by)s) (rate(container_cpu_cfs_throttled_seconds_total{pod!=""}[%(window)s]))
    or
    0 * %(waiting)s
  ||| % { by: lib.by_pod, window: window, waiting: waiting(window) }),
        waiting = lib.pod_rate('container_pressure_cpu_waiting_seconds_total'),
        contention(window) = lib.part('%s\n- %s' % [waiting(window), throttled(window)]);

  {
    // These work with the kubelet's series as well as with ours.
    alerts: [
      lib.alert(
        'PodMemoryStalled',
        'pods',
        'ticket',
        lib.both(lib.pod_rate('container_pressure_memory_stalled_seconds_total'), c.podMemoryStalled),
        wait='2m',
        keep=true,
        summary=who + ' is stalled on memory {{ $value | humanizePercentage }} of the time.',
        description='All of its runnable tasks wait at the same time for memory to be reclaimed or read back. Requests to it are slow or time out, and an OOM kill may follow.',
      ),
      lib.alert(
        'PodIOStalled',
        'pods',
        'ticket',
        lib.both(lib.pod_rate('container_pressure_io_stalled_seconds_total'), c.podIOStalled) +
        'unless\n' + lib.part(lib.pod_served) + '\n',
        wait='5m',
        keep=true,
        summary=who + ' is stalled on storage {{ $value | humanizePercentage }} of the time.',
        description='All of its runnable tasks wait at the same time for storage, and little of their I/O completes: they are held up by another user of the device, an I/O limit or the device itself. Each request that reads or writes is delayed.',
      ),
      lib.alert(
        'PodCPUStarved',
        'pods',
        'ticket',
        '%s > %g\nand\n%s > %g\nand\n%s\n< %g * %s / 1024\n' % [
          contention(c.window),
          c.podCPUStarved,
          contention(c.shortWindow),
          c.podCPUStarved,
          lib.pod_rate('container_cpu_usage_seconds_total')(c.window),
          c.podCPUBelowRequest,
          lib.pod_value('container_spec_cpu_shares'),
        ],
        wait='5m',
        keep=true,
        summary=who + ' waits for a CPU {{ $value | humanizePercentage }} of the time although it uses less than its CPU request.',
        description='Other work on the node takes the CPU time that the pod requested, which increases its latency. Time for which its own limit stopped it is not counted.',
      ),
      lib.alert(
        'PodCPUThrottled',
        'pods',
        'info',
        |||
          sum by (%(by)s, container) (increase(container_cpu_cfs_throttled_periods_total{pod!="", container!=""}[10m]))
          / sum by (%(by)s, container) (increase(container_cpu_cfs_periods_total{pod!="", container!=""}[10m]))
          > %(limit)g
          and on (%(by)s)
          %(stalled)s > %(limit)g
        ||| % {
          by: lib.by_pod,
          limit: c.podCPUThrottled,
          stalled: lib.pod_rate('container_pressure_cpu_stalled_seconds_total')('10m'),
        },
        wait='15m',
        summary='Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }} on ' + lib.node + ' is throttled in {{ $value | humanizePercentage }} of its CPU periods.',
        description='The pod is stopped for much of the time because of its own CPU limit, not because of the node. Raise the limit if anybody waits for the pod; for a batch job this is what the limit is for.',
      ),
    ],

    // These need counters that outlive the containers: nodegauge only.
    own_alerts: [
      lib.alert(
        'PodOOMLoop',
        'pods',
        'ticket',
        |||
          max by (%(by)s) (increase(container_oom_events_total{pod!="", container="", name=""}[10m])) >= %(kills)d
          unless
          max by (%(by)s) (changes(container_oom_last_kill_time_seconds{pod!="", container="", name=""}[10m])) < %(times)d
        ||| % { by: lib.by_pod, kills: c.oomKills, times: c.oomKills - 1 },
        summary=who + ' lost {{ $value | printf "%.0f" }} processes to the OOM killer within 10 minutes.',
        description='Its containers reach their memory limit, are killed, restart and reach it again: a leak, or a limit that is too low. Work in progress is lost each time.',
      ),
      lib.alert(
        'PodTasksRefused',
        'pods',
        'ticket',
        lib.both(function(window) 'max by (%s) (increase(container_pids_events_max_total{pod!="", container="", name=""}[%s]))' % [lib.by_pod, window], 0),
        wait='3m', keep=true,
        summary=who + ' was refused {{ $value | printf "%.0f" }} new processes or threads within ' + c.window + '.',
        description='It has reached its task limit. Programs report "Resource temporarily unavailable" or cannot start threads.',
      ),
    ],

    // For clusters that only have the kubelet's series.
    kubelet_alerts: [
      lib.alert(
        'PodsUnwatched',
        'node',
        'info',
        |||
          count by (%(node)s) (container_cpu_usage_seconds_total{pod!="", container="", name=""})
          unless
          count by (%(node)s) (container_pressure_cpu_waiting_seconds_total{pod!="", container="", name=""})
        ||| % { node: c.nodeLabels },
        wait='15m',
        summary='The kubelet on ' + lib.node + ' reports no pressure for its pods ({{ $value }}), so their stalls cannot be detected.',
        description='The kubelet reports the pods but not their pressure: it is older than 1.34, its feature gate KubeletPSI is off, the node has cgroup v1, or its kernel was started without PSI.',
      ),
    ],
  }
