# SPDX-License-Identifier: Apache-2.0
"""Programs started by a test: each is stopped by its own process id, also when the test dies."""
import ctypes
import itertools
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import wire

ROOT = Path(__file__).resolve().parent.parent.parent
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def binary():
    """The program under test: $NODEGAUGE, or build/nodegauge of this checkout."""
    return os.path.abspath(os.environ.get("NODEGAUGE") or ROOT / "build" / "nodegauge")


def sanitized():
    """True when the program under test is built with a sanitizer: it needs more memory and time."""
    with open(binary(), "rb") as file:
        text = file.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


PORTS = tuple(int(word) for word in os.environ.get("NG_TEST_PORTS", "19240-19269").split("-"))
_cycle = itertools.cycle(range(PORTS[0], PORTS[1] + 1))


def free_port():
    """A loopback port that nobody uses, of the range NG_TEST_PORTS ("19240-19269"); each is given in turn."""
    for _ in range(256):
        port = next(_cycle)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("no free port in NG_TEST_PORTS")


class Daemon:
    """A running program. Its output goes to files, so that it can never block on us."""

    def __init__(self, command, address=None, environment=None, directory=None, before=None, pass_fds=(), stdout=None, stderr=None):
        self.command = [str(word) for word in command]
        self.address = address
        self._folder = tempfile.TemporaryDirectory(prefix="nodegauge-test-")
        self.stdout_path = Path(self._folder.name, "stdout")
        self.stderr_path = Path(self._folder.name, "stderr")

        def prepare():
            die_with_parent()
            if before:
                before()

        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=stderr or err,
                                            env={**os.environ, **(environment or {})}, cwd=directory, preexec_fn=prepare,
                                            pass_fds=pass_fds)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._folder.cleanup()

    def log(self):
        return self.stderr_path.read_text(errors="replace")

    def output(self):
        return self.stdout_path.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def wait_ready(self, seconds=10.0):
        """Until the address takes connections; raises with the log when the program ends or stays silent."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.running():
                raise RuntimeError(f"ended with {self.process.returncode} at start: {self.log()[-600:]}")
            try:
                wire.connect(self.address, 1.0).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"does not listen on {self.address} after {seconds} s: {self.log()[-600:]}")

    def wait_log(self, text, seconds=5.0):
        end = time.monotonic() + seconds
        while text not in self.log():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def signal(self, number):
        self.process.send_signal(number)

    def wait_log_or_end(self, text, seconds):
        end = time.monotonic() + seconds
        while text not in self.log() and self.running() and time.monotonic() < end:
            time.sleep(0.02)

    def wait(self, seconds):
        """The exit status within that time, else None."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds=5.0):
        if self.running():
            self.process.terminate()
            if self.wait(seconds) is None:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


def nodegauge(*arguments, listen=None, ready=True, wrapper=(), **options):
    """Our daemon on a loopback port of its own (or the address given by `listen`), taking connections."""
    address = listen or ("127.0.0.1", free_port())
    flag = f"unix:{address}" if isinstance(address, str) else f"{address[0]}:{address[1]}"
    daemon = Daemon([*wrapper, binary(), f"--web.listen-address={flag}", *arguments], address, **options)
    if ready:
        try:
            daemon.wait_ready()
        except BaseException:
            daemon.stop()
            raise
    return daemon


def run(*arguments, timeout=30, program=None, **options):
    """Runs the program under test to its end; text in, text out."""
    return subprocess.run([program or binary(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, preexec_fn=die_with_parent, check=False, **options)
