# SPDX-License-Identifier: Apache-2.0
"""A node with pods for the real daemon: the control groups of a collector's case, whose pressure can be made to grow."""
import re
import shutil
from pathlib import Path

CASE = Path(__file__).resolve().parents[1] / "collectors" / "container" / "v2-systemd"
FAMILIES = "cpu,cpu-detail,memory,memory-detail,events,tasks,io,network,spec,pressure,info"


def text_of(written):
    return re.sub(r"\\(n|t|s|c|\\)", lambda match: {"n": "\n", "t": "\t", "s": " ", "c": "", "\\": "\\"}[match[1]], written)


class Node:
    """Builds the tree below a folder. `arguments` are the daemon's."""

    def __init__(self, folder):
        self.root = Path(folder)
        for line in (CASE / "make").read_text().splitlines():
            if line and not line.startswith("#"):
                self._step(*line.split(" ", 2))
        # A service that is no daemon of Kubernetes, and a device of this machine for the cgroups that have none in that case.
        shutil.copytree(self.group(r"^containerd\.service"), self.root / "cgroup/system.slice/nginx.service")
        device = Path("/proc/partitions").read_text().split("\n")[2].split()
        for path in (self.root / "cgroup").rglob("io.stat"):
            path.write_text(f"{device[0]}:{device[1]} rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n")
        self.arguments = [f"--path.cgroupfs={self.root}/cgroup", f"--path.container-logs={self.root}/rootfs/var/log/containers",
                          f"--collector.container.families={FAMILIES}", "--collector.container.sample-interval=0"]

    def _step(self, kind, name, more=""):
        path = self.root / text_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            path.write_text(text_of(more) if more.endswith(r"\c") else text_of(more) + "\n")
        elif kind == "link":
            path.symlink_to(text_of(more))
        elif kind == "dir":
            path.mkdir(parents=True, exist_ok=True)
        else:
            raise ValueError(f"{kind}: not a step that this knows")

    def group(self, part):
        """The directory of the one control group whose name has that in it."""
        found = [path for path in (self.root / "cgroup").rglob("*") if path.is_dir() and re.search(part, path.name)]
        if len(found) != 1:
            raise ValueError(f"{part}: {found}")
        return found[0]

    def stall(self, group, resource, seconds):
        """As if all tasks had waited for that long."""
        path = group / f"{resource}.pressure"
        grown = re.sub(r"total=(\d+)", lambda match: f"total={int(match[1]) + int(seconds * 1e6)}", path.read_text())
        path.write_text(grown)
