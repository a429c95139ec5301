#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What kubernetes-mixin asks of container_* is in the answer for a pod with the default families.

The answer is the expectation of the case tests/collectors/container/full-pod, which the runner holds against the
collector; mixins.tsv says what is asked.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from cases import Cases, demand

CASE = HERE.parent / "collectors" / "container" / "full-pod"
# diskDeviceSelector of the mixin
DEVICES = re.compile(r"(/dev/)?(mmcblk.p.+|nvme.+|rbd.+|sd.+|vd.+|xvd.+|dm-.+|md.+|dasd.+)")
SERIES = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

cases = Cases()


def answer():
    series = []
    for line in (CASE / "expect.prom").read_text().splitlines():
        name, labels, _ = SERIES.fullmatch(line).groups()
        series.append((name, dict(LABEL.findall(labels or ""))))
    return series


def asked():
    rows = [line.split("\t") for line in (HERE / "mixins.tsv").read_text().splitlines() if not line.startswith("#")]
    return [(family, level, labels.split(",")) for family, level, labels in rows[1:]]


SAMPLES = answer()


def check(family, level, labels):
    right = [series for name, series in SAMPLES if name == family and all(series.get(label) for label in labels)]
    demand(right, f"no series has {', '.join(labels)}")
    if "device" in labels:
        demand(any(DEVICES.fullmatch(series["device"]) for series in right), "no device that the dashboards select")
    if level == "pod":
        demand(any(not series.get("container") for series in right), "no series of the pod itself")


def once():
    """A sum over what has an image counts each container once, and nothing beside; the network is the sandbox's, with its image."""
    for name, labels in SAMPLES:
        if name.startswith("container_network_"):
            demand(not labels.get("container"), f"{name}: {labels}")
            continue
        demand(bool(labels.get("image")) == bool(labels.get("container")), f"{name}: {labels}")
        demand(labels.get("container") != "POD", f"{name}: {labels}")
    usage = [labels for name, labels in SAMPLES if name == "container_cpu_usage_seconds_total" and labels.get("image")]
    demand(len(usage) == 1, f"{len(usage)} series of CPU usage have an image")


for row in asked():
    cases.run(f"mixins: {row[0]}", check, *row)
cases.run("mixins: sums count each container once", once)
cases.run("mixins: the case is one of the defaults", lambda: demand(
    "families" not in (CASE / "flags").read_text() and "levels" not in (CASE / "flags").read_text(), "it has flags"))
sys.exit(cases.finish())
