#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where the daemon listens. Cases that listen on all addresses run in a network namespace of their own (root)."""
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import packages
import wire
from cases import Skip, demand, demand_equal

INSIDE = "--inside"
cases = harness.Cases([word for word in sys.argv[1:] if word != INSIDE])


def listens(*addresses, probe):
    """A daemon on these addresses, ready when `probe` takes connections."""
    flags = [f"--web.listen-address={address}" for address in addresses]
    return daemon.Daemon([daemon.binary(), *flags], probe)


def serves(address):
    response = wire.fetch(address, "/metrics?collect[]=loadavg")
    demand(response.status == 200 and b"node_load1 " in response.body, f"{address} does not answer metrics")


def refused(address, status=2):
    try:
        result = daemon.run(f"--web.listen-address={address}", timeout=3)
    except subprocess.TimeoutExpired as error:
        raise harness.Failure(f"{address!r} is taken") from error
    demand_equal(result.returncode, status, f"the exit status for {address!r}")
    demand(result.stderr.strip(), f"no reason is given for {address!r}")


@cases.case
def several_addresses():
    ports = [daemon.free_port() for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "socket"))
        with listens(f"127.0.0.1:{ports[0]}", f"127.0.0.2:{ports[1]}", f"[::1]:{ports[2]}", f"unix:{path}", probe=path) as process:
            process.wait_ready()
            for address in (("127.0.0.1", ports[0]), ("127.0.0.2", ports[1]), ("::1", ports[2]), path):
                serves(address)


@cases.case
def only_where_it_is_told():
    port = daemon.free_port()
    with listens(f"127.0.0.1:{port}", probe=("127.0.0.1", port)) as process:
        process.wait_ready()
        for address in (("127.0.0.2", port), ("::1", port)):
            try:
                wire.connect(address).close()
            except OSError:
                continue
            raise harness.Failure(f"it listens on {address}, too")


@cases.case
def host_by_name():
    port = daemon.free_port()
    with listens(f"localhost:{port}", probe=("127.0.0.1", port)) as process:
        process.wait_ready()
        serves(("127.0.0.1", port))


@cases.case
def one_port_on_both_loopbacks():
    port = daemon.free_port()
    with listens(f"127.0.0.1:{port}", f"[::1]:{port}", probe=("::1", port)) as process:
        process.wait_ready()
        serves(("127.0.0.1", port))
        serves(("::1", port))


@cases.case
def unix_socket():
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "socket"))
        with daemon.nodegauge(listen=path) as process:
            serves(path)
            demand(stat.S_ISSOCK(os.stat(path).st_mode), "no socket file")
            process.stop()
        demand(not os.path.exists(path), "the socket file is left behind")


@cases.case
def unix_socket_of_a_dead_daemon():
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "socket"))
        with daemon.nodegauge(listen=path) as process:
            process.process.kill()
            process.process.wait()
        demand(os.path.exists(path), "the killed daemon left no socket file, so there is nothing to try")
        with daemon.nodegauge(listen=path):
            serves(path)


@cases.case
def unix_socket_of_a_living_daemon():
    """A second daemon neither takes the path from the first nor breaks it."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "socket"))
        with daemon.nodegauge(listen=path):
            refused(f"unix:{path}", 1)
            serves(path)


@cases.case
def unix_path_that_is_no_socket():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_text("precious")
        refused(f"unix:{path}", 1)
        demand_equal(path.read_text(), "precious", "what is in the file")


@cases.case
def unix_paths_that_cannot_be():
    """Each reason is told in words that say what to do."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file").write_text("")
        Path(folder, "folder").mkdir()
        with daemon.nodegauge(listen=str(Path(folder, "taken"))):
            for path, said in ((f"{folder}/none/socket", "directory does not exist"), (f"{folder}/file/socket", "directory does not exist"),
                               (f"{folder}/file", "not a socket"), (f"{folder}/folder", "not a socket"),
                               (f"{folder}/taken", "another process is listening there"), (f"{folder}/" + "x" * 108, "at most 107 bytes"),
                               ("", "expected a path")):
                result = daemon.run(f"--web.listen-address=unix:{path}", timeout=3)
                status = 2 if "expected" in result.stderr else 1  # what the words have wrong stays wrong
                demand(result.returncode == status and said in result.stderr, lambda: f"{path}: {result.stderr[-200:]!r}")


@cases.case
def unix_socket_permissions():
    """Whoever may write to the file can connect: its owner and group by default."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "socket"))
        group = os.getgroups()[0] if os.getgroups() else os.getgid()
        for flags, mode, gid in (([], 0o660, os.getegid()), (["--web.unix-socket-mode=0600"], 0o600, os.getegid()),
                                 (["--web.unix-socket-mode=666", f"--web.unix-socket-group={group}"], 0o666, group)):
            with daemon.nodegauge(*flags, listen=path):
                status = os.stat(path)
                demand_equal((stat.S_IMODE(status.st_mode), status.st_gid), (mode, gid), f"the mode and group with {flags}")
                serves(path)
        for flag in ("mode=8", "mode=", "mode=1777", "mode=rw", "mode=-1", "group=no-such-group-here", "group=99999999999"):
            result = daemon.run(f"--web.listen-address=unix:{path}", f"--web.unix-socket-{flag}", timeout=5)
            demand(result.returncode == 2 and "--web.unix-socket-" in result.stderr, f"{flag}: {result.returncode} {result.stderr[-200:]}")
            demand(not os.path.exists(path), f"{flag}: a socket is left behind")


@cases.case
def unix_socket_of_a_foreign_group():
    """Root gives the socket to any group, also when it becomes another user; others are told why they cannot."""
    harness.need_root()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = str(Path(folder, "socket"))
        with daemon.nodegauge("--user=65534:65534", "--web.unix-socket-group=12345", listen=path):
            status = os.stat(path)
            demand_equal((status.st_uid, status.st_gid), (65534, 12345), "the owner and group")
            serves(path)
        program = shutil.copy(daemon.binary(), folder)  # where that user may go
        result = daemon.run(f"--web.listen-address=unix:{path}", "--web.unix-socket-group=12345", program=program, timeout=5, user=65534,
                            group=65534, extra_groups=[])
        demand(result.returncode == 2 and "member" in result.stderr, f"as another user: {result.returncode} {result.stderr[-200:]}")
        demand(not os.path.exists(path), "a socket is left behind")


@cases.case
def addresses_without_their_interface():
    """What is missing is said, not the number of an error."""
    for address, status, word in (("[fe80::1]:9100", 2, "fe80::1%eth0"), ("[fe80::1%no-such-if]:9100", 1, "no interface no-such-if"),
                                  ("203.0.113.7:9100", 1, "no interface of this machine")):
        result = daemon.run(f"--web.listen-address={address}", timeout=5)
        demand_equal(result.returncode, status, f"the exit status for {address} ({result.stderr[-200:].strip()})")
        demand(word in result.stderr and "Invalid argument" not in result.stderr, f"{address}: {result.stderr[-200:]!r}")


@cases.case
def bad_addresses():
    """What can never be is for the operator to mend; what may come to be is worth another start."""
    for address in ("", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", ":abc", "[::1]", "[::1:9", "[", "::1:19240", "unix:",
                    "unix:" + "/tmp/" + "x" * 200, "127.0.0.1:19240x", "http://127.0.0.1:19240"):
        refused(address)
    for address in ("256.1.1.1:19240", "unix:/nonexistent/folder/socket", "192.0.2.1:19240"):
        refused(address, 1)


@cases.case
def one_bad_address_among_good_ones():
    port = daemon.free_port()
    result = daemon.run(f"--web.listen-address=127.0.0.1:{port}", "--web.listen-address=192.0.2.1:1", timeout=5)
    demand(result.returncode > 0 and "192.0.2.1" in result.stderr, lambda: f"{result.returncode}: {result.stderr[-200:]!r}")


def inside():
    subprocess.run([packages.need("ip", "iproute2"), "link", "set", "lo", "up"], check=True)
    cases.functions.clear()

    @cases.case
    def all_addresses_of_both_families():
        with listens(":19240", probe=("127.0.0.1", 19240)) as process:
            process.wait_ready()
            serves(("127.0.0.1", 19240))
            serves(("::1", 19240))

    @cases.case
    def all_addresses_of_one_family():
        with listens("0.0.0.0:19240", probe=("127.0.0.1", 19240)) as process:
            process.wait_ready()
            serves(("127.0.0.2", 19240))
            with socket.socket(socket.AF_INET6) as probe:
                demand(probe.connect_ex(("::1", 19240)) != 0, "0.0.0.0 listens on IPv6, too")

    @cases.case
    def all_addresses_by_the_name_of_ipv6():
        with listens("[::]:19240", probe=("::1", 19240)) as process:
            process.wait_ready()
            serves(("::1", 19240))

    @cases.case
    def default_address():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 9100)) == 0:
                raise Skip("somebody else has port 9100 on this machine")
        with daemon.Daemon([daemon.binary()], ("127.0.0.1", 9100)) as process:
            process.wait_ready()
            serves(("127.0.0.1", 9100))
            serves(("::1", 9100))

    @cases.case
    def name_with_addresses_of_both_families():
        """As Go does it: of a name's addresses the one of IPv4."""
        with tempfile.NamedTemporaryFile("w") as hosts:
            hosts.write("::1 localhost twofold\n127.0.0.1 localhost twofold\n")
            hosts.flush()
            subprocess.run([packages.need("mount", "mount"), "--bind", hosts.name, "/etc/hosts"], check=True)
            try:
                with listens("twofold:19242", probe=("127.0.0.1", 19242)) as process:
                    process.wait_ready(3)
                    serves(("127.0.0.1", 19242))
            finally:
                subprocess.run(["umount", "/etc/hosts"], check=True)

    @cases.case
    def all_addresses_without_ipv6():
        disable = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
        if not disable.exists():
            raise harness.Skip("this kernel has no IPv6")
        disable.write_text("1")
        try:
            with listens(":19241", probe=("127.0.0.1", 19241)) as process:
                process.wait_ready()
                serves(("127.0.0.1", 19241))
        finally:
            disable.write_text("0")

    return cases.run_all()


def run_inside():
    if os.geteuid() != 0:
        cases.verdict("skip", "all addresses", "needs root")
        return
    result = subprocess.run([packages.need("unshare", "util-linux"), "--net", "--mount", sys.executable, __file__, INSIDE, *cases.words],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
                            preexec_fn=daemon.die_with_parent)
    cases.adopt(result)


if __name__ == "__main__":
    if INSIDE in sys.argv[1:]:
        sys.exit(inside())
    sys.exit(cases.run_all(run_inside))
