#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A node of 1,024 CPUs, 4,096 disks, 10,000 interfaces and 50,000 mounts, below the memory limit of the unit."""
import gzip
import http.client
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
sys.path.insert(0, str(HERE.parent / "bench"))

import bignode
import cases as harness
import daemon
import memory
from cases import Skip, demand, demand_equal
from memory import MIB

cases = harness.Cases()
SIZES = {"cpus": 1024, "disks": 4096, "interfaces": 10000, "mounts": 50000}


def start(tree):
    return daemon.nodegauge(f"--path.procfs={tree}/proc", f"--path.sysfs={tree}/sys", f"--path.rootfs={tree}/rootfs",
                            f"--path.udev.data={tree}/udev", "--web.scrape-timeout=100s", "--web.response-timeout=200s")


def ask(process, coding):
    """A response whose body has not been read yet."""
    connection = http.client.HTTPConnection(*process.address, timeout=200)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": coding})
    response = connection.getresponse()
    demand_equal((response.status, response.getheader("Content-Encoding", "identity")), (200, coding), "status and coding")
    return response


def scrape(process, coding="identity"):
    """The text; a body that is shorter than its stated length raises."""
    body = ask(process, coding).read()
    return gzip.decompress(body) if coding == "gzip" else body


def is_whole(text):
    demand(text.endswith(b"\n"), "the last line is cut")
    for name, count in (("node_cpu_seconds_total", 8 * 1024), ("node_disk_info", 4096), ("node_network_up", 10000),
                        ("node_network_receive_bytes_total", 10000), ("node_filesystem_size_bytes", 31248)):
        demand_equal(text.count(f"\n{name}{{".encode()), count, f"series of {name}")


def shrink(tree):
    for name in ("proc/1/mountinfo", "proc/self/mountinfo", "proc/net/dev", "proc/diskstats"):
        path = tree / name
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:4]))
    for name in ("class/net", "block", "class/block", "devices/system/cpu"):
        shutil.rmtree(tree / "sys" / name)


@cases.case
def a_large_node_stays_below_the_limit_of_the_unit():
    if daemon.sanitized():
        raise Skip("a sanitizer needs memory of its own")
    with tempfile.TemporaryDirectory(prefix="nodegauge-large-") as folder:
        tree = Path(folder)
        bignode.make(tree, shared=True, **SIZES)
        with start(tree) as process, ThreadPoolExecutor(4) as pool:
            slow = ask(process, "identity")
            packed, text, *_ = pool.map(lambda coding: scrape(process, coding), ("gzip", "identity", "gzip", "identity"))
            most = memory.peak(process)
            demand(most < memory.unit_limit(), f"{most >> 20} MiB at most")
            for body in (packed, text, slow.read()):
                is_whole(body)
            shrink(tree)
            for _ in range(3):
                scrape(process, "gzip")
            now = process.resident_bytes()
        with start(tree) as process:
            scrape(process, "gzip")
            small = process.resident_bytes()
    demand(now < small + 20 * MIB, f"{now >> 20} MiB when the node has become small, {small >> 20} MiB if it always was")
    cases.note(f"{most / MIB:.0f} MiB at most, {now / MIB:.1f} MiB afterwards, {small / MIB:.1f} MiB without")


sys.exit(cases.run_all())
