# SPDX-License-Identifier: Apache-2.0
"""Control groups of our own, named as a kubelet and systemd name them, with the links that a kubelet makes."""
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import daemon
import exposition
import packages
import wire
from cases import Failure, Skip, demand, need_root

FULL = bool(os.environ.get("NG_TEST_FULL"))
SLOW = int(os.environ.get("NG_TEST_SLOW") or (4 if daemon.sanitized() else 1))
LOGS = "var/log/containers"
PODS = "var/log/pods"
_number = itertools.count()


def mount():
    """The cgroup2 mount: the only hierarchy, or the one beside those of v1."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        front, _, back = line.partition(" - ")
        if back.split()[0] == "cgroup2":
            return Path(front.split()[4])
    raise Skip("no cgroup2 is mounted")


def digits(size):
    return hashlib.sha256(f"{os.getpid()} {next(_number)} {time.time_ns()}".encode()).hexdigest()[:size]


def new_uid():
    text = digits(32)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Watched(daemon.Daemon):
    """A daemon that has to end well, and in which no sanitizer finds a fault."""

    def __exit__(self, kind, *_):
        status, log = self.stop(), self.log()
        super().__exit__()
        if kind is None:
            demand("Sanitizer" not in log, lambda: log[log.index("Sanitizer"):][:400])
            demand(status == 0, f"it ends with {status}: {log[-200:]}")


class Tree:
    """A group of our own, a root directory for the links, and all processes in them."""

    def __init__(self, pressure=True):
        need_root()
        self.path = mount() / f"nodegauge-test-{os.getpid()}-{next(_number)}"
        self.pressure = pressure
        self.processes = []
        self.named = {}  # path below the tree -> labels that its series must have

    def __enter__(self):
        try:
            self.path.mkdir()
        except OSError as error:
            raise Skip(f"no group can be made: {error}") from error
        self.root = Path(tempfile.mkdtemp(prefix="nodegauge-test-"))
        self.root.chmod(0o755)
        (self.root / LOGS).mkdir(parents=True)
        (self.root / PODS).mkdir(parents=True)
        if self.pressure and not (self.path / "cpu.pressure").exists():
            self.__exit__()
            raise Skip("the kernel accounts no pressure for groups")
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        remove_all(self.path)
        shutil.rmtree(self.root, ignore_errors=True)

    def make(self, path):
        (self.path / path).mkdir(parents=True, exist_ok=True)
        return path

    def remove(self, path):
        remove_all(self.path / path)

    def spawn(self, path, command=("sleep", "60"), cpu=None, **options):
        """A process that is in the group from its first instruction."""
        def enter():
            daemon.die_with_parent()
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
            with open(self.path / path / "cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=enter, **options)
        self.processes.append(process)
        return process

    def empty(self, path):
        """Ends what we started in the group."""
        inside = set((self.path / path / "cgroup.procs").read_text().split()) if (self.path / path).exists() else ()
        for process in self.processes:
            if str(process.pid) in inside:
                stop(process)

    def burn(self, path, seconds=0.05):
        """Uses about that much CPU time in the group, and returns when the process has ended."""
        script = "i=0; while [ $i -lt %d ]; do i=$((i+1)); done" % int(seconds * 2_000_000)
        self.spawn(path, ("sh", "-c", script)).wait()

    def text(self, path, file):
        return (self.path / path / file).read_text()

    def daemon(self, *flags, families="cpu,tasks,pressure,info,identity", program=None, wrapper=(), **options):
        address = ("127.0.0.1", daemon.free_port())
        more = [f"--collector.container.families={families}"] if families else []
        command = [*wrapper, program or daemon.binary(), f"--web.listen-address={address[0]}:{address[1]}", *self.flags(), *more]
        process = Watched([*command, *flags], address, **options)
        try:
            return process.wait_ready(10 * SLOW)
        except BaseException:
            process.stop()
            raise

    def flags(self):
        return [f"--path.cgroupfs={self.path}", f"--path.rootfs={self.root}", "--collector.disable-defaults", "--collector.container"]

    def check(self, body):
        """No fault in the text, and no series whose names belong to another group."""
        demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
        for (name, labels), _ in body.samples():
            check_labels(self.named, name, dict(labels))
        return body


def check_labels(named, name, labels):
    if not name.startswith("container_") or not labels.get("pod"):
        return
    wanted = named.get(labels["id"])
    if wanted is None:
        raise Failure(f"{name} of an unknown group {labels}")
    for key, value in wanted.items():
        if labels.get(key, "") != value:
            raise Failure(f"{name} of {labels['id']} has {key}={labels.get(key)!r}, not {value!r}")


def remove_all(path):
    """Depth first; processes that end may hold a group for a moment."""
    for folder, _, _ in os.walk(path, topdown=False):
        end = time.monotonic() + 5
        while True:
            try:
                os.rmdir(folder)
                break
            except FileNotFoundError:
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.002)


class Pod:
    """`driver` is systemd or cgroupfs; `qos` is guaranteed, burstable or besteffort."""

    def __init__(self, tree, name, space="default", qos="burstable", driver="systemd", uid=None):
        self.tree, self.name, self.space, self.driver = tree, name, space, driver
        self.uid = uid or new_uid()
        middle = "" if qos == "guaranteed" else qos
        if driver == "systemd":
            above = ["kubepods.slice"] + ([f"kubepods-{middle}.slice"] if middle else [])
            own = "-".join(part for part in ("kubepods", middle, f"pod{self.uid.replace('-', '_')}") if part) + ".slice"
        else:
            above = ["kubepods"] + ([middle] if middle else [])
            own = f"pod{self.uid}"
        self.qos_path = "/".join(above)
        self.path = f"{self.qos_path}/{own}"
        tree.named["/" + self.path] = {"namespace": space, "pod": name, "container": "", "image": "", "name": ""}
        tree.make(self.path)

    @property
    def folder(self):
        return f"{self.space}_{self.name}_{self.uid}"

    def leaf(self, number, runtime="cri-containerd"):
        return f"{runtime}-{number}.scope" if self.driver == "systemd" else number

    def sandbox(self):
        return self.tree.make(f"{self.path}/{self.leaf(digits(64))}")

    def container(self, name="main", restart=0, link=True):
        return Container(self, name, restart, link)


class Container:
    def __init__(self, pod, name, restart, link):
        self.pod, self.name, self.restart = pod, name, restart
        self.number = digits(64)
        self.path = f"{pod.path}/{pod.leaf(self.number)}"
        pod.tree.named["/" + self.path] = {
            "namespace": pod.space, "pod": pod.name, "container": name, "image": "unknown", "name": self.number}
        pod.tree.make(self.path)
        if link:
            self.link()

    @property
    def link_path(self):
        return self.pod.tree.root / LOGS / f"{self.pod.name}_{self.pod.space}_{self.name}-{self.number}.log"

    def link(self):
        self.link_path.symlink_to(f"/{PODS}/{self.pod.folder}/{self.name}/{self.restart}.log")

    def end(self, link=False):
        self.pod.tree.remove(self.path)
        if link:
            self.link_path.unlink()


class Scraper:
    """A server that keeps its connection, as Prometheus does."""

    def __init__(self, address):
        self.connection = wire.Connection(address, 30.0 * SLOW)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def text(self, timeout=None):
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)} if timeout else {}
        self.connection.send(wire.request(headers=headers))
        response = self.connection.receive()
        demand(response.status == 200, f"the status is {response.status}")
        return response.text()

    def scrape(self, timeout=None):
        return exposition.read(self.text(timeout))


def scrape(address):
    response = wire.fetch(address, timeout=30.0 * SLOW)
    demand(response.status == 200, f"the status is {response.status}")
    return exposition.read(response.text())


def of_group(body, path, name="container_cpu_usage_seconds_total"):
    """Values of the series of that name and group."""
    return [value for labels, value in body.series_of(name) if labels.get("id") == "/" + path]


def labels_of(body, path, name="container_cpu_usage_seconds_total"):
    return [labels for labels, _ in body.series_of(name) if labels.get("id") == "/" + path]


def is_shown(body, path):
    return any(dict(labels).get("id") == "/" + path for (name, labels), _ in body.samples() if name.startswith("container_"))


def until(condition, seconds=3.0, pause=0.05):
    """What `condition` returns once it is true; its last answer when time is over."""
    end = time.monotonic() + seconds * SLOW
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(pause)


def usage(text):
    return int(re.search(r"usage_usec (\d+)", text)[1])


def total(text, kind="some"):
    return int(re.search(kind + r" .*total=(\d+)", text)[1])




def stop(process):
    process.kill()
    process.wait()


def nobody():
    """The words before a command that is to run as nobody, with no capability."""
    setpriv = packages.need("setpriv", "util-linux")
    return [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]


def copy_of_the_program(folder):
    """A checkout may lie where nobody else comes."""
    program = Path(folder, "nodegauge")
    shutil.copy(daemon.binary(), program)
    program.chmod(0o755)
    return program
