// SPDX-License-Identifier: Apache-2.0
// The mixin: `(import 'mixin.libsonnet') { _config+:: { ... } }`, with the thresholds of config.libsonnet.
(import 'config.libsonnet') {
  local c = $._config,
  local pods = (import 'pods.libsonnet')(c),
  local units = (import 'units.libsonnet')(c),
  local filesystems = (import 'filesystems.libsonnet')(c),
  local node = (import 'node.libsonnet')(c),
  local network = (import 'network.libsonnet')(c),
  local exporter = (import 'exporter.libsonnet')(c),

  prometheusRules+:: {
    // A day's low is computed from ten-minute lows: reading a day of raw samples of every file system each time would be too expensive.
    groups+: [{ name: 'nodegauge-filesystem-lows', interval: '5m', rules: filesystems.rules }],
  },

  prometheusAlerts+:: {
    groups+: [
      { name: 'nodegauge-pods', rules: pods.alerts + pods.own_alerts },
      { name: 'nodegauge-units', rules: units.alerts },
      { name: 'nodegauge-filesystems', rules: filesystems.alerts },
      { name: 'nodegauge-node', rules: node.alerts },
      { name: 'nodegauge-network', rules: network.alerts },
      { name: 'nodegauge-exporter', rules: exporter.alerts },
    ],
  },

  // For clusters without nodegauge: the pod alerts, based on the kubelet's own series.
  kubeletAlerts:: {
    groups: [{ name: 'nodegauge-kubelet-pods', rules: pods.alerts + pods.kubelet_alerts }],
  },

  grafanaDashboards+:: (import 'dashboards.libsonnet')(c),
}
