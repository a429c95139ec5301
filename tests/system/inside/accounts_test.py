#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Short-lived containers in scopes of systemd, which removes them at once, on a machine that has more to do than it can.

What all containers of a pod were last shown with is what the pod used, to the microsecond and with each OOM kill.
"""
import functools
import hashlib
import random
import sys
import threading
import time
from pathlib import Path

import machine
import sandwich
from machine import run
from cases import Cases, demand

TREE = Path("/sys/fs/cgroup")
COUNT, PODS, KILLED = 200, 4, 10  # every tenth one is killed
LIVES = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0)
CPU, KILLS = "container_cpu_usage_seconds_total", "container_oom_events_total"
UNATTRIBUTED = {CPU: "nodegauge_pod_unattributed_cpu_seconds_total", KILLS: "nodegauge_pod_unattributed_oom_kills_total"}
cases = Cases()


def digits(word, size):
    return hashlib.sha256(word.encode()).hexdigest()[:size]


def stat(group, file, key):
    for line in (group / file).read_text().splitlines():
        if line.split()[0] == key:
            return int(line.split()[1])
    return 0


class Pod:
    def __init__(self, number):
        text = digits(f"pod {number}", 32)
        self.name = f"job-{number}"
        self.uid = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        self.slice = f"kubepods-burstable-pod{self.uid.replace('-', '_')}.slice"
        self.path = f"/kubepods.slice/kubepods-burstable.slice/{self.slice}"
        self.sandbox = f"cri-containerd-{digits(f'sandbox {number}', 64)}.scope"
        run(f"systemd-run -q --scope --slice={self.slice} --unit={self.sandbox} sleep 10000 >/dev/null 2>&1 &")
        self.sandbox_group = TREE / self.path[1:] / self.sandbox
        machine.wait_for("the pod has its sandbox", self.sandbox_group.exists)
        Path(f"/var/log/pods/shop_{self.name}_{self.uid}").mkdir(parents=True)

    def run(self, number, command, **properties):
        """A container from its start to its end; its scope is collected by systemd."""
        name, key = f"step-{number}", digits(f"{self.name} {number}", 64)
        link = Path(f"/var/log/containers/{self.name}_shop_{name}-{key}.log")
        link.symlink_to(f"/var/log/pods/shop_{self.name}_{self.uid}/{name}/0.log")
        words = " ".join(f"-p {one}={value}" for one, value in properties.items())
        run(f"systemd-run -q --scope --collect --slice={self.slice} --unit=cri-containerd-{key}.scope {words} {command}", check=False)

    def used(self, family):
        """By its containers, as the kernel has it: CPU time in us, or kills."""
        file, key = ("cpu.stat", "usage_usec") if family == CPU else ("memory.events", "oom_kill")
        group = TREE / self.path[1:]
        # nobody runs in the sandbox: it stands still
        return stat(group, file, key) - stat(self.sandbox_group, file, key)


class Server:
    """Scrapes now and then, and keeps the last value of each series."""

    def __init__(self):
        self.last, self.stopping = {}, threading.Event()
        self.thread = threading.Thread(target=self.keep_on)
        self.thread.start()

    def scrape(self):
        self.body = sandwich.scrape(machine.ADDRESS)
        for family in (CPU, KILLS):
            for labels, value in self.body.series_of(family):
                if labels.get("container"):
                    self.last[family, labels["id"]] = max(value, self.last.get((family, labels["id"]), 0))

    def keep_on(self):
        while not self.stopping.wait(3):
            self.scrape()

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.scrape()

    def total(self, family, pod):
        scale = 1e6 if family == CPU else 1
        found = sum(round(value * scale) for (name, path), value in self.last.items() if name == family and path.startswith(pod.path + "/"))
        return found + sum(round(value * scale) for labels, value in self.body.series_of(UNATTRIBUTED[family]) if labels["id"] == pod.path)


def work(pod, numbers):
    chance = random.Random(pod.name)
    for number in numbers:
        if number % KILLED == 0:
            pod.run(number, "tail /dev/zero", MemoryMax="12M", MemorySwapMax=0)
        else:
            pod.run(number, f"timeout {chance.choice(LIVES)} sh -c 'while :; do :; done'", MemoryMax="100M")


@cases.case
def many_short_lived_containers():
    Path("/var/log/containers").mkdir(parents=True, exist_ok=True)
    pods = [Pod(number) for number in range(PODS)]
    server = Server()
    time.sleep(5)
    threads = [threading.Thread(target=work, args=(pod, range(index, COUNT, PODS))) for index, pod in enumerate(pods)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(10)
    server.stop()
    lost = {labels["reason"]: int(value) for labels, value in server.body.series_of("nodegauge_container_lost_total")}
    shown = len([1 for name, _ in server.last if name == CPU])
    for pod in pods:
        used, found = pod.used(CPU), server.total(CPU, pod)
        # each figure of the kernel is rounded down
        demand(abs(found - used) <= 3, f"the containers of {pod.name} are shown with {found} us, and used {used}; lost {lost}")
        kills, found = pod.used(KILLS), server.total(KILLS, pod)
        demand(kills == found, f"the containers of {pod.name} are shown with {found} OOM kills of {kills}; lost {lost}")
    total = sum(pod.used(KILLS) for pod in pods)
    demand(total >= COUNT // KILLED, f"only {total} OOM kills")
    demand(shown == COUNT, f"{shown} of {COUNT} containers were shown; lost {lost}")
    run(f"systemctl stop {' '.join(pod.sandbox for pod in pods)}")
    return f"{COUNT} containers, {total} OOM kills; lost: {lost}"


@cases.case
def hits_of_a_limit_that_pod_and_container_share():
    """They are counted at the pod, which comes up against it first: the pod's series is the one to ask."""
    pod = Pod(90)
    run(f"systemctl set-property --runtime {pod.slice} MemoryMax=24M")
    file = "/var/tmp/filled"
    pod.run(0, f"sh -c 'head -c 60M /dev/zero >{file}; cat {file} >/dev/null; sleep 8' &", MemoryMax="24M")
    group = TREE / pod.path[1:]
    machine.wait_for("the pod is at its limit", lambda: stat(group, "memory.events", "max"), 200)
    machine.wait_for("it is at rest", lambda: not list(group.glob(f"cri-containerd-{digits('job-90 0', 64)}.scope")), 200)
    wanted = stat(group, "memory.events", "max")
    body = sandwich.scrape(machine.ADDRESS)
    found = [value for labels, value in body.series_of("container_memory_events_max_total") if labels["id"] == pod.path]
    demand(found == [wanted], f"the pod has {found}, and the kernel says {wanted}")
    own = [value for labels, value in body.series_of("container_memory_events_max_total") if labels.get("container") == "step-0"]
    run(f"rm {file}; systemctl stop {pod.sandbox}")
    return f"{wanted} at the pod, {own} at the container"


@functools.cache
def prepare():
    """Once, before the first case."""
    machine.fresh()
    machine.start("--collector.container.families=cpu,memory,events,io,info")


sys.exit(cases.run_all(before=prepare))
