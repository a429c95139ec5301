# SPDX-License-Identifier: Apache-2.0
"""A mount that never answers: a FUSE file system whose server keeps silent.

It is made in a mount namespace of this process's own, so that nobody else on the machine can run into it. Daemons started
afterwards are in that namespace; a small /proc tree names the mount to them.
"""
import ctypes
import os
import tempfile
from pathlib import Path

from cases import Skip, need_root

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)
_private = False


def _check(result, what):
    if result != 0:
        raise Skip(f"{what}: {os.strerror(ctypes.get_errno())}")


def private_mounts():
    global _private
    if not _private:
        need_root()
        _check(_libc.unshare(CLONE_NEWNS), "unshare")
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "making mounts private")
        _private = True


class HungMounts:
    """`count` mounts on which statfs blocks until `release`; `proc` is a tree for --path.procfs that lists them."""

    def __init__(self, count=1):
        private_mounts()
        self._folder = tempfile.TemporaryDirectory(prefix="nodegauge-hung-")
        self.fds, self.points = [], []
        self.proc = Path(self._folder.name, "proc")
        try:
            for number in range(count):
                self._mount(Path(self._folder.name, f"mount{number}"))
        except BaseException:
            self.close()
            raise
        self._write_proc()

    def _mount(self, point):
        point.mkdir()
        try:
            fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Skip(f"/dev/fuse: {error.strerror}") from error
        self.fds.append(fd)
        options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
        _check(_libc.mount(b"hung", os.fsencode(point), b"fuse", 0, options), "mount of fuse")
        self.points.append(str(point))

    def _write_proc(self):
        for name in ("1", "self"):
            (self.proc / name).mkdir(parents=True)
            lines = ["25 1 254:1 / / rw,relatime - ext4 /dev/root rw\n"]
            lines += [f"{90 + n} 25 0:{50 + n} / {point} rw,relatime - fuse hung rw,user_id=0,group_id=0\n"
                      for n, point in enumerate(self.points)]
            (self.proc / name / "mountinfo").write_text("".join(lines))
            mounts = "/dev/root / ext4 rw 0 0\n" + "".join(f"hung {point} fuse rw 0 0\n" for point in self.points)
            (self.proc / name / "mounts").write_text(mounts)
        (self.proc / "mounts").write_text(mounts)
        (self.proc / "loadavg").write_text("0.21 0.37 0.39 1/719 19737\n")
        (self.proc / "uptime").write_text("100.00 200.00\n")

    def release(self):
        """The server goes away: who waits gets an error."""
        for fd in self.fds:
            os.close(fd)
        self.fds = []

    def close(self):
        self.release()
        for point in self.points:
            _libc.umount2(os.fsencode(point), MNT_DETACH)
        self._folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
