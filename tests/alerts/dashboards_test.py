#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboards' JSON: schema, layout, variables; the alerts' links lead to them; the ConfigMaps hold the same."""
import itertools
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring

BUILT_IN = {"__rate_interval", "__all", "1"}
cases = harness.Cases()


def variables(dashboard):
    return {one["name"] for one in dashboard["templating"]["list"]}


def overlap(one, other):
    return one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and one["y"] < other["y"] + other["h"] and \
        other["y"] < one["y"] + one["h"]


def try_dashboard(dashboard):
    panels = dashboard["panels"]
    harness.demand_equal(dashboard["schemaVersion"], 41, "the schema")
    harness.demand_equal(len({panel["id"] for panel in panels}), len(panels), "the number of ids")
    places = [panel["gridPos"] for panel in panels]
    harness.demand(all(place["x"] + place["w"] <= 24 for place in places), "a panel is beyond the edge")
    bad = [(one, other) for one, other in itertools.combinations(places, 2) if overlap(one, other)]
    harness.demand(not bad, f"panels overlap: {bad[:2]}")
    for panel in panels:
        if panel["type"] == "row":
            continue
        letters = [target["refId"] for target in panel["targets"]]
        harness.demand(len(set(letters)) == len(letters) > 0, f"{panel['title']}: targets {letters}")
        harness.demand(panel["datasource"]["uid"] == "${datasource}", f"{panel['title']}: data source")
        harness.demand(all(target["legendFormat"] for target in panel["targets"]), f"{panel['title']}: a target without a legend")
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))
    harness.demand(used <= variables(dashboard) | BUILT_IN, f"variables that are not there: {used - variables(dashboard)}")


@cases.case
def links_of_alerts_lead_to_dashboards():
    known = {dashboard["uid"]: variables(dashboard) for dashboard in monitoring.dashboards().values()}
    for rule in monitoring.alerts():
        uid, arguments = re.search(r"/d/([\w-]+)(.*)", rule["annotations"]["dashboard_url"]).groups()
        harness.demand(uid in known, f"{rule['alert']}: there is no dashboard {uid}")
        strange = set(re.findall(r"var-(\w+)=", arguments)) - known[uid]
        harness.demand(not strange, f"{rule['alert']}: {uid} has no variable {strange}")


@cases.case
def config_maps_hold_them():
    maps = list(monitoring.yaml().safe_load_all((monitoring.MONITORING / "operator" / "dashboards.yaml").read_text()))
    held = {name: json.loads(text) for one in maps for name, text in one["data"].items()}
    harness.demand(held == {f"{name}.json": dashboard for name, dashboard in monitoring.dashboards().items()}, "they differ")
    harness.demand(all(one["metadata"]["labels"]["grafana_dashboard"] == "1" for one in maps), "the label of the sidecar")


for title, board in monitoring.dashboards().items():
    cases.run(f"dashboard {title}", try_dashboard, board)
sys.exit(cases.run_all())
