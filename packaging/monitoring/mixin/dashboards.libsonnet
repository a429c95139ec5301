// SPDX-License-Identifier: Apache-2.0
// Three dashboards, in the order of the alerts: what is stalled first, then what runs full, then what loses packets, then the exporter.
local grafana = import 'grafana.libsonnet';

function(c)
  local g = grafana(c);
  local interval = '$__rate_interval';
  local rate(selector) = 'rate(%s[%s])' % [selector, interval];
  local node = 'cluster=~"$cluster", instance=~"$node"';
  local value(metric, more='') = '%s{%s%s}' % [metric, node, more];

  // Of pods and of units, by whatever selects the node or the namespace.
  local pods = 'pod!="", container="", name=""';
  local unit(expr) = 'label_replace(%s, "unit", "$1", "id", ".*/([^/]+)")' % expr;
  local top(count, by, expr) = 'topk(%d, max by (%s) (%s))' % [count, by, expr];
  local pressure(kind) = 'container_pressure_%s_seconds_total' % kind;
  local stalls(where, count, by, legend, wrap, selector) = [
    g.graph(panel[0], 'percentunit', [g.target(top(count, by, wrap(rate('%s{%s, %s}' % [pressure(panel[1]), selector, where]))), legend)], panel[2])
    for panel in [
      ['Stalled on memory', 'memory_stalled', 'Share of time in which all tasks waited for memory.'],
      ['Stalled on storage', 'io_stalled', 'Share of time in which all tasks waited for storage.'],
      ['Waiting for a CPU', 'cpu_waiting', 'Share of time in which a task waited for a CPU, including throttling by its own quota.'],
    ]
  ];
  local plain(expr) = expr;
  local firing(selector, by) = 'count by (%s) (ALERTS{alertstate="firing", %s})' % [by, selector];
  local nodes = g.variable('node', 'label_values(up{%s, cluster=~"$cluster"}, instance)' % c.exporterSelector, 'Node');

  local node_dashboard = g.dashboard('nodegauge-node', 'nodegauge / Node', [nodes], [
    g.row('Stalls'),
    g.graph('Pressure of the node', 'percentunit', [
      g.target(rate(value('node_pressure_%s_seconds_total' % one[0])), '{{instance}} ' + one[1])
      for one in [
        ['memory_stalled', 'memory, all tasks'],
        ['memory_waiting', 'memory, some'],
        ['io_stalled', 'storage, all tasks'],
        ['io_waiting', 'storage, some'],
        ['cpu_waiting', 'CPU, some'],
      ]
    ], 'Share of time. CPU pressure is high under any batch job, and does no harm by itself.', 1),
    g.graph('One-second peaks', 'percentunit', [
      g.target(value('node_pressure_peak_ratio', ', window="60s"'), '{{instance}} {{resource}} {{kind}}'),
    ], 'The largest share of any one second within the last minute, which rates do not show.', 1),
    g.row('Stalled pods'),
  ] + stalls(node, 5, 'namespace, pod', '{{namespace}}/{{pod}}', plain, pods) + [
    g.graph('Alerts', 'short', [
      g.target(firing('cluster=~"$cluster", node=~"$node"', 'alertname, severity'), '{{severity}} {{alertname}}'),
    ]),
    g.row('Stalled services'),
  ] + stalls(node, 5, 'unit', '{{unit}}', unit, c.unitSelector) + [
    g.row('Space'),
    g.graph('Used space', 'percentunit', [
      g.target('1 - %s / %s' % [value('node_filesystem_avail_bytes'), value('node_filesystem_size_bytes')], '{{instance}} {{mountpoint}}'),
    ], max=1),
    g.graph('Used inodes', 'percentunit', [
      g.target('1 - %s / (%s > 0)' % [value('node_filesystem_files_free'), value('node_filesystem_files')], '{{instance}} {{mountpoint}}'),
    ], max=1),
    g.row('Memory and limits'),
    g.graph('Memory', 'bytes', [
      g.target(value('node_memory_MemAvailable_bytes'), '{{instance}} available'),
      g.target(value('node_memory_MemTotal_bytes'), '{{instance}} total'),
    ]),
    g.graph('Usage of limits', 'percentunit', [
      g.target('%s / %s' % [value('node_nf_conntrack_entries'), value('node_nf_conntrack_entries_limit')], '{{instance}} connection tracking'),
      g.target('%s / %s' % [value('node_filefd_allocated'), value('node_filefd_maximum')], '{{instance}} file handles'),
      g.target('%s / %s' % [value('node_processes_threads'), value('node_processes_max_threads')], '{{instance}} threads'),
    ], max=1),
    g.row('Network'),
    g.graph('TCP retransmissions', 'percentunit', [
      g.target('%s / %s' % [rate(value('node_netstat_Tcp_RetransSegs')), rate(value('node_netstat_Tcp_OutSegs'))], '{{instance}}'),
    ]),
    g.graph('Packets and connections lost', 'pps', [
      g.target(rate('node_network_receive_drop_total{%s, %s}' % [node, c.nicSelector]), '{{instance}} {{device}} receive, dropped'),
      g.target(rate('node_network_receive_errs_total{%s, %s}' % [node, c.nicSelector]), '{{instance}} {{device}} receive, errors'),
      g.target(rate('node_network_transmit_drop_total{%s, %s}' % [node, c.nicSelector]), '{{instance}} {{device}} transmit, dropped'),
      g.target(rate('node_network_transmit_errs_total{%s, %s}' % [node, c.nicSelector]), '{{instance}} {{device}} transmit, errors'),
      g.target(rate(value('node_netstat_TcpExt_ListenDrops')), '{{instance}} connections not accepted'),
    ]),
    g.row('Clock and exporter'),
    g.graph('Clock', 's', [
      g.target('abs(%s)' % value('node_timex_offset_seconds'), '{{instance}} reported by the kernel'),
      g.target('abs(%s - timestamp(%s))' % [value('node_time_seconds'), value('node_time_seconds')], '{{instance}} compared with Prometheus'),
    ], 'Slow scrapes increase the second one.'),
    g.graph('Scrapes', 's', [g.target(value('scrape_duration_seconds'), '{{instance}} {{job}}')]),
    g.graph('Failing collectors', 'short', [
      g.target('sum by (instance, collector) (1 - %s) > 0' % value('node_scrape_collector_success'), '{{instance}} {{collector}}'),
    ]),
    g.graph('Not monitored', 'short', [
      g.target('sum by (instance, reason) (%s) > 0' % value('nodegauge_psi_unavailable'), '{{instance}} cgroups without pressure: {{reason}}'),
      g.target('sum by (instance, reason) (%s) > 0' % value('nodegauge_container_unresolved'), '{{instance}} containers without a name: {{reason}}'),
    ]),
  ]);

  local mine = 'cluster=~"$cluster", namespace=~"$namespace", pod=~"$pod"';
  local pod_dashboard = g.dashboard('nodegauge-pods', 'nodegauge / Pod pressure', [
    g.variable('namespace', 'label_values(container_pressure_cpu_waiting_seconds_total{cluster=~"$cluster", pod!=""}, namespace)', 'Namespace'),
    g.variable('pod', 'label_values(container_pressure_cpu_waiting_seconds_total{cluster=~"$cluster", namespace=~"$namespace", pod!=""}, pod)', 'Pod'),
  ], [g.row('Pods')] + stalls(mine, 10, 'namespace, pod', '{{namespace}}/{{pod}}', plain, pods) + [
    g.graph('OOM kills', 'short', [
      g.target('sum by (namespace, pod) (increase(container_oom_events_total{%s, %s}[%s])) > 0' % [pods, mine, interval], '{{namespace}}/{{pod}}'),
    ], 'Processes killed. The counter of a pod outlives its containers.'),
    g.row('CPU: its own limit, or its neighbours'),
    g.graph('Waiting because of neighbours', 'percentunit', [
      g.target(|||
        topk(10, clamp_min(
          max by (namespace, pod) (%(waiting)s)
          - (
            sum by (namespace, pod) (%(throttled)s)
            or
            0 * max by (namespace, pod) (%(waiting)s)
          ), 0))
      ||| % {
        waiting: rate('container_pressure_cpu_waiting_seconds_total{%s, %s}' % [pods, mine]),
        throttled: rate('container_cpu_cfs_throttled_seconds_total{%s}' % mine),
      }, '{{namespace}}/{{pod}}'),
    ], 'Time waiting for a CPU, not counting throttling by its own limit.'),
    g.graph('Throttled by its own limit', 'percentunit', [
      g.target('topk(10, sum by (namespace, pod, container) (%s) / sum by (namespace, pod, container) (%s))' % [
        rate('container_cpu_cfs_throttled_periods_total{container!="", %s}' % mine),
        rate('container_cpu_cfs_periods_total{container!="", %s}' % mine),
      ], '{{namespace}}/{{pod}} {{container}}'),
    ], 'Share of the periods of the CPU quota.'),
    g.row('Memory and I/O'),
    g.graph('Memory, share of the limit', 'percentunit', [
      g.target('topk(10, max by (namespace, pod, container) (container_memory_working_set_bytes{container!="", %s}) / (max by (namespace, pod, container) (container_spec_memory_limit_bytes{container!="", %s}) > 0))' % [mine, mine],
               '{{namespace}}/{{pod}} {{container}}'),
    ], max=1),
    g.graph('I/O by device', 'Bps', [
      g.target('topk(10, sum by (namespace, pod, device) (%s) + sum by (namespace, pod, device) (%s))' % [
        rate('container_fs_reads_bytes_total{%s, %s}' % [pods, mine]),
        rate('container_fs_writes_bytes_total{%s, %s}' % [pods, mine]),
      ], '{{namespace}}/{{pod}} {{device}}'),
    ], 'During a stall on storage, a pod with little I/O is affected; one with much I/O causes the load.'),
    g.row('Between scrapes'),
    g.graph('Memory, one-second peaks', 'percentunit', [
      g.target(top(10, 'namespace, pod', 'container_pressure_memory_stalled_peak_ratio{window="60s", %s, %s}' % [pods, mine]), '{{namespace}}/{{pod}}'),
    ], max=1),
    g.graph('Storage, one-second peaks', 'percentunit', [
      g.target(top(10, 'namespace, pod', 'container_pressure_io_stalled_peak_ratio{window="60s", %s, %s}' % [pods, mine]), '{{namespace}}/{{pod}}'),
    ], max=1),
  ]);

  local fleet = 'cluster=~"$cluster"';
  local fleet_dashboard = g.dashboard('nodegauge-fleet', 'nodegauge / Fleet', [], [
    g.row('Alerts'),
    g.number('Firing', 'short', [g.target(firing(fleet + ', severity=~"page|ticket"', 'cluster, severity'), '{{cluster}} {{severity}}')]),
    g.graph('By name', 'short', [g.target(firing(fleet + ', severity=~"page|ticket"', 'alertname'), '{{alertname}}')]),
    g.row('Nodes'),
    g.number('Exporters down', 'short', [
      g.target('count by (cluster) (up{%s, %s} == 0) or count by (cluster) (up{%s, %s}) * 0' % [c.exporterSelector, fleet, c.exporterSelector, fleet], '{{cluster}}'),
    ]),
    g.graph('Nodes by number of stalled pods', 'short', [
      g.target('topk(10, count by (cluster, instance) (%s > %g or %s > %g))' % [
        rate('%s{%s, %s}' % [pressure('memory_stalled'), pods, fleet]),
        c.podMemoryStalled,
        rate('%s{%s, %s}' % [pressure('io_stalled'), pods, fleet]),
        c.podIOStalled,
      ], '{{cluster}} {{instance}}'),
    ]),
    g.graph('Nodes stalled on memory', 'percentunit', [
      g.target(top(10, 'cluster, instance', rate('node_pressure_memory_stalled_seconds_total{%s}' % fleet)), '{{cluster}} {{instance}}'),
    ]),
    g.graph('Nodes stalled on storage', 'percentunit', [
      g.target(top(10, 'cluster, instance', rate('node_pressure_io_stalled_seconds_total{%s}' % fleet)), '{{cluster}} {{instance}}'),
    ]),
    g.row('Notifications'),
    g.graph('Sent per hour', 'short', [
      g.target('sum by (integration) (increase(alertmanager_notifications_total[1h]))', '{{integration}}'),
      g.target('sum by (integration) (increase(alertmanager_notifications_failed_total[1h]))', '{{integration}}, failed'),
    ]),
    g.graph('Alerts in Alertmanager', 'short', [g.target('sum by (state) (alertmanager_alerts)', '{{state}}')]),
  ]);

  {
    'node.json': node_dashboard,
    'pod-pressure.json': pod_dashboard,
    'fleet.json': fleet_dashboard,
  }
