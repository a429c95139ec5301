#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mount that never answers: no scrape is lost to it, the limit of scrapes at once holds, the end comes in time. Root."""
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import exposition
import hung
import wire
from cases import demand, demand_equal

cases = harness.Cases()
FAST = [("X-Prometheus-Scrape-Timeout-Seconds", "2")]


def start(mounts, *arguments):
    # The leak checker stops all threads with ptrace, and one that waits for the mount cannot be stopped.
    leaks = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"} if daemon.sanitized() else None
    return daemon.nodegauge(f"--path.procfs={mounts.proc}", "--collector.disable-defaults", "--collector.filesystem", "--collector.loadavg",
                            "--collector.uname", *arguments, environment=leaks)


def timed(process, headers=FAST, target="/metrics"):
    began = time.monotonic()
    response = wire.fetch(process.address, target, headers, timeout=20)
    return response, time.monotonic() - began


def judge(response, mounts):
    """The rest is complete, and the stuck mount is named as such or the collector has failed."""
    demand_equal(response.status, 200, "the status")
    body = exposition.read(response.text())
    demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
    for name in ("node_load1", "node_uname_info"):
        demand(name in body.families, f"no {name}")
    success = {labels["collector"]: value for labels, value in body.series_of("node_scrape_collector_success")}
    demand_equal(set(success), {"filesystem", "loadavg", "uname"}, "the set of collectors with a success")
    demand(success["loadavg"] == 1 and success["uname"] == 1, "collectors that do not hang have failed")
    errors = {labels["mountpoint"]: value for labels, value in body.series_of("node_filesystem_device_error")}
    demand(success["filesystem"] == 0 or all(errors.get(point) == 1 for point in mounts.points),
           lambda: f"filesystem succeeds with device_error {errors}")
    return body, success["filesystem"]


@cases.case
def hung_mount_first_scrape():
    with hung.HungMounts() as mounts, start(mounts) as process:
        response, seconds = timed(process)
        demand(seconds < 2.2, f"the answer takes {seconds:.2f} s")
        _, success = judge(response, mounts)
        return f"{seconds:.2f} s, filesystem success {success:.0f}"


@cases.case
def hung_mount_later_scrapes():
    with hung.HungMounts(3) as mounts, start(mounts) as process:
        timed(process)
        slowest = 0
        for _ in range(20):
            response, seconds = timed(process)
            judge(response, mounts)
            slowest = max(slowest, seconds)
        demand(slowest < 2.2, f"the slowest takes {slowest:.2f} s")
        return f"slowest {slowest * 1000:.0f} ms"


@cases.case
def hung_mount_spares_the_others():
    """Once the mount is known as stuck, the file systems that answer are there again."""
    with hung.HungMounts() as mounts, start(mounts, "--collector.filesystem.mount-timeout=500ms") as process:
        end = time.monotonic() + 12
        while time.monotonic() < end:
            response, _ = timed(process)
            body, success = judge(response, mounts)
            sizes = {labels["mountpoint"] for labels, _ in body.series_of("node_filesystem_size_bytes")}
            errors = {labels["mountpoint"]: (value, labels["device_error"]) for labels, value in body.series_of("node_filesystem_device_error")}
            if success == 1 and sizes == {"/"}:
                demand_equal(errors[mounts.points[0]], (1.0, "mountpoint timeout"), "the error of the stuck mount")
                return ""
            time.sleep(0.3)
        raise harness.Failure(f"sizes of {sizes}, errors {errors}, success {success} after 12 s")


@cases.case
def hung_mounts_cost_few_threads():
    with hung.HungMounts(24) as mounts, start(mounts) as process:
        for _ in range(15):
            timed(process, [("X-Prometheus-Scrape-Timeout-Seconds", "1")])
        threads = process.threads()
        demand(threads <= 24, f"{threads} threads")
        return f"{threads} threads"


@cases.case
def hung_mount_recovers():
    with hung.HungMounts() as mounts, start(mounts, "--collector.filesystem.mount-timeout=500ms") as process:
        timed(process)
        timed(process)
        mounts.release()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            body = exposition.read(timed(process)[0].text())
            errors = [labels["device_error"] for labels, value in body.series_of("node_filesystem_device_error")
                      if labels["mountpoint"] in mounts.points]
            if errors and "timeout" not in errors[0]:
                return f"then: {errors[0] or 'no error'}"
            time.sleep(0.2)
        raise harness.Failure(f"still {errors} after 5 s")


@cases.case
def health_while_a_collector_is_stuck():
    with hung.HungMounts() as mounts, start(mounts) as process, wire.Connection(process.address, 20) as waiting:
        waiting.send(wire.request(headers=[("X-Prometheus-Scrape-Timeout-Seconds", "3")]))
        time.sleep(0.2)
        for target in ("/-/healthy", "/-/ready", "/", "/nothing"):
            response, seconds = timed(process, (), target)
            demand(seconds < 0.2, f"{target} takes {seconds:.2f} s")
            demand_equal(response.status, 404 if target == "/nothing" else 200, f"the status of {target}")
        demand_equal(waiting.receive().status, 200, "the status of the scrape that waits")


@cases.case
def selection_without_the_stuck_one_is_fast():
    with hung.HungMounts() as mounts, start(mounts) as process:
        timed(process)
        response, seconds = timed(process, (), "/metrics?collect[]=loadavg")
        demand(response.status == 200 and seconds < 0.3, f"{response.status} after {seconds:.2f} s")


@cases.case
def scrapes_at_once():
    """One more than --web.max-requests gets 503 at once; the others are answered."""
    with hung.HungMounts() as mounts, start(mounts, "--web.max-requests=3") as process:
        waiting = [wire.Connection(process.address, 20) for _ in range(3)]
        for connection in waiting:
            connection.send(wire.request(headers=FAST))
        time.sleep(0.3)
        response, seconds = timed(process)
        demand_equal(response.status, 503, "the status")
        demand(seconds < 0.2, f"the refusal takes {seconds:.2f} s")
        demand_equal(response.body, b"Limit of concurrent requests reached (3), try again later.\n", "the text")
        demand("text/plain" in response.get("content-type", ""), "Content-Type is not text/plain")
        demand_equal(wire.fetch(process.address, "/-/healthy").status, 200, "the status of /-/healthy")
        for connection in waiting:
            demand_equal(connection.receive().status, 200, "the status of one that waits")
            connection.close()
        demand_equal(timed(process)[0].status, 200, "the status afterwards")
        body = exposition.read(timed(process)[0].text())
        demand(any("503" in str(key) or "limit" in str(key) or "refused" in str(key) or "reject" in str(key) for key, _ in body.samples()),
               "no own counter tells of the refusal")


@cases.case
def no_limit_of_scrapes():
    with hung.HungMounts() as mounts, start(mounts, "--web.max-requests=0") as process:
        waiting = [wire.Connection(process.address, 20) for _ in range(50)]
        for connection in waiting:
            connection.send(wire.request(headers=FAST))
        demand_equal({connection.receive().status for connection in waiting}, {200}, "the set of statuses")
        for connection in waiting:
            connection.close()


@cases.case
def abandoned_scrapes_do_not_count():
    """Clients that go away while they wait give their places back."""
    with hung.HungMounts() as mounts, start(mounts, "--web.max-requests=2") as process:
        for _ in range(2):
            connection = wire.Connection(process.address)
            connection.send(wire.request(headers=[("X-Prometheus-Scrape-Timeout-Seconds", "1")]))
            connection.close()
        time.sleep(1.5)
        for _ in range(3):
            demand_equal(timed(process)[0].status, 200, "the status")


@cases.case
def end_while_a_scrape_waits():
    for number in (signal.SIGTERM, signal.SIGINT):
        with hung.HungMounts() as mounts, start(mounts) as process, wire.Connection(process.address, 20) as waiting:
            waiting.send(wire.request(headers=[("X-Prometheus-Scrape-Timeout-Seconds", "10")]))
            time.sleep(0.3)
            process.signal(number)
            began = time.monotonic()
            status = process.wait(5)
            seconds = time.monotonic() - began
            demand_equal(status, 0, f"the exit status after {number.name}")
            demand(seconds < (5 if daemon.sanitized() else 1.5), f"the end takes {seconds:.2f} s")
            answer = b""
            try:
                response = waiting.receive()
                answer = str(response.status).encode()
                demand(response.status in (200, 503), f"the answer is {response.status}")
            except (wire.Malformed, OSError):
                demand(waiting.buffer == b"", "the answer is cut")
    return f"the scrape that waits is answered {answer.decode() or 'nothing'}"


if __name__ == "__main__":
    try:
        hung.private_mounts()
    except harness.Skip as why:
        cases.verdict("skip", "hung mounts", why)
        sys.exit(cases.finish())
    sys.exit(cases.run_all())
