#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Socket activation: nodegauge.socket holds the port while the service is started anew, again and again, under load."""
import collections
import re
import sys
import threading

import machine
from machine import run, show
import wire
from cases import Cases, demand, demand_equal

RESTARTS = 100
cases = Cases()


class Load(threading.Thread):
    """A client that asks without a pause, each time on a new connection."""

    def __init__(self, stop):
        super().__init__(daemon=True)
        self.stop = stop
        self.outcomes = collections.Counter()

    def run(self):
        while not self.stop.is_set():
            try:
                response = wire.fetch(machine.ADDRESS, target="/metrics?collect[]=loadavg", timeout=60)
                self.outcomes[response.status] += 1
            except (OSError, wire.Malformed) as error:
                self.outcomes[f"{type(error).__name__}: {error}"] += 1


def hold_the_port():
    """systemd has the port, and the service is not started yet."""
    machine.DEFAULTS.write_text("ARGS='--web.systemd-socket'\n")
    run("systemctl enable --now nodegauge.socket")


@cases.case
def the_way_of_the_readme():
    """From a service that runs and has the port itself."""
    machine.start("")
    command = re.search(r"`(systemctl [^`]*nodegauge\.socket[^`]*)`", (machine.ROOT / "README.md").read_text()).group(1)
    machine.DEFAULTS.write_text("ARGS='--web.systemd-socket'\n")
    run(command)
    demand(machine.answers(), f"no answer after {command}")
    demand_equal(show("nodegauge.socket", "ActiveState")["ActiveState"], "active", "the socket")
    return command


@cases.case
def the_socket_starts_the_service():
    hold_the_port()
    demand_equal(show("nodegauge", "ActiveState")["ActiveState"], "inactive", "the service")
    demand(machine.answers(), "no answer through the socket")
    demand_equal(show("nodegauge", "ActiveState")["ActiveState"], "active", "the service")


@cases.case
def no_connection_is_refused_over_restarts_under_load():
    hold_the_port()
    machine.drop_in("[Unit]\nStartLimitIntervalSec=0\n")
    stop = threading.Event()
    clients = [Load(stop) for _ in range(4)]
    for client in clients:
        client.start()
    processes = set()
    for _ in range(RESTARTS):
        run("systemctl restart nodegauge")
        processes.add(machine.main_pid())
    stop.set()
    for client in clients:
        client.join(60)
    machine.drop_in(None)
    total = sum((client.outcomes for client in clients), collections.Counter())
    demand_equal(len(processes), RESTARTS, "processes")
    refused = [outcome for outcome in total if outcome != 200 and "closed" not in str(outcome)]
    demand(not refused, f"{dict(total)}")
    # An emulated client may take longer for its first byte than a daemon that stops waits for it; tests/http/restart_test.py,
    # on a real machine, allows none.
    lost = sum(total.values()) - total[200]
    demand(lost * 1000 <= total[200], f"{dict(total)}")
    return f"{total[200]} answers during {RESTARTS} restarts, {lost} connections closed without one"


@cases.case
def without_its_flag_it_says_who_has_the_port():
    hold_the_port()
    machine.DEFAULTS.write_text("ARGS=''\n")
    run("systemctl start nodegauge")
    status = machine.wait_for("the status says why", lambda: "in use" in (text := show("nodegauge", "StatusText")["StatusText"]) and text)
    demand("nodegauge.socket" in status or "systemd" in status, status)


sys.exit(cases.run_all(before=machine.fresh))
