#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The network collectors in other network namespaces.

`inside`: everything runs in namespaces of its own (network, processes, mounts) with interfaces made for the test, and our
series are node_exporter's. `beside`: our process alone is moved to an empty network namespace while /proc still shows the
host's process 1, as in a DaemonSet without hostNetwork: the numbers must stay the host's.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import compare
import daemon
import packages
import sandwich
import wire

NETWORK = ["arp", "conntrack", "netclass", "netdev", "netstat", "sockstat", "softnet", "udp_queues", "xfrm"]
INSIDE = "--inside"
cases = harness.Cases([word for word in sys.argv[1:] if word != INSIDE])
table = compare.load("namespace", "inside", *collectors.version_scopes())
beside = compare.load("namespace", "beside", *collectors.version_scopes())

# name, command behind `ip`: interfaces of several kinds and states, with odd attributes.
INTERFACES = [
    "link set lo up",
    "link add v0 type veth peer name v1",
    "link add d0 type dummy",
    "link add d1.7 mtu 9000 txqueuelen 17 type dummy",
    "link set d0 alias uplink\\ \"a\"",
    "link set v0 up",
    "link set v1 up",
    "link set d0 up",
    "addr add 10.99.0.1/24 dev v0",
    "addr add 10.99.0.2/24 dev v1",
    "addr add 10.98.0.1/32 dev d0",
    "addr add fd99::1/64 dev v0",
    "neigh add 10.99.0.77 lladdr 02:00:00:00:00:77 dev v0 nud permanent",
    "neigh add 10.99.0.78 lladdr 02:00:00:00:00:78 dev v0 nud stale",
    "neigh add 10.99.0.79 lladdr 02:00:00:00:00:79 dev v1 nud reachable",
    "link add br0 type bridge",
    "link set d1.7 master br0",
    "link add link d0 name d0.5 type vlan id 5",
]


def make_interfaces():
    ip = packages.need("ip", "iproute2")
    failed = []
    for words in INTERFACES:
        arguments = words.replace("\\ ", "\0").split(" ")
        result = subprocess.run([ip, *[word.replace("\0", " ") for word in arguments]], capture_output=True, text=True, check=False)
        if result.returncode != 0:  # a kernel may lack a kind of interface
            failed.append(words)
    # Something for the counters to count.
    subprocess.run([ip, "route", "get", "10.98.0.1"], capture_output=True, check=False)
    harness.demand(len(failed) < len(INTERFACES) // 2, lambda: f"cannot make interfaces: {failed}")


def compared(ours, theirs, rows):
    differences, body = sandwich.lasting(ours, theirs, rows)
    harness.demand(not body.errors, lambda: f"malformed: {'; '.join(body.errors[:5])}")
    left = rows.unexplained(differences)
    harness.demand(not left, lambda: compare.describe(left, 40))
    devices = {labels["device"] for labels, _ in body.series_of("node_network_receive_bytes_total")}
    return body, devices


def shared_options(program):
    names = [name for name in NETWORK if name in collectors.ours() & set(collectors.theirs(program))]
    options = ["--collector.disable-defaults", *[f"--collector.{name}" for name in names]]
    if "netdev" in names:
        options.append("--collector.netdev.device-exclude=^nothing$")
    return options


def side_by_side(program, ours_extra=(), wrapper=(), theirs_extra=(), rows=table):
    options = shared_options(program)
    with tempfile.TemporaryDirectory(prefix="nodegauge-unix-") as folder:
        theirs = ("127.0.0.1", daemon.free_port())
        with daemon.nodegauge(*options, *ours_extra, wrapper=wrapper, listen=str(Path(folder, "s"))) as our_process, daemon.Daemon(
                [program, f"--web.listen-address=127.0.0.1:{theirs[1]}", *options, *theirs_extra], theirs) as their_process:
            their_process.wait_ready()
            return compared(our_process.address, theirs, rows)


def inside():
    """Runs as process 1 of the new namespaces' child."""
    program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    make_interfaces()

    @cases.case
    def namespace_inside_by_default():
        _, devices = side_by_side(program)
        harness.demand({"lo", "v0", "v1"} <= devices, lambda: f"devices are {sorted(devices)}")
        return f"{len(devices)} interfaces"

    @cases.case
    def namespace_inside_from_proc():
        _, devices = side_by_side(program, ["--no-collector.netdev.netlink", "--no-collector.arp.netlink"],
                                  theirs_extra=["--no-collector.netdev.netlink"])
        harness.demand({"lo", "v0", "v1"} <= devices, lambda: f"devices are {sorted(devices)}")

    @cases.case
    def namespace_inside_by_netlink():
        side_by_side(program, ["--collector.netclass.netlink"], theirs_extra=["--collector.netclass.netlink"])

    return cases.run_all()


@cases.case
def namespace_beside():
    harness.need_root()
    unshare = packages.need("unshare", "util-linux")
    program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    host = {line.split(":")[0].strip() for line in Path("/proc/1/net/dev").read_text().splitlines()[2:]}
    _, devices = side_by_side(program, wrapper=[unshare, "--net"], rows=beside)
    harness.demand_equal(devices, host, "the set of interfaces")
    return f"{len(devices)} interfaces of the host"


@cases.case
def namespace_beside_is_another_one():
    """The same start without /proc/1 in sight of the host: the process's own, empty namespace shows."""
    harness.need_root()
    unshare = packages.need("unshare", "util-linux")
    with tempfile.TemporaryDirectory(prefix="nodegauge-unix-") as folder:
        wrapper = [unshare, "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with daemon.nodegauge(wrapper=wrapper, listen=str(Path(folder, "s"))) as process:
            body = wire.fetch(process.address).text()
    devices = {line.split('"')[1] for line in body.splitlines() if line.startswith("node_network_receive_bytes_total{")}
    harness.demand_equal(devices, {"lo"}, "the set of interfaces")


def run_inside():
    """The cases of `inside`, by this program started anew in namespaces of its own; returns their counts."""
    if os.geteuid() != 0:
        cases.verdict("skip", "namespace inside", "needs root")
        return
    unshare = packages.need("unshare", "util-linux")
    script = 'mount -t sysfs sysfs /sys && exec "$@"'
    command = [unshare, "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh",
               sys.executable, __file__, INSIDE, *cases.words]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
                            preexec_fn=daemon.die_with_parent)
    cases.adopt(result)


if __name__ == "__main__":
    if INSIDE in sys.argv[1:]:
        cases.functions.clear()
        sys.exit(inside())
    sys.exit(cases.run_all(run_inside))
