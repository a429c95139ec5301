#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What no kubelet makes in the log directories: nothing blocks, nothing gets a wrong name, and it is said."""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import LOGS, PODS, Pod, Tree, is_shown, scrape, until

import cases as harness
from cases import demand, demand_equal

cases = harness.Cases()
OTHER = "f" * 64


def appears(tree, process, path, seconds=3.0):
    return until(lambda: is_shown(tree.check(scrape(process.address)), path), seconds, 0.12)


def stays_hidden(tree, process, *paths):
    for _ in range(4):
        body = tree.check(scrape(process.address))
        for path in paths:
            demand(not is_shown(body, path), f"{path} is shown")
        time.sleep(0.3)
    return body


def with_container(tree, name="web"):
    pod = Pod(tree, name)
    pod.sandbox()
    return pod.container(link=False)


@cases.case
def rubbish_among_the_links():
    """A farm of links to each other, a FIFO, a socket, directories, names of all kinds of bytes."""
    with Tree() as tree:
        logs = os.fsencode(tree.root / LOGS)
        os.mkfifo(logs + b"/web_default_main-" + OTHER.encode() + b".log")
        os.mkfifo(logs + b"/fifo")
        os.mkdir(logs + b"/web_default_dir-" + b"e" * 64 + b".log")
        for number in range(200):
            os.symlink(b"farm%d" % ((number + 1) % 200), logs + b"/farm%d" % number)
        os.symlink(b".", logs + b"/loop")
        for name in (b"new\nline_default_main-" + b"1" * 64 + b".log", b"\xff\xfe_default_main-" + b"2" * 64 + b".log",
                     b"a\"b_default_main-" + b"3" * 64 + b".log", b" _ _ - .log", b"___-.log", b"-" * 255, b"x" * 251 + b".log"):
            os.symlink(b"/var/log/pods/x", logs + b"/" + name)
        with tree.daemon() as process:
            container = with_container(tree)
            container.link()
            demand(appears(tree, process, container.path), "it is not shown")


@cases.case
def links_that_lie():
    """The target names another pod, another container or another UID: not shown, and said."""
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        targets = {"pod": "default_other_{uid}/main/0.log", "space": "other_web-space_{uid}/main/0.log",
                   "uid": "default_web-uid_" + groups.new_uid() + "/main/0.log", "container": "default_web-container_{uid}/other/0.log",
                   "text": "x\ny", "climbing": "../../../default_web-climbing_{uid}/main/0.log"}
        liars = []
        for kind, target in targets.items():
            container = with_container(tree, f"web-{kind}")
            path = f"/{PODS}/" + target.format(uid=container.pod.uid)
            os.symlink(path, container.link_path)
            liars.append(container)
        honest = with_container(tree, "honest")
        honest.link()
        demand(appears(tree, process, honest.path), "the honest one is not shown")
        body = stays_hidden(tree, process, *[container.path for container in liars[:-1]])
        said = sum(value for labels, value in body.series_of("nodegauge_container_unresolved"))
        demand(said >= 5, f"{said} are said to be without names")
        demand(body.value("nodegauge_container_unresolved", reason="contradiction") >= 4, "no contradiction is said")


@cases.case
def two_links_for_one_container():
    """They contradict each other: neither is believed."""
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        container = with_container(tree)
        for name in ("main", "other"):
            link = tree.root / LOGS / f"web_default_{name}-{container.number}.log"
            link.symlink_to(f"/{PODS}/{container.pod.folder}/{name}/0.log")
        body = stays_hidden(tree, process, container.path)
        demand_equal(body.value("nodegauge_container_unresolved", reason="contradiction"), 1.0, "the contradictions")


@cases.case
def very_many_links():
    count = 100_000
    with Tree() as tree:
        folder = os.open(tree.root / LOGS, os.O_RDONLY | os.O_DIRECTORY)
        for number in range(count):
            os.symlink("x", f"pod-{number}_default_main-{number:064x}.log", dir_fd=folder)
        os.close(folder)
        with tree.daemon() as process:
            container = with_container(tree)
            container.link()
            slowest = 0.0
            for _ in range(12):
                start = time.monotonic()
                body = tree.check(scrape(process.address))
                slowest = max(slowest, time.monotonic() - start)
                time.sleep(0.1)
            spent = process.cpu_seconds()
            shown = is_shown(body, container.path)
            demand(shown or body.value("nodegauge_container_unresolved", reason="too_many_links") > 0, "nothing is said")
            demand(slowest < 1.0 * groups.SLOW, f"an answer took {slowest:.2f} s")
            demand(spent < 3 * groups.SLOW, f"{spent} s of CPU")
        return f"{'shown' if shown else 'too many'}, slowest answer {1000 * slowest:.0f} ms, {spent:.2f} s of CPU"


@cases.case
def directories_that_are_none():
    for kind in ("missing", "fifo", "file", "link to itself"):
        with Tree() as tree:
            logs = tree.root / LOGS
            logs.rmdir()
            if kind == "fifo":
                os.mkfifo(logs)
            elif kind == "file":
                logs.write_text("text")
            elif kind == "link to itself":
                logs.symlink_to("containers")
            with tree.daemon() as process:
                container = with_container(tree)
                body = stays_hidden(tree, process, container.path)
                said = [labels["reason"] for labels, value in body.series_of("nodegauge_container_unresolved") if value]
                demand(said.count("no_log_link") < len(said), f"with a {kind} the reasons are {said}")
                if kind == "link to itself":
                    continue
                if kind != "missing":
                    logs.unlink()
                logs.mkdir()
                container.link()
                demand(appears(tree, process, container.path), f"it is not shown when the {kind} has become a directory")


@cases.case
def unreadable_directories():
    """As nobody: the links cannot be listed. Once they can, all is shown."""
    with Tree() as tree:
        (tree.root / LOGS).chmod(0o700)
        (tree.root / PODS).chmod(0o700)
        container = with_container(tree)
        container.link()
        tree.make("system.slice/ssh.service")
        with tree.daemon(wrapper=groups.nobody(), program=groups.copy_of_the_program(tree.root)) as process:
            body = stays_hidden(tree, process, container.path, container.pod.path)
            demand(is_shown(body, "system.slice/ssh.service"), "a service is not shown")
            said = {labels["reason"]: value for labels, value in body.series_of("nodegauge_container_unresolved")}
            demand(said["log_directory_unreadable"] >= 2, f"unresolved: {said}")
            (tree.root / LOGS).chmod(0o755)
            demand(appears(tree, process, container.path), "it is not shown when the directory has become readable")


@cases.case
def groups_with_odd_names():
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        names = ['system.slice/a"b\\c.service', "system.slice/with blank.service", "system.slice/dash\\x2dname.service", "caf\udcc3\udca9",
                 "bad\udcffbytes", "x" * 255, "system.slice/docker-" + "g" * 64 + ".scope"]
        for name in names:
            tree.make(name)
        demand(appears(tree, process, names[0]), "it is not shown")
        body = tree.check(scrape(process.address))
        ids = {labels.get("id") for labels, _ in body.series_of("container_cpu_usage_seconds_total")}
        for name in names:
            shown = "/" + os.fsencode(name).decode("utf-8", "replace")
            demand(shown in ids, f"{shown!r} is not shown")


sys.exit(cases.run_all())
