#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The container collector with every controller of cgroup v2: limits, throttling, OOM kills and pressure that are real.

The groups are made by systemd, as the kubelet with its systemd driver has them made, and as plain services and scopes. What the
sandboxed service says is compared with the kernel's files, which are read before and after.
"""
import functools
import json
import os
import sys
import time
from pathlib import Path

import machine
from machine import run, show
import sandwich
from cases import Cases, Failure, demand

TREE = Path("/sys/fs/cgroup")
SETS = "cpu,cpu-detail,memory,memory-detail,events,tasks,processes,io,network,spec,pressure,info,machine"
UID = "0c5b6a52-9e1f-4b0c-8a39-6b1d2f3e4a5b"
POD = f"kubepods-burstable-pod{UID.replace('-', '_')}.slice"
CONTAINER = "3f2a" * 16
cases = Cases()

PROGRAMS = {
    # holds as many megabytes as its argument says, and waits
    "eat": "import sys, time\nheld = bytearray(int(sys.argv[1]) << 20)\nheld[::4096] = b'x' * len(held[::4096])\ntime.sleep(1000)\n",
    "spin": "while True:\n    pass\n",
    "write": "import os, time\nf = os.open('/var/tmp/written', os.O_CREAT | os.O_WRONLY)\nos.write(f, b'x' * (8 << 20))\nos.fsync(f)\n"
             "time.sleep(1000)\n",
}


def numbers(path):
    """A flat file, {"usage_usec": 12, ...}, or one value under "". "max" is None."""
    found = {}
    for line in path.read_text().splitlines():
        *key, value = line.split()
        found[" ".join(key)] = None if value == "max" else int(value) if value.lstrip("-").isdigit() else value
    return found


def pressure(path, kind):
    line = next(line for line in path.read_text().splitlines() if line.startswith(kind))
    return int(line.split("total=")[1]) / 1e6


def kernel(group):
    """What the kernel's files say of a group, under the names of our families."""
    stat, memory, events = numbers(group / "cpu.stat"), numbers(group / "memory.stat"), numbers(group / "memory.events")
    current, peak = numbers(group / "memory.current")[""], group / "memory.peak"
    # systemd gives a controller to a group only where a unit asks for it
    # and older versions of crun set all limits one group deeper
    inner = group / "container" if (group / "container" / "memory.max").exists() else group
    quota, period = (group / "cpu.max").read_text().split() if (group / "cpu.max").exists() else ("max", None)
    said = {
        "container_cpu_usage_seconds_total": stat["usage_usec"] / 1e6,
        "container_cpu_user_seconds_total": stat["user_usec"] / 1e6,
        "container_cpu_system_seconds_total": stat["system_usec"] / 1e6,
        "container_memory_usage_bytes": current,
        "container_memory_working_set_bytes": max(current - memory["inactive_file"], 0),
        "container_memory_rss": memory["anon"],
        "container_memory_cache": memory["file"],
        "container_memory_mapped_file": memory["file_mapped"],
        "container_memory_failcnt": events["max"],
        "container_memory_events_high_total": events["high"],
        "container_memory_events_max_total": events["max"],
        "container_oom_events_total": events["oom_kill"],
        "container_threads": numbers(group / "pids.current")[""],
    }
    if quota != "max":
        said |= {"container_spec_cpu_quota": int(quota), "container_spec_cpu_period": int(period),
                 "container_cpu_cfs_periods_total": stat["nr_periods"],
                 "container_cpu_cfs_throttled_periods_total": stat["nr_throttled"],
                 "container_cpu_cfs_throttled_seconds_total": stat["throttled_usec"] / 1e6}
    if peak.exists():
        said["container_memory_max_usage_bytes"] = numbers(peak)[""]
    limits = {"container_spec_memory_limit_bytes": "memory.max", "container_threads_max": "pids.max",
              "container_spec_memory_reservation_limit_bytes": "memory.min"}
    for family, name in limits.items():
        if value := numbers(inner / name)[""] or numbers(group / name)[""]:
            said[family] = value
    for resource in ("cpu", "memory", "io"):
        for kind, name in (("some", "waiting"), ("full", "stalled")):
            said[f"container_pressure_{resource}_{name}_seconds_total"] = pressure(group / f"{resource}.pressure", kind)
    return said


# Gauges of a group that does nothing move a little all the same: the kernel counts memory in batches for each CPU.
SLACK = {"memory": 1 << 20}


def compare(name):
    """Our figures of a group lie between what the kernel says before and after; gives them."""
    group = TREE / name.lstrip("/")
    before, body, after = kernel(group), sandwich.scrape(machine.ADDRESS), kernel(group)
    ours = {}
    for family in before:
        values = [value for labels, value in body.series_of(family) if labels.get("id") == name and labels.get("cpu", "total") == "total"]
        demand(len(values) == 1, f"{family} of {name}: {len(values)} series")
        low, high = sorted((before[family], after[family]))
        slack = SLACK["memory"] if "_memory_" in family and not family.endswith(("_total", "limit_bytes")) else 0
        demand(low - slack - 1e-9 <= values[0] <= high + slack + 1e-9, f"{family} of {name} is {values[0]}, the kernel says {low} to {high}")
        ours[family] = values[0]
    return ours


def of_group(family, name):
    return [(labels, value) for labels, value in sandwich.scrape(machine.ADDRESS).series_of(family) if labels["id"] == name]


def group_of(unit):
    def found():
        state = show(unit, "ActiveState", "ControlGroup")
        return state["ActiveState"] == "active" and (TREE / state["ControlGroup"].lstrip("/") / "cgroup.procs").exists() and state["ControlGroup"]

    return machine.wait_for(f"{unit} has a group", found)


def service(name, program, *arguments, **properties):
    """A transient service; the name of its group."""
    words = " ".join(f"-p {key}={value}" for key, value in properties.items())
    run(f"systemctl stop {name} 2>/dev/null; systemctl reset-failed {name} 2>/dev/null; true")
    run(f"systemd-run -q --unit={name} {words} python3 /run/{program}.py {' '.join(map(str, arguments))}")
    return group_of(name)


def link(pod, uid, name, number):
    """As the kubelet links to the log of a container of the namespace `shop`."""
    log = Path(f"/var/log/pods/shop_{pod}_{uid}/{name}/0.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    links = Path("/var/log/containers")
    links.mkdir(exist_ok=True)
    (links / f"{pod}_shop_{name}-{number}.log").unlink(missing_ok=True)
    (links / f"{pod}_shop_{name}-{number}.log").symlink_to(log)


def container(program, *arguments, **properties):
    """A scope where and as containerd has one made under a kubelet."""
    words = " ".join(f"-p {key}={value}" for key, value in properties.items())
    unit = f"cri-containerd-{CONTAINER}.scope"
    run(f"systemctl stop {unit} 2>/dev/null; systemctl reset-failed {unit} 2>/dev/null; true")
    link("web-1", UID, "app", CONTAINER)
    run(f"systemd-run -q --scope --unit={unit} --slice={POD} -p Delegate=yes {words} -- bash -c \"sleep 1000 & python3 /run/{program}.py "
        f"{' '.join(map(str, arguments))}; wait\" >/dev/null 2>&1 &")
    return group_of(unit)


def stop(*units):
    run(f"systemctl stop {' '.join(units)}; systemctl reset-failed; true")


@cases.case
def limits_of_a_service():
    name = service("limited", "eat", 8, MemoryMax="100M", MemoryMin="10M", CPUQuota="50%", TasksMax="30")
    time.sleep(5)
    ours = compare(name)
    demand(ours["container_spec_memory_limit_bytes"] == 100 << 20, f"memory limit {ours['container_spec_memory_limit_bytes']}")
    demand(ours["container_spec_cpu_quota"] / ours["container_spec_cpu_period"] == 0.5, "CPU quota")
    demand(ours["container_threads_max"] == 30, "tasks")
    demand(ours["container_spec_memory_reservation_limit_bytes"] == 10 << 20, "reservation")
    demand(ours["container_memory_rss"] > 8 << 20, "resident memory")
    stop("limited")


@cases.case
def throttling_of_a_container():
    name = container("spin", CPUQuota="20%", MemoryMax="200M")
    time.sleep(10)
    ours = compare(name)
    demand(ours["container_cpu_cfs_throttled_periods_total"] > 10, f"throttled in {ours['container_cpu_cfs_throttled_periods_total']} periods")
    demand(ours["container_pressure_cpu_waiting_seconds_total"] > 1, f"waited {ours['container_pressure_cpu_waiting_seconds_total']} s")
    pod = compare(os.path.dirname(name))
    demand(pod["container_cpu_usage_seconds_total"] >= ours["container_cpu_usage_seconds_total"], "the pod used less than its container")
    labels = next(labels for labels, _ in sandwich.scrape(machine.ADDRESS).series_of("container_memory_usage_bytes") if labels["id"] == name)
    for label, wanted in (("namespace", "shop"), ("pod", "web-1"), ("container", "app")):
        demand(labels.get(label) == wanted, f"{label} is {labels.get(label)!r}")
    stop(f"cri-containerd-{CONTAINER}.scope")
    return f"{ours['container_cpu_cfs_throttled_seconds_total']:.1f} s throttled"


@cases.case
def an_oom_kill_in_a_container():
    name = container("eat", 120, MemoryMax="40M", MemorySwapMax="0")
    machine.wait_for("the kernel killed it", lambda: numbers(TREE / name.lstrip("/") / "memory.events")["oom_kill"], 120)
    killed = time.time()
    time.sleep(15)  # the time is that of the kill, not that of the first scrape after it
    ours = compare(name)
    demand(ours["container_oom_events_total"] >= 1, f"{ours['container_oom_events_total']} OOM kills")
    body = sandwich.scrape(machine.ADDRESS)
    for group in (name, os.path.dirname(name)):
        when = [value for labels, value in body.series_of("container_oom_last_kill_time_seconds") if labels["id"] == group]
        demand(when and abs(when[0] - killed) < 10, f"{group}: the time of the kill is {when}, and it was at {killed:.1f}")
    stop(f"cri-containerd-{CONTAINER}.scope")


@cases.case
def a_container_that_ended_is_shown_once_more():
    """With what it had at its end, when we are told before systemd has removed the group: it is told of the end as we are."""
    for turn in range(1, 6):
        name = container("spin", MemoryMax="200M")
        time.sleep(3)
        (_, seen), = of_group("container_cpu_usage_seconds_total", name)
        before = kernel(TREE / name.lstrip("/"))["container_cpu_usage_seconds_total"]
        stop(f"cri-containerd-{CONTAINER}.scope")
        machine.wait_for("its group is gone", lambda name=name: not (TREE / name.lstrip("/")).exists())
        last = of_group("container_cpu_usage_seconds_total", name)
        demand(last and last[0][1] >= seen, f"its last total is {last}, and {seen} was shown before")
        machine.wait_for("it is shown no more", lambda name=name: not of_group("container_cpu_usage_seconds_total", name), 30)
        if last[0][1] >= before:
            return f"at its end, in turn {turn}"
    raise Failure(f"never with what it had at its end: {last[0][1]} of {before}")


@cases.case
def memory_pressure_of_a_service():
    name = service("pressed", "eat", 80, MemoryHigh="30M", MemorySwapMax="0")
    machine.wait_for("the kernel throttles it", lambda: pressure(TREE / name.lstrip("/") / "memory.pressure", "some") > 1, 120)
    ours = compare(name)
    demand(ours["container_pressure_memory_waiting_seconds_total"] > 1, "no memory pressure")
    demand(ours["container_memory_events_high_total"] > 0, "MemoryHigh was not noticed")
    stop("pressed")
    return f"waited {ours['container_pressure_memory_waiting_seconds_total']:.1f} s"


@cases.case
def bytes_written_by_a_service():
    name = service("writer", "write", IOAccounting="yes")
    stat = TREE / name.lstrip("/") / "io.stat"

    def written():
        return sum(int(word[7:]) for word in stat.read_text().split() if word.startswith("wbytes="))

    machine.wait_for("it has written", lambda: written() >= 8 << 20, 60)
    low, body, high = written(), sandwich.scrape(machine.ADDRESS), written()
    ours = sum(value for labels, value in body.series_of("container_fs_writes_bytes_total") if labels["id"] == name)
    demand(low <= ours <= high, f"{ours} bytes, the kernel says {low} to {high}")
    stop("writer")
    Path("/var/tmp/written").unlink()


@cases.case
def a_container_of_crun():
    """As CRI-O has it started: a scope of the pod's slice, the processes one level deeper, a network of its own."""
    uid, number, folder = "5d1f0a3c-7b21-4e0e-9a63-c0ffee15d00d", "7b1c" * 16, Path("/run/bundle")
    (folder / "rootfs").mkdir(parents=True)
    run(f"mount --bind / {folder}/rootfs && cd {folder} && crun spec")
    config = json.loads((folder / "config.json").read_text())
    config["process"] |= {"terminal": False, "args": ["sh", "-c", "ip link add eth0 type veth peer name eth1; exec sleep 1000"]}
    for capabilities in config["process"]["capabilities"].values():
        capabilities.append("CAP_NET_ADMIN")
    config["root"], config["mounts"] = {"path": "rootfs"}, [mount for mount in config["mounts"] if mount["destination"] == "/proc"]
    pod = f"kubepods-burstable-pod{uid.replace('-', '_')}.slice"
    config["linux"] |= {"cgroupsPath": f"{pod}:crio:{number}", "resources": {"memory": {"limit": 64 << 20}, "pids": {"limit": 50}}}
    (folder / "config.json").write_text(json.dumps(config))
    link("real", uid, "app", number)
    # the container keeps what it is given as its output
    run(f"crun --systemd-cgroup run --detach --bundle={folder} real >/dev/null 2>/run/crun.log || (cat /run/crun.log; false)")
    name = machine.wait_for("it has a group", lambda: show(f"crio-{number}.scope", "ControlGroup").get("ControlGroup"))
    demand((TREE / name.lstrip("/") / "container" / "cgroup.procs").read_text().split(), "crun has put its processes elsewhere")
    machine.wait_for("it is shown", lambda: of_group("container_threads", name))
    demand(compare(name)["container_spec_memory_limit_bytes"] == 64 << 20, "the memory limit")
    labels, count = of_group("container_processes", name)[0]
    demand(count == 1, f"{count} processes")
    for label, wanted in (("namespace", "shop"), ("pod", "real"), ("container", "app"), ("name", f"k8s_app_real_shop_{uid}_0")):
        demand(labels.get(label) == wanted, f"{label} is {labels.get(label)!r}")
    network = of_group("container_network_receive_bytes_total", os.path.dirname(name))
    demand(sorted(labels["interface"] for labels, _ in network) == ["eth0", "eth1"], f"the pod's interfaces: {network}")
    run(f"crun --systemd-cgroup delete --force real; umount {folder}/rootfs")
    machine.wait_for("it is shown no more", lambda: not of_group("container_threads", name), 30)


@cases.case
def a_container_of_podman():
    number = run("podman run --detach --network=none --memory=64m --rootfs /:O sleep 1000 2>/dev/null").stdout.split()[-1]
    name = group_of(f"libpod-{number}.scope")
    labels, _ = machine.wait_for("it is shown", lambda: of_group("container_threads", name))[0]
    demand(labels.get("name") == number and labels.get("image"), f"its labels are {labels}")
    demand(compare(name)["container_spec_memory_limit_bytes"] == 64 << 20, "the memory limit")
    run(f"podman rm --force --time=0 {number}")
    machine.wait_for("it is shown no more", lambda: not of_group("container_threads", name), 30)


@cases.case
def everything_is_read_inside_the_sandbox():
    body = sandwich.scrape(machine.ADDRESS)
    demand(body.value("node_scrape_collector_success", collector="container") == 1, "the collector fails")
    absent = body.series_of("nodegauge_psi_unavailable")
    demand(not any(value for _, value in absent), f"no pressure: {absent}")
    demand(body.value("nodegauge_cgroup_polling") == 0, "the tree is not watched")
    demand(body.value("nodegauge_pressure_sampler_rounds_total") > 0, "pressure is not sampled")


@functools.cache
def prepare():
    """Once, before the first case."""
    for word, text in PROGRAMS.items():
        Path(f"/run/{word}.py").write_text(text)
    machine.fresh()
    machine.start(f"--collector.container.families={SETS}")


sys.exit(cases.run_all(before=prepare))
