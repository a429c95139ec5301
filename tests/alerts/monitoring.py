# SPDX-License-Identifier: Apache-2.0
"""What the tests of packaging/monitoring share."""
import csv
import json
import re
import shutil
import sys
from pathlib import Path

import packages

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "packaging" / "monitoring"
RULES = MONITORING / "prometheus" / "nodegauge.rules.yaml"
KUBELET_RULES = MONITORING / "prometheus" / "kubelet-pods.rules.yaml"

# Alerts about a state that is there or not, and those whose value is a plain number of things.
WITHOUT_VALUE = {"ClockUnsynchronised", "CollectorFailing", "ExporterDown", "ExporterTargetsMissing", "FilesystemUnresponsive",
                 "FilesystemWentReadonly", "NodeDown", "NodePartlyUnwatched", "NodegaugeWatchdog"}
COUNTS = {"BondDegraded", "FleetDegraded", "PodsUnwatched"}


def yaml():
    """The distribution's module, unpacked where it is not installed."""
    try:
        import yaml as module
    except ImportError:
        sys.path.append(f"{packages.root('python3-yaml')}/usr/lib/python3/dist-packages")
        import yaml as module
    return module


def load(path):
    return yaml().safe_load(path.read_text())


def groups(path=RULES):
    return load(path)["groups"]


def rules(path=RULES):
    return [rule for group in groups(path) for rule in group["rules"]]


def alerts(path=None):
    """Of both files, each name once."""
    found = [rule for one in ([path] if path else [RULES, KUBELET_RULES]) for rule in rules(one) if "alert" in rule]
    return list({rule["alert"]: rule for rule in found}.values())


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted((MONITORING / "dashboards").glob("*.json"))}


def expressions():
    """(dashboard and panel, expression) with values for Grafana's variables."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield f"{name}: {panel['title']} {target['refId']}", re.sub(r"\$__rate_interval", "1m", re.sub(r"\$(cluster|node|namespace|pod)\b", ".*", target["expr"]))


def table(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def need_jsonnet():
    if not shutil.which("jsonnet"):
        packages.root("jsonnet")
