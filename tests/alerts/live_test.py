#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus loads the rules and scrapes us and node_exporter side by side, and us once more on a node with pods.

Each part of each rule, and each query of the dashboards, has data, or there is a reason in empty.tsv; it has data of ours wherever it has some of
node_exporter's. A pod and a daemon that stall are seen by the whole rule.
"""
import json
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
import monitoring
import packages
import promql
import replay
import wire

SECONDS = 12
CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ['127.0.0.1:{ours}']}}]
  - job_name: node-exporter
    static_configs: [{{targets: ['127.0.0.1:{theirs}']}}]
  - job_name: pods
    honor_labels: true
    static_configs: [{{targets: ['127.0.0.1:{pods}'], labels: {{job: node, node: n1, instance: n1}}}}]
"""
# What kube-state-metrics would say of that node.
CLUSTER = """# TYPE kube_node_status_condition gauge
kube_node_status_condition{node="n1",condition="Ready",status="true"} 1
# TYPE kube_node_spec_taint gauge
kube_node_spec_taint{node="n9",key="ToBeDeletedByClusterAutoscaler",effect="NoSchedule"} 1
# TYPE kube_node_spec_unschedulable gauge
kube_node_spec_unschedulable{node="n1"} 0
"""
cases = harness.Cases()


class Prometheus:
    def __init__(self, folder, **ports):
        self.address = ("127.0.0.1", daemon.free_port())
        configuration = Path(folder, "prometheus.yml")
        configuration.write_text(CONFIGURATION.format(rules=monitoring.RULES, **ports))
        self.process = daemon.Daemon(
            [packages.need("prometheus", "prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.address[1]}"], self.address)

    def __enter__(self):
        self.process.wait_ready(30)
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def ask(self, path, **parameters):
        answer = json.loads(wire.fetch(self.address, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30).text())
        harness.demand(answer.get("status") == "success", lambda: f"{parameters}: {answer.get('error')}")
        return answer["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]


def targets(results):
    """Whose data they are: `ours` and `theirs` where the target can be told."""
    return {one["metric"].get("instance", "") for one in results}


def part_has_data(server, part, reasons, ours, theirs):
    used = promql.Expression(part).metrics
    found = targets(server.query(part))
    why = next((reasons[metric] for metric in sorted(used) if metric in reasons), None)
    harness.demand(found or why, f"no data: {part}")
    harness.demand(theirs not in found or ours in found, f"only node_exporter has data: {part}")
    return why if not found else None


def expression_has_data(server, text, reasons, ours, theirs):
    server.query(text)
    whys = [part_has_data(server, part, reasons, ours, theirs) for part in promql.parts(text)]
    empty = sorted({why for why in whys if why})
    return f"{len(whys)} parts" + (f", empty: {'; '.join(empty)}" if empty else "")


def no_rule_fails(server):
    groups = server.ask("rules")["groups"]
    broken = [f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if rule["health"] == "err"]
    harness.demand(not broken, lambda: "; ".join(broken[:5]))
    names = {rule["name"] for group in groups for rule in group["rules"]}
    wanted = {rule["alert"] for rule in monitoring.alerts(monitoring.RULES)}
    harness.demand(wanted <= names, lambda: f"{wanted - names} were not loaded")


def stalls_are_seen(server):
    """Pending within seconds; the rest of `for` is promtool's."""
    seen = {(one["metric"]["alertname"], one["metric"].get("pod") or one["metric"].get("unit")): one["metric"]
            for one in server.query('ALERTS{alertname=~"PodMemoryStalled|PodIOStalled|NodeDaemonsStalled"}')}
    wanted = {("PodMemoryStalled", "burstable-5d8f9"), ("PodIOStalled", "etcd-node1"), ("NodeDaemonsStalled", "kubelet.service")}
    harness.demand_equal(set(seen), wanted, "what is pending")
    harness.demand(all(labels["node"] == "n1" for labels in seen.values()), lambda: f"{seen}")


def stalling(node):
    """A pod waits for memory, another for storage, and the kubelet for memory. More than one second in a second: a rate over
    minutes of a series that is some seconds old is small."""
    for part, resource in (("burstable-poddb335a98", "memory"), ("burstable-poda81259ce", "io"), (r"^kubelet\.service", "memory")):
        node.stall(node.group(part), resource, 20)


def main():
    reasons = {row["metric"]: row["why"] for row in monitoring.table(HERE / "empty.tsv")}
    their_program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    theirs = ("127.0.0.1", daemon.free_port())
    with tempfile.TemporaryDirectory(prefix="nodegauge-alerts-") as folder:
        node = replay.Node(Path(folder, "node"))
        text = Path(folder, "text")
        text.mkdir()
        (text / "cluster.prom").write_text(CLUSTER)
        with daemon.nodegauge("--collector.processes") as ours, daemon.nodegauge(
                *node.arguments, f"--collector.textfile.directory={text}") as pods, daemon.Daemon(
                [their_program, f"--web.listen-address=127.0.0.1:{theirs[1]}", "--collector.processes"], theirs) as node_exporter:
            node_exporter.wait_ready()
            with Prometheus(folder, ours=ours.address[1], theirs=theirs[1], pods=pods.address[1]) as server:
                for _ in range(SECONDS):
                    stalling(node)
                    time.sleep(1)
                cases.run("no rule fails in Prometheus", no_rule_fails, server)
                cases.run("stalls are seen by the whole rules", stalls_are_seen, server)
                for rule in monitoring.rules() + monitoring.rules(monitoring.KUBELET_RULES):
                    cases.run(f"data for {rule.get('alert') or rule['record']}", expression_has_data, server, rule["expr"], reasons,
                              f"127.0.0.1:{ours.address[1]}", f"127.0.0.1:{theirs[1]}")
                for name, text in monitoring.expressions():
                    cases.run(f"data for {name}", expression_has_data, server, text, reasons, f"127.0.0.1:{ours.address[1]}",
                              f"127.0.0.1:{theirs[1]}")
    return cases.finish()


try:
    sys.exit(main())
except harness.Skip as skip:
    cases.verdict("skip", "all rules", skip)
    sys.exit(cases.finish())
