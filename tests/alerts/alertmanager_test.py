#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The example of an Alertmanager's configuration: what amtool says of it, where alerts go, and what a running one inhibits."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
import monitoring
import packages

CONFIG = monitoring.MONITORING / "alertmanager" / "alertmanager.yml"
RECEIVERS = {"page": "pager", "ticket": "tickets", "info": "null", "none": "watchdog"}
NODE = {"cluster": "eu", "node": "n1"}
cases = harness.Cases()


def amtool(*arguments):
    result = subprocess.run([packages.need("amtool", "prometheus-alertmanager"), *arguments], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def migration():
    return monitoring.table(monitoring.MONITORING / "alertmanager" / "migration.tsv")


@cases.case
def check_config():
    status, output = amtool("check-config", CONFIG)
    harness.demand(status == 0 and "SUCCESS" in output, output)


def goes_to(receiver, **labels):
    status, output = amtool("config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receiver}",
                            *[f"{name}={value}" for name, value in labels.items()])
    harness.demand(status == 0, f"{labels} goes to {output.strip()}, not to {receiver}")


@cases.case
def routes():
    """One alert of each severity: no route asks for more than that, but for the Watchdog's."""
    for severity, rule in {rule["labels"]["severity"]: rule for rule in monitoring.alerts()}.items():
        goes_to(RECEIVERS[severity], alertname=rule["alert"], severity=severity, **NODE)
    goes_to("null", alertname="NodeSystemSaturation", severity="warning", **NODE)
    goes_to("null", alertname="HostDiskMayFillIn24Hours", severity="critical", **NODE)
    goes_to("default", alertname="NodeRAIDDegraded", severity="critical", **NODE)
    goes_to("default", alertname="MyOwnAlert", severity="critical")


@cases.case
def migration_names_only_alerts_that_exist():
    ours = {rule["alert"] for rule in monitoring.alerts()}
    rows = migration()
    for row in rows:
        names = set(filter(None, row["ours"].split(",")))
        harness.demand(names <= ours, f"{row['theirs']}: there is no {names - ours}")
        harness.demand(row["verdict"] in ("replaced", "dropped", "kept") and row["why"], f"{row['theirs']}: {row['verdict']}")
        harness.demand(bool(names) == (row["verdict"] == "replaced") or row["verdict"] == "kept", f"{row['theirs']}: {row['verdict']}, {names}")
    theirs = [row["theirs"] for row in rows]
    harness.demand(len(theirs) == len(set(theirs)), "a name is there twice")
    harness.demand(not set(theirs) & ours, "a name is ours, too, so both cannot be loaded")


@cases.case
def inhibition_names_only_alerts_that_exist():
    ours = {rule["alert"] for rule in monitoring.alerts()}
    for rule in monitoring.load(CONFIG)["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            name, operator, text = re.fullmatch(r'(\w+) (=|!=|=~|!~) "(.*)"', matcher).groups()
            if name == "alertname":
                matched = {one for one in ours if re.fullmatch(text if operator in ("=~", "!~") else re.escape(text), one)}
                parts = len(re.sub(r"\([^)]*\)", "", text).split("|"))
                harness.demand(len(matched) >= parts, f"{text} means {matched}")


def matches(matchers, labels):
    tests = {"=": lambda got, text: got == text, "!=": lambda got, text: got != text,
             "=~": lambda got, text: re.fullmatch(text, got) is not None, "!~": lambda got, text: re.fullmatch(text, got) is None}
    parts = [re.fullmatch(r'(\w+) (=|!=|=~|!~) "(.*)"', matcher).groups() for matcher in matchers]
    return all(tests[operator](labels.get(name, ""), text) for name, operator, text in parts)


@cases.case
def no_two_alerts_inhibit_each_other():
    """Else neither of the two would be notified."""
    ours = [{"alertname": rule["alert"], "severity": rule["labels"]["severity"]} for rule in monitoring.alerts()]
    pairs = {(one["alertname"], other["alertname"]) for rule in monitoring.load(CONFIG)["inhibit_rules"] for one in ours for other in ours
             if one != other and matches(rule["source_matchers"], one) and matches(rule["target_matchers"], other)}
    mutual = {pair for pair in pairs if pair[::-1] in pairs}
    harness.demand(not mutual, f"{mutual}")
    harness.demand(len(pairs) > 50, f"only {len(pairs)} pairs are inhibited")


@cases.case
def the_fleet_is_the_same_in_the_rule_and_in_inhibition():
    rule = next(rule for rule in monitoring.alerts() if rule["alert"] == "FleetDegraded")
    names = re.search(r'alertname=~"([^"]*)"', rule["expr"])[1]
    config = monitoring.load(CONFIG)
    inhibited = next(one["target_matchers"] for one in config["inhibit_rules"] if one["source_matchers"] == ['alertname = "FleetDegraded"'])
    harness.demand_equal(inhibited, [f'alertname =~ "{names}"'], "what it inhibits")


def command():
    """Debian's reads its templates below /usr/share, so one that was only unpacked sees its own there."""
    program = packages.need("prometheus-alertmanager", "prometheus-alertmanager")
    if Path("/usr/share/prometheus/alertmanager").exists():
        return [program]
    share = f"{packages.root('prometheus-alertmanager')}/usr/share"
    words = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", 'mount --bind "$1" /usr/share && shift && exec "$@"', "sh", share]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        raise harness.Skip("mounts cannot be made, for the templates of an Alertmanager that is not installed")
    return [*words, program]


class Alertmanager:
    def __init__(self, folder):
        self.address = ("127.0.0.1", daemon.free_port())
        self.process = daemon.Daemon([*command(), f"--config.file={CONFIG}",
                                      f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{self.address[1]}",
                                      "--cluster.listen-address="], self.address)

    def __enter__(self):
        self.process.wait_ready(30)
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def request(self, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.address[1]}/api/v2/{path}", json.dumps(body).encode() if body else None,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None

    def fire(self, alerts):
        self.request("alerts", [{"labels": alert} for alert in alerts])

    def loud(self, cluster, count):
        """Names by group of what is notified, when as many alerts have arrived."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            groups = [group for group in self.request("alerts/groups") if group["receiver"]["name"] != "null"]
            mine = [group for group in groups if any(alert["labels"].get("cluster") == cluster for alert in group["alerts"])]
            if sum(len(group["alerts"]) for group in mine) >= count:
                break
            time.sleep(0.1)
        time.sleep(0.3)
        mine = [group for group in self.request("alerts/groups") if group["receiver"]["name"] != "null"]
        found = {}
        for group in mine:
            names = sorted(alert["labels"]["alertname"] for alert in group["alerts"]
                           if alert["labels"].get("cluster") == cluster and not alert["status"]["inhibitedBy"])
            if names:
                found.setdefault(group["receiver"]["name"], []).append(names)
        return found


def alert(name, cluster, node="n1", **more):
    severity = next(rule["labels"]["severity"] for rule in monitoring.alerts() if rule["alert"] == name)
    return {"alertname": name, "severity": severity, "cluster": cluster, **({"node": node} if node else {}), **more}


POD = {"namespace": "shop", "pod": "db-0"}
INCIDENTS = {
    # name: (alerts as (name, labels), what is notified: lists of names by receiver)
    "a node that goes away is one notification": (
        [("NodeDown", {}), ("ExporterDown", {}), ("PodIOStalled", POD), ("PodMemoryStalled", {**POD, "pod": "web-1"}), ("ListenQueueDrops", {}),
         ("ConntrackExhausted", {})],
        {"tickets": [["NodeDown"]]}),
    "a full conntrack table, not the scrapes that it drops": (
        [("ConntrackExhausted", {}), ("ExporterDown", {})], {"pager": [["ConntrackExhausted"]]}),
    "a node without memory, not its pods and daemons": (
        [("NodeMemoryThrashing", {}), ("NodeDaemonsStalled", {"unit": "kubelet.service"}), ("PodMemoryStalled", POD), ("PodIOStalled", POD),
         ("ExporterDown", {})],
        {"pager": [["NodeMemoryThrashing"]]}),
    "a pod in an OOM loop, not its stalls": (
        [("PodOOMLoop", POD), ("PodMemoryStalled", POD), ("PodIOStalled", POD), ("PodCPUThrottled", {**POD, "container": "db"})],
        {"tickets": [["PodOOMLoop"]]}),
    "two pods of one node are one notification": (
        [("PodIOStalled", POD), ("PodMemoryStalled", {**POD, "pod": "web-1"})], {"tickets": [["PodIOStalled", "PodMemoryStalled"]]}),
    "the pods of another node are another": (
        [("NodeMemoryThrashing", {}), ("PodMemoryStalled", {**POD, "node": "n2"})],
        {"pager": [["NodeMemoryThrashing"]], "tickets": [["PodMemoryStalled"]]}),
    "an old ticket of a node that is not scraped any more": (
        [("ExporterDown", {}), ("NodePartlyUnwatched", {}), ("TCPRetransmits", {})], {"tickets": [["ExporterDown"]]}),
    "one file system that is full does not hide another that fills up": (
        [("FilesystemFull", {"mountpoint": "/var"}), ("FilesystemFillingUp", {"mountpoint": "/var"}),
         ("FilesystemFillingUp", {"mountpoint": "/srv"})],
        {"pager": [["FilesystemFull"]], "tickets": [["FilesystemFillingUp"]]}),
    "many nodes are one page": (
        [("FleetDegraded", {"node": None}), ("NodeDown", {"node": "n1"}), ("NodeDown", {"node": "n2"}), ("NodeDown", {"node": "n3"}),
         ("FilesystemFull", {"node": "n4", "mountpoint": "/"})],
        {"pager": [["FleetDegraded"]]}),
}


def incident(server, number, alerts, wanted):
    cluster = f"c{number}"
    server.fire([alert(name, cluster, **labels) for name, labels in alerts])
    expected = sum(1 for name, _ in alerts if alert(name, cluster)["severity"] != "info")
    harness.demand_equal(server.loud(cluster, expected), wanted, "what is notified")


def running():
    with tempfile.TemporaryDirectory(prefix="nodegauge-alertmanager-") as folder, Alertmanager(folder) as server:
        for number, (name, (alerts, wanted)) in enumerate(INCIDENTS.items()):
            cases.run(name, incident, server, number, alerts, wanted)


try:
    running()
except harness.Skip as skip:
    cases.verdict("skip", "a running Alertmanager", skip)
sys.exit(cases.run_all())
