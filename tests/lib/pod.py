# SPDX-License-Identifier: Apache-2.0
"""A pod of one container on this machine, as a kubelet and a container runtime would start it: crun, fed with what the manifest
says of namespaces, mounts, user, capabilities and root, and with the seccomp profile that CRI-O and podman have for their default.
"""
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import cases as harness
import daemon
import wire

SECCOMP = "/usr/share/containers/seccomp.json"
CRUN = ["crun", "--cgroup-manager=disabled"]
ARCHITECTURES = {"x86_64": ("SCMP_ARCH_X86_64", "amd64"), "aarch64": ("SCMP_ARCH_AARCH64", "arm64")}

# In a mount namespace of its own: the node as the container will see it, then, for crun's sake, no mixture of cgroup v1 and v2.
START = """
mount --rbind / "$1" && mount --make-rslave "$1"
if mountpoint -q /sys/fs/cgroup/unified; then umount -l /sys/fs/cgroup/unified; fi
shift && exec "$@"
"""


def need():
    """Skips where pods cannot be started."""
    harness.need_root()
    for program in ("crun", "umoci", "unshare"):
        if not shutil.which(program):
            raise harness.Skip(f"{program} is missing: tools/install-packages image")


def unpack(archive, folder):
    """The image of an OCI archive, by umoci: its root, and the configuration that it asks for."""
    layout = Path(folder, "layout")
    with tarfile.open(archive) as tar:
        tar.extractall(layout)
    tag = json.loads((layout / "index.json").read_text())["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"]
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:{tag}", f"{folder}/bundle"], check=True, capture_output=True, timeout=60)
    return Path(folder, "bundle", "rootfs"), json.loads(Path(folder, "bundle", "config.json").read_text())["process"]


def seccomp():
    """The default profile, without the rules for capabilities that our container does not have."""
    if not os.path.exists(SECCOMP):
        return None
    profile = json.loads(Path(SECCOMP).read_text())
    name, short = ARCHITECTURES[platform.machine()]

    def applies(rule):
        wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
        return not wanted.get("caps") and short in (wanted.get("arches") or [short]) and short not in (unwanted.get("arches") or [])

    rules = []
    for rule in filter(applies, profile["syscalls"]):
        rules.append({key: rule[key] for key in ("names", "action", "errnoRet") if rule.get(key) is not None})
        if rule.get("args"):
            rules[-1]["args"] = rule["args"]
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
            "architectures": [name], "syscalls": rules}


def default_mounts():
    rows = [("/proc", "proc", "proc", []), ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])]
    return [{"destination": at, "type": kind, "source": source, "options": options} for at, kind, source, options in rows]


class Pod:
    """`spec` is a pod's spec as in a manifest; `listen` replaces its port in the host's network, where it may be taken."""

    def __init__(self, rootfs, process, spec, more=(), port=None):
        self.folder = tempfile.TemporaryDirectory(prefix="nodegauge-pod-")
        self.top = Path(self.folder.name)
        self.name = self.top.name
        self.spec, self.container = spec, spec["containers"][0]
        shutil.copytree(rootfs, self.top / "rootfs")
        (self.top / "node").mkdir()
        (self.top / "talk").mkdir()
        (self.top / "talk").chmod(0o1777)
        os.chmod(self.top, 0o755)
        self.address = str(self.top / "talk" / "socket")
        self.port = port
        (self.top / "config.json").write_text(json.dumps(self.configuration(process, list(more))))
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", START, "sh", self.top / "node", *CRUN,
                   f"--root={self.top}/state", "run", f"--bundle={self.top}", self.name]
        self.process = daemon.Daemon(command, self.address)

    def arguments(self, more):
        given = [word for word in self.container.get("args", []) if not word.startswith("--web.listen-address=")]
        own = [word for word in self.container.get("args", []) if word.startswith("--web.listen-address=")]
        if self.port:
            own = [f"--web.listen-address=127.0.0.1:{self.port}"]
        return [*own, "--web.listen-address=unix:/run/talk/socket", *given, *more]

    def mount(self, volume):
        """A volumeMount as the runtime gets it from the kubelet."""
        source = next(one for one in self.spec["volumes"] if one["name"] == volume["name"])["hostPath"]["path"]
        path = Path(f"{self.top}/node{source}")
        if not os.path.exists(source):  # a runtime would make it on the node: we do not
            path = self.top / "missing" / volume["name"]
            path.mkdir(parents=True)
        readonly = "rro" if volume.get("recursiveReadOnly") else "ro"
        slave = "rslave" if volume.get("mountPropagation") == "HostToContainer" else "rprivate"
        return {"destination": volume["mountPath"], "type": "bind", "source": str(path),
                "options": ["rbind", slave, readonly if volume.get("readOnly") else "rw"]}

    def configuration(self, process, more):
        rules = self.container.get("securityContext", {})
        namespaces = ["mount", "ipc", "cgroup"] + ([] if self.spec.get("hostPID") else ["pid"])
        namespaces += [] if self.spec.get("hostNetwork") else ["network", "uts"]
        kept = [] if "ALL" in rules.get("capabilities", {}).get("drop", []) else ["CAP_DAC_OVERRIDE"]
        mounts = default_mounts() + [self.mount(one) for one in self.container.get("volumeMounts", [])]
        mounts.append({"destination": "/run/talk", "type": "bind", "source": str(self.top / "talk"), "options": ["rbind", "rw"]})
        linux = {"namespaces": [{"type": kind} for kind in namespaces],
                 "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                                 "/proc/sched_debug", "/sys/firmware"],
                 "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]}
        if (profile := seccomp()) and rules.get("seccompProfile", {}).get("type") == "RuntimeDefault":
            linux["seccomp"] = profile
        user = rules.get("runAsUser", process["user"]["uid"])
        return {"ociVersion": "1.0.2", "root": {"path": "rootfs", "readonly": bool(rules.get("readOnlyRootFilesystem"))},
                **({} if self.spec.get("hostNetwork") else {"hostname": self.name}), "mounts": mounts, "linux": linux,
                "process": {"terminal": False, "cwd": "/", "env": process["env"], "args": [*process["args"], *self.arguments(more)],
                            "user": {"uid": user, "gid": rules.get("runAsGroup", process["user"]["gid"])},
                            "capabilities": {"bounding": kept, "effective": kept, "permitted": kept},
                            "noNewPrivileges": not rules.get("allowPrivilegeEscalation", True)}}

    def __enter__(self):
        try:
            self.process.wait_ready(15)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([*CRUN, f"--root={self.top}/state", "delete", "--force", self.name], capture_output=True, check=False, timeout=20)
        self.process.stop()
        self.process.__exit__()
        self.folder.cleanup()

    def pid(self):
        """Of the daemon, as the node counts."""
        state = json.loads(subprocess.run([*CRUN, f"--root={self.top}/state", "state", self.name], capture_output=True, check=True).stdout)
        return state["pid"]

    def get(self, target="/metrics"):
        return wire.fetch(self.address, target, timeout=20)

    def status(self):
        """/proc/PID/status as a dictionary."""
        lines = Path(f"/proc/{self.pid()}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def own_namespaces(self):
        """Those in which the daemon is not where we are."""
        pid = self.pid()
        return sorted(kind for kind in ("net", "pid", "uts", "ipc", "mnt", "cgroup")
                      if os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"))

    def signal_and_wait(self, number, seconds=5.0):
        """Sends a signal to the daemon; its exit status as crun hands it on, or None."""
        os.kill(self.pid(), number)
        end = time.monotonic() + seconds
        while self.process.running() and time.monotonic() < end:
            time.sleep(0.02)
        return self.process.process.returncode
