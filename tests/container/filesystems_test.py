#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sizes of the node's file systems, as statfs(2) has them."""
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from groups import Tree, scrape

import cases as harness
from cases import Skip, demand, demand_equal

cases = harness.Cases()


def device_of_root():
    """The source of the file system at /, where it is one of a block device that has its own number."""
    number = os.stat("/").st_dev
    for line in Path("/proc/1/mountinfo").read_text().splitlines():
        front, _, back = line.partition(" - ")
        kind, source = back.split()[:2]
        if front.split()[2] == f"{os.major(number)}:{os.minor(number)}" and re.fullmatch("ext[234]|xfs", kind) and source.startswith("/dev/"):
            return source
    raise Skip("/ is on no ext4 or xfs")


@cases.case
def sizes_of_the_root_file_system():
    device = device_of_root()
    with Tree() as tree:
        tree.flags = lambda: [f"--path.cgroupfs={tree.path}", "--collector.disable-defaults", "--collector.container"]
        with tree.daemon("--collector.container.levels=node", families="filesystem") as process:
            before, body, after = os.statvfs("/"), scrape(process.address), os.statvfs("/")

        def value(name):
            found = [number for labels, number in body.series_of(name) if labels["device"] == device]
            demand_equal(len(found), 1, f"how often {name} has {device}")
            return found[0]

        demand_equal(value("container_fs_limit_bytes"), float(before.f_blocks * before.f_frsize), "the size")
        demand_equal(value("container_fs_inodes_total"), float(before.f_files), "the inodes")
        used = [(one.f_blocks - one.f_bfree) * one.f_frsize for one in (before, after)]
        slack = 64 << 20  # others write meanwhile
        demand(min(used) - slack <= value("container_fs_usage_bytes") <= max(used) + slack, lambda: f"{value('container_fs_usage_bytes')} are used, not {used}")
        free = [one.f_ffree for one in (before, after)]
        demand(min(free) - 5000 <= value("container_fs_inodes_free") <= max(free) + 5000, lambda: f"inodes: {free}")
    return device


sys.exit(cases.run_all())
