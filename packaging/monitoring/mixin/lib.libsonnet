// SPDX-License-Identifier: Apache-2.0
// Shared by all groups of alerts: the structure of an alert, and the expressions for pods, units and nodes.
function(c) {
  local lib = self,

  // The node of every alert under one name, which Alertmanager groups and inhibits by: the label `node` if Kubernetes' discovery
  // sets it, otherwise the target's address.
  node:: '{{ or $labels.node $labels.instance }}',
  cluster:: '{{ with $labels.cluster }} in cluster {{ . }}{{ end }}',

  local dashboards = {
    node: c.grafanaURL + '/d/nodegauge-node?var-node=' + lib.node,
    pods: c.grafanaURL + '/d/nodegauge-pods?var-namespace={{ $labels.namespace }}&var-pod={{ $labels.pod }}',
    units: c.grafanaURL + '/d/nodegauge-node?var-node=' + lib.node,
    fleet: c.grafanaURL + '/d/nodegauge-fleet',
  },

  // about: 'pods', 'units' and 'node' are alerts about a node and get its name; 'fleet' is about all nodes.
  alert(name, about, severity, expr, summary, description, wait='', keep=false, labels={}):: {
    alert: name,
    expr: expr,
    [if wait != '' then 'for']: wait,
    [if keep && c.keepFiringFor != '' then 'keep_firing_for']: c.keepFiringFor,
    labels: { severity: severity } + (if about != 'fleet' then { node: lib.node } else {}) + labels,
    annotations: {
      summary: summary,
      description: description,
      runbook_url: c.runbookURL + '/' + name + '.md',
      dashboard_url: dashboards[about],
    },
  },

  // The expression in both windows. `side` creates it for a window.
  both(side, limit)::
    local number = if limit == 0 then '0' else '%g' % limit;  // jsonnet 0.18 cannot format a 0 with %g
    '%s > %s\nand\n%s > %s\n' % [side(c.window), number, side(c.shortWindow), number],

  // On Kubernetes, series about the node have the labels of the exporter's own pod, which is not affected and changes with each rollout:
  // they are aggregated away, so that an alert survives a restart of the exporter.
  of_node(labels, expr):: 'max by (%s) (%s)' % [std.join(', ', [c.nodeLabels] + labels), expr],

  pod_labels:: [c.nodeLabels, 'namespace', 'pod'],
  local by_pod = std.join(', ', lib.pod_labels),
  by_pod:: by_pod,
  pod_rate(metric):: function(window) 'max by (%s) (rate(%s{%s}[%s]))' % [by_pod, metric, c.podSelector, window],
  pod_value(metric):: 'max by (%s) (%s{%s})' % [by_pod, metric, c.podSelector],

  local unit_labels = std.join(', ', [c.nodeLabels, 'unit']),
  by_unit:: unit_labels,
  named_unit(expr):: 'label_replace(%s, "unit", "$1", "id", ".*/([^/]+)")' % expr,
  of_units(selector, aggregation, expr)::
    '%s by (%s) (%s)' % [aggregation, unit_labels, lib.named_unit(expr % { selector: selector })],
  unit_rate(metric, selector):: function(window) lib.of_units(selector, 'max', 'rate(' + metric + '{%(selector)s}[' + window + '])'),

  // I/O that storage completed for a cgroup: if it is large, the cgroup waits because of its own load.
  local served(by, wrap, selector) = |||
    %(sum)s > %(bytes)d
    or
    %(ops)s > %(operations)d
  ||| % {
    local one(metric) = wrap('rate(%s{%s}[%s])' % [metric, selector, c.window]),
    sum: 'sum by (%s) (%s)\n+ sum by (%s) (%s)' %
         [by, one('container_fs_reads_bytes_total'), by, one('container_fs_writes_bytes_total')],
    ops: 'sum by (%s) (%s)\n+ sum by (%s) (%s)' % [by, one('container_fs_reads_total'), by, one('container_fs_writes_total')],
    bytes: c.ioServedBytes,
    operations: c.ioServedOperations,
  },
  pod_served:: served(by_pod, function(expr) expr, c.podSelector),
  unit_served(selector):: served(unit_labels, lib.named_unit, selector),

  // Indents the lines of a part by two, for expressions in parentheses.
  part(text):: '(\n' + std.join('', ['  ' + line + '\n' for line in std.split(std.rstripChars(text, '\n'), '\n')]) + ')',
}
