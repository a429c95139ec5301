#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The committed files are what the mixin gives; settings reach the rules; promtool takes all of them."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring
import packages
from monitoring import MONITORING

cases = harness.Cases()


def rendered(*arguments):
    return subprocess.run([MONITORING / "render", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@cases.case
def rendered_files_are_up_to_date():
    monitoring.need_jsonnet()
    result = rendered("--check")
    harness.demand(result.returncode == 0, lambda: result.stdout + result.stderr)


@cases.case
def settings_reach_the_rules():
    monitoring.need_jsonnet()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.libsonnet")
        config.write_text("{ keepFiringFor: '', grafanaURL: 'http://grafana.test', podIOStalled: 0.42, nodeLabels: 'cluster, node, instance, rack' }\n")
        result = rendered("--config", config, "--output", folder)
        harness.demand(result.returncode == 0, result.stderr)
        text = Path(folder, "prometheus/nodegauge.rules.yaml").read_text()
    harness.demand("keep_firing_for" not in text, "keepFiringFor was not left out")
    harness.demand("http://grafana.test/d/" in text and "grafana.example.org" not in text, "grafanaURL")
    harness.demand(text.count("> 0.42") == 2, "podIOStalled")
    harness.demand("by (cluster, node, instance, rack, namespace, pod)" in text, "nodeLabels")


@cases.case
def promtool_takes_the_rules():
    files = sorted((MONITORING / "prometheus").glob("*.yaml"))
    harness.demand(len(files) == 2, f"there are {files}")
    result = subprocess.run([packages.need("promtool", "prometheus"), "check", "rules", *files], capture_output=True, text=True, check=False)
    harness.demand(result.returncode == 0 and "duplicate" not in result.stdout + result.stderr, lambda: result.stdout + result.stderr)


@cases.case
def each_alert_says_what_it_must():
    """Severity, what is wrong with whom and how much, what it means, and where to go on."""
    for alert in monitoring.alerts():
        notes, labels = alert["annotations"], alert["labels"]
        harness.demand(labels["severity"] in ("page", "ticket", "info", "none"), f"{alert['alert']}: severity {labels['severity']}")
        harness.demand(notes.keys() == {"summary", "description", "runbook_url", "dashboard_url"}, f"{alert['alert']}: {sorted(notes)}")
        harness.demand("$value" in notes["summary"] or alert["alert"] in monitoring.WITHOUT_VALUE, f"{alert['alert']}: no value")
        harness.demand(all(text.endswith(".") for text in (notes["summary"], notes["description"])), f"{alert['alert']}: not sentences")
        harness.demand(notes["runbook_url"].endswith(f"/{alert['alert']}.md"), f"{alert['alert']}: runbook {notes['runbook_url']}")
        bare = re.findall(r"\{\{ (?:or )?\$value \}\}", notes["summary"])
        harness.demand(not bare or alert["alert"] in monitoring.COUNTS, f"{alert['alert']}: the value has no unit")


sys.exit(cases.run_all())
