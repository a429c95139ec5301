// SPDX-License-Identifier: Apache-2.0
// File systems: full, filling up, read-only, not responding.
local library = import 'lib.libsonnet';

function(c)
  local lib = library(c);
  local labels = ['device', 'fstype', 'mountpoint'],
        where = '{{ $labels.mountpoint }} on ' + lib.node,
        lows = 'nodegauge:node_filesystem_%s:min10m';
  local value(metric, more='') = lib.of_node(labels, 'node_filesystem_%s{%s}%s' % [metric, c.fsSelector, more]),
        writable = 'unless\n%s == 1\n' % value('readonly');

  // The value falls so fast in both windows that nothing will be left within the horizon, and is lower than it was all day: space
  // that is cleaned up regularly was as low yesterday.
  local falls(metric, window) =
    lib.of_node(labels, 'predict_linear(node_filesystem_%s{%s}[%s], %d)' % [metric, c.fsSelector, window, c.fsHorizonSeconds]) + ' < 0';
  local low(metric) = lib.of_node(labels, 'min_over_time(%s[1d] offset 10m)' % (lows % metric));
  local filling_up(metric) = std.join('\nand\n', [
    value(metric) + ' < 0.98 * ' + low(metric),
    falls(metric, c.fsWindow),
    falls(metric, c.shortWindow),
  ]) + '\n';

  {
    rules: [
      { record: lows % metric, expr: lib.of_node(labels, 'min_over_time(node_filesystem_%s{%s}[10m])' % [metric, c.fsSelector]) }
      for metric in ['avail_bytes', 'files_free']
    ],

    alerts: [
      lib.alert(
        'FilesystemFull',
        'node',
        'page',
        '%s < %d\nand\n%s\n/ %s < %g\n%s' % [
          value('avail_bytes'),
          c.fsFullBytes,
          value('avail_bytes'),
          value('size_bytes'),
          c.fsFullRatio,
          writable,
        ],
        wait='2m',
        summary='File system ' + where + ' has {{ $value | humanize1024 }}B left.',
        description='Writes to it fail now or will within minutes. Databases stop, logs are lost, and pods on it crash or are evicted.',
      ),
      lib.alert(
        'FilesystemFillingUp',
        'node',
        'ticket',
        filling_up('avail_bytes'),
        wait='5m',
        keep=true,
        summary='File system ' + where + ' has {{ $value | humanize1024 }}B left and will be full within an hour at this rate.',
        description='It has less free space than at any time in the past day, and is still being written to.',
      ),
      lib.alert(
        'FilesystemInodesExhausted',
        'node',
        'page',
        '%s < %d\nand\n%s\n/ (%s > 0) < %g\n%s' % [
          value('files_free'),
          c.inodesFullNumber,
          value('files_free'),
          value('files'),
          c.inodesFullRatio,
          writable,
        ],
        wait='2m',
        summary='File system ' + where + ' has {{ $value | humanize }} inodes left.',
        description='When they are used up, no file can be created although there is space left: programs report "No space left on device".',
      ),
      lib.alert(
        'FilesystemInodesFillingUp',
        'node',
        'ticket',
        filling_up('files_free'),
        wait='5m',
        keep=true,
        summary='File system ' + where + ' has {{ $value | humanize }} inodes left and will have none within an hour at this rate.',
        description='It has fewer free inodes than at any time in the past day, and files are still being created.',
      ),
      lib.alert(
        'FilesystemWentReadonly',
        'node',
        'page',
        // A file system that was mounted read-only from the start was never writable.
        |||
          %(now)s == 1
          and
          (
            %(hour)s == 0
            or
            %(day)s == 0
          )
        ||| % {
          now: value('readonly'),
          hour: lib.of_node(labels, 'min_over_time(node_filesystem_readonly{%s}[1h])' % c.fsSelector),
          day: value('readonly', ' offset 1d'),
        },
        wait='1m',
        summary='File system ' + where + ' became read-only within the past day.',
        description='The kernel does this when it finds an error on the device or in the file system. Every write fails, and data may be damaged.',
      ),
      lib.alert(
        'FilesystemUnresponsive',
        'node',
        'ticket',
        lib.of_node(labels, 'node_filesystem_device_error{%s, device_error="mountpoint timeout"}' % c.fsSelector) + ' == 1\n',
        wait='5m',
        keep=true,
        summary='File system ' + where + ' does not respond.',
        description='The server of a network file system or a device does not respond. Processes that touch the mount hang and cannot be killed.',
      ),
    ],
  }
