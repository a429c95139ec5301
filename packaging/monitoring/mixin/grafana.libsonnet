// SPDX-License-Identifier: Apache-2.0
// Grafana's JSON, schema 41: variables, and panels in pairs, grouped by rows.
function(c) {
  local source = { type: 'prometheus', uid: '${datasource}' },

  target(expr, legend):: { expr: expr, legendFormat: legend },

  graph(title, unit, targets, description='', max=null):: {
    type: 'timeseries',
    title: title,
    description: description,
    datasource: source,
    targets: [target { datasource: source, refId: std.char(65 + i) } for i in std.range(0, std.length(targets) - 1) for target in [targets[i]]],
    fieldConfig: {
      defaults: { unit: unit, min: 0, [if max != null then 'max']: max, custom: { fillOpacity: 10, showPoints: 'never' } },
      overrides: [],
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
  },

  // The current value, in red if it reaches a limit.
  number(title, unit, targets, description='', limit=1):: self.graph(title, unit, targets, description) + {
    type: 'stat',
    targets: [target { instant: true } for target in super.targets],
    fieldConfig: {
      defaults: {
        unit: unit,
        thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: limit }] },
      },
      overrides: [],
    },
    options: { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'value_and_name', colorMode: 'value' },
  },

  row(title):: { type: 'row', title: title, collapsed: false, panels: [] },

  variable(name, query, label=name, all=true):: {
    type: 'query',
    name: name,
    label: label,
    datasource: source,
    query: { query: query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: all,
    includeAll: all,
    [if all then 'allValue']: '.*',
    [if all then 'current']: { text: ['All'], value: ['$__all'] },
  },

  // Rows take the whole width, panels a half of it.
  local placed(panels) = std.foldl(
    function(done, panel)
      local full = panel.type == 'row', newline = full || done.x == 12, y = if full && done.x == 12 then done.y + 8 else done.y;
      {
        x: if full then 0 else if done.x == 12 then 0 else 12,
        y: if full then y + 1 else if done.x == 12 then y + 8 else y,
        panels: done.panels + [panel {
          id: std.length(done.panels) + 1,
          gridPos: if full then { x: 0, y: y, w: 24, h: 1 } else { x: done.x, y: y, w: 12, h: 8 },
        }],
      },
    panels,
    { x: 0, y: 0, panels: [] }
  ).panels,

  dashboard(uid, title, variables, panels):: {
    uid: uid,
    title: title,
    schemaVersion: 41,
    version: 1,
    editable: true,
    graphTooltip: 1,
    tags: ['nodegauge'],
    time: { from: 'now-3h', to: 'now' },
    refresh: '1m',
    timezone: 'browser',
    links: [{ type: 'dashboards', title: 'nodegauge', tags: ['nodegauge'], asDropdown: true, includeVars: true, keepTime: true }],
    annotations: { list: [{
      name: 'Alerts',
      datasource: source,
      enable: false,
      iconColor: 'red',
      expr: 'ALERTS{alertstate="firing", severity=~"page|ticket", cluster=~"$cluster"}',
      titleFormat: '{{alertname}}',
      step: '60s',
    }] },
    templating: { list: [
      { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus' },
      $.variable('cluster', 'label_values(up{%s}, cluster)' % c.exporterSelector, 'Cluster'),
    ] + variables },
    panels: placed(panels),
  },
}
