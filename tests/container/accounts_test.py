#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Containers that are gone before they are read: what they used is what their pod's total has and no other container."""
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import FULL, Pod, Scraper, Tree, of_group, scrape, until, usage

import cases as harness
from cases import demand, demand_equal

cases = harness.Cases()
CPU = "container_cpu_usage_seconds_total"
UNATTRIBUTED = "nodegauge_pod_unattributed_cpu_seconds_total"


class Ledger:
    """The last value of each container in the answers of a server that scrapes all the time."""

    def __init__(self, address, pause=0.3):
        self.address, self.pause = address, pause
        self.last, self.bodies, self.stopping = {}, 0, threading.Event()
        self.thread = threading.Thread(target=self.keep_on)

    def take(self, body):
        for labels, value in body.series_of(CPU):
            if labels.get("container"):
                self.last[labels["id"]] = max(value, self.last.get(labels["id"], 0))
        self.bodies += 1
        self.body = body

    def keep_on(self):
        with Scraper(self.address) as scraper:
            while not self.stopping.is_set():
                self.take(scraper.scrape())
                time.sleep(self.pause)
            self.take(scraper.scrape())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def total(self, pod):
        """In whole microseconds."""
        return sum(round(value * 1e6) for path, value in self.last.items() if path.startswith(f"/{pod.path}/"))

    def unattributed(self, pod):
        return sum(round(value * 1e6) for value in of_group(self.body, pod.path, UNATTRIBUTED))


def burn_and_go(tree, container, seconds):
    """Burns in the container and removes it the moment that it is empty, as systemd does with a scope."""
    tree.burn(container.path, seconds)
    container.end(link=False)


def lost(body, reason=None):
    return sum(value for labels, value in body.series_of("nodegauge_container_lost_total") if reason in (None, labels["reason"]))


def look_around(process, container):
    """The daemon knows the container and what its pod has counted so far."""
    demand(until(lambda: of_group(scrape(process.address), container.path)), "the first container is not shown")
    time.sleep(0.3 * groups.SLOW)


@cases.case
def sums_to_the_microsecond():
    """One after the other in each of several pods, beside one that is never idle."""
    count = 200 if FULL else 60
    with Tree() as tree, tree.daemon() as process, Ledger(process.address) as ledger:
        pods = [Pod(tree, f"job-{number}") for number in range(4)]
        stay = []
        for pod in pods:
            busy = pod.container("busy")
            stay.append((busy, tree.spawn(busy.path, ("sh", "-c", "while :; do sleep 0.005; done"))))

        def work(pod):
            chance = random.Random(pod.name)
            for number in range(count // len(pods)):
                burn_and_go(tree, pod.container(f"step-{number}"), chance.choice((0.001, 0.01, 0.05)))
                time.sleep(chance.random() * 0.05)

        threads = [threading.Thread(target=work, args=(pod,)) for pod in pods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for busy, child in stay:
            groups.stop(child)
            busy.end(link=False)
        time.sleep(1.0 * groups.SLOW)
        ledger.__exit__()
        shown = 0
        for pod in pods:
            wanted = usage(tree.text(pod.path, "cpu.stat"))
            found = ledger.total(pod) + ledger.unattributed(pod)
            # the kernel rounds each figure down
            demand(abs(found - wanted) <= 1, f"{pod.name}'s containers used {found} us, and it {wanted} us")
            shown += ledger.total(pod)
        demand_equal(len(ledger.last), count + len(pods), "the containers that were shown")
        return f"{count} containers, {lost(ledger.body):.0f} not told apart"


@cases.case
def never_seen():
    """Made and removed while the daemon did not run: all of its figures come from the pod, its names from the link."""
    with Tree() as tree, tree.daemon() as process:
        pod = Pod(tree, "job")
        main = pod.container("main")
        tree.burn(main.path, 0.02)
        look_around(process, main)
        os.kill(process.process.pid, signal.SIGSTOP)
        try:
            container = pod.container("step")
            burn_and_go(tree, container, 0.05)
        finally:
            os.kill(process.process.pid, signal.SIGCONT)
        wanted = usage(tree.text(pod.path, "cpu.stat")) - usage(tree.text(main.path, "cpu.stat"))
        time.sleep(0.2 * groups.SLOW)
        body = tree.check(scrape(process.address))
        demand_equal([round(value * 1e6) for value in of_group(body, container.path)], [wanted], "its total")
        demand_equal(of_group(tree.check(scrape(process.address)), container.path), [], "what the next answer has")
        demand_equal(lost(body), 0.0, "the number of those that were lost")


@cases.case
def several_at_once():
    """It is not known how much each of them used, and that is said."""
    with Tree() as tree, tree.daemon() as process:
        pod = Pod(tree, "job")
        main = pod.container("main")
        look_around(process, main)
        os.kill(process.process.pid, signal.SIGSTOP)
        try:
            for name in ("a", "b"):
                burn_and_go(tree, pod.container(name), 0.05)
        finally:
            os.kill(process.process.pid, signal.SIGCONT)
        time.sleep(0.2 * groups.SLOW)
        body = tree.check(scrape(process.address))
        wanted = usage(tree.text(pod.path, "cpu.stat"))
        demand_equal([round(value * 1e6) for value in of_group(body, pod.path, UNATTRIBUTED)], [wanted], "what is reported for the pod")
        demand_equal(lost(body, "together"), 2.0, "the number of those that were lost")
        # and what comes after them is told apart again
        container = pod.container("c")
        burn_and_go(tree, container, 0.05)
        more = usage(tree.text(pod.path, "cpu.stat")) - wanted
        time.sleep(0.2 * groups.SLOW)
        body = tree.check(scrape(process.address))
        demand_equal([round(value * 1e6) for value in of_group(body, container.path)], [more], "the total of the one after them")
        demand_equal(lost(body, "together"), 2.0, "the number of those that were lost")


@cases.case
def before_the_daemon():
    """What a pod used before the daemon looked belongs to none of its containers."""
    with Tree() as tree:
        pod = Pod(tree, "job")
        main = pod.container("main")
        tree.burn(main.path, 0.02)
        burn_and_go(tree, pod.container("old"), 0.1)
        with tree.daemon() as process:
            look_around(process, main)
            before = usage(tree.text(pod.path, "cpu.stat"))
            container = pod.container("new")
            burn_and_go(tree, container, 0.05)
            wanted = usage(tree.text(pod.path, "cpu.stat")) - before
            time.sleep(0.2 * groups.SLOW)
            body = tree.check(scrape(process.address))
            demand_equal([round(value * 1e6) for value in of_group(body, container.path)], [wanted], "its total")
            demand_equal(of_group(body, pod.path, UNATTRIBUTED), [], "what is reported for the pod")


@cases.case
def leftovers_of_a_second_tree():
    """Some kubelets make a pod's groups by hand as well, never use them and leave them behind."""
    with Tree() as tree, tree.daemon() as process:
        pod = Pod(tree, "web")
        twin = Pod(tree, "web", driver="cgroupfs", uid=pod.uid)
        main = pod.container("main")
        empty = tree.make(f"{twin.path}/{main.number}")
        tree.burn(main.path, 0.02)
        look_around(process, main)

        def twins():
            body = scrape(process.address)
            ids = {dict(labels).get("id") for (name, labels), _ in body.samples() if name.startswith("container_")}
            return sorted(ids & {f"/{twin.path}", f"/{empty}"})

        demand_equal(twins(), [], "what is shown of the second tree")
        tree.remove(pod.path)
        for _ in range(4):
            demand_equal(twins(), [], "what is shown when the pod has gone")
            time.sleep(0.1)
        tree.remove(empty)
        tree.remove(twin.path)
        demand_equal(twins(), [], "what is shown when it has gone, too")


@cases.case
def a_pod_that_goes_as_well():
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        os.kill(process.process.pid, signal.SIGSTOP)
        try:
            pod = Pod(tree, "job")
            burn_and_go(tree, pod.container("main"), 0.05)
            tree.remove(pod.path)
            other = Pod(tree, "other")
            (tree.root / groups.PODS / other.folder).mkdir()
            for _ in range(2):
                burn_and_go(tree, other.container("main"), 0.02)
        finally:
            os.kill(process.process.pid, signal.SIGCONT)
        time.sleep(0.2 * groups.SLOW)
        body = tree.check(scrape(process.address))
        wanted = usage(tree.text(other.path, "cpu.stat"))
        demand_equal([round(value * 1e6) for value in of_group(body, other.path, UNATTRIBUTED)], [wanted], "what is reported for the pod")
        # nobody was told of the containers: the watch of a pod comes when it is there
        demand_equal(lost(body, "unwatched"), 1.0, "the number of those that were lost")


sys.exit(cases.run_all())
