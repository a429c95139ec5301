// SPDX-License-Identifier: Apache-2.0
// The monitoring itself: nodes, exporters, collectors and alerting.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local up = 'up{%s}' % c.exporterSelector;
  // The Kubernetes node name is the label `node` with nodegauge's monitors, and `instance` with kube-prometheus' for node_exporter.
  local up_of_node = 'up{%s, node!=""} or label_replace(up{%s, node=""}, "node", "$1", "instance", "(.*)")' % [c.exporterSelector, c.exporterSelector];
  local not_ready = 'max by (cluster, node) (kube_node_status_condition{condition="Ready", status="true"}) == 0';

  // Two labels: what cannot be monitored on a node, and why.
  local unwatched(what, why, expr) = |||
    label_replace(label_replace(
    %(expr)s
    , "what", "%(what)s", "", ""), "why", "%(why)s", "", "")
  ||| % { expr: expr, what: what, why: why };
  local present(metric) = 'count by (%s) (%s)' % [c.nodeLabels, metric];
  // For collectors that are off by default, only nodes that lack series which other nodes have are reported.
  local optional(metric) = |||
    %(up)s == 1
    unless on (%(node)s)
    %(present)s
    and on ()
    count(%(metric)s) > 0
  ||| % { up: lib.of_node([], up), node: c.nodeLabels, present: present(metric), metric: metric };
  local required(metric) = '%s == 1\nunless on (%s)\n%s\n' % [lib.of_node([], up), c.nodeLabels, present(metric)];
  local reasons = |||
    label_replace(label_replace(
    %(expr)s
    , "what", "%(what)s", "", ""), "why", "$1", "reason", "(.*)")
  |||;

  {
    alerts: [
      lib.alert(
        'ExporterDown',
        'node',
        'ticket',
        '%s == 0\nunless on (cluster, node)\n%s\n' % [lib.of_node([], up_of_node), not_ready],
        wait='3m',
        summary='The exporter on ' + lib.node + ' cannot be scraped.',
        description='Nothing on this node is monitored: no other alert about it can fire. Outside of Kubernetes, the machine itself may be down.',
      ),
      lib.alert(
        'NodeDown',
        'node',
        'ticket',
        |||
          %(not_ready)s
          and on (cluster, node)
          max by (cluster, node) (%(up)s) == 0
          unless on (cluster, node)
          kube_node_spec_taint{key=~"%(taints)s"}
          unless on (cluster, node)
          kube_node_spec_unschedulable == 1
        ||| % { not_ready: not_ready, up: up_of_node, taints: c.leavingTaints },
        wait='5m',
        summary='Node ' + lib.node + lib.cluster + ' is not ready, and its exporter cannot be scraped.',
        description='The node or its network is down. Its pods are replaced elsewhere after five minutes, except those with local storage. Nodes that an autoscaler removes and cordoned nodes are left out.',
      ),
      lib.alert(
        'CollectorFailing',
        'node',
        'ticket',
        |||
          %(now)s == 0
          and
          (
            %(hour)s == 1
            or
            %(day)s == 1
          )
        ||| % {
          now: lib.of_node(['collector'], 'node_scrape_collector_success'),
          hour: lib.of_node(['collector'], 'max_over_time(node_scrape_collector_success[1h])'),
          day: lib.of_node(['collector'], 'node_scrape_collector_success offset 1d'),
        },
        wait='15m',
        summary='Collector {{ $labels.collector }} on ' + lib.node + ' is failing; it worked within the past day.',
        description="Alerts on its series cannot fire on this node. The exporter's log gives the reason.",
      ),
      lib.alert(
        'NodePartlyUnwatched',
        'node',
        'info',
        std.join('or\n', [
          unwatched('stalls of the node', 'no PSI: the kernel is older than 4.20 or was started without it', required('node_pressure_memory_stalled_seconds_total')),
          unwatched('pods and units', 'this node runs node_exporter, not nodegauge', required('nodegauge_build_info')),
          unwatched('file systems', 'no metrics from the filesystem collector', required('node_filesystem_avail_bytes')),
          unwatched('the clock', 'no metrics from the timex collector', required('node_timex_sync_status')),
          unwatched('task limits', 'the processes collector is off here but on elsewhere', optional('node_processes_threads')),
          reasons % {
            expr: lib.of_node(['reason'], 'nodegauge_psi_unavailable') + ' > 0',
            what: 'stalls of pods and units',
          },
          reasons % {
            expr: lib.of_node(['reason'], 'min_over_time(nodegauge_container_unresolved[%s])' % c.window) + ' > 0',
            what: 'pods without a name',
          },
          |||
            label_replace(
            %(failing)s == 0
            , "what", "collector $1", "collector", "(.*)")
          ||| % { failing: lib.of_node(['collector'], 'node_scrape_collector_success{collector=~"container|pressure|filesystem|netstat|netdev|conntrack|timex|meminfo|vmstat"}') },
        ]),
        wait='15m',
        summary='Not monitored on ' + lib.node + ': {{ $labels.what }}{{ with $labels.why }} ({{ . }}){{ end }}.',
        description='Alerts that need these metrics cannot fire on this node. This is not urgent; it only ensures that silence is not mistaken for health.',
      ),
      lib.alert(
        'ExporterTargetsMissing',
        'fleet',
        'ticket',
        'absent(%s)\n' % up,
        wait='10m',
        summary='Prometheus has no nodegauge or node_exporter targets.',
        description='None of the other alerts can fire. The targets are gone, or exporterSelector does not match their job.',
      ),
      lib.alert(
        'FleetDegraded',
        'fleet',
        'page',
        |||
          %(bad)s >= %(nodes)d
          or
          (
            %(bad)s >= 2
            and
            %(bad)s / on (cluster) count by (cluster) (%(all)s) > %(ratio)g
          )
        ||| % {
          bad: 'count by (cluster) (count by (cluster, node) (ALERTS{alertstate="firing", alertname=~"%s"}))' %
               'NodeDaemonsStalled|NodeMemoryThrashing|FilesystemFull|FilesystemWentReadonly|ConntrackExhausted|NodeDown|ExporterDown',
          all: lib.of_node([], up),
          nodes: c.fleetNodes,
          ratio: c.fleetRatio,
        },
        wait='2m',
        summary='{{ $value }} nodes' + lib.cluster + ' are down or stalled at the same time.',
        description='A common cause is likely: a rollout, the network, a storage system, a kernel. Look for what the nodes have in common before looking at each of them.',
      ),
      lib.alert(
        'NodegaugeWatchdog',
        'fleet',
        'none',
        'vector(1)\n',
        labels=c.watchdogLabels,
        summary='Always fires, to show that rules are evaluated and notifications arrive.',
        description="Route it to a service that raises an alarm when it stops arriving, such as a dead man's switch.",
      ),
    ],
  }
