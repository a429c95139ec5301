#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Too few watches, too many events, too few descriptors, too many groups, too deep: what is shown stays right."""
import contextlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import Pod, Scraper, Tree, is_shown, of_group, scrape, until, usage

import cases as harness
from cases import Skip, demand, demand_equal

cases = harness.Cases()


def appears(tree, process, path):
    return until(lambda: is_shown(tree.check(scrape(process.address)), path), pause=0.12)


def fill(tree, count):
    containers = []
    for number in range(count):
        pod = Pod(tree, f"web-{groups.digits(10)}", qos=("guaranteed", "burstable", "besteffort")[number % 3])
        pod.sandbox()
        containers.append(pod.container())
    return containers


def goes(process, containers):
    """They are shown until the account of their pod is settled, and then no more."""
    def shown():
        body = scrape(process.address)
        return any(is_shown(body, container.path) for container in containers)

    demand(until(lambda: not shown(), 10, pause=0.12), "what has gone is still shown")
    demand(not shown(), "what has gone is shown again")


def right(tree, process, containers):
    """All of them are shown with the values of their files."""
    body = None

    def whole():
        nonlocal body
        body = tree.check(scrape(process.address))
        return all(is_shown(body, container.path) for container in containers)

    demand(until(whole, 10, pause=0.12), "some containers are not shown")
    for container in containers:
        for path in (container.path, container.pod.path):
            demand_equal(of_group(body, path), [usage(tree.text(path, "cpu.stat")) / 1e6], f"the total of {path}")
    return body


@cases.case
def few_watches():
    """In a user namespace, which may have a lower limit of its own."""
    unshare, program = shutil.which("unshare"), "/proc/sys/user/max_inotify_watches"
    script = f'echo 8 >{program} && exec "$@"'
    if not unshare or subprocess.run([unshare, "-U", "-r", "sh", "-c", script, "sh", "true"], capture_output=True, check=False).returncode:
        raise Skip("no user namespace, or no limit of watches in it")
    with Tree() as tree:
        before = fill(tree, 6)
        with tree.daemon(wrapper=[unshare, "-U", "-r", "sh", "-c", script, "sh"]) as process:
            right(tree, process, before)
            more = fill(tree, 4)
            for container in more:
                tree.burn(container.path, 0.01)
            for container in before[:3]:
                container.end()
                tree.remove(container.pod.path)
            body = right(tree, process, before[3:] + more)
            for container in before[:3]:
                values = of_group(body, container.path)
                demand(len(values) <= 1, f"{values} of one that has gone")
            demand_equal(body.value("nodegauge_cgroup_polling"), 1.0, "polling")
            demand_equal(body.value("nodegauge_cgroups", level="container"), 14.0, "the containers and sandboxes")
            demand(body.value("nodegauge_cgroup_watches") <= 8, "there are more watches than allowed")
            goes(process, before[:3])


@cases.case
def too_many_events():
    """The daemon is stopped while more happens than its queue takes."""
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if queue > 20_000:
        raise Skip(f"the queue takes {queue} events")
    with Tree() as tree, tree.daemon() as process:
        before = fill(tree, 3)
        right(tree, process, before)
        process.signal(signal.SIGSTOP)
        try:
            folder = tree.path / "system.slice"
            folder.mkdir()
            # one that is watched, so that each change is an event
            watched = tree.path / before[0].pod.qos_path
            for number in range(queue // 2 + 200):
                path = watched / f"x{number % 50}"
                path.mkdir()
                path.rmdir()
            before[1].end()
            more = fill(tree, 3)
            tree.make("system.slice/late.service")
        finally:
            process.signal(signal.SIGCONT)
        body = right(tree, process, [before[0], before[2], *more])
        demand(is_shown(body, "system.slice/late.service"), "a service that came meanwhile is not shown")
        demand_equal(body.value("nodegauge_cgroups", level="container"), 11.0, "the containers and sandboxes")
        overflow = "nodegauge_cgroup_watch_overflows_total"  # which is the last of the queued events
        demand(until(lambda: scrape(process.address).value(overflow) >= 1, 10), "no overflow is counted")
        demand_equal(body.value("nodegauge_cgroup_polling"), 0.0, "polling")
        goes(process, before[1:2])
        last = Pod(tree, "last")
        last.sandbox()
        demand(appears(tree, process, last.container().path), "what comes later is not shown")


def limited(number):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


@cases.case
def few_descriptors():
    with Tree() as tree:
        before = fill(tree, 40)
        tree.make("system.slice/a.slice/b.slice/c.slice/d.slice/e.service")
        with tree.daemon(before=limited(64)) as process:
            right(tree, process, before)
            more = fill(tree, 10)
            for container in more:
                tree.burn(container.path, 0.01)
            before[0].end()
            tree.make("system.slice/cron.service")
            tree.burn("system.slice/cron.service", 0.01)
            right(tree, process, before[1:] + more)
            tree.remove("system.slice/cron.service")
            tree.make("system.slice/cron.service")
            time.sleep(1.2)
            body = right(tree, process, before[1:] + more)
            demand_equal(of_group(body, "system.slice/cron.service"), [0.0], "the total of the unit that was made again")
            demand(body.value("nodegauge_cgroups_by_path") > 50, "all groups have descriptors")
            demand(process.descriptors() < 60, f"{process.descriptors()} descriptors are open")
            return f"{body.value('nodegauge_cgroups_by_path'):.0f} groups by path, {process.descriptors()} descriptors"


@cases.case
def no_descriptors():
    """Clients hold all that are left: an answer that is not whole says so."""
    with Tree() as tree:
        tree.make("system.slice/cron.service")
        with tree.daemon(before=limited(40)) as process, Scraper(process.address) as scraper, contextlib.ExitStack() as held:
            scraper.scrape()
            for _ in range(200):
                client = held.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(process.address)
            until(lambda: process.descriptors() >= 39)
            for _ in range(3):
                body = scraper.scrape()
                shown = of_group(body, "system.slice/cron.service")
                success = body.value("node_scrape_collector_success", collector="container")
                demand(success == 0 or shown, "a group is without its values, and nothing says so")
                demand(success == 1 or not body.series_of("container_last_seen"), "half of an answer")


@cases.case
def more_groups_than_allowed():
    with Tree() as tree:
        first = fill(tree, 4)
        with tree.daemon("--collector.container.max-groups=40") as process:
            right(tree, process, first)
            for number in range(100):
                tree.make(f"system.slice/unit-{number}.service")
            body = tree.check(scrape(process.address))
            total = sum(value for _, value in body.series_of("nodegauge_cgroups"))
            demand(total <= 40, f"{total} groups are followed")
            demand(body.value("nodegauge_cgroups_refused_total") > 60, "none is said to be refused")
            right(tree, process, first)
            demand_equal(process.log().count("--collector.container.max-groups"), 1, "lines that say so")
            for number in range(100):
                tree.remove(f"system.slice/unit-{number}.service")
            right(tree, process, first)
            later = tree.make("system.slice/later.service")
            demand(appears(tree, process, later), "there is no room after the others have gone")
            demand("collector fully recovered" in process.log(), "the end of it is not told")


@cases.case
def groups_of_users():
    """Who has a group delegated may make as many as he likes, and takes no room from pods."""
    with Tree() as tree, tree.daemon("--collector.container.max-groups=60") as process:
        scrape(process.address)
        for number in range(100):
            tree.make(f"user.slice/user-1000.slice/user@1000.service/app-{number}.scope")
        body = tree.check(scrape(process.address))
        demand_equal(sum(value for _, value in body.series_of("nodegauge_cgroups")), 30.0, "the groups that are followed")
        right(tree, process, fill(tree, 4))


@cases.case
def very_deep():
    """Whoever has a group delegated may make groups in groups."""
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        container = fill(tree, 1)[0]
        tops = ["a.slice", "other", "user.slice/user-1000.slice/user@1000.service", "system.slice/a.service", container.path]
        for top in tops:
            for depth in range(1, 200, 40):
                tree.make(top + "/" + "/".join(f"{number}.slice" for number in range(depth)))
        for _ in range(3):
            right(tree, process, [container])
            time.sleep(0.5)
        demand(process.running(), lambda: f"it ended: {process.log()[-300:]}")
    with Tree() as tree:
        for top in ("a.slice", "user.slice/user-1000.slice/user@1000.service"):
            tree.make(top + "/" + "/".join(f"{number}.slice" for number in range(200)))
        with tree.daemon() as process:
            container = fill(tree, 1)[0]
            right(tree, process, [container])
            demand(process.running(), lambda: f"it ended: {process.log()[-300:]}")


def memory_of(process):
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@cases.case
def memory_is_given_back():
    """What thousands of groups needed is not kept when they are gone."""
    if groups.SLOW > 1:
        raise Skip("a sanitizer keeps what is freed")
    with Tree() as tree, tree.daemon(families=None) as process:
        for _ in range(3):
            scrape(process.address)
        before = memory_of(process)
        for number in range(8000):
            tree.make(f"g{number}")
        scrape(process.address)
        peak = memory_of(process)
        demand(peak > before + 6000, f"{before} kB became {peak} only")
        for number in range(8000):
            (tree.path / f"g{number}").rmdir()

        def small():
            scrape(process.address)
            return memory_of(process) < before + 2500

        demand(until(small, seconds=20, pause=0.5), lambda: f"{before} kB, {peak} at the most, {memory_of(process)} afterwards")
        return f"{before} kB, {peak} at the most, {memory_of(process)} afterwards"


sys.exit(cases.run_all())
