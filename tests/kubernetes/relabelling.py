# SPDX-License-Identifier: Apache-2.0
"""What a real Prometheus makes of an answer, with the scrape configurations that the operators derive from our monitors.

The answer is that of the program under test and, behind it, series of containers as the kubelet has them, so that their values are
known. Each monitor is one target, told apart by the label `variant`, which no rule looks at.
"""
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

import daemon
import manifests
import packages
import wire
from cases import demand, demand_equal

NODE, POD, SHARE = "node-1", "nodegauge-x7k2p", 0.25
BYTES = 50e6
# A pod's container, its pod as a whole, a service of the node and the node, the latter with empty labels, as cAdvisor writes them, and
# without them.
CONTAINERS = """\
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{{container="app",cpu="total",id="/kubepods/burstable/pod1/c1",image="shop:1",name="c1",namespace="shop",pod="web-1"}} {cpu}
container_cpu_usage_seconds_total{{container="",cpu="total",id="/kubepods/burstable/pod1",image="",name="",namespace="shop",pod="web-1"}} {cpu}
container_cpu_usage_seconds_total{{container="",cpu="total",id="/system.slice/ssh.service",image="",name="",namespace="",pod=""}} {cpu}
container_cpu_usage_seconds_total{{cpu="total",id="/kubepods/burstable/pod2",namespace="shop",pod="web-2"}} {cpu}
container_cpu_usage_seconds_total{{cpu="total",id="/"}} {cpu}
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{{container="app",id="/kubepods/burstable/pod1/c1",image="shop:1",name="c1",namespace="shop",pod="web-1"}} {bytes}
# TYPE container_network_receive_bytes_total counter
container_network_receive_bytes_total{{container="",id="/kubepods/burstable/pod1",image="",interface="eth0",name="",namespace="shop",pod="web-1"}} {cpu}
# TYPE container_fs_reads_total counter
container_fs_reads_total{{container="app",device="/dev/sda",id="/kubepods/burstable/pod1/c1",image="shop:1",name="c1",namespace="shop",pod="web-1"}} {cpu}
# TYPE machine_memory_bytes gauge
machine_memory_bytes 1e+10
"""
TEXTFILE = """\
# TYPE backup_files gauge
backup_files{namespace="shop"} 1
"""
PODS = f"""\
# TYPE kube_pod_info gauge
kube_pod_info{{namespace="shop",pod="web-1",node="{NODE}"}} 1
kube_pod_info{{namespace="monitoring",pod="{POD}",node="{NODE}"}} 1
"""


class Target:
    """/metrics with both halves, /cadvisor as the kubelet has it, /pods as kube-state-metrics has it."""

    def __init__(self, exporter):
        self.started = time.time()
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                asked = urllib.parse.parse_qs(url.query)
                body = PODS if url.path == "/pods" else ""
                if url.path in ("/metrics", "/cadvisor") and "container" not in asked.get("exclude[]", []):
                    body += CONTAINERS.format(cpu=1000 + (time.time() - target.started) * SHARE, bytes=BYTES)
                if url.path == "/metrics" and "container" not in asked.get("collect[]", []):
                    body += wire.fetch(exporter.address, timeout=10).text() + TEXTFILE
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", daemon.free_port()), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_port}"


def snake(rule):
    """A relabelling as the operators write it in Prometheus' own configuration."""
    names = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {names.get(key, key): value for key, value in rule.items()}


def copied(source, target):
    return {"source_labels": [source], "target_label": target}


def discovered(monitor, endpoint):
    """The labels that service discovery gives; `node` and the like only where the monitor asks for them."""
    meta = {"namespace": "monitoring", "pod_name": POD, "pod_container_name": "nodegauge", "pod_node_name": NODE, "pod_container_port_name": endpoint["port"]}
    if monitor["kind"] == "ServiceMonitor":
        meta |= {"service_name": "nodegauge", "endpoint_port_name": endpoint["port"]}
    return {f"__meta_kubernetes_{key}": value for key, value in meta.items()}


def by_prometheus_operator(monitor, endpoint):
    """The relabelling that the operator puts before a monitor's own."""
    rules = [copied("__meta_kubernetes_namespace", "namespace"), copied("__meta_kubernetes_pod_container_name", "container"),
             copied("__meta_kubernetes_pod_name", "pod")]
    if monitor["kind"] == "ServiceMonitor":
        rules += [copied("__meta_kubernetes_service_name", "service"), copied("__meta_kubernetes_service_name", "job")]
    else:
        rules.append({"target_label": "job", "replacement": f"monitoring/{monitor['metadata']['name']}"})
    rules.append({"target_label": "endpoint", "replacement": endpoint["port"]})
    return rules + [snake(rule) for rule in endpoint.get("relabelings", [])]


def by_google(monitor, endpoint):
    """Google's operator takes the resource's name for the job, and the instance from the pod and its port."""
    sources = {"pod": "__meta_kubernetes_pod_name", "container": "__meta_kubernetes_pod_container_name", "node": "__meta_kubernetes_pod_node_name",
               "namespace": "__meta_kubernetes_namespace"}
    wanted = list(monitor["spec"]["targetLabels"]["metadata"]) + (["namespace"] if monitor["kind"] == "PodMonitoring" else [])
    return [{"target_label": "job", "replacement": monitor["metadata"]["name"]}, {"target_label": "cluster", "replacement": ""},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "instance", "replacement": f"$1:{endpoint['port']}"},
            *[copied(sources[name], name) for name in wanted]]


def jobs(objects, variant, address):
    """The scrape configurations of all monitors of an overlay."""
    for monitor in objects:
        if monitor["kind"] not in ("ServiceMonitor", "PodMonitor", "PodMonitoring", "ClusterPodMonitoring"):
            continue
        spec = monitor["spec"]
        for endpoint in spec.get("endpoints") or spec["podMetricsEndpoints"]:
            google = monitor["kind"].endswith("PodMonitoring")
            yield {"job_name": f"{variant}/{monitor['metadata']['name']}", "honor_labels": endpoint.get("honorLabels", False),
                   "metrics_path": endpoint.get("path", "/metrics"), "params": endpoint.get("params", {}),
                   "relabel_configs": (by_google if google else by_prometheus_operator)(monitor, endpoint),
                   "metric_relabel_configs": [snake(rule) for rule in endpoint.get("metricRelabeling" if google else "metricRelabelings", [])],
                   "static_configs": [{"targets": [address], "labels": {**discovered(monitor, endpoint), "variant": variant}}]}


def kubelet(address, variant, dropping=False):
    """The kubelet's own job for /metrics/cadvisor; with `dropping` as docs/cadvisor.md changes it."""
    return {"job_name": f"{variant}/kubelet", "honor_labels": True, "metrics_path": "/cadvisor",
            "relabel_configs": [{"target_label": "metrics_path", "replacement": "/metrics/cadvisor"}, {"target_label": "job", "replacement": "kubelet"},
                                {"target_label": "instance", "replacement": "10.0.0.1:10250"}, {"target_label": "node", "replacement": NODE}],
            "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": "(container|machine|cadvisor)_.+", "action": "drop"}] if dropping else [],
            "static_configs": [{"targets": [address], "labels": {"variant": variant}}]}


class Prometheus:
    """A server that scrapes every second."""

    def __init__(self, folder, configs):
        self.path = Path(folder, "prometheus.yml")
        self.write(configs)
        result = subprocess.run([packages.need("promtool", "prometheus"), "check", "config", self.path], capture_output=True, text=True, check=False)
        demand(result.returncode == 0, lambda: result.stderr[-400:])
        self.address = ("127.0.0.1", daemon.free_port())
        self.process = daemon.Daemon([packages.need("prometheus", "prometheus"), f"--config.file={self.path}", f"--storage.tsdb.path={folder}/data",
                                      f"--web.listen-address=127.0.0.1:{self.address[1]}"], self.address)

    def write(self, configs):
        self.path.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": configs}))

    def reload(self, configs):
        self.write(configs)
        os.kill(self.process.pid, signal.SIGHUP)

    def __enter__(self):
        self.process.wait_ready(30)
        end = time.monotonic() + 30
        while wire.fetch(self.address, "/-/ready", timeout=10).status != 200:
            demand(time.monotonic() < end, "Prometheus does not get ready")
            time.sleep(0.1)
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def query(self, expression):
        answer = json.loads(wire.fetch(self.address, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}), timeout=10).text())
        demand(answer.get("status") == "success", lambda: f"{expression}: {answer}")
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    def one(self, expression):
        answer = self.query(expression)
        demand(len(answer) == 1, lambda: f"{len(answer)} series of {expression}")
        return answer[0]


# As the rules of kubernetes-mixin and node-mixin select and join.
CADVISOR = 'job="kubelet",metrics_path="/metrics/cadvisor"'
ON_NODE = 'on (cluster,namespace,pod) group_left(node) topk by (cluster,namespace,pod) (1, max by (cluster,namespace,pod,node) (kube_pod_info{node!=""}))'


def rules_work(server, variant, google=False):
    """The selections and joins of the mixins find what they are after, and nothing else is found."""
    only = f'variant="{variant}"'
    labels, value = server.one(f'sum by (cluster,namespace,pod,container) (rate(container_cpu_usage_seconds_total{{{CADVISOR},image!="",{only}}}[8s])) * {ON_NODE}')
    demand_equal(labels, {"namespace": "shop", "pod": "web-1", "container": "app", "node": NODE}, "the labels of a container's CPU time")
    demand(0.7 * SHARE < value < 1.3 * SHARE, f"a container's CPU time is {value}, not {SHARE}")
    _, value = server.one(f'container_memory_working_set_bytes{{{CADVISOR},container!="",image!="",{only}}} * {ON_NODE}')
    demand_equal(value, BYTES, "a container's working set")
    server.one(f'sum by (namespace) (rate(container_network_receive_bytes_total{{{CADVISOR},namespace="shop",{only}}}[8s]))')
    server.one(f'container_fs_reads_total{{{CADVISOR},container!="",device=~"/dev/.+",{only}}}')
    for id_, wanted in (("/", set()), ("/system.slice/ssh.service", set()), ("/kubepods/burstable/pod1", {"namespace", "pod"}),
                        ("/kubepods/burstable/pod2", {"namespace", "pod"})):
        labels, _ = server.one(f'container_cpu_usage_seconds_total{{id="{id_}",{only}}}')
        demand_equal({"namespace", "pod", "container"} & set(labels), wanted, f"what {id_} is said to be of")
    labels, _ = server.one(f"backup_files{{{only}}}")
    demand_equal((labels["namespace"], labels["exported_namespace"]), ("monitoring", "shop"), "namespaces of a textfile's series, as with node_exporter")

    _, value = server.one(f'count by (cluster,node) (node_cpu_seconds_total{{mode="idle",job="node-exporter",{only}}} * {ON_NODE})')
    demand_equal(value, float(os.sysconf("SC_NPROCESSORS_ONLN")), "the CPUs of the node")
    labels, value = server.one(f'1 - avg without (cpu) (sum without (mode) (rate(node_cpu_seconds_total{{job="node-exporter",mode=~"idle|iowait|steal",{only}}}[8s])))')
    demand(-0.1 <= value <= 1.1, f"the node's utilisation is {value}")
    labels, _ = server.one(f'node_uname_info{{job="node-exporter",{only}}}')
    demand_equal(labels["nodename"], NODE, "the name of the node")
    if not google:
        demand_equal(labels["instance"], NODE, "the instance")

    for what, expression in (("series of containers in another job", f'{{__name__=~"(container|machine)_.+",job!="kubelet",{only}}}'),
                             ("series of the node in another job", f'{{__name__=~"node_.+",job!="node-exporter",{only}}}'),
                             ("series of the node with a path", f'{{__name__=~"node_.+",metrics_path!="",{only}}}'),
                             ("renamed labels", f'{{__name__=~"container_.+",exported_namespace!="",{only}}} or {{__name__=~"container_.+",exported_pod!="",{only}}}'),
                             ("a target that is down", f"up{{{only}}} == 0")):
        found = server.query(expression)
        demand(not found, lambda: f"{what}: {found[0]}")
    demand(bool(server.query(f'up{{job="kubelet",{only}}}')) == google, "whether the kubelet is up is not ours to say")


def handed_over(server, configs, after):
    """The containers' series while Prometheus is told, in one reload, to take them from us: how long gauges are seen twice."""
    only = 'job="kubelet",metrics_path="/metrics/cadvisor",image!="",variant="handover"'
    twice = 0
    lowest, highest = 2 * SHARE, 0.0
    end = time.monotonic() + 18
    reloaded = False
    while time.monotonic() < end:
        if not reloaded and time.monotonic() > end - 15:
            server.reload(configs + after)
            reloaded = True
        _, bytes_ = server.one(f"sum(container_memory_working_set_bytes{{{only}}})")
        _, rate = server.one(f"sum(rate(container_cpu_usage_seconds_total{{{only}}}[8s]))")
        twice += bytes_ > BYTES
        demand(bytes_ in (BYTES, 2 * BYTES), f"the working set is {bytes_}")
        lowest, highest = min(lowest, rate), max(highest, rate)
        time.sleep(0.25)
    demand(0.6 * SHARE < lowest and highest < 1.4 * SHARE, f"the rate goes from {lowest / SHARE:.2f} to {highest / SHARE:.2f} of what it is")
    labels, _ = server.one(f"container_memory_working_set_bytes{{{only}}}")
    demand_equal(labels["instance"], NODE, "who has it in the end")
    demand(twice <= 4 * 4, f"gauges are seen twice for {twice / 4} intervals")
    return f"rates stay within {lowest / SHARE:.2f} and {highest / SHARE:.2f}, gauges are seen twice for {twice / 4:.1f} intervals"


def run(cases):
    """All cases, with one server."""
    with daemon.nodegauge("--collector.disable-defaults", "--collector.cpu", "--collector.uname", "--collector.loadavg") as exporter, \
            tempfile.TemporaryDirectory(prefix="nodegauge-relabel-") as folder:
        address = Target(exporter).address
        variants = ["servicemonitor", "podmonitor", "kube-prometheus", "gmp"]
        configs = [config for variant in variants for config in jobs(manifests.render(f"overlays/{variant}"), variant, address)]
        configs.append({"job_name": "pods", "metrics_path": "/pods", "static_configs": [{"targets": [address]}]})
        for config in configs:  # a pod in the host's network has the node's name, which this machine's is not
            if config["job_name"].startswith("kube-prometheus/"):
                config["metric_relabel_configs"].append({"source_labels": ["__name__"], "regex": "node_uname_info", "target_label": "nodename", "replacement": NODE})
        before = [*jobs(manifests.render("overlays/servicemonitor-shadow"), "handover", address), kubelet(address, "handover")]
        after = [*jobs(manifests.render("overlays/servicemonitor"), "handover", address), kubelet(address, "handover", True)]
        with Prometheus(folder, configs + before) as server:
            scraped(server, len(configs + before))
            for variant in variants:
                cases.run(f"rules work {variant}", rules_work, server, variant, variant == "gmp")
            cases.run("rules add nothing up in the shadow", nothing_twice, server)
            cases.run("rules see no gap at the hand-over", handed_over, server, configs, after)


def scraped(server, targets):
    """Waits until the ranges that the rules look at are full."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        if len(server.query("count_over_time(up[8s]) >= 8")) >= targets:
            return
        time.sleep(0.5)
    demand(False, f"not all of {targets} targets are scraped every second")


def nothing_twice(server):
    only = 'variant="handover"'
    demand_equal(len(server.query(f'container_memory_working_set_bytes{{job="kubelet",{only}}}')), 1, "the number of series")
    demand_equal(len(server.query(f'container_memory_working_set_bytes{{job="nodegauge-shadow",metrics_path="/metrics/cadvisor",{only}}}')), 1, "the number in the shadow")
