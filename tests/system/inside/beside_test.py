#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Installed beside a running node_exporter, which has the port."""
import sys
import time

import machine
from machine import THEIRS, run, say, show
from cases import Cases, demand, demand_equal

cases = Cases()


def waiting():
    """Ours waits for the port that theirs has."""
    machine.node_exporter()
    run("systemctl start nodegauge")
    machine.wait_for("it waits", lambda: "waiting: listen on :9100" in show("nodegauge", "StatusText")["StatusText"])


@cases.case
def it_is_installed_beside_a_running_node_exporter():
    machine.purge()
    machine.node_exporter()
    since = int(time.time())
    said = machine.dpkg(f"-i {machine.deb('nodegauge')}").stdout
    demand("ould not execute" not in said and "rror" not in said, f"dpkg says {said}")
    state = show("nodegauge", "ActiveState", "StatusText")
    demand_equal(state["ActiveState"], "active", "the state")
    demand("waiting: listen on :9100" in state["StatusText"] and f"{THEIRS}.service" in state["StatusText"], state["StatusText"])
    time.sleep(40)
    lines = [line for line in machine.journal(since=since).splitlines() if "nodegauge" in line]
    demand(len(lines) <= 4, f"{len(lines)} lines in the journal: {lines}")
    demand_equal(show("nodegauge", "NRestarts")["NRestarts"], "0", "restarts")
    return state["StatusText"]


@cases.case
def it_takes_over_when_the_port_is_free():
    waiting()
    pid = machine.main_pid()
    run(f"systemctl stop {THEIRS}")
    machine.wait_for("it answers", machine.answers, 40)
    demand_equal(machine.main_pid(), pid, "the process")
    demand_equal(show("nodegauge", "StatusText")["StatusText"], "serving", "the status")


@cases.case
def stopped_while_it_waits_it_ends_at_once():
    waiting()
    started = time.monotonic()
    run("systemctl stop nodegauge")
    demand(time.monotonic() - started < 5, "it took longer than 5 s")
    demand_equal(show("nodegauge", "Result")["Result"], "success", "the result")


@cases.case
def what_the_container_collector_adds():
    """The share that --migrate names."""
    machine.start("")
    page = machine.wire.fetch(machine.ADDRESS, timeout=60).text()
    part = machine.wire.fetch(machine.ADDRESS, target="/metrics?collect[]=container", timeout=60).text()
    count = [sum(not line.startswith("#") for line in text.splitlines()) for text in (page, part)]
    demand(0.2 < count[1] / count[0] < 0.6, f"{count[1]} of {count[0]} series")
    return f"{count[1]} of {count[0]} series; {len(say('systemctl list-units --state=running --no-legend').splitlines())} running units"


sys.exit(cases.run_all(before=machine.fresh))
