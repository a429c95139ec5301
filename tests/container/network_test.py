#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The interfaces of pods, in real network namespaces."""
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import Pod, Tree, scrape, until

import cases as harness
from cases import Skip, demand, demand_equal

cases = harness.Cases()
FAMILIES = "cpu,network"


def network(name):
    """A command that has a network of its own, with an interface of that name."""
    return ("unshare", "--net", "sh", "-c", f"ip link add {name} type veth peer name {name}x && exec sleep 60")


def need_networks():
    if not shutil.which("unshare") or not shutil.which("ip"):
        raise Skip("no unshare, or no ip")
    if subprocess.run(network("eth0")[:-1] + ("ip link add eth0 type veth peer name eth0x",), capture_output=True, check=False).returncode:
        raise Skip("no network namespaces with interfaces")


def interfaces(process, pod):
    series = scrape(process.address).series_of("container_network_receive_bytes_total")
    return sorted(labels["interface"] for labels, _ in series if labels.get("pod") == pod.name)


def has(process, pod, *names):
    wanted = sorted(part for name in names for part in (name, name + "x"))
    demand(until(lambda: interfaces(process, pod) == wanted, 8.0, 0.12), lambda: f"{pod.name} has {interfaces(process, pod)}, not {wanted}")


@cases.case
def one_process_after_the_other():
    """Which process shows it is nobody's business; without one there is nothing to show."""
    need_networks()
    with Tree() as tree, tree.daemon(families=FAMILIES) as process:
        pod = Pod(tree, "web")
        container = pod.container()
        first = tree.spawn(container.path, network("eth0"))
        has(process, pod, "eth0")
        second = tree.spawn(container.path, network("eth1"))
        has(process, pod, "eth0")
        groups.stop(first)
        has(process, pod, "eth1")
        groups.stop(second)
        has(process, pod)
        tree.spawn(container.path, network("eth2"))
        has(process, pod, "eth2")


@cases.case
def processes_in_groups_below():
    """crun puts them one level deeper, a systemd of a container anywhere."""
    need_networks()
    with Tree() as tree, tree.daemon(families=FAMILIES) as process:
        for number, below in enumerate(("container", "init.scope", "system.slice/a.service")):
            pod = Pod(tree, f"web-{number}")
            path = tree.make(f"{pod.container().path}/{below}")
            child = tree.spawn(path, network(f"eth{number}"))
            has(process, pod, f"eth{number}")
            groups.stop(child)
            has(process, pod)


@cases.case
def containers_below_the_service_of_the_runtime():
    """A runtime that is not told of the kubelet's slices: they are those of their pods all the same."""
    need_networks()
    with Tree() as tree, tree.daemon(families=FAMILIES) as process:
        scrape(process.address)
        pods = [Pod(tree, f"web-{number}") for number in range(3)]
        for number, pod in enumerate(pods):
            slice_name = Path(pod.path).name
            tree.make(f"system.slice/containerd.service/{slice_name}:cri-containerd:{groups.digits(64)}")
            digits = groups.digits(64)
            path = tree.make(f"system.slice/containerd.service/{slice_name}:cri-containerd:{digits}")
            tree.named["/" + path] = {"namespace": "default", "pod": pod.name, "container": "main", "name": digits}
            (tree.root / groups.LOGS / f"{pod.name}_default_main-{digits}.log").symlink_to(f"/{groups.PODS}/{pod.folder}/main/0.log")
            tree.spawn(path, network(f"eth{number}"))
            demand(until(lambda path=path: groups.is_shown(tree.check(scrape(process.address)), path), pause=0.12), "it is not shown")
        for number, pod in enumerate(pods):
            has(process, pod, f"eth{number}")
        waiting = until(lambda: not scrape(process.address).value("nodegauge_container_unresolved", reason="no_log_link"), pause=0.12)
        demand(waiting, "sandboxes wait for names")


@cases.case
def the_network_of_the_node():
    need_networks()
    with Tree() as tree, tree.daemon(families=FAMILIES) as process:
        pod = Pod(tree, "agent")
        tree.spawn(pod.container().path)
        demand(until(lambda: groups.is_shown(scrape(process.address), pod.path)), "it is not shown")
        demand_equal(interfaces(process, pod), [], "what is counted twice")


sys.exit(cases.run_all())
