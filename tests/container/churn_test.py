#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Thousands of groups that come and go in random order while two servers read."""
import os
import random
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import FULL, Pod, Scraper, Tree, until

import cases as harness
from cases import demand, demand_equal

cases = harness.Cases()
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CHECKED = ("container_start_time_seconds", "container_cpu_usage_seconds_total", "container_pressure_io_waiting_seconds_total")
GROUPS = 8000 if FULL else 2000
PAUSE = 0.02 if FULL else 0.1
LIVE = 120  # groups that are there at once


def verify(tree, text):
    """Quicker than the whole reader: no series twice, no name on another group, one group for each name."""
    owners = {}
    series = [line.rpartition(" ")[0] for line in text.splitlines() if line.startswith("container_")]
    demand(len(series) == len(set(series)), lambda: f"{len(series) - len(set(series))} series are there twice")
    for name, _, rest in (text.partition("{") for text in series if 'pod="' in text):
        if name not in CHECKED:
            continue
        labels = dict(PAIR.findall(rest))
        if not labels["pod"]:
            continue
        groups.check_labels(tree.named, name, labels)
        # counters of one that was replaced are shown once more
        if name.endswith("_total"):
            continue
        key = name, labels["namespace"], labels["pod"], labels.get("container", "")
        demand(owners.setdefault(key, labels["id"]) == labels["id"], lambda: f"{owners[key]} and {labels['id']} have one name")


class Servers:
    """Two that ask often, and judge each answer; both have seen all at the end."""

    def __init__(self, tree, scrapers):
        self.tree, self.stopping = tree, threading.Event()
        self.answers, self.errors = 0, []
        self.threads = [threading.Thread(target=self.keep_on, args=(scraper,)) for scraper in scrapers]

    def keep_on(self, scraper):
        try:
            while not self.stopping.wait(PAUSE):
                verify(self.tree, scraper.text())
                self.answers += 1
        except Exception as error:
            self.errors.append(error)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def churn(tree, count, dice):
    """Makes so many groups; pods are restarted, removed whole or container by container, with their links at any time."""
    made, pods, late = 0, [], []
    while made < count or pods:
        grow = made < count and sum(1 + len(containers) for _, containers in pods) < LIVE
        if grow and (not pods or dice.random() < 0.4):
            pod = Pod(tree, f"pod-{dice.randrange(10**9)}", f"space-{dice.randrange(5)}",
                      dice.choice(("guaranteed", "burstable", "besteffort")), dice.choice(("systemd", "cgroupfs")))
            pods.append((pod, [pod.sandbox()]))
            made += 2
        elif grow:
            pod, containers = dice.choice(pods)
            container = pod.container(f"c{len(containers)}", link=dice.random() < 0.7)
            containers.append(container)
            made += 1
            if not container.link_path.is_symlink():
                late.append(container)
        elif dice.random() < 0.5:
            pod, containers = pods.pop(dice.randrange(len(pods)))
            dice.shuffle(containers)
            for container in containers:
                tree.remove(container if isinstance(container, str) else container.path)
            tree.remove(pod.path)
            for container in containers:
                if not isinstance(container, str) and container.link_path.is_symlink() and dice.random() < 0.8:
                    container.link_path.unlink()
            late = [container for container in late if container not in containers]
        elif pods:
            pod, containers = dice.choice(pods)
            if len(containers) > 1:
                old = containers.pop(dice.randrange(1, len(containers)))
                old.end()
                containers.append(pod.container(old.name, old.restart + 1))
                made += 1
                late = [container for container in late if container is not old]
        if late and dice.random() < 0.3:
            late.pop(dice.randrange(len(late))).link()
    return made


def watches(process):
    total = 0
    for entry in os.listdir(f"/proc/{process.pid}/fdinfo"):
        try:
            total += Path(f"/proc/{process.pid}/fdinfo/{entry}").read_text().count("inotify wd:")
        except OSError:
            continue
    return total


def private_bytes(process):
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"Anonymous:\s+(\d+)", text)[1])


def dying(tree):
    return int(re.search(r"nr_dying_descendants (\d+)", tree.text("", "cgroup.stat"))[1])


def settled(scrapers):
    """When the last totals of all have been handed out; names that never came are waited for for 30 s."""
    def last():
        return [scraper.scrape() for scraper in scrapers][-1]

    until(lambda: last().value("nodegauge_container_leaving") == 0, 40, 0.2)
    return last()


@cases.case
def pods_and_containers_at_random():
    seed = int(os.environ.get("NG_TEST_SEED", time.time_ns() % 10**6))
    dice = random.Random(seed)
    with Tree() as tree:
        for path in ("kubepods.slice/kubepods-burstable.slice", "kubepods.slice/kubepods-besteffort.slice", "kubepods/burstable",
                     "kubepods/besteffort"):
            tree.make(path)
        dying_before = dying(tree)
        with tree.daemon() as process, Scraper(process.address) as one, Scraper(process.address) as two:
            states, answers = [], 0
            for count in (GROUPS // 4, GROUPS // 2, GROUPS // 2):  # the first turn fills buffers
                with Servers(tree, (one, two)) as servers:
                    churn(tree, count, dice)
                demand(not servers.errors, lambda: f"seed {seed}: {servers.errors[0]}")
                answers += servers.answers
                for link in (tree.root / groups.LOGS).iterdir():
                    link.unlink()
                settled((one, two))
                states.append((process.descriptors(), watches(process), private_bytes(process)))
            demand(answers > 5, f"{answers} answers only")
            body = tree.check(settled((one, two)))
            rest = [labels for labels, _ in body.series_of("container_start_time_seconds") if labels.get("pod")]
            demand_equal(len(rest), 0, "the number of series of what has gone")
            for level, wanted in (("pod", 0.0), ("container", 0.0), ("qos", 6.0), ("node", 1.0)):
                live = body.value("nodegauge_cgroups", level=level)
                demand_equal(live, wanted, f"the number of groups of level {level}")
                made = body.value("nodegauge_cgroups_created_total", level=level)
                demand_equal(made - body.value("nodegauge_cgroups_removed_total", level=level), live, f"what is left of {level}")
            demand_equal(body.value("nodegauge_cgroup_watches"), float(watches(process)), "the number of watches")
            for turn in (1, 2):
                demand_equal(states[turn][1], states[0][1], f"the number of watches after turn {turn}")
                demand(states[turn][0] <= states[0][0] + 2, f"{states[0][0]} descriptors were open, and {states[turn][0]} are")
            # one more answer may have been on its way than ever before; what is lost for each group is lost in every turn
            used = [state[2] for state in states]
            demand(min(used[1] - used[0], used[2] - used[1]) <= (1 << 18) * groups.SLOW ** 2, f"{used} bytes after the turns")
            demand(until(lambda: dying(tree) <= dying_before, 5, 0.1), f"{dying(tree)} groups are dying, {dying_before} were before")
            forgotten = body.value("nodegauge_container_forgotten_total")
            demand_equal(body.value("nodegauge_container_leaving"), 0.0, "the number of groups that leave")
            said = [line for line in process.log().splitlines() if ("level=error" in line or "level=warn" in line) and "as root" not in line
                    and "no names for" not in line]  # a pod may go before it is named
            demand(not said, lambda: f"it says: {said[0]}")
        return (f"{answers} answers, {states[-1][0]} descriptors, {states[-1][1]} watches, "
                f"{[size >> 10 for size in used]} kB, {forgotten:.0f} forgotten")


sys.exit(cases.run_all())
