# SPDX-License-Identifier: Apache-2.0
"""Instructions per scrape, counted in a small virtual machine.

qemu's emulation with -icount shift=0 lets each guest instruction take one nanosecond of guest time, so the CPU clock of a
process counts its instructions, in the kernel and outside. Caches and other load do not exist there: the figure is the same on
every host, for the same binary, kernel and emulator.
"""

import lzma
import platform
import re
import subprocess
from pathlib import Path

from . import tools

SUITE = "trixie"
KERNEL = "linux-image-cloud-amd64"
MODULES = ("failover", "net_failover", "virtio_net", "virtio_blk")
LIMIT = 900  # seconds

# One CPU: with more, each running one is charged for all. String instructions count as one however long they are, hence
# without erms and fsrm; mitigations of the host's processor would be counted for nothing.
MACHINE = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", "max,-la57,-erms,-fsrm", "-smp", "1", "-m", "1024",
           "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
           "-netdev", "user,id=net,restrict=on", "-device", "virtio-net-pci,netdev=net,romfile=",
           "-device", "virtio-blk-pci,drive=disk",
           "-append", "console=ttyS0 quiet panic=-1 mitigations=off psi=1 cgroup_no_v1=all random.trust_cpu=1 tsc=reliable "
           "clocksource=tsc no_timer_check nokaslr")


class Archive:
    """An initial file system in cpio's newc format (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.entries, self.names = [], set()

    def add(self, name, mode, data=b""):
        parent = str(Path(name).parent)
        if parent != ".":
            self.directory(parent)
        if name not in self.names:
            self.names.add(name)
            self.entries.append((name, mode, data))

    def directory(self, name):
        if name not in self.names:
            self.add(name, 0o40755)

    def program(self, path, name):
        """A program with the libraries that it is linked with, these at the place where it looks for them."""
        self.add(name, 0o100755, Path(path).read_bytes())
        listed = subprocess.run(["ldd", path], check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            self.add(library[1:], 0o100755, Path(library).read_bytes())

    def write(self, path):
        with open(path, "wb") as file:
            for number, (name, mode, data) in enumerate([*self.entries, ("TRAILER!!!", 0, b"")], 1):
                encoded = name.encode() + b"\0"
                fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
                head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
                file.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))


def kernel_package():
    """The directory of the unpacked kernel package."""
    for found in sorted((tools.OUT / "packages" / SUITE).glob("linux-image-*")):
        return found
    return tools.unpacked(SUITE, tools.dependency(SUITE, KERNEL, "linux-image-"))


def initial_files(commands, port, count, pods=()):
    archive = Archive()
    kernel = kernel_package()
    for number, name in enumerate(MODULES):
        for module in kernel.rglob(f"{name}.ko*"):
            data = lzma.open(module).read() if module.suffix == ".xz" else module.read_bytes()
            archive.add(f"modules/{number}-{name}.ko", 0o100644, data)
    archive.add("init", 0o100755, (tools.HERE / "guest-init.sh").read_bytes())
    archive.add("plan.awk", 0o100644, (tools.HERE / "plan.awk").read_bytes())
    archive.program(tools.unpacked(SUITE, "busybox-static") / "usr/bin/busybox", "bin/busybox")
    archive.program(tools.program("strace", "strace"), "bin/strace")
    archive.program(tools.compiled("scrape"), "bin/scrape")
    archive.program(tools.floor_program(), "bin/floor")
    lines = []
    for number, (name, words) in enumerate(commands.items()):
        archive.program(words[0], f"servers.d/{number}")
        line = " ".join([f"/servers.d/{number}", *map(str, words[1:])])
        lines.append(f"{name.replace(' ', '_')}\t{port}\t{count}\t{line.replace('{port}', str(port))}\n")
    if pods:
        archive.add("pods", 0o100644, "".join(f"{number}\n" for number in pods).encode())
    archive.add("servers", 0o100644, "".join(lines).encode())
    archive.add("etc/passwd", 0o100644, b"root:x:0:0:root:/:/bin/sh\n")
    archive.add("usr/lib/os-release", 0o100644, b'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n')
    archive.add("etc/os-release", 0o120777, b"../usr/lib/os-release")
    archive.add("dev/console", 0o20600)
    return archive


def boot(archive):
    """Runs the guest to its end; what it printed."""
    if platform.machine() != "x86_64":
        raise tools.Missing("instructions are counted on x86_64 only")
    qemu = tools.program("qemu-system-x86_64", "qemu-system-x86")
    work = tools.OUT / "icount"
    work.mkdir(parents=True, exist_ok=True)
    archive.write(work / "initrd")
    with open(work / "disk", "wb") as disk:
        disk.truncate(64 << 20)
    kernel = next((kernel_package() / "boot").glob("vmlinuz-*"))
    done = subprocess.run([qemu, *MACHINE, "-drive", f"file={work / 'disk'},if=none,id=disk,format=raw", "-kernel", kernel,
                           "-initrd", work / "initrd"], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    (work / "console").write_text(text, encoding="utf-8")
    if not re.search("^finished$", text, re.MULTILINE):
        raise RuntimeError(f"the guest did not come to its end; see {work / 'console'}")
    return text


def measure_pods(commands, port, pods, count=5):
    """What the guest printed of the commands with so many pods: lines "measured", "memory" and "sampler"."""
    text = boot(initial_files(commands, port, count, pods))
    return [line for line in text.splitlines() if line.startswith(("measured ", "memory ", "sampler "))]


def measure(commands, port, count=40):
    """Boots once; {(row, server): million instructions} for the commands and the floor under the first one.

    `count` scrapes are charged to each.
    """
    text = boot(initial_files(commands, port, count))
    names = {name.replace(" ", "_"): name for name in [*commands, "floor"]}
    found = {}
    for name, coding, line in re.findall(r"^measured (\S+) (plain|gzip) (.*)$", text, re.MULTILINE):
        found[f"instructions_{coding}", names[name]] = tools.key_values(line)["cpu"] / 1e3
    return found
