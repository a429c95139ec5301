#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each measure of SECURITY.md, on a booted machine. The user and the capabilities are in package_test.py."""
import contextlib
import re
import socket
import sys
from pathlib import Path

import machine
from machine import run, say
import wire
from cases import Cases, demand, demand_equal

HERE = Path(__file__).resolve().parent
PROBE = Path("/run/systemd/system/probe.service")
# What the probe may do; the rest has to fail, and with a reason of the sandbox.
ALLOWED = {"write-runtime-directory", "ask-clock"}
REASONS = {"EPERM", "EACCES", "EROFS", "EAFNOSUPPORT", "ENOENT"}
cases = Cases()


def own_address():
    """An address of this machine that is not a loopback one."""
    return re.search(r"inet ([0-9.]+)/", say("ip -4 -o address show scope global")).group(1)


def reaches(host, port=9100):
    try:
        return wire.fetch((host, port), target="/metrics?collect[]=loadavg", timeout=5).status == 200
    except (OSError, wire.Malformed):
        return False


@cases.case
def the_sandbox_refuses_what_it_says():
    """Another program in the service's place, with all its other settings."""
    unit = say("systemctl cat nodegauge.service")
    unit = re.sub(r"^ExecStart=.*", f"ExecStart=/usr/bin/python3 {HERE / 'probe.py'}\nStandardOutput=truncate:/run/probe", unit, flags=re.M)
    PROBE.write_text(unit.replace("Type=notify", "Type=oneshot").replace("Restart=on-failure", "Restart=no"))
    run("systemctl stop nodegauge; systemctl daemon-reload; systemctl start probe")
    outcomes = dict(line.split(" ", 1) for line in Path("/run/probe").read_text().splitlines())
    PROBE.unlink()
    run("systemctl daemon-reload")
    demand(len(outcomes) > 20, f"only {outcomes}")
    wrong = {name: outcome for name, outcome in outcomes.items()
             if (outcome != "works" if name in ALLOWED else outcome not in REASONS)}
    demand(not wrong, f"{wrong}")
    return ", ".join(f"{name} {outcome}" for name, outcome in outcomes.items())


@cases.case
def the_score_of_systemd():
    said = say("systemd-analyze security --no-pager nodegauge").splitlines()[-1]
    demand(float(re.search(r": ([0-9.]+) ", said).group(1)) <= 2.0, said)


@contextlib.contextmanager
def tmp_in_memory():
    """Before it executes the program, and in the same process, systemd 252 makes a directory for PrivateDevices= in /tmp."""
    run("mount -t tmpfs tmpfs /tmp")
    try:
        yield
    finally:
        run("umount -l /tmp")


@cases.case
def it_writes_nothing_and_starts_no_programs():
    with tmp_in_memory():
        pid = machine.start()
    for _ in range(3):
        demand(machine.answers(), "no answer")
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    demand_equal(counts["write_bytes"], "0", "bytes written to disks")
    demand_equal(Path(f"/proc/{pid}/task/{pid}/children").read_text(), "", "its children")
    threads, peak = len(list(Path(f"/proc/{pid}/task").iterdir())), Path("/sys/fs/cgroup/system.slice/nodegauge.service/pids.peak")
    if peak.exists():  # since Linux 6.6
        demand(int(peak.read_text()) <= threads + 1, f"{peak.read_text().strip()} tasks at once, {threads} threads")


@cases.case
def it_makes_no_connections():
    pid = machine.start()
    demand(machine.answers(), "no answer")
    peers = [line for line in say("ss -tunpH state established").splitlines() if f"pid={pid}," in line and ":9100 " not in line]
    demand(not peers, f"{peers}")
    demand(not [line for line in say("ss -unapH").splitlines() if f"pid={pid}," in line], "it has UDP sockets")


@cases.case
def an_address_to_listen_on():
    machine.start("--web.listen-address=127.0.0.1:9100")
    demand(reaches("127.0.0.1"), "the address that it listens on")
    demand(not reaches(own_address()), "it answers elsewhere, too")


@cases.case
def an_address_filter_needs_deny_any():
    """IPAddressAllow= alone restricts nothing."""
    machine.drop_in("[Service]\nIPAddressAllow=192.0.2.1\n")
    machine.start("")
    demand(reaches("127.0.0.1") and reaches(own_address()), "IPAddressAllow= alone restricts: SECURITY.md is wrong")
    machine.drop_in("[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n")
    run("systemctl restart nodegauge")
    demand(reaches("127.0.0.1"), "an address that is allowed")
    demand(not reaches(own_address()), "an address that is not allowed")


@cases.case
def a_hostile_client_is_refused_and_others_are_served():
    machine.start("")
    with socket.create_connection(machine.ADDRESS, timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        demand(b" 200 " not in client.recv(4096).split(b"\r\n")[0], "a request with a body is answered")
    with socket.create_connection(machine.ADDRESS, timeout=30) as client:
        client.sendall(b"GET /" + b"x" * 30000)
        demand(b" 200 " not in client.recv(4096).split(b"\r\n")[0], "a request that is too long is answered")
    demand(machine.answers(), "others are not served")


sys.exit(cases.run_all(before=machine.fresh))
