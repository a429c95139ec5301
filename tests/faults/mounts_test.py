#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts that hang, come, go and turn read-only, on real file systems in a mount namespace of our own. Root."""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
import exposition
import hung
import packages
import wire
from cases import Skip, demand, demand_equal

cases = harness.Cases()
# The search for leaks at the end stops all threads, and cannot stop one that hangs in the kernel.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}
PATIENT = 3 if daemon.sanitized() else 1


def server_program():
    """fuse_server, from the build or compiled here."""
    built = Path(os.environ.get("BUILD", "build/gcc"), "tests/faults/fuse_server")
    if built.exists():
        return str(built)
    program = Path(tempfile.mkdtemp(prefix="nodegauge-fuse-"), "fuse_server")
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O1", "-o", program, HERE / "fuse_server.c"], check=True)
    return str(program)


class World:
    """A directory for mounts, and a proc tree whose process 1 is whoever reads it."""

    def __init__(self):
        hung.private_mounts()
        self.folder = tempfile.mkdtemp(prefix="nodegauge-mounts-")
        subprocess.run(["mount", "-t", "tmpfs", "world", self.folder], check=True)
        self.proc = Path(self.folder, "proc")
        (self.proc / "1").mkdir(parents=True)
        (self.proc / "1/mountinfo").symlink_to("/proc/self/mountinfo")
        (self.proc / "loadavg").symlink_to("/proc/loadavg")
        self.servers = []

    def serve(self, *mounts):
        """Each "MODE", "MODE,TYPE" or "MODE,TYPE,SOURCE"; returns the server and the mount points."""
        words, points = [], []
        for mount in mounts:
            mode, kind, source = (mount.split(",") + ["fuse", "nobody"][mount.count(","):])[:3] if mount.count(",") < 2 else mount.split(",")
            point = Path(self.folder, f"m{len(self.servers)}-{len(points)}")
            point.mkdir()
            words.append(f"{mode},{kind},{source},{point}")
            points.append(str(point))
        server = subprocess.Popen([PROGRAM, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  preexec_fn=daemon.die_with_parent)
        if server.stdout.readline() != "ready\n":
            raise Skip("FUSE cannot be mounted here")
        self.servers.append(server)
        return server, points

    def start(self, *arguments):
        return daemon.nodegauge(f"--path.procfs={self.proc}", "--collector.disable-defaults", "--collector.filesystem", "--collector.loadavg",
                                "--collector.uname", f"--collector.filesystem.mount-points-include=^{self.folder}", *arguments, environment=NO_LEAKS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.kill()
            server.wait()
        subprocess.run(["umount", "-l", self.folder], check=False)
        os.rmdir(self.folder)


def tell(server, mode, index):
    server.stdin.write(f"{mode} {index}\n")
    server.stdin.flush()
    demand_equal(server.stdout.readline(), "done\n", "the answer of the server")


class Scrape:
    def __init__(self, process, limit=2):
        began = time.monotonic()
        response = wire.fetch(process.address, "/metrics", [("X-Prometheus-Scrape-Timeout-Seconds", str(limit))], timeout=30)
        self.seconds = time.monotonic() - began
        demand_equal(response.status, 200, "the status")
        body = exposition.read(response.text())
        demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
        success = {labels["collector"]: value for labels, value in body.series_of("node_scrape_collector_success")}
        demand_equal(success, {"filesystem": 1, "loadavg": 1, "uname": 1}, "the successes")
        self.errors = {labels["mountpoint"]: labels["device_error"] for labels, _ in body.series_of("node_filesystem_device_error")}
        self.readonly = {labels["mountpoint"]: value for labels, value in body.series_of("node_filesystem_readonly")}
        self.sizes = {labels["mountpoint"]: value for labels, value in body.series_of("node_filesystem_size_bytes")}

    def demand_stuck(self, points):
        wrong = {point: self.errors.get(point) for point in points if self.errors.get(point) != "mountpoint timeout"}
        demand(not wrong, lambda: f"not said to be stuck: {wrong}")
        demand(all(self.readonly[point] == 0 for point in points), "a stuck mount is said to be read-only")

    def demand_well(self, points):
        wrong = {point: self.errors.get(point) for point in points if self.sizes.get(point) != 4096000}
        demand(not wrong, lambda: f"without their size: {wrong}")


def threads_of(process):
    return len(os.listdir(f"/proc/{process.pid}/task"))


def hung_mounts(count):
    with World() as world:
        _, points = world.serve(*["hung"] * count)
        with world.start() as process:
            first = Scrape(process)
            demand(first.seconds < 2 * PATIENT, f"the first answer takes {first.seconds:.2f} s")
            first.demand_stuck(points)
            demand(world.folder in first.sizes, "the file system beside them is missing")
            slowest = 0
            for _ in range(20):
                later = Scrape(process)
                later.demand_stuck(points)
                demand(world.folder in later.sizes, "the file system beside them is missing later")
                slowest = max(slowest, later.seconds)
            demand(slowest < 0.5 * PATIENT, f"a later answer takes {slowest:.2f} s")
            threads = threads_of(process)
            demand(threads <= 8 + 8, f"{threads} threads")
            note = f"mount does not respond: statfs {points[0]}"
            named = min(count, 16)  # what one scrape can say
            demand_equal(process.log().count("mount does not respond"), named, "the number of lines about stuck mounts")
            demand(note in process.log() and note in wire.fetch(process.address, "/").text(), "the log or the page does not name the mount")
            began = time.monotonic()
            demand_equal(process.stop(), 0, "the exit status")
            demand(time.monotonic() - began < PATIENT, "it does not end in time")
            return f"first {first.seconds:.2f} s, later {slowest * 1000:.0f} ms, {threads} threads"


@cases.case
def mounts_behind_hung_ones_get_their_turn():
    with World() as world:
        _, points = world.serve(*["hung"] * 6, *["healthy"] * 12)
        with world.start() as process:
            scrape = Scrape(process)
            scrape.demand_stuck(points[:6])
            scrape.demand_well(points[6:])


@cases.case
def another_server_gets_its_turn():
    with World() as world:
        _, points = world.serve(*["hung,fuse.sshfs,one:/x"] * 64, "healthy,fuse.sshfs,two:/x", "healthy,fuse.other,x")
        with world.start() as process:
            scrape = Scrape(process)
            scrape.demand_stuck(points[:64])
            scrape.demand_well(points[64:])


@cases.case
def what_answered_before_goes_on_answering():
    with World() as world:
        _, well = world.serve(*["healthy"] * 3)
        with world.start() as process:
            Scrape(process).demand_well(well)
            server, ill = world.serve(*["hung"] * 64)
            for _ in range(3):
                scrape = Scrape(process)
                scrape.demand_stuck(ill)
                scrape.demand_well(well)
            tell(server, "healthy", 5)
            tell(server, "healthy", 60)
            time.sleep(0.2)
            Scrape(process)
            Scrape(process).demand_well(well)


@cases.case
def recovery():
    with World() as world:
        server, points = world.serve("hung", "healthy")
        with world.start() as process:
            Scrape(process).demand_stuck(points[:1])
            tell(server, "healthy", 0)
            time.sleep(0.2)
            Scrape(process).demand_well(points)
            tell(server, "hung", 1)
            Scrape(process).demand_stuck(points[1:])
            Scrape(process).demand_well(points[:1])
            server.kill()
            server.wait()
            time.sleep(0.2)
            demand_equal(set(Scrape(process).errors[point] for point in points), {"transport endpoint is not connected"}, "the errors")
            subprocess.run(["umount", points[1]], check=True)
            demand(points[1] not in Scrape(process).errors, "what was unmounted is still there")


@cases.case
def slow_mounts_are_waited_for():
    with World() as world:
        _, points = world.serve(*["slow"] * 6)
        with world.start("--collector.filesystem.mount-timeout=1500ms") as process:
            scrape = Scrape(process, 10)
            scrape.demand_well(points)
            return f"{scrape.seconds:.2f} s"


@cases.case
def mount_timeout():
    with World() as world:
        _, points = world.serve("hung")
        with world.start("--collector.filesystem.mount-timeout=300ms") as process:
            scrape = Scrape(process, 10)
            scrape.demand_stuck(points)
            demand(0.29 < scrape.seconds < 0.6 * PATIENT, f"it takes {scrape.seconds:.2f} s")


@cases.case
def below_a_hung_mount():
    """A local file system whose path leads through a mount that hangs is asked with the same care."""
    with World() as world:
        server, points = world.serve("healthy")
        inner = Path(points[0])
        with world.start("--collector.filesystem.mount-timeout=500ms") as process:
            Scrape(process).demand_well(points)
            tell(server, "hung", 0)
            scrape = Scrape(process)
            scrape.demand_stuck([str(inner)])


@cases.case
def mounts_come_and_go():
    with World() as world, world.start() as process:
        point = Path(world.folder, "later here")
        point.mkdir()
        for _ in range(3):
            demand_equal(set(Scrape(process).sizes), {world.folder}, "the mounts")
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "later", point], check=True)
            demand_equal(Scrape(process).sizes.get(str(point)), 1 << 20, "the size of what was mounted")
            subprocess.run(["mount", "-o", "remount,ro,size=2m", point], check=True)
            scrape = Scrape(process)
            demand_equal((scrape.sizes[str(point)], scrape.readonly[str(point)]), (2 << 20, 1), "size and readonly after a remount")
            subprocess.run(["umount", point], check=True)


@cases.case
def directory_above_a_mount_is_renamed():
    with World() as world, world.start() as process:
        above = Path(world.folder, "above")
        (above / "point").mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "x", above / "point"], check=True)
        demand_equal(Scrape(process).errors.get(str(above / "point")), "", "the error")
        above.rename(Path(world.folder, "renamed"))
        demand_equal(Scrape(process).errors, {world.folder: "", f"{world.folder}/renamed/point": ""}, "the errors after the renaming")


class Disk:
    """An ext4 on a loop device."""

    def __init__(self, world):
        image, self.point = Path(world.folder, "image"), Path(world.folder, "disk")
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        self.point.mkdir()
        subprocess.run([packages.need("mkfs.ext4", "e2fsprogs"), "-q", "-e", "remount-ro", image], check=True, stdout=subprocess.DEVNULL)
        if subprocess.run(["mount", "-o", "loop", image, self.point], check=False, stderr=subprocess.DEVNULL).returncode:
            raise Skip("no loop device")
        source = subprocess.run(["findmnt", "-nro", "SOURCE", self.point], check=True, capture_output=True, text=True).stdout
        self.attributes = Path("/sys/fs/ext4", os.path.basename(source.strip()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.point], check=False)


@cases.case
def file_system_turns_read_only_by_an_error():
    """The kernel announces nothing then, and since Linux 6.15 statfs does not tell either."""
    with World() as world, Disk(world) as disk, world.start() as process:
        for _ in range(3):
            demand_equal(Scrape(process).readonly.get(str(disk.point)), 0, "readonly")
        (disk.attributes / "trigger_fs_error").write_text("test")
        for _ in range(3):
            demand_equal(Scrape(process).readonly.get(str(disk.point)), 1, "readonly after an error")


@cases.case
def another_mount_makes_the_file_system_read_only():
    with World() as world, Disk(world) as disk, world.start() as process:
        other = Path(world.folder, "other")
        other.mkdir()
        subprocess.run(["mount", "--bind", disk.point, other], check=True)
        demand_equal(Scrape(process).readonly.get(str(disk.point)), 0, "readonly")
        subprocess.run(["mount", "-o", "remount,ro", other], check=True)
        wanted = "ro" in [line.split(" - ")[1].split()[2].split(",")[0] for line in open("/proc/self/mountinfo") if str(disk.point) in line]
        demand_equal(Scrape(process).readonly.get(str(disk.point)), wanted, "readonly")
        subprocess.run(["umount", other], check=True)


PROGRAM = server_program()
for number in (1, 8, 64):
    cases.run(f"{number} hung mounts", hung_mounts, number)
sys.exit(cases.run_all())
