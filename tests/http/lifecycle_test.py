#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Start, run, stop: signals, the service manager's sockets and messages, outputs that are closed or full."""
import os
import signal
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

cases = harness.Cases()
ACTIVATE = str(Path(__file__).resolve().parent / "activate")


def ends(process, number, seconds=1.3):
    began = time.monotonic()
    process.signal(number)
    status = process.wait(6)
    took = time.monotonic() - began
    demand_equal(status, 0, f"the exit status after {number.name}")
    demand(took < seconds or daemon.sanitized(), f"the end takes {took:.2f} s")
    return took


@cases.case
def terminate_when_idle():
    for number in (signal.SIGTERM, signal.SIGINT):
        with daemon.nodegauge() as process:
            wire.fetch(process.address)
            ends(process, number)


@cases.case
def terminate_before_the_first_scrape():
    with daemon.nodegauge() as process:
        ends(process, signal.SIGTERM)


@cases.case
def terminate_with_connections():
    """Idle, silent and half-open connections do not hold the end up."""
    with daemon.nodegauge() as process:
        connections = [wire.Connection(process.address) for _ in range(30)]
        for number, connection in enumerate(connections):
            if number % 3 == 1:
                connection.send(b"GET /metrics HTTP/1.1\r\nHost:")
            if number % 3 == 2:
                connection.send(wire.request(target="/-/healthy"))
                connection.receive()
        took = ends(process, signal.SIGTERM)
        for connection in connections:
            connection.close()
        return f"{took * 1000:.0f} ms"


@cases.case
def terminate_with_running_answers():
    """What was begun is finished: every client gets a whole answer or none at all."""
    whole = none = 0
    with tempfile.TemporaryDirectory(prefix="nodegauge-bulk-") as folder:
        arguments = bulky(folder, 20_000)
        for delay in (0, 0.001, 0.003, 0.01, 0.02, 0.05):
            with daemon.nodegauge(*arguments) as process:
                connections = [wire.Connection(process.address, 5) for _ in range(10)]
                for connection in connections:
                    connection.send(wire.request())
                time.sleep(delay)
                process.signal(signal.SIGTERM)
                for connection in connections:
                    try:
                        response = connection.receive()
                    except (wire.Malformed, OSError):
                        demand(connection.buffer == b"", f"an answer ends within its headers, {delay} s after the request")
                        none += 1
                        continue
                    demand(response.status in (200, 503), f"the status is {response.status}")
                    whole += response.status == 200
                    connection.close()
                demand_equal(process.wait(3), 0, "the exit status")
    demand(whole > 0, "no answer was finished")
    return f"{whole} whole answers, {none} connections without one"


@cases.case
def terminate_twice():
    with daemon.nodegauge() as process:
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGINT)
        demand(process.wait(3) in (0, -signal.SIGTERM, -signal.SIGINT), f"the exit status is {process.process.returncode}")


@cases.case
def hang_up():
    """SIGHUP reopens what can change and disturbs nothing."""
    # descriptors are counted, and the groups of a machine come and go
    with daemon.nodegauge("--no-collector.container") as process, wire.Connection(process.address) as kept:
        wire.fetch(process.address)
        descriptors = process.descriptors()
        for turn in range(100):
            process.signal(signal.SIGHUP)
            if turn % 10 == 0:
                kept.send(wire.request())
                demand_equal(kept.receive().status, 200, "the status")
            time.sleep(0.002)
        time.sleep(0.2)
        body = exposition.read(wire.fetch(process.address).text())
        demand(process.running() and not body.errors and "node_load1" in body.families, "no answer as before")
        failed = [labels["collector"] for labels, value in body.series_of("node_scrape_collector_success") if value == 0]
        first = exposition.read(daemon.run("--once", "--no-collector.container").stdout)
        wanted = [labels["collector"] for labels, value in first.series_of("node_scrape_collector_success") if value == 0]
        demand_equal(sorted(failed), sorted(wanted), "the list of collectors without success")
        grown = process.descriptors() - descriptors
        demand(grown <= 3, f"{grown} more descriptors are open")


@cases.case
def hang_up_under_load():
    with daemon.nodegauge() as process:
        for _ in range(200):
            process.signal(signal.SIGHUP)
            demand_equal(wire.fetch(process.address, "/metrics?collect[]=cpu").status, 200, "the status")
        demand(process.running(), "the daemon has ended")


@cases.case
def burst_of_hang_ups_is_logged_once():
    with daemon.nodegauge("--no-collector.container") as process:
        for _ in range(200):
            process.signal(signal.SIGHUP)
            time.sleep(0.002)
        demand(process.wait_log("several more times", 10), "the burst is not summed up")
        said = process.log().count("reloaded")
        demand_equal(said, 2, "the number of lines about reloads")
        process.signal(signal.SIGHUP)
        demand(process.wait_log("reloaded: devices are reread", 2), "a later one is not logged")


@cases.case
def stop_and_continue():
    with daemon.nodegauge() as process:
        process.signal(signal.SIGSTOP)
        with wire.Connection(process.address) as connection:
            connection.send(wire.request())
            time.sleep(1)
            process.signal(signal.SIGCONT)
            demand_equal(connection.receive().status, 200, "the status")


def listening(family=socket.AF_INET, address=("127.0.0.1", 0)):
    sock = socket.socket(family)
    sock.bind(address)
    sock.listen(64)
    return sock


def activated(sockets, *arguments, environment=None, flag="--web.systemd-socket"):
    numbers = [sock.fileno() for sock in sockets]
    address = sockets[0].getsockname() if sockets else None
    return daemon.Daemon([ACTIVATE, ",".join(map(str, numbers)), daemon.binary(), flag, *arguments], address, pass_fds=numbers,
                         environment=environment)


@cases.case
def socket_activation():
    with listening() as first, listening() as second, activated([first, second]) as process:
        for sock in (first, second):
            demand_equal(wire.fetch(sock.getsockname()).status, 200, "the status")
        ends(process, signal.SIGTERM)


@cases.case
def socket_activation_of_other_families():
    with tempfile.TemporaryDirectory(prefix="nodegauge-unix-") as folder:
        path = str(Path(folder, "s"))
        with listening(socket.AF_UNIX, path) as local, listening(socket.AF_INET6, ("::1", 0)) as six, activated([local, six]) as process:
            demand_equal(wire.fetch(path).status, 200, "the status by the Unix socket")
            demand_equal(wire.fetch(six.getsockname()[:2]).status, 200, "the status by IPv6")
            ends(process, signal.SIGTERM)
            demand(os.path.exists(path), "the service manager's socket file is removed")


@cases.case
def socket_activation_loses_no_connection():
    """Between two lives of the daemon connections wait in the socket."""
    with listening() as sock:
        for _ in range(3):
            with wire.Connection(sock.getsockname()) as early:
                early.send(wire.request(target="/metrics?collect[]=loadavg"))
                with activated([sock]) as process:
                    demand_equal(early.receive().status, 200, "the status of the request that was there before the daemon")
                    ends(process, signal.SIGTERM)


@cases.case
def more_sockets_than_can_be_taken():
    with listening() as sock, activated([sock] * 65) as process:
        demand_equal(process.wait(5), 2, "the exit status")
        demand("65 sockets passed, maximum is 64" in process.log(), lambda: f"it says {process.log()[-200:]!r}")


@cases.case
def socket_activation_without_sockets():
    result = daemon.run("--web.systemd-socket", timeout=5)
    demand_equal(result.returncode, 2, "the exit status")
    demand("socket" in result.stderr, lambda: f"it does not say why: {result.stderr[-200:]!r}")


@cases.case
def sockets_that_are_no_streams():
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_UNIX, kind) as sock:
            sock.bind(f"\0nodegauge-test-{os.getpid()}")
            if kind == socket.SOCK_SEQPACKET:
                sock.listen()
            with activated([sock]) as process:
                demand_equal(process.wait(5), 2, "the exit status")
                demand("is not a listening stream socket" in process.log(), lambda: f"it says {process.log()[-200:]!r}")


@cases.case
def abstract_socket():
    name = f"nodegauge-test-{os.getpid()}"
    with listening(socket.AF_UNIX, f"\0{name}") as sock, activated([sock]) as process:
        demand(process.wait_log(f"unix:@{name}"), lambda: f"it is logged as {process.log()[-300:]!r}")


@cases.case
def sockets_of_another_process():
    with listening() as sock, activated([sock], environment={"FAKE_LISTEN_PID": "1"}) as process:
        status = process.wait(5)
        demand(status is not None and status > 0, f"the exit status is {status}: a socket that was meant for process 1 is taken")


@cases.case
def sockets_without_the_flag():
    """Sockets that are handed over but not asked for: it listens where it is told."""
    port = daemon.free_port()
    with listening() as sock, activated([sock], flag=f"--web.listen-address=127.0.0.1:{port}") as process:
        process.address = ("127.0.0.1", port)
        process.wait_ready()
        demand_equal(wire.fetch(process.address).status, 200, "the status")


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, abstract=False):
        self.folder = tempfile.TemporaryDirectory(prefix="nodegauge-notify-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = f"@nodegauge-test-{os.getpid()}" if abstract else str(Path(self.folder.name, "notify"))
        self.socket.bind(self.name.replace("@", "\0", 1) if abstract else self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.folder.cleanup()

    def wait_for(self, message, seconds):
        """The lines that came until one of them is the message; fails when it does not come."""
        end, lines = time.monotonic() + seconds, []
        while message not in lines:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                lines += self.socket.recv(4096).decode().split("\n")
            except TimeoutError as error:
                raise harness.Failure(f"no {message} within {seconds} s, but {lines}") from error
        return lines


@cases.case
def ready_and_stopping():
    for abstract in (False, True):
        with Manager(abstract) as manager, daemon.nodegauge(environment={"NOTIFY_SOCKET": manager.name}, ready=False) as process:
            manager.wait_for("READY=1", 5)
            demand_equal(wire.fetch(process.address).status, 200, "the status right behind READY=1")
            process.signal(signal.SIGTERM)
            manager.wait_for("STOPPING=1", 2)
            demand_equal(process.wait(3), 0, "the exit status")


def read_all(manager):
    """What the daemon told until now, as lines."""
    lines = []
    manager.socket.setblocking(False)
    try:
        while True:
            lines += manager.socket.recv(4096).decode().split("\n")
    except BlockingIOError:
        return lines


def refused(port):
    """An attempt has all addresses for a moment: one look may meet it, a second one does not."""
    time.sleep(0.1)
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@cases.case
def a_taken_port_is_waited_for():
    """A service manager's restarts would fill its journal: the daemon waits, says for whom, and logs it once."""
    with listening() as taken, Manager() as manager:
        port = taken.getsockname()[1]
        other = daemon.free_port()
        environment = {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"}
        flags = [f"--web.listen-address=127.0.0.1:{other}", f"--web.listen-address=127.0.0.1:{port}"]
        with daemon.Daemon([daemon.binary(), *flags], ("127.0.0.1", port), environment=environment) as process:
            lines = manager.wait_for("READY=1", 5)
            demand(any(line.startswith("STATUS=waiting: listen on") and f":{port}" in line and f"pid {os.getpid()}" in line for line in lines), lines)
            time.sleep(4)
            demand(process.running(), "it has ended")
            demand_equal(process.log().count("Address already in use"), 1, "lines about it after three attempts")
            demand(read_all(manager).count("WATCHDOG=1") >= 8, "the watchdog would have ended it")
            demand(any(refused(other) for _ in range(5)), "clients of the other address hang")
            taken.close()
            manager.wait_for("STATUS=serving", 40)  # who does not read holds up the daemon after ten messages
            demand_equal(wire.fetch(process.address).status, 200, "the status")


@cases.case
def a_signal_ends_the_wait():
    with listening() as taken, Manager() as manager:
        flag = f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}"
        for number in (signal.SIGTERM, signal.SIGINT):
            with daemon.Daemon([daemon.binary(), flag], environment={"NOTIFY_SOCKET": manager.name}) as process:
                manager.wait_for("READY=1", 5)
                process.signal(number)
                manager.wait_for("STOPPING=1", 2)
                demand_equal(process.wait(1), 0, "the exit status")
        with daemon.Daemon([daemon.binary(), flag], ("127.0.0.1", taken.getsockname()[1]), environment={"NOTIFY_SOCKET": manager.name}) as process:
            manager.wait_for("READY=1", 5)
            time.sleep(3.2)  # the next attempt is in 4 s
            taken.close()
            process.signal(signal.SIGHUP)
            process.wait_ready(1)


@cases.case
def an_address_that_is_missing_is_waited_for():
    """As after a boot, before the network is up."""
    with Manager() as manager, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "later", "socket")
        with daemon.nodegauge(listen=str(path), ready=False, environment={"NOTIFY_SOCKET": manager.name}) as process:
            lines = manager.wait_for("READY=1", 5)
            demand(any("directory does not exist" in line for line in lines), lines)
            path.parent.mkdir()
            process.wait_ready(5)
    result = daemon.run("--web.listen-address=192.0.2.1:9100", timeout=5)
    demand(result.returncode == 1 and "192.0.2.1" in result.stderr, f"without a manager: {result.returncode} {result.stderr}")


@cases.case
def watchdog():
    with Manager() as manager, daemon.nodegauge(environment={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "600000"}) as process:
        manager.wait_for("READY=1", 5)
        for _ in range(4):
            manager.wait_for("WATCHDOG=1", 0.6)
        demand(process.running(), "the daemon has ended")


@cases.case
def watchdog_while_scraped():
    with Manager() as manager, daemon.nodegauge(environment={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"}) as process:
        manager.wait_for("READY=1", 5)
        end, beats = time.monotonic() + 2, 0
        manager.socket.settimeout(0.4)
        while time.monotonic() < end:
            wire.fetch(process.address)
            manager.socket.setblocking(False)
            try:
                while True:
                    beats += b"WATCHDOG=1" in manager.socket.recv(4096)
            except BlockingIOError:
                pass
        demand(4 <= beats <= 40, f"{beats} messages in 2 s")


@cases.case
def watchdog_of_another_process():
    with Manager() as manager:
        environment = {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}
        with daemon.nodegauge(environment=environment):
            manager.wait_for("READY=1", 5)
            try:
                manager.wait_for("WATCHDOG=1", 0.6)
            except harness.Failure:
                return
            raise harness.Failure("WATCHDOG=1 is sent")


@cases.case
def reload_is_told():
    """Type=notify-reload: RELOADING=1 with the time, then READY=1."""
    with Manager() as manager, daemon.nodegauge(environment={"NOTIFY_SOCKET": manager.name}) as process:
        manager.wait_for("READY=1", 5)
        process.signal(signal.SIGHUP)
        lines = manager.wait_for("RELOADING=1", 2)
        demand(any(line.startswith("MONOTONIC_USEC=") for line in lines), "no MONOTONIC_USEC")
        manager.wait_for("READY=1", 2)


@cases.case
def manager_that_does_not_listen():
    with daemon.nodegauge(environment={"NOTIFY_SOCKET": "/nonexistent/notify"}) as process:
        demand_equal(wire.fetch(process.address).status, 200, "the status")


def serves_with(script):
    """The daemon started by a shell with odd standard descriptors answers scrapes as always."""
    with daemon.nodegauge(wrapper=["sh", "-c", f'exec "$@" {script}', "sh"]) as process:
        for _ in range(3):
            body = exposition.read(wire.fetch(process.address).text())
            demand(not body.errors and "node_load1" in body.families, lambda: f"{script}: {body.errors[:3]}")
        wire.exchange(process.address, b"garbage\r\n\r\n", 0.2)
        process.signal(signal.SIGHUP)
        demand_equal(wire.fetch(process.address).status, 200, f"the status with {script}")
        ends(process, signal.SIGTERM)


@cases.case
def standard_descriptors_are_closed():
    for script in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full", "2<&-"):
        serves_with(script)


@cases.case
def standard_error_is_a_pipe_without_reader():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with daemon.nodegauge("--log.level=debug", stderr=writer) as process:
            for _ in range(3):
                demand_equal(wire.fetch(process.address).status, 200, "the status")
            demand(process.running(), "the daemon has ended")
            ends(process, signal.SIGTERM)
    finally:
        os.close(writer)


@cases.case
def standard_error_is_a_full_pipe():
    """A log that nobody reads does not stop the scrapes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    try:
        with daemon.nodegauge("--log.level=debug", stderr=writer, ready=False) as process:
            end = time.monotonic() + 5
            while True:
                try:
                    demand_equal(wire.fetch(process.address, timeout=2).status, 200, "the status")
                    break
                except OSError as error:
                    demand(time.monotonic() < end, f"no answer: {error}")
                    time.sleep(0.1)
    finally:
        os.close(reader)
        os.close(writer)


@cases.case
def once_without_room():
    with daemon.Daemon(["sh", "-c", f"{daemon.binary()} --once >/dev/full"]) as process:
        status = process.wait(20)
        demand(status is not None and 0 < status < 128, f"the exit status is {status}")
        demand(process.log().strip(), "it does not say why")


@cases.case
def once_into_a_closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with daemon.Daemon([daemon.binary(), "--once"], stdout=writer) as process:
            status = process.wait(20)
            demand(status is not None and status != 0, f"the exit status is {status}")
            demand(status not in (-signal.SIGSEGV, -signal.SIGABRT), f"it ends by signal {-status}")
    finally:
        os.close(writer)


@cases.case
def port_that_is_taken():
    with daemon.nodegauge() as process:
        result = daemon.run(f"--web.listen-address=127.0.0.1:{process.address[1]}", timeout=5)
        demand(result.returncode > 0, f"the exit status is {result.returncode}")
        demand(str(process.address[1]) in result.stderr and "in use" in result.stderr.lower(),
               lambda: f"it does not say why: {result.stderr[-300:]!r}")
        demand_equal(wire.fetch(process.address).status, 200, "the status of the first")


@cases.case
def port_is_free_at_once_after_the_end():
    with daemon.nodegauge() as process:
        address = process.address
        with wire.Connection(address) as connection:
            connection.send(wire.request(target="/-/healthy"))
            connection.receive()
            ends(process, signal.SIGTERM)
        with daemon.nodegauge(listen=address) as again:
            demand_equal(wire.fetch(again.address).status, 200, "the status")


@cases.case
def many_starts():
    for _ in range(30):
        with daemon.nodegauge() as process:
            demand_equal(wire.fetch(process.address, "/metrics?collect[]=uname").status, 200, "the status")
            ends(process, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(cases.run_all())
