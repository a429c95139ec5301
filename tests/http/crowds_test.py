#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Crowds of clients that want all connections for themselves: another client is served as if it were alone."""
import contextlib
import resource
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
from crowd import Crowd

cases = harness.Cases()


def close_all(sockets):
    for sock in sockets:
        sock.close()


class Joining(threading.Thread):
    """Opens connections at a rate until stopped, and holds them: by `join`, in turn from each address."""

    def __init__(self, join, sources, rate):
        super().__init__(daemon=True)
        self.join_one, self.sources, self.pause = join, sources, 1 / rate
        self.held, self.ended = [], threading.Event()

    def run(self):
        turn = 0
        while not self.ended.wait(self.pause):
            with contextlib.suppress(OSError):
                self.held.append(self.join_one(self.sources[turn % len(self.sources)]))
            turn += 1
            if len(self.held) > 2000:
                self.held.pop(0).close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        close_all(self.held)


def scrapes(address, count, source, wait=0.0, pause=0.0):
    """Scrapes one after the other, each of which sends a while after it connected; returns how many failed, and the last failure."""
    failed, why = 0, None
    for _ in range(count):
        try:
            with wire.Connection(address, 60 if daemon.sanitized() else 10, source) as connection:
                time.sleep(wait)
                connection.send(wire.request(headers={"Connection": "close"}))
                demand_equal(connection.receive().status, 200, "the status")
        except (OSError, wire.Malformed, harness.Failure) as error:
            failed, why = failed + 1, error
        time.sleep(pause)
    return failed, why


def demand_all(result, count):
    failed, why = result
    demand(not failed, f"{failed} of {count} scrapes fail: {type(why).__name__}: {why}")
    return f"{count} scrapes"


def never_reads(address, source, target="/metrics"):
    """Sends many requests in one piece with a receive window of nothing, and reads none of the responses."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
    sock.settimeout(5)
    sock.bind((source, 0))
    sock.connect(address)
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sock.send(wire.request(target=target) * 100)
    return sock


@cases.case
def clients_that_never_read():
    """130 connections from each of five addresses with requests in a pipeline and a closed window; they come again when ended."""
    sources = [f"127.0.3.{n}" for n in range(1, 6)]
    with daemon.nodegauge() as process:
        held = []
        for source in sources:
            for _ in range(130):
                with contextlib.suppress(OSError):
                    held.append(never_reads(process.address, source))
        try:
            with Joining(lambda source: never_reads(process.address, source), sources, 20):
                time.sleep(1)
                return demand_all(scrapes(process.address, 50, "127.0.0.2"), 50)
        finally:
            close_all(held)


def kept_idle(address, count, source):
    """Connections that have had one response, and are kept."""
    crowd = Crowd(address, count, source, wire.request(target="/-/healthy"))
    for sock in crowd.sockets:
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            sock.recv(4096)
        sock.setblocking(False)
    return crowd


@cases.case
def newcomers_beside_idle_connections():
    """512 idle connections and 100 new ones a second that send nothing: a client that sends 30 ms after it connected is served."""
    sources = [f"127.0.4.{n}" for n in range(1, 21)]
    with daemon.nodegauge() as process:
        crowds = [kept_idle(process.address, 26, source) for source in sources]
        try:
            with Joining(lambda source: wire.connect(process.address, 2, source), sources, 100):
                time.sleep(0.5)
                return demand_all(scrapes(process.address, 60, "127.0.0.2", wait=0.03, pause=0.02), 60)
        finally:
            for crowd in crowds:
                crowd.__exit__()


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    sys.exit(cases.run_all())
