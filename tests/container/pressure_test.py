#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Processes that really stall: totals, peaks of the sampler, shares of the node, and what the sampler costs."""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import FULL, Pod, Tree, of_group, scrape, until

import cases as harness
from cases import demand, demand_equal

cases = harness.Cases()
PEAK = "container_pressure_cpu_waiting_peak_ratio"
BUSY = ("sh", "-c", "while :; do :; done")


@cases.case
def two_on_one_processor():
    cpu = min(os.sched_getaffinity(0))
    with Tree() as tree, tree.daemon() as process:
        demand(until(lambda: scrape(process.address).series_of("node_pressure_share_count")), "nothing is sampled")
        body = scrape(process.address)
        started = time.monotonic()
        before = {resource: body.value("node_pressure_share_count", kind="waiting", resource=resource) for resource in ("cpu", "memory", "io")}
        rounds = body.value("nodegauge_pressure_sampler_rounds_total")
        busy, quiet = Pod(tree, "busy"), Pod(tree, "quiet", qos="besteffort")
        unit = tree.make("system.slice/quiet.service")
        for pod in (busy, quiet):
            pod.sandbox()
        container, other = busy.container(), quiet.container()
        tree.spawn(other.path)
        tree.spawn(unit)
        for _ in range(2):
            tree.spawn(container.path, BUSY, cpu=cpu)
        demand(until(lambda: any(value > 0.9 for value in of_group(scrape(process.address), busy.path, PEAK)), 6.0, 0.2),
               lambda: f"the peak of the pod is {of_group(scrape(process.address), busy.path, PEAK)}")
        for child in tree.processes[-2:]:
            groups.stop(child)
        body = tree.check(scrape(process.address))
        for path in (busy.path, busy.qos_path, "kubepods.slice"):
            peaks = of_group(body, path, PEAK)
            demand(len(peaks) == 1 and peaks[0] > 0.9, f"the peak of {path} is {peaks}")
            waited = of_group(body, path, "container_pressure_cpu_waiting_seconds_total")[0]
            demand(waited > 0.8, f"{path} waited {waited} s in all")
        for path in (quiet.path, quiet.qos_path, unit, "system.slice"):
            peaks = of_group(body, path, PEAK)
            demand(len(peaks) == 1 and peaks[0] < 0.2, f"the peak of {path} is {peaks}")
        demand(not of_group(body, container.path, PEAK), "a container has a peak")
        time.sleep(0.5)
        body = tree.check(scrape(process.address))
        passed, done = time.monotonic() - started, body.value("nodegauge_pressure_sampler_rounds_total") - rounds
        for resource, count in before.items():
            seen = body.value("node_pressure_share_count", kind="waiting", resource=resource) - count
            demand(done - 1 <= seen <= done, f"the histogram of {resource} has {seen} samples of {done} rounds")
        demand(passed / 2 - 1 <= done <= passed + 1, f"{done} rounds in {passed:.1f} s")
        return f"{of_group(body, busy.path, PEAK)[0]:.3f} in the pod"


@cases.case
def old_pressure_is_no_peak():
    """A group that is found late, as it could not be watched, brings totals that say nothing of the last second."""
    cpu = min(os.sched_getaffinity(0))
    with Tree() as tree:
        unit = tree.make("system.slice/late.service")
        with tree.daemon("--no-collector.container.watch") as process:
            scrape(process.address)
            late = tree.make("system.slice/later.service")
            for path in (unit, late):
                children = [tree.spawn(path, BUSY, cpu=cpu) for _ in range(2)]
                time.sleep(1.2)
                for child in children:
                    groups.stop(child)
            time.sleep(1.1)
            for _ in range(3):
                body = scrape(process.address)
                time.sleep(0.5)
            demand_equal(body.value("nodegauge_cgroup_polling"), 1.0, "polling")
            demand(of_group(body, late, "container_pressure_cpu_waiting_seconds_total")[0] > 0.5, "it did not wait")
            demand_equal(of_group(body, late, PEAK), [0.0], "the peak of the one found late")
            demand(of_group(body, unit, PEAK)[0] > 0.5, "the other one has no peak")


def quiet_groups_lose_their_peaks():
    """The window is 60 s: only the long form waits for its end."""
    with Tree() as tree, tree.daemon() as process:
        unit = tree.make("system.slice/busy.service")
        scrape(process.address)
        children = [tree.spawn(unit, BUSY, cpu=min(os.sched_getaffinity(0))) for _ in range(2)]
        time.sleep(2.5)
        for child in children:
            groups.stop(child)
        time.sleep(50)
        demand(of_group(scrape(process.address), unit, PEAK)[0] > 0.9, "the peak is gone before its time")
        time.sleep(14)
        demand_equal(of_group(scrape(process.address), unit, PEAK), [0.0], "the peak after its time")


def cost(process, seconds):
    def read():
        body = scrape(process.address)
        return [body.value(f"nodegauge_pressure_sampler_{what}_total") for what in ("cpu_seconds", "rounds", "reads")]

    before = read()
    time.sleep(seconds)
    spent, rounds, reads = (after - first for after, first in zip(read(), before))
    return spent / rounds, reads / rounds


@cases.case
def cost_of_the_sampler():
    """400 groups; nothing in them runs, then each pod has something to do every second."""
    with Tree() as tree:
        pods = [Pod(tree, f"pod-{number}", qos=("burstable", "besteffort")[number % 2]) for number in range(120)]
        containers = []
        for pod in pods:
            pod.sandbox()
            containers.append(pod.container())
        for number in range(36):
            tree.make(f"system.slice/unit-{number}.service")
        with tree.daemon() as process:
            demand(until(lambda: "container_pressure_cpu_waiting_peak_ratio" in scrape(process.address).families), "no peaks")
            time.sleep(1.2)
            idle, idle_reads = cost(process, 5)
            cpu = min(os.sched_getaffinity(0))
            for container in containers:
                tree.spawn(container.path, ("sh", "-c", "while sleep 0.9; do :; done"), cpu=cpu)
            time.sleep(1)
            busy, busy_reads = cost(process, 5)
        said = (f"idle {100 * idle:.3f} % of a CPU with {idle_reads:.0f} reads a round, "
                f"busy {100 * busy:.3f} % with {busy_reads:.0f}")
        demand(busy < 0.02 * groups.SLOW and idle < 0.01 * groups.SLOW, said)
        return said


if FULL:
    cases.case(quiet_groups_lose_their_peaks)
sys.exit(cases.run_all())
