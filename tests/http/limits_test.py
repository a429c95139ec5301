#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that hold connections, read slowly or send slowly; too many of them; too few descriptors. Scrapes go on."""
import os
import re
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import exposition
import wire
from bulk import bulky
from cases import demand, demand_equal
from crowd import Crowd, Scrapes, another_address, idle_descriptors

cases = harness.Cases()


def beside_half_open_ones(source):
    with daemon.nodegauge() as process:
        with Crowd(process.address, 500, say=b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: "), Scrapes(process.address, source) as scrapes:
            time.sleep(3)
        return scrapes.judge()


@cases.case
def half_open_connections():
    """500 clients that send half a request: scrapes from another address go on."""
    return beside_half_open_ones(another_address())


@cases.case
def half_open_connections_of_the_same_address():
    """Behind a gateway all clients have one address: what is half open gives way to what is whole."""
    return beside_half_open_ones(None)


@cases.case
def kept_connection_beside_half_open_ones():
    """A scraper's kept connection is not what gives way."""
    with daemon.nodegauge("--web.max-connections=60", "--web.max-connections-per-client=20") as process:
        with wire.Connection(process.address) as kept:
            crowds = []
            try:
                for n in range(10, 18):
                    kept.send(wire.request(target="/-/healthy"))
                    demand_equal(kept.receive().status, 200, f"the status beside {(n - 10) * 20} half-open connections")
                    crowds.append(Crowd(process.address, 20, f"127.0.0.{n}", b"GET /metrics HT"))
                    time.sleep(0.05)
            finally:
                for crowd in crowds:
                    crowd.__exit__()


@cases.case
def half_open_connections_are_ended():
    with daemon.nodegauge("--web.header-timeout=1s") as process:
        with Crowd(process.address, 40, say=b"GET /metrics HT") as crowd:
            demand(crowd.gone_within(5), f"{crowd.alive()} of 40 are open 5 s after a limit of 1 s")


@cases.case
def silent_connections_are_ended():
    with daemon.nodegauge("--web.header-timeout=1s", "--web.idle-timeout=1s") as process:
        with Crowd(process.address, 40) as crowd:
            demand(crowd.gone_within(5), f"{crowd.alive()} of 40 are open 5 s after a limit of 1 s")


@cases.case
def one_byte_a_second():
    """Each byte is activity, so only a limit on the whole request ends these."""
    with daemon.nodegauge("--web.header-timeout=3s") as process:
        with Crowd(process.address, 60, say=b"G") as crowd, Scrapes(process.address) as scrapes:
            for byte in b"ET /metrics HTTP":
                if not crowd.alive():
                    break
                time.sleep(0.5)
                crowd.send(bytes([byte]))
            demand(crowd.gone_within(2), f"{crowd.alive()} of 60 are open after 8 s and a limit of 3 s")
        return scrapes.judge()


@cases.case
def one_byte_a_second_of_a_body():
    with daemon.nodegauge("--web.header-timeout=1s", "--web.response-timeout=1s", "--web.idle-timeout=1s") as process:
        with Crowd(process.address, 20, say=b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n") as crowd:
            for _ in range(12):
                time.sleep(0.5)
                crowd.send(b"x")
            # What is left to read counts as open for `alive`: read it, then look for the end.
            left = 0
            for sock in crowd.sockets:
                try:
                    while sock.recv(65536):
                        pass
                except BlockingIOError:
                    left += 1
                except OSError:
                    pass
            demand_equal(left, 0, "the number of open connections")


@cases.case
def idle_connections_are_ended():
    with daemon.nodegauge("--web.idle-timeout=1s") as process, wire.Connection(process.address) as connection:
        connection.send(wire.request(target="/-/healthy"))
        connection.receive()
        time.sleep(0.5)
        connection.send(wire.request(target="/-/healthy"))
        demand_equal(connection.receive().status, 200, "the status within the limit")
        demand(connection.closed_within(5), "the connection is open 5 s after a limit of 1 s")


@cases.case
def idle_connections_are_kept():
    """Scrape intervals of a minute are common: a kept connection must not be ended after seconds."""
    with daemon.nodegauge() as process, wire.Connection(process.address) as connection:
        for pause in (6.5, 0):
            connection.send(wire.request(target="/-/healthy"))
            demand_equal(connection.receive().status, 200, "the status")
            demand(not connection.closed_within(pause or 0.01), "the connection is ended after a few seconds")
            connection.socket.settimeout(5)


@cases.case
def slow_reader():
    """Clients that take a large answer in small bites: others do not notice, and those who never read are ended."""
    with tempfile.TemporaryDirectory(prefix="nodegauge-bulk-") as folder:
        with daemon.nodegauge(*bulky(folder), "--collector.loadavg", "--web.response-timeout=3s") as process:
            slow = []
            for _ in range(8):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.settimeout(5)
                sock.connect(process.address)
                sock.sendall(wire.request())
                slow.append(sock)
            with Scrapes(process.address, target="/metrics?collect[]=loadavg") as scrapes:
                time.sleep(2)
                for sock in slow:
                    sock.recv(1000)
                time.sleep(4)
            ended = 0
            for sock in slow:
                got = 0
                try:
                    while data := sock.recv(65536):
                        got += len(data)
                except OSError:
                    pass
                ended += got < 5_000_000
                sock.close()
            demand_equal(ended, len(slow), "the number of slow readers that were ended")
            return scrapes.judge()


@cases.case
def readers_that_are_slow_enough_get_all():
    with tempfile.TemporaryDirectory(prefix="nodegauge-bulk-") as folder:
        with daemon.nodegauge(*bulky(folder)) as process, wire.Connection(process.address, 10) as connection:
            connection.send(wire.request())
            while b"\r\n\r\n" not in connection.buffer:
                connection.buffer += connection.socket.recv(100)
            for _ in range(40):
                connection.buffer += connection.socket.recv(50_000)
                time.sleep(0.05)
            body = exposition.read(connection.receive().body)
            demand(not body.errors, lambda: f"malformed: {body.errors[:2]}")
            demand_equal(len(body.families["bulk"].samples), 60_000, "the number of series")


@cases.case
def sixty_four_connections_of_one_address():
    """Kept connections of one client, each with scrapes, and fresh ones beside them: no connection is refused."""
    with daemon.nodegauge("--web.max-requests=0") as process:
        kept = [wire.Connection(process.address, 10) for _ in range(64)]
        with Scrapes(process.address, pause=0.01) as scrapes:
            begun = time.monotonic()
            while time.monotonic() < begun + 1.5 or (len(scrapes.times) < 5 and time.monotonic() < begun + 20):
                for connection in kept:
                    connection.send(wire.request(target="/metrics?collect[]=loadavg"))
                for connection in kept:
                    demand_equal(connection.receive().status, 200, "the status")
        for connection in kept:
            connection.close()
        return scrapes.judge()


@cases.case
def sixty_four_scrapes_at_once():
    """More than --web.max-requests may come at once, but they share one gathering and are done at once."""
    with daemon.nodegauge("--web.max-requests=0") as process:
        connections = [wire.Connection(process.address, 10) for _ in range(64)]
        for connection in connections:
            connection.send(wire.request())
        for connection in connections:
            demand_equal(connection.receive().status, 200, "the status")
            connection.close()


@cases.case
def connections_of_one_address():
    """Over the limit for one client its further connections end; other clients and later ones are served."""
    with daemon.nodegauge("--web.max-connections-per-client=10") as process:
        with Crowd(process.address, 30) as crowd:
            time.sleep(0.5)
            demand(crowd.alive() <= 10, f"{crowd.alive()} of 30 are kept with a limit of 10")
            demand_equal(wire.fetch(process.address, "/-/healthy", source=another_address()).status, 200, "the status for another client")
            kept = crowd.alive()
        end = time.monotonic() + 3
        while True:
            try:
                demand_equal(wire.fetch(process.address, "/-/healthy").status, 200, "the status afterwards")
                break
            except (wire.Malformed, OSError):
                demand(time.monotonic() < end, "the client is refused 3 s after its connections ended")
                time.sleep(0.1)
        return f"{kept} kept"


@cases.case
def connections_in_all():
    """The limit in all holds, and connections that wait for nothing give way to a scrape."""
    with daemon.nodegauge("--web.max-connections=60", "--web.max-connections-per-client=20", "--no-collector.container") as process:
        before = idle_descriptors(process)
        crowds = [Crowd(process.address, 30, f"127.0.0.{n}", b"GET /metrics HT") for n in range(10, 18)]
        time.sleep(0.5)
        held = process.descriptors() - before
        alive = sum(crowd.alive() for crowd in crowds)
        try:
            demand(held <= 62 and alive <= 62, f"{held} descriptors for {alive} connections with a limit of 60")
            end = time.monotonic() + 8
            while True:
                try:
                    demand_equal(wire.fetch(process.address, "/metrics").status, 200, "the status")
                    break
                except (wire.Malformed, OSError) as error:
                    demand(time.monotonic() < end, f"no scrape gets through: {error}")
                    time.sleep(0.2)
            waited = time.monotonic() - end + 8
        finally:
            for crowd in crowds:
                crowd.__exit__()
        return f"{alive} connections; a scrape gets through after {waited:.1f} s"


@cases.case
def thousands_of_connections():
    """Default limits against 4000 connections of 20 clients: memory and descriptors stay bounded, and it ends."""
    with daemon.nodegauge("--no-collector.container") as process:
        wire.fetch(process.address)
        memory, descriptors = process.resident_bytes(), process.descriptors()
        crowds = [Crowd(process.address, 200, f"127.0.1.{n}", b"GET /metrics HTTP/1.1\r\nHost: ") for n in range(1, 21)]
        try:
            grown, held = process.resident_bytes() - memory, process.descriptors() - descriptors
        finally:
            for crowd in crowds:
                crowd.__exit__()
        demand(held <= 600, f"{held} descriptors are held")
        demand(grown < 32 << 20 or daemon.sanitized(), f"resident memory grows by {grown >> 20} MiB")
        # libmicrohttpd may miss an end that arrives together with data: the limit of 5 s for a head clears up then.
        end = time.monotonic() + 7
        while process.descriptors() > descriptors + 5:
            demand(time.monotonic() < end, f"{process.descriptors() - descriptors} descriptors are held 7 s later")
            time.sleep(0.1)
        demand_equal(wire.fetch(process.address).status, 200, "the status afterwards")
        return f"{held} descriptors, {grown >> 10} KiB"


@cases.case
def too_few_descriptors():
    """With all descriptors used up: no busy loop, few words, and service as soon as some are free."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    address = ("127.0.0.1", daemon.free_port())
    with daemon.Daemon([daemon.binary(), f"--web.listen-address=127.0.0.1:{address[1]}"], address, before=few) as process:
        try:
            process.wait_ready()
        except RuntimeError:
            demand(process.process.returncode not in (None, 0) and re.search("descriptor|nofile|NOFILE", process.log(), re.IGNORECASE),
                   lambda: f"neither starts nor says why: {process.log()[-300:]}")
            return "refuses to start with 64"
        wire.fetch(process.address)
        lines = process.log().count("\n")
        with Crowd(process.address, 150, say=b"GET /metrics HTTP/1.1\r\n") as crowd:
            time.sleep(0.5)
            before = process.cpu_seconds()
            time.sleep(3)
            used = process.cpu_seconds() - before
            alive = crowd.alive()
        demand(used < 0.3 or daemon.sanitized(), f"{used:.2f} s of CPU time in 3 s")
        said = process.log().count("\n") - lines
        demand(said <= 40, f"{said} lines of log")
        end = time.monotonic() + 3
        while True:
            try:
                response = wire.fetch(process.address)
                break
            except (wire.Malformed, OSError) as error:
                demand(time.monotonic() < end, f"no service 3 s after the clients left: {error}")
                time.sleep(0.1)
        demand_equal(response.status, 200, "the status afterwards")
        body = exposition.read(response.text())
        demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
        demand("node_load1" in body.families, "no node_load1 afterwards")
        return f"{alive} connections, {used * 1000:.0f} ms of CPU time, {said} lines"


def limited(descriptors, *arguments):
    """A daemon that may have so many descriptors."""
    address = ("127.0.0.1", daemon.free_port())
    return daemon.Daemon([daemon.binary(), f"--web.listen-address=127.0.0.1:{address[1]}", *arguments], address,
                         before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))


def failed_collectors(response):
    demand_equal(response.status, 200, "the status")
    body = exposition.read(response.text())
    demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
    samples = body.families["node_scrape_collector_success"].samples
    return {labels for labels, value in samples.items() if float(value) == 0}


@cases.case
def two_dozen_descriptors():
    """Files that are kept open leave room for clients: with few descriptors they are opened anew for each scrape."""
    few = "--no-collector.container"  # which has a descriptor for each cgroup hierarchy
    with daemon.nodegauge(few) as process:
        usual = failed_collectors(wire.fetch(process.address))
    with limited(24, few) as process:
        process.wait_ready()
        idle = idle_descriptors(process)
        for _ in range(3):
            demand_equal(failed_collectors(wire.fetch(process.address)), usual, "the collectors that fail")
        demand(process.descriptors() <= idle + 1, f"{process.descriptors() - idle} descriptors are kept")
        with Crowd(process.address, 40, say=b"GET /metrics HTTP/1.1\r\n"), Scrapes(process.address) as scrapes:
            time.sleep(2)
        demand_equal(failed_collectors(wire.fetch(process.address)), usual, "the collectors that fail afterwards")
        demand_equal(process.log().count("fewer concurrent connections"), 1, "the number of lines about the limit")
        return scrapes.judge()


@cases.case
def too_few_descriptors_to_start():
    """Wherever it runs out of them on its way, the reason names the remedy."""
    refused = 0
    for descriptors in range(8, 26, 2):
        with limited(descriptors) as process:
            process.wait_log_or_end("listening", 20)
            status = process.wait(1)
            if status is None:
                continue
            refused += 1
            demand_equal(status, 1, f"the exit status with {descriptors}")
            demand("ulimit -n" in process.log(), lambda: f"with {descriptors} it says {process.log()[-300:]}")
    demand(refused >= 4, f"it starts with {26 - 2 * refused} descriptors")


@cases.case
def all_descriptors_taken():
    """The limit falls when it runs: clients that come are taken in place of those that wait, and told at once."""
    with daemon.nodegauge() as process:
        wire.fetch(process.address)
        used = max(int(name) for name in os.listdir(f"/proc/{process.pid}/fd")) + 1
        soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (used, hard))
        with Crowd(process.address, 30, say=b"GET /metrics HTTP/1.1\r\n"):
            time.sleep(0.3)
            before = process.cpu_seconds()
            time.sleep(2)
            spent = process.cpu_seconds() - before
        demand(spent < 0.2 or daemon.sanitized(), f"{spent:.2f} s of CPU time in 2 s")
        said = process.log().count("out of file descriptors")
        demand(1 <= said <= 3, f"it says {said} times that there is no descriptor")
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        end = time.monotonic() + 3
        while True:
            try:
                demand_equal(wire.fetch(process.address).status, 200, "the status afterwards")
                return f"{spent * 1000:.0f} ms of CPU time"
            except (wire.Malformed, OSError) as error:
                demand(time.monotonic() < end, f"no service 3 s later: {error}")
                time.sleep(0.1)


@cases.case
def collectors_without_descriptors():
    """Descriptors that run out within a scrape cost rows or collectors, never the answer."""
    for limit in (20, 24, 28, 32, 40, 48):
        address = ("127.0.0.1", daemon.free_port())
        with daemon.Daemon([daemon.binary(), f"--web.listen-address=127.0.0.1:{address[1]}"], address,
                           before=lambda limit=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))) as process:
            try:
                process.wait_ready(5)
            except RuntimeError:
                demand(process.process.returncode is not None and process.process.returncode > 0,
                       lambda limit=limit: f"with {limit}: ends with {process.process.returncode} and {process.log()[-200:]!r}")
                continue
            for _ in range(3):
                try:
                    response = wire.fetch(process.address, timeout=12)
                except (wire.Malformed, ConnectionError):
                    time.sleep(0.2)  # refused, as work between scrapes had the last one; or it ends as it cannot start
                    continue
                demand_equal(response.status, 200, f"the status with {limit} descriptors")
                errors = exposition.read(response.text()).errors
                demand(not errors, lambda limit=limit, errors=errors: f"malformed with {limit}: {errors[:2]}")
            refused = not process.running() and process.process.returncode == 1 and "cannot start" in process.log()
            demand(process.running() or refused, lambda limit=limit: f"with {limit} it has ended: {process.log()[-200:]!r}")


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    sys.exit(cases.run_all())
