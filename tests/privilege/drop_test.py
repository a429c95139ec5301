#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is given up at start is gone, in every thread, and what needed it was done before."""
import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from identities import NOBODY, Place, need_everything, wrapper

import cases as harness
import daemon
import packages
import wire

NONE = "0" * 16
DAC_READ_SEARCH, SYS_PTRACE = 1 << 2, 1 << 19
FEW = ["--collector.disable-defaults", "--collector.loadavg"]
cases = harness.Cases()
place = Place()


def threads(pid):
    """The status of each thread as a dictionary."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)


def check_threads(process, uid, gid, permitted, groups=None):
    body = wire.fetch(process.address).text()
    harness.demand("node_load1 " in body, "no metrics")
    count = 0
    for status in threads(process.pid):
        count += 1
        harness.demand_equal(status["Uid"].split(), [str(uid)] * 4, "Uid")
        harness.demand_equal(status["Gid"].split(), [str(gid)] * 4, "Gid")
        harness.demand_equal(int(status["CapPrm"], 16), permitted, "CapPrm")
        for name in ("CapEff", "CapInh", "CapAmb"):
            harness.demand_equal(status[name], NONE, name)
        harness.demand_equal(status["NoNewPrivs"], "1", "NoNewPrivs")
        if groups is not None:
            harness.demand_equal(status["Groups"].split(), groups, "Groups")
    harness.demand(count > 1, f"{count} thread")
    return f"{count} threads"


def bounding(process):
    return {status["CapBnd"] for status in threads(process.pid)}


@cases.case
def root_with_user():
    need_everything()
    with daemon.nodegauge(*FEW, "--user=65534:65533") as process:
        said = check_threads(process, NOBODY, 65533, 0)
        harness.demand_equal(bounding(process), {NONE}, "CapBnd")
        return said


@cases.case
def a_unix_socket_of_that_user():
    need_everything()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "socket")
        with daemon.nodegauge(*FEW, "--user=65534:65533", listen=str(path)):
            info = path.stat()
            harness.demand_equal((info.st_uid, info.st_gid), (65534, 65533), "whose the socket is")
        # the directory is root's: what stays there does not keep the next one from starting
        with daemon.nodegauge(*FEW, "--user=65534:65533", listen=str(path)):
            pass


@cases.case
def root_with_user_by_name():
    need_everything()
    with daemon.nodegauge(*FEW, "--collector.slabinfo", "--collector.processes", "--user=nobody") as process:
        said = check_threads(process, NOBODY, NOBODY, DAC_READ_SEARCH | SYS_PTRACE)
        harness.demand("node_slabinfo_" in wire.fetch(process.address).text(), "no slabinfo")
        return said


@cases.case
def root_with_user_and_bare_numbers():
    need_everything()
    with daemon.nodegauge(*FEW, "--user=54321:54322") as process:
        return check_threads(process, 54321, 54322, 0, groups=[])


@cases.case
def root_without_user():
    need_everything()
    with daemon.nodegauge(*FEW, "--collector.slabinfo", "--collector.textfile") as process:
        said = check_threads(process, 0, 0, DAC_READ_SEARCH)
        harness.demand("node_slabinfo_" in wire.fetch(process.address).text(), "no slabinfo")
        harness.demand(process.wait_log("running as root"), "no warning")
        return said


@cases.case
def root_without_capabilities():
    need_everything()
    with place, daemon.nodegauge(*FEW, "--collector.slabinfo", wrapper=wrapper(0)) as process:
        said = check_threads(process, 0, 0, 0)
        harness.demand("node_slabinfo_" in wire.fetch(process.address).text(), "no slabinfo")
        return said


def as_nobody(held, *flags):
    """The copy of the program, which nobody may run."""
    address = ("127.0.0.1", daemon.free_port())
    return daemon.Daemon([*wrapper(NOBODY, held), place.program, f"--web.listen-address=127.0.0.1:{address[1]}", *FEW, *flags], address,
                         directory="/")


@cases.case
def ambient_capabilities():
    """As systemd's AmbientCapabilities= hands them over."""
    need_everything()
    with place, as_nobody(["dac_read_search", "sys_ptrace", "net_admin"], "--collector.slabinfo") as process:
        process.wait_ready()
        said = check_threads(process, NOBODY, NOBODY, DAC_READ_SEARCH)
        harness.demand("node_slabinfo_" in wire.fetch(process.address).text(), "no slabinfo")
        return said


@cases.case
def capabilities_of_the_file():
    need_everything()
    setcap = packages.need("setcap", "libcap2-bin")
    with place:
        result = subprocess.run([setcap, "cap_dac_read_search,cap_net_admin=p", place.program], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise harness.Skip(f"this file system keeps no capabilities: {result.stderr.strip()}")
        with as_nobody([], "--collector.slabinfo") as process:
            process.wait_ready()
            said = check_threads(process, NOBODY, NOBODY, DAC_READ_SEARCH)
            harness.demand("node_slabinfo_" in wire.fetch(process.address).text(), "no slabinfo")
            return said


@cases.case
def nothing_to_give_up():
    need_everything()
    with place, as_nobody([]) as process:
        process.wait_ready()
        return check_threads(process, NOBODY, NOBODY, 0)


@cases.case
def user_that_it_is_already():
    need_everything()
    with place, as_nobody([], "--user=65534:65534") as process:
        process.wait_ready()
        return check_threads(process, NOBODY, NOBODY, 0)


def refused(text, *flags, prefix=()):
    with place:
        for action in (["--once"], ["--collector.list"], [f"--web.listen-address=127.0.0.1:{daemon.free_port()}"]):
            result = place.run(*FEW, *flags, *action, prefix=prefix)
            harness.demand_equal(result.returncode, 2, "the exit status")
            harness.demand(text in result.stderr, lambda: f"{text!r} is not in {result.stderr!r}")
            harness.demand_equal(result.stderr.count("\n"), 1, "the number of lines")


@cases.case
def unknown_user():
    refused("--user=nobody-of-that-name: no such user", "--user=nobody-of-that-name")


@cases.case
def unknown_group():
    refused("no such group", "--user=root:nobody-of-that-name")


@cases.case
def bare_number_without_group():
    refused("add a group", "--user=54321")


@cases.case
def malformed_user():
    for user in (":", ":root", "root:", "4294967295", "99999999999999999999"):
        refused(f"--user={user}: ", f"--user={user}")


@cases.case
def user_when_not_root():
    harness.need_root()
    refused("may switch to another user", "--user=root", prefix=wrapper(NOBODY))


@cases.case
def help_with_a_user_that_is_not_here():
    result = daemon.run("--user=nobody-of-that-name", "--version")
    harness.demand_equal(result.returncode, 0, "the exit status")


def low_port():
    for port in range(1023, 900, -1):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise harness.Skip("no free port below 1024")


@cases.case
def low_port_before_the_drop():
    need_everything()
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) < 1024:
        raise harness.Skip("here any user may listen on low ports")
    port = low_port()
    with daemon.nodegauge(*FEW, "--user=65534:65534", listen=("127.0.0.1", port)) as process:
        said = check_threads(process, NOBODY, NOBODY, 0)
    with place:
        result = place.run(*FEW, f"--web.listen-address=127.0.0.1:{port}", prefix=wrapper(NOBODY))
    harness.demand(result.returncode == 1 and "CAP_NET_BIND_SERVICE" in result.stderr, "nobody may listen there as well")
    return said


@cases.case
def unix_socket_is_removed():
    with tempfile.TemporaryDirectory(prefix="nodegauge-unix-") as folder:
        path = Path(folder, "s")
        with daemon.nodegauge(*FEW, listen=str(path)) as process:
            harness.demand(path.exists(), "no socket")
            process.stop()
        harness.demand(not path.exists(), "the socket is left behind")


@cases.case
def log_says_what_is_lost():
    need_everything()
    flags = ["--collector.slabinfo", "--collector.sysctl", "--collector.sysctl.include=vm.swappiness"]
    with daemon.nodegauge(*FEW, *flags, "--user=65534:65534") as process:
        harness.demand(process.wait_log("msg=privileges user=65534 group=65534 capabilities=cap_dac_read_search"), process.log)
        harness.demand(process.wait_log("lacks a privilege"), process.log)
        lines = [line for line in process.log().splitlines() if "lacks a privilege" in line]
    harness.demand(len(lines) == 1 and "collector=sysctl missing=root lost=" in lines[0], lambda: f"{lines}")
    with place, as_nobody([], *flags) as process:
        process.wait_ready()
        harness.demand(process.wait_log('collector=slabinfo missing="root or CAP_DAC_READ_SEARCH"'), process.log)


@cases.case
def list_says_what_is_lost():
    need_everything()
    with place:
        for user, held, text in ((None, (), "(available now)"), (NOBODY, (), "(missing now)"), (NOBODY, ("dac_read_search",), "(available now)")):
            listed = place.run("--collector.list", "--collector.slabinfo", prefix=wrapper(user, held)).stdout
            line = re.search(r"(?m)^slabinfo .*\n(.*)", listed)[1]
            harness.demand(line.endswith(text), lambda: f"{line} for {user} with {held}")
        listed = place.run("--collector.list", prefix=wrapper(NOBODY)).stdout
        line = re.search(r"(?m)^slabinfo .*\n(.*)", listed)[1]
        harness.demand(line.endswith("only"), lambda: f"{line} while it is off")


# ---- attempts, by a loadable collector ----

DENIED = ("write", "truncate", "create", "make a directory", "remove", "run")


def landlock_version():
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


def attempts(*flags):
    with place:
        folder = place.path / "folder"
        folder.mkdir()
        folder.chmod(0o777)
        for name in ("own", "other", "victim"):
            (folder / name).write_text("text\n")
            (folder / name).chmod(0o666)
        modules = place.path / "modules"
        modules.mkdir()
        compiler = packages.need(os.environ.get("CC") or "cc", "gcc")
        here = Path(__file__).resolve().parent
        subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-DNG_MODULE", "-fPIC", "-shared", f"-I{daemon.ROOT}/include",
                        "-o", modules / "probe.so", here / "probe.c"], check=True)
        modules.chmod(0o755)
        body = place.scrape("--collector.disable-defaults", "--collector.probe", f"--collector.modules={modules}",
                            f"--path.rootfs={folder}", *flags)
        numbers = {labels["attempt"]: int(value) for labels, value in body.series_of("probe_errno")}
        raised = {labels["capability"]: value == 1 for labels, value in body.series_of("probe_raised")}
        return numbers, raised


@cases.case
def landlock_denies_writing():
    need_everything()
    version = landlock_version()
    if version < 1 or daemon.sanitized():
        raise harness.Skip("this kernel has no Landlock, or this build does without")
    numbers, _ = attempts()
    for name in DENIED:
        wanted = 0 if name == "truncate" and version < 3 else errno.EACCES
        harness.demand_equal(numbers[name], wanted, name)
    for name in ("read", "write listed", "write the null device"):
        harness.demand_equal(numbers[name], 0, name)
    return f"version {version}"


@cases.case
def landlock_can_be_left_out():
    need_everything()
    numbers, _ = attempts("--no-security.landlock")
    for name in (*DENIED, "read", "write listed"):
        harness.demand_equal(numbers[name], 0, name)


@cases.case
def no_way_back():
    need_everything()
    numbers, raised = attempts("--user=65534:65534")
    harness.demand_equal(numbers["become root"], errno.EPERM, "becoming root")
    harness.demand_equal(raised, {"CAP_SYSLOG": True, "CAP_SETUID": False}, "what can be raised")
    _, raised = attempts()
    harness.demand_equal(raised, {"CAP_SYSLOG": True, "CAP_SETUID": False}, "what root can raise")


sys.exit(cases.run_all())
