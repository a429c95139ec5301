// SPDX-License-Identifier: Apache-2.0
// Network losses. The kernel counts TCP per network namespace; these are the node's own counters, without those of pods.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local of_device = ['device'];
  local ratio(window) = lib.part(|||
    %(retransmitted)s
    / %(sent)s
  ||| % {
    // A retransmitted SYN more often means that nothing is listening on the port than that the network is lossy.
    retransmitted: lib.of_node([], 'rate(node_netstat_Tcp_RetransSegs[%s]) - rate(node_netstat_TcpExt_TCPSynRetrans[%s])' % [window, window]),
    sent: lib.of_node([], 'rate(node_netstat_Tcp_OutSegs[%s]) > %g' % [window, c.tcpSegmentsPerSecond]),
  });
  local lost(direction, window) = lib.of_node(of_device, std.join(' + ', [
    'rate(node_network_%s_%s_total{%s}[%s])' % [direction, kind, c.nicSelector, window]
    for kind in ['errs', 'drop']
  ]));
  local packets(direction, window) = lib.of_node(of_device, 'rate(node_network_%s_packets_total{%s}[%s])' % [direction, c.nicSelector, window]);
  local share(direction, window) = '(%s > %g)\n/ (%s + %s) > %g' % [
    lost(direction, window),
    c.packetLossPerSecond,
    lost(direction, window),
    packets(direction, window),
    c.packetLossRatio,
  ];
  local losses(direction) =
    'label_replace(\n' + lib.part(share(direction, c.window) + '\nand\n' + share(direction, c.shortWindow)) +
    ', "direction", "%s", "", "")' % direction;

  {
    alerts: [
      lib.alert(
        'TCPRetransmits',
        'node',
        'ticket',
        lib.both(ratio, c.tcpRetransmitRatio),
        wait='5m',
        keep=true,
        summary=lib.node + ' retransmits {{ $value | humanizePercentage }} of its TCP segments.',
        description='Packets between this node and its peers are lost. A lost segment can delay its connection by 200 ms or more.',
      ),
      lib.alert(
        'ListenQueueDrops',
        'node',
        'ticket',
        lib.both(function(window) lib.of_node([], 'rate(node_netstat_TcpExt_ListenDrops[%s])' % window), c.listenDropsPerSecond),
        wait='2m',
        keep=true,
        summary=lib.node + ' drops {{ $value | humanize }} incoming connections per second at its listening sockets.',
        description='Usually the accept queue of a listening socket is full because its program is stuck or too slow. Clients see timeouts. Sockets in pods with their own network namespace are not counted.',
      ),
      lib.alert(
        'NetworkPacketsLost',
        'node',
        'ticket',
        losses('receive') + '\nor\n' + losses('transmit') + '\n',
        wait='15m',
        summary='Interface {{ $labels.device }} on ' + lib.node + ' loses {{ $value | humanizePercentage }} of its packets ({{ $labels.direction }}).',
        description='The interface has errors or full queues. The cause is a cable, a port, a driver, or more traffic than the node can handle.',
      ),
      lib.alert(
        'NetworkLinkFlapping',
        'node',
        'ticket',
        lib.of_node(of_device, 'increase(node_network_carrier_changes_total{%s}[10m])' % c.nicSelector) + ' >= %d\n' % c.linkChanges,
        keep=true,
        summary='The link of {{ $labels.device }} on ' + lib.node + ' went up or down {{ $value | printf "%.0f" }} times within 10 minutes.',
        description='Traffic stops for seconds each time. Check the cable, the switch port and autonegotiation.',
      ),
      lib.alert(
        'BondDegraded',
        'node',
        'ticket',
        lib.of_node(['master'], 'node_bonding_slaves - node_bonding_active') + ' > 0\n',
        wait='5m',
        summary='Bond {{ $labels.master }} on ' + lib.node + ' is degraded (interfaces down: {{ $value }}).',
        description='Traffic continues over the remaining interfaces. If they fail as well, the node is unreachable.',
      ),
    ],
  }
