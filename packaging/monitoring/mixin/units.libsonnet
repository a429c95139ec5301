// SPDX-License-Identifier: Apache-2.0
// systemd services, including those that a node needs to run pods.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local who = '{{ $labels.unit }} on ' + lib.node;
  local daemons = 'id=~".*/(%s)[.]service"' % c.nodeDaemons,
        units = c.unitSelector + ', id!~".*/(%s)[.]service"' % c.nodeDaemons,
        waiting = units + ', id!~".*/(%s)[.]service"' % c.batchUnits;

  // The two resources of one alert, distinguished by a label.
  local of_resource(expr, resource) =
    'label_replace(\n%s,\n  "resource", "%s", "", ""\n)' % [std.join('\n', ['  ' + line for line in std.split(std.rstripChars(expr, '\n'), '\n')]), resource];

  {
    alerts: [
      lib.alert(
        'NodeDaemonsStalled',
        'units',
        'page',
        of_resource(lib.both(lib.unit_rate('container_pressure_memory_stalled_seconds_total', daemons), c.daemonMemoryStalled), 'memory') +
        '\nor\n' +
        of_resource(lib.both(lib.unit_rate('container_pressure_io_stalled_seconds_total', daemons), c.daemonIOStalled) +
                    'unless\n' + lib.part(lib.unit_served(daemons)), 'storage') + '\n',
        wait='2m',
        keep=true,
        summary=who + ' is stalled on {{ $labels.resource }} {{ $value | humanizePercentage }} of the time.',
        description='A service that this node needs to run pods makes little progress. Pods start late or not at all, probes time out, and the node may become NotReady.',
      ),
      lib.alert(
        'UnitMemoryStalled',
        'units',
        'ticket',
        lib.both(lib.unit_rate('container_pressure_memory_stalled_seconds_total', units), c.unitMemoryStalled),
        wait='2m',
        keep=true,
        summary=who + ' is stalled on memory {{ $value | humanizePercentage }} of the time.',
        description='All of its runnable tasks wait at the same time for memory to be reclaimed or read back. The service is slow or times out, and an OOM kill may follow.',
      ),
      lib.alert(
        'UnitIOStalled',
        'units',
        'ticket',
        lib.both(lib.unit_rate('container_pressure_io_stalled_seconds_total', waiting), c.unitIOStalled) +
        'unless\n' + lib.part(lib.unit_served(c.unitSelector)) + '\n',
        wait='5m',
        keep=true,
        summary=who + ' is stalled on storage {{ $value | humanizePercentage }} of the time.',
        description='All of its runnable tasks wait at the same time for storage, and little of their I/O completes: they are held up by another user of the device, an I/O limit or the device itself.',
      ),
      lib.alert(
        'UnitOOMLoop',
        'units',
        'ticket',
        |||
          %(kills)s >= %(limit)d
          unless
          %(changes)s < %(times)d
        ||| % {
          kills: lib.of_units(c.unitSelector, 'max', 'increase(container_oom_events_total{%(selector)s}[10m])'),
          changes: lib.of_units(c.unitSelector, 'max', 'changes(container_oom_last_kill_time_seconds{%(selector)s}[10m])'),
          limit: c.oomKills,
          times: c.oomKills - 1,
        },
        summary=who + ' lost {{ $value | printf "%.0f" }} processes to the OOM killer within 10 minutes.',
        description='It keeps reaching its memory limit, or the node keeps running out of memory. Work in progress is lost each time.',
      ),
    ],
  }
