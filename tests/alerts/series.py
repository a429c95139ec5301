# SPDX-License-Identifier: Apache-2.0
"""The series of a case as promtool wants them: what Prometheus would have stored at a given scrape interval.

    count 0@5m 0.5@10m reset 0.5@10m     a counter, by its growth per second; a reset starts it at 0 again
    gauge 70@5m 70..10@20m 10@5m         a gauge: levels and ramps
    gap@2m                               in either: scrapes that fail, so the series ends until the next one that does not
    absent@5m                            in either: nothing was there before, or any more
"""
import re

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# Labels as Prometheus has them in the installations that docs/alerts.md describes.
PLACES = {
    # nodegauge on Kubernetes: the monitors of packaging/kubernetes name the node; series about the node have our own pod's labels
    "NODE": 'job="node-exporter", instance="n1", node="n1", namespace="monitoring", pod="nodegauge-x7k2p", container="nodegauge", endpoint="metrics"',
    "NEXT": 'job="node-exporter", instance="n1", node="n1", namespace="monitoring", pod="nodegauge-b4v9q", container="nodegauge", endpoint="metrics"',
    "POD": 'job="kubelet", metrics_path="/metrics/cadvisor", instance="n1", node="n1", namespace="shop", pod="db-0", container="", '
           'id="/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9a.slice"',
    "BATCH": 'job="kubelet", metrics_path="/metrics/cadvisor", instance="n1", node="n1", namespace="batch", pod="report-1", container="", '
             'id="/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod7c.slice"',
    "CONTAINER": 'job="kubelet", metrics_path="/metrics/cadvisor", instance="n1", node="n1", namespace="shop", pod="db-0", '
                 'container="db", name="5f1e", image="unknown", '
                 'id="/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9a.slice/cri-containerd-5f1e.scope"',
    # node_exporter as kube-prometheus scrapes it
    "KUBEPROM": 'job="node-exporter", instance="n1", namespace="monitoring", pod="node-exporter-q2w9x", container="kube-rbac-proxy"',
    # the kubelet's own endpoint
    "KUBELET": 'job="kubelet", metrics_path="/metrics/cadvisor", instance="10.0.0.1:10250", node="n1", namespace="shop", pod="db-0", '
               'container="", image="", name="", id="/kubepods/burstable/pod9a"',
    # a machine outside of Kubernetes
    "HOST": 'job="node", instance="web1:9100"',
    "UNIT": 'job="node", instance="web1:9100", id="/system.slice/nginx.service", namespace="", pod="", container=""',
    "DAEMON": 'job="kubelet", metrics_path="/metrics/cadvisor", instance="n1", node="n1", id="/system.slice/kubelet.service", namespace="", pod="", container=""',
}


def seconds(text):
    match = re.fullmatch(r"([\d.]+)([smhd])", text)
    if not match:
        raise ValueError(f"{text!r} is no duration")
    return round(float(match[1]) * UNITS[match[2]])


def labels(text):
    return re.sub(r"\$([A-Z]+)", lambda match: PLACES[match[1]], text)


def ramp(word, index, count):
    first, _, last = word.partition("..")
    return float(first) + (float(last) - float(first)) * index / count if last else float(first)


def samples(text, interval):
    """One word for each scrape."""
    kind, *segments = text.split()
    if kind not in ("count", "gauge"):
        raise ValueError(f"{text!r} is neither count nor gauge")
    total, words = 0.0, []
    for segment in segments:
        what, _, duration = segment.partition("@")
        count = seconds(duration) // interval if duration else 0
        if what == "reset":
            total = 0.0
        elif what in ("gap", "absent"):
            words += (["stale"] + ["_"] * (count - 1) if words else ["_"] * count)
        else:
            for i in range(count):
                if kind == "count":
                    total += float(what) * interval
                words.append(f"{total if kind == 'count' else ramp(what, i, count):.10g}")
    return compressed(words)


def compressed(words):
    """promtool's notation for repeated words."""
    text, i = [], 0
    while i < len(words):
        j = i
        while j < len(words) and words[j] == words[i]:
            j += 1
        text += [words[i]] if j - i == 1 or words[i] == "stale" else [f"_x{j - i}" if words[i] == "_" else f"{words[i]}+0x{j - i - 1}"]
        i = j
    return " ".join(text)
