#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Started anew again and again on a socket that somebody else holds: each request is answered, by the old one or the new."""
import collections
import signal
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import wire
from cases import demand, demand_equal

cases = harness.Cases()
ACTIVATE = str(Path(__file__).resolve().parent / "activate")
ROUNDS = 4 if daemon.sanitized() else 15


def load(address, stop, outcomes):
    while not stop.is_set():
        try:
            outcomes[wire.fetch(address, target="/metrics?collect[]=loadavg", timeout=20).status] += 1
        except (OSError, wire.Malformed) as error:
            outcomes[f"{type(error).__name__}: {error}"] += 1


@cases.case
def no_request_is_lost_by_a_restart():
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", daemon.free_port()))
        sock.listen(1024)
        address, stop, outcomes = sock.getsockname(), threading.Event(), collections.Counter()
        command = [ACTIVATE, str(sock.fileno()), daemon.binary(), "--web.systemd-socket"]
        clients = [threading.Thread(target=load, args=(address, stop, outcomes)) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            for _ in range(ROUNDS):
                with daemon.Daemon(command, address, pass_fds=(sock.fileno(),)) as process:
                    wire.fetch(address, target="/-/ready", timeout=30)
                    time.sleep(0.1)
                    process.signal(signal.SIGTERM)
                    demand_equal(process.wait(10), 0, "the exit status")
            with daemon.Daemon(command, address, pass_fds=(sock.fileno(),)) as process:
                wire.fetch(address, target="/-/ready", timeout=30)
                stop.set()
                for client in clients:
                    client.join(30)
        finally:
            stop.set()
    demand(set(outcomes) == {200}, f"{dict(outcomes)}")
    return f"{outcomes[200]} answers over {ROUNDS} restarts"


@cases.case
def a_client_that_says_nothing_does_not_hold_up_the_end():
    address = ("127.0.0.1", daemon.free_port())
    with daemon.Daemon([daemon.binary(), f"--web.listen-address=127.0.0.1:{address[1]}"], address) as process:
        process.wait_ready(30)
        with wire.Connection(address), wire.Connection(address) as half:
            half.send(b"GET /metrics HTTP/1.1\r\nHost:")
            process.signal(signal.SIGTERM)
            demand_equal(process.wait(3), 0, "the exit status")


sys.exit(cases.run_all())
