# SPDX-License-Identifier: Apache-2.0
"""Every overlay's pod is started on this machine and looked at from outside: what it may see, and what it loses.

What a pod loses is found by comparing its answer with that of a daemon that runs beside it as the same user, but in none of a pod's
confinements. What that user cannot read anywhere is the business of docs/privileges.md.
"""
import json
import re
import shutil
import tempfile
import time
from pathlib import Path

import compare
import daemon
import manifests
import pod
import sandwich
from cases import demand, demand_equal

# What each process says of itself, and how long things took.
OWN = re.compile(r"node_scrape_collector_duration_seconds|(nodegauge|process|promhttp)_.*")
# Family: how the table names it. The first is lost without the host's network, the others without the node's root.
NAME = {"node_uname_info": "the node's host name in `node_uname_info`, which the monitors restore"}
ROOT = {"machine_.+": "the label `machine_id` of `machine_*`", "node_pressure_trigger_events_total": "`node_pressure_trigger_events_total`, which needs to write to the kernel"}


def expected(overlay):
    """{pattern of families: text} of what a pod is known to lose."""
    spec = manifests.pod_spec(manifests.render(overlay))
    rooted = any(volume.get("hostPath", {}).get("path") == "/" for volume in spec["volumes"])
    return {**({} if spec.get("hostNetwork") else NAME), **({} if rooted else ROOT)}


class Seen:
    """What was found of one overlay's pod."""

    def __init__(self, overlay, differences, running, body):
        self.overlay, self.differences = overlay, differences
        self.samples = sum(1 for _ in body.samples())
        self.own = running.own_namespaces()
        self.status = running.status()
        inside = Path(f"/proc/{running.pid()}")
        self.reads_node = (inside / "root/host/etc/hostname").exists() or (inside / "root/host/etc/passwd").exists()
        self.writable = sorted({line.split()[4] for line in (inside / "mountinfo").read_text().splitlines()
                                if line.split()[4].startswith(("/host", "/var")) and "rw" in line.split()[5].split(",")})
        self.failed = {dict(labels)["collector"] for (name, labels), value in body.samples() if name == "node_scrape_collector_success" and float(value) == 0}

    def lost(self):
        """Families that the pod does not have as the node has them."""
        return {one.family for one in self.differences}


def beside(program, arguments):
    """The daemon on the node itself, as nobody."""
    address = ("127.0.0.1", daemon.free_port())
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs",
               program, f"--web.listen-address=127.0.0.1:{address[1]}", *arguments]
    return daemon.Daemon(command, address)


def wait_for_pressure(address):
    """The first ticks sample pressure and set the triggers; where the kernel has none there is nothing to wait for."""
    end = time.monotonic() + 3
    while "node_pressure_share" not in sandwich.scrape(address).families and time.monotonic() < end:
        time.sleep(0.1)


def look(archive):
    """{overlay: Seen}; overlays with the same pod share one run."""
    seen, known = {}, {}
    with tempfile.TemporaryDirectory(prefix="nodegauge-image-") as folder:
        rootfs, process = pod.unpack(archive, folder)
        Path(folder).chmod(0o755)
        shutil.copy(rootfs / "usr/bin/nodegauge", f"{folder}/nodegauge")
        for overlay in manifests.OVERLAYS:
            spec = manifests.pod_spec(manifests.render(overlay))
            key = json.dumps(spec, sort_keys=True)
            if key not in known:
                filters = [word for word in spec["containers"][0]["args"] if word.startswith(("--collector", "--no-collector"))]
                port = daemon.free_port() if spec.get("hostNetwork") else None
                with beside(f"{folder}/nodegauge", filters) as host, pod.Pod(rootfs, process, spec, port=port) as running:
                    host.wait_ready()
                    for address in (host.address, running.address):
                        wait_for_pressure(address)
                    differences, body = sandwich.lasting(host.address, running.address, compare.Differences(), leave_out=OWN)
                    known[key] = Seen(overlay, differences, running, sandwich.scrape(running.address))
            seen[overlay] = known[key]
    return seen


def confined(one):
    """As the manifest says it: nobody, no capability, no way to more, the runtime's system calls."""
    demand_equal(one.status["Uid"].split(), ["65534"] * 4, "the user")
    demand_equal([one.status[key] for key in ("CapEff", "CapPrm", "CapBnd", "CapAmb")], ["0" * 16] * 4, "the capabilities")
    demand_equal((one.status["NoNewPrivs"], one.status["Seccomp"]), ("1", "2" if pod.seccomp() else "0"), "no_new_privs and seccomp")


def namespaces(overlay, one):
    spec = manifests.pod_spec(manifests.render(overlay))
    wanted = {"mnt", "ipc", "cgroup"} | (set() if spec.get("hostPID") else {"pid"}) | (set() if spec.get("hostNetwork") else {"net", "uts"})
    demand_equal(set(one.own), wanted, "its own namespaces")


def same_numbers(one):
    """Every series and value that the daemon has beside the pod, but for what is known to be lost."""
    known = expected(one.overlay)
    left = [each for each in one.differences if not any(re.fullmatch(pattern, each.family) for pattern in known)]
    demand(not left, lambda: compare.describe(left))
    return f"{one.samples} series"


def row(overlay, one):
    objects = manifests.render(overlay)
    spec = manifests.pod_spec(objects)
    shared = [text for kind, text in (("net", "network"), ("pid", "PID")) if kind not in one.own]
    files = "files that any user of the node can read" if one.reads_node else ", ".join(
        f"`{volume['hostPath']['path']}`" for volume in spec["volumes"] if "hostPath" in volume)
    ports = [port for container in spec["containers"] for port in container.get("ports", [])]
    port = "the node's" if any(each.get("hostPort") for each in ports) else "the pod's, restricted by policy"
    if any(container["name"] == "kube-rbac-proxy" for container in spec["containers"]):
        port += ", with TLS and a token"
    token = [container["name"] for container in spec["containers"] for mount in container.get("volumeMounts", []) if "serviceaccount" in mount["mountPath"]]
    forbidden = sorted({field for _, field in manifests.pod_violations(spec)} |
                       {field for container in spec["containers"] for _, field in manifests.container_violations(spec, container)})
    off = [word.removeprefix("--no-collector.") for word in spec["containers"][0]["args"] if word.startswith("--no-collector.")]
    known = expected(overlay)
    lost = {next((text for pattern, text in known.items() if re.fullmatch(pattern, family)), f"`{family}`") for family in one.lost()}
    lost = [f"the `{name}` collector" for name in off] + sorted(lost)
    writable = "mounts below `/`" if one.reads_node else "mounts below `/proc` and `/sys`"
    cells = [f"`{overlay.rpartition('/')[2]}`", " and ".join(shared) or "none", files, writable if one.writable else "nothing", port,
             ", ".join(token) or "none", ", ".join(f"`{field}`" for field in forbidden), "; ".join(lost) or "nothing"]
    return "| " + " | ".join(cells) + " |"


def table(seen):
    head = ["Overlay", "Node namespaces", "Node files", "Not read-only", "Port", "Token", "Violates *baseline*", "Lost"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + [row(overlay, one) for overlay, one in seen.items()]) + "\n"
