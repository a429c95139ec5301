# SPDX-License-Identifier: Apache-2.0
"""For each row of a collector's privileges a scene in which it matters, with the flags that show it.

A scene is set up by root inside of mount and process namespaces of its own. Where the machine need not have the device, a
captured tree stands in for it, with the modes that the kernel gives to those files.
"""
import json
import shutil
import subprocess
from pathlib import Path

CASES = Path(__file__).resolve().parent.parent / "collectors"


def captured(place, case, name, closed):
    """A copy of a collector's case; `closed` are the files that the kernel gives to root alone."""
    tree = place / name
    shutil.copytree(CASES / case / "root", tree, symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", tree], check=True)
    found = [path for path in tree.rglob("*") if path.name in closed and not path.is_symlink()]
    for path in found:
        path.chmod(0o400)
    assert found, f"{case} has none of {closed}"
    return tree


def cgroup(place, path, process=1):
    """A tree of control groups with one group in it."""
    (place / path).mkdir(parents=True)
    (place / "cgroup.controllers").write_text("")
    (place / path / "cpu.stat").write_text("usage_usec 1\n")
    (place / path / "cgroup.procs").write_text(f"{process}\n")


def container_images(place):
    """The runtime's directories and files, which only root enters."""
    number, uid = 64 * "a", "01234567-89ab-4def-8123-456789abcdef"
    cgroup(place / "cgroup", f"kubepods/pod{uid}/{number}")
    bundle = place / f"state/io.containerd.runtime.v2.task/k8s.io/{number}"
    bundle.mkdir(parents=True)
    (bundle / "config.json").write_text(json.dumps({"annotations": {
        "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "app",
        "io.kubernetes.cri.sandbox-name": "web", "io.kubernetes.cri.sandbox-namespace": "default",
        "io.kubernetes.cri.sandbox-uid": uid, "io.kubernetes.cri.image-name": "nginx:1.27"}}))
    bundle.chmod(0o700)
    return [f"--path.cgroupfs={place}/cgroup", f"--path.oci-state={place}/state", f"--path.rootfs={place}"]


def container_descriptors(place):
    """Of a process of somebody else, which ends with the scene's namespace."""
    process = subprocess.Popen(["sleep", "100"], user=12345, group=12345)
    cgroup(place / "cgroup", "system.slice/sleep.service", process.pid)
    return [f"--path.cgroupfs={place}/cgroup", "--collector.container.families=descriptors"]


def container_system_uuid(place):
    """drivers/firmware/dmi-id.c: as in the scene of dmi."""
    cgroup(place / "cgroup", "system.slice/a.service")
    (place / "sys/class/dmi/id").mkdir(parents=True)
    uuid = place / "sys/class/dmi/id/product_uuid"
    uuid.write_text("11111111-2222-3333-4444-555555555555\n")
    uuid.chmod(0o400)
    return [f"--path.cgroupfs={place}/cgroup", f"--path.sysfs={place}/sys", "--collector.container.families=machine"]


def cpufreq(place):
    """drivers/cpufreq/cpufreq.c: cpufreq_freq_attr_ro_perm(cpuinfo_cur_freq, 0400)."""
    tree = captured(place, "cpufreq/policies", "cpufreq", {"cpuinfo_cur_freq"})
    cpus = tree / "sys/devices/system/cpu"
    (cpus / "cpu0").mkdir(exist_ok=True)
    (cpus / "cpu0/cpufreq").symlink_to("../cpufreq/policy0")
    return [f"--path.sysfs={tree}/sys"]


def dmi(place):
    """drivers/firmware/dmi-id.c: DEFINE_DMI_ATTR_WITH_SHOW(..., 0400, ...)."""
    tree = captured(place, "dmi/server", "dmi", {"board_serial", "chassis_serial", "product_serial", "product_uuid"})
    return [f"--path.sysfs={tree}/sys"]


def filesystem(place):
    """A mount below a directory that only its owner may enter: containers of a user, /root."""
    closed = place / "closed"
    (closed / "mount").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "scene", closed / "mount"], check=True)
    shutil.chown(closed, 12345, 12345)
    closed.chmod(0o700)
    return []


def processes(place):
    (place / "hidden").mkdir()
    subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2,gid=12345", "proc", place / "hidden"], check=True)
    return [f"--path.procfs={place}/hidden"]


def rapl(place):
    """drivers/powercap/powercap_sys.c: define_power_zone_show(energy_uj), 0400 since Linux 5.10."""
    tree = captured(place, "rapl/typical", "rapl", {"energy_uj"})
    return [f"--path.sysfs={tree}/sys"]


def slabinfo(_place):
    return []


def sysctl(_place):
    return ["--collector.sysctl.include=vm.mmap_rnd_bits"]


def textfile(place):
    folder = place / "textfile"
    folder.mkdir()
    (folder / "open.prom").write_text("everyone_may_read 1\n")
    (folder / "closed.prom").write_text("only_its_owner_may_read 1\n")
    shutil.chown(folder / "closed.prom", 12345, 12345)
    (folder / "closed.prom").chmod(0o600)
    return [f"--collector.textfile.directory={folder}"]


# In the order of the collector's rows.
SCENES = {
    "container": [container_images, container_descriptors, container_system_uuid],
    "cpufreq": [cpufreq],
    "dmi": [dmi],
    "filesystem": [filesystem],
    "processes": [processes],
    "rapl": [rapl],
    "slabinfo": [slabinfo],
    "sysctl": [sysctl],
    "textfile": [textfile],
}


def view(collector, body):
    """What is compared: series, but for the processes, which all have the same series and of which some are not seen."""
    series = set()
    for family in body.families.values():
        for name, labels in family.samples:
            if not name.startswith(("node_scrape_", "nodegauge_", "process_", "promhttp_", "node_exporter_")):
                series.add((name, labels))
    if collector == "processes":
        seen = body.value("node_processes_pids") if ("node_processes_pids", ()) in series else 0
        series = {(name, labels) for name, labels in series if not labels}
        series = {(name, labels) for name, labels in series if seen > 1 or name not in ("node_processes_pids", "node_processes_threads")}
    return series


def lost(everything, rest):
    """In words, which families, or labels, or series of one, are missing."""
    missing = everything - rest
    found, partly = [], []
    for name in sorted({name for name, _ in missing}):
        here = [labels for family, labels in rest if family == name]
        there = {key for family, labels in everything if family == name for key, _ in labels}
        gone = there - {key for labels in here for key, _ in labels}
        if not here:
            found.append(f"`{name}`")
        elif gone:
            found.append(f"labels {', '.join(f'`{key}`' for key in sorted(gone))} of `{name}`")
        else:
            partly.append(f"`{name}`")
    return found + [f"some series of {', '.join(partly)}"] * bool(partly)
