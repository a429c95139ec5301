#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each metric and label that a rule uses is one that the program says it has, or one of a short list of others."""
import csv
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring
import promql

PROGRAM = os.environ.get("NODEGAUGE", str(monitoring.ROOT / "build/nodegauge"))
# Of the target: set by discovery, by the monitors of packaging/kubernetes, or from outside.
TARGET = {"job", "instance", "node", "cluster", "namespace", "pod", "container", "service", "endpoint", "metrics_path"}
OPTIONAL = {"PodTasksRefused"}  # needs a set of families that is off by default
cases = harness.Cases()


def served():
    """Labels by family."""
    text = subprocess.run([PROGRAM, "--collector.metrics"], check=True, capture_output=True, text=True).stdout
    found = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        found.setdefault(row["family"], set()).update(label.rstrip("?") for label in row["labels"].split(",") if label)
    return found


def external():
    return {row["metric"]: set(filter(None, row["labels"].split(","))) for row in monitoring.table(HERE / "external.tsv")}


def try_expression(text, known):
    used = promql.Expression(text)
    unknown = used.metrics.keys() - known.keys()
    harness.demand(not unknown, lambda: f"there is no {', '.join(sorted(unknown))}")
    for metric, labels in used.metrics.items():
        strange = labels - known[metric] - TARGET
        harness.demand(not strange, lambda: f"{metric} has no label {', '.join(sorted(strange))}")
    reachable = set().union(*(known[metric] for metric in used.metrics)) | TARGET | used.made
    strange = used.lists - reachable
    harness.demand(not strange, lambda: f"no metric of it has {', '.join(sorted(strange))}")
    return used


def try_alert(rule, known):
    used = try_expression(rule["expr"], known)
    wanted = {label for text in list(rule["annotations"].values()) + list(rule["labels"].values()) for label in promql.TEMPLATE.findall(text)}
    lost = wanted - used.kept - used.made - {"cluster", "node", "instance"}
    harness.demand(not lost, lambda: f"its texts use {', '.join(sorted(lost))}, which its result does not have")


def only_what_the_kubelet_has(known):
    table = {row["family"]: row for row in monitoring.table(monitoring.ROOT / "tests/compat/cadvisor.tsv")}
    for rule in monitoring.rules(monitoring.KUBELET_RULES):
        strange = [metric for metric in promql.Expression(rule["expr"]).metrics if table.get(metric, {}).get("kubelet") != "yes"]
        harness.demand(not strange, lambda: f"{rule['alert']}: the kubelet does not serve {strange}")


def few_series_of_each_pod():
    """A rule that reads many series of each pod makes them too dear to keep. Of containers with a CPU limit there are three more."""
    used = {metric for rule in monitoring.alerts(monitoring.RULES) if rule["alert"].startswith("Pod") and rule["alert"] not in OPTIONAL
            for metric in promql.Expression(rule["expr"]).metrics if "_cfs_" not in metric}
    harness.demand(len(used) <= 12, lambda: f"{len(used)}: {sorted(used)}")
    return f"{len(used)} series"


def finds_mistakes():
    """The check itself."""
    known = {"a_total": {"device"}, "up": set()}
    for text, why in (('rate(b_total[5m])', "there is no b_total"), ('a_total{disk="x"}', "no label disk"), ("sum by (disk) (a_total)", "has disk"),
                      ('up unless on (instance) sum by (instance, x) (a_total)', "has x")):
        try:
            try_expression(text, known)
        except harness.Failure as failure:
            harness.demand(why in str(failure), f"{text}: {failure}")
        else:
            raise harness.Failure(f"{text} was accepted")
    try_expression('label_replace(sum by (device) (rate(a_total{device!~"lo|x.*"}[5m] offset 1d)) > 1e3, "x", "y", "", "")', known)


def main():
    own = served()
    recorded = {rule["record"]: {"device", "fstype", "mountpoint"} for rule in monitoring.rules() if "record" in rule}
    known = {**own, **recorded, **external()}
    cases.run("the check finds mistakes", finds_mistakes)
    cases.run("what others serve is not ours", lambda: harness.demand(not own.keys() & external().keys(), "it is"))
    for rule in monitoring.rules() + monitoring.rules(monitoring.KUBELET_RULES):
        if "alert" in rule:
            cases.run(f"names in {rule['alert']}", try_alert, rule, known)
        else:
            cases.run(f"names in {rule['record']}", lambda text: try_expression(text, known) and None, rule["expr"])
    for name, text in monitoring.expressions():
        cases.run(f"names in {name}", lambda text: try_expression(text, known) and None, text)
    cases.run("the kubelet's rules use what the kubelet serves", only_what_the_kubelet_has, known)
    cases.run("few series of each pod", few_series_of_each_pod)
    return cases.finish()


sys.exit(main())
