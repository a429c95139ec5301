#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Writes a machine that does not exist as trees of plain files: DIRECTORY/proc, sys, rootfs and udev.

An exporter that is pointed at them (--path.procfs and so on) reports a node with so many CPUs, disks, network interfaces and
mounts. The same arguments give the same bytes.
"""

import argparse
import os
import random
from pathlib import Path

BASE = {"cpus": 4, "disks": 2, "interfaces": 4, "mounts": 30}
LARGE = {"cpus": 256, "disks": 200, "interfaces": 500, "mounts": 5000}

MEMINFO = """MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) Inactive(anon) Active(file)
Inactive(file) Unevictable Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab
SReclaimable SUnreclaim KernelStack PageTables SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal
VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped
Hugepagesize Hugetlb DirectMap4k DirectMap2M DirectMap1G"""
VMSTAT = """nr_free_pages nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_dirty nr_writeback pgpgin pgpgout pswpin
pswpout pgalloc_dma32 pgalloc_normal pgfree pgactivate pgdeactivate pgfault pgmajfault pgrefill pgreuse pgsteal_kswapd
pgsteal_direct pgscan_kswapd pgscan_direct oom_kill compact_stall thp_fault_alloc balloon_inflate"""
NETSTAT = {
    "TcpExt": "SyncookiesSent SyncookiesRecv SyncookiesFailed TW ListenOverflows ListenDrops TCPTimeouts TCPRcvQDrop TCPOFOQueue",
    "IpExt": "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InOctets OutOctets InMcastOctets OutMcastOctets",
}
SNMP = {
    "Ip": "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InDiscards InDelivers OutRequests OutDiscards",
    "Icmp": "InMsgs InErrors InDestUnreachs OutMsgs OutErrors OutDestUnreachs",
    "Tcp": "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs "
           "RetransSegs InErrs OutRsts",
    "Udp": "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors",
}
CPUFREQ = {"cpuinfo_min_freq": 800000, "cpuinfo_max_freq": 3800000, "cpuinfo_transition_latency": 0, "scaling_min_freq": 800000,
           "scaling_max_freq": 3800000, "scaling_driver": "intel_cpufreq", "scaling_governor": "performance",
           "scaling_available_governors": "performance powersave", "scaling_setspeed": "<unsupported>"}
QUEUE = {"add_random": 0, "chunk_sectors": 0, "dax": 0, "discard_granularity": 512, "discard_max_bytes": 2199023255040,
         "discard_max_hw_bytes": 2199023255040, "discard_zeroes_data": 0, "fua": 1, "hw_sector_size": 512, "io_poll": 0,
         "io_poll_delay": -1, "io_timeout": 30000, "iostats": 1, "logical_block_size": 512, "max_discard_segments": 256,
         "max_hw_sectors_kb": 2048, "max_integrity_segments": 1, "max_sectors_kb": 1280, "max_segment_size": 65536,
         "max_segments": 127, "minimum_io_size": 512, "nomerges": 0, "nr_requests": 1023, "nr_zones": 0, "optimal_io_size": 0,
         "physical_block_size": 512, "read_ahead_kb": 128, "rotational": 0, "rq_affinity": 1, "scheduler": "[none] mq-deadline",
         "wbt_lat_usec": 2000, "write_cache": "write back", "write_same_max_bytes": 0, "write_zeroes_max_bytes": 0,
         "zone_append_max_bytes": 0, "zoned": "none"}
LINK = {"addr_assign_type": 3, "addr_len": 6, "broadcast": "ff:ff:ff:ff:ff:ff", "carrier": 1, "carrier_changes": 2,
        "carrier_down_count": 1, "carrier_up_count": 1, "dev_id": "0x0", "dev_port": 0, "dormant": 0, "duplex": "full",
        "flags": "0x1003", "gro_flush_timeout": 0, "ifalias": "", "link_mode": 0, "mtu": 1500, "name_assign_type": 4,
        "napi_defer_hard_irqs": 0, "netdev_group": 0, "operstate": "up", "phys_port_id": "", "proto_down": 0, "speed": 10000,
        "testing": 0, "threaded": 0, "tx_queue_len": 1000, "type": 1}


class Tree:
    """Files below a directory, and numbers for them that depend on the seed alone. With `shared`, all disks and all interfaces
    have the attributes of the first, and mounts that are not shown have no directory: far fewer files for as many series."""

    def __init__(self, root, shared=False):
        self.root = Path(root)
        self.shared = shared
        self.random = random.Random(1)

    def put(self, path, text):
        """Writes a file; a text without a newline at its end gets one."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text if text.endswith("\n") else f"{text}\n", encoding="ascii")

    def values(self, directory, values):
        for name, value in values.items():
            self.put(f"{directory}/{name}", str(value))

    def link(self, path, target):
        link = self.root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(self.root / target, link.parent))

    def number(self, below=10**12):
        return self.random.randrange(below)

    def numbers(self, count, below=10**12):
        return " ".join(str(self.number(below)) for _ in range(count))

    def hexadecimal(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def address(self):
        return ":".join(["02", *(self.hexadecimal(2) for _ in range(5))])


def machine(tree):
    """What does not grow."""
    tree.put("proc/loadavg", "31.17 28.04 25.90 35/9123 1048576")
    tree.put("proc/uptime", "8640000.12 4320000.33")
    tree.put("proc/version", "Linux version 6.12.0 (builder@host) #1 SMP PREEMPT_DYNAMIC")
    tree.put("proc/meminfo", "".join(f"{key + ':':<15} {tree.number(10**9):>8} kB\n" for key in MEMINFO.split()) +
             "".join(f"HugePages_{key}: 0\n" for key in ("Total", "Free", "Rsvd", "Surp")))
    tree.put("proc/vmstat", "".join(f"{key} {tree.number()}\n" for key in VMSTAT.split()))
    for name in ("cpu", "io", "memory"):
        tree.put(f"proc/pressure/{name}", "".join(f"{share} avg10=1.02 avg60=0.50 avg300=0.07 total={tree.number()}\n"
                                                  for share in ("some", "full")))
    tree.put("proc/pressure/irq", f"full avg10=0.00 avg60=0.00 avg300=0.00 total={tree.number()}")
    tree.values("proc/sys", {"fs/file-nr": "91744\t0\t9223372036854775807", "kernel/random/entropy_avail": 256,
                             "kernel/random/poolsize": 256, "net/netfilter/nf_conntrack_count": 48211,
                             "net/netfilter/nf_conntrack_max": 1048576, "kernel/pid_max": 4194304,
                             "kernel/threads-max": 4194304, "kernel/hung_task_detect_count": 0})
    tree.put("proc/self/stat", "4242 (exporter) R 1 4242 4242 0 -1 4194304 900 0 0 0 100 50 0 0 20 0 6 0 86399 127000000 5000 "
             "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0")
    tree.put("proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max open files            1048576              1048576              files     ")
    tree.put("rootfs/etc/os-release", 'NAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION="13 (trixie)"\nID=debian\n')
    tree.values("sys/devices/system/clocksource/clocksource0", {"available_clocksource": "tsc hpet acpi_pm",
                                                                "current_clocksource": "tsc"})
    for zone in range(2):
        tree.values(f"sys/class/thermal/thermal_zone{zone}", {"type": "x86_pkg_temp", "temp": 40000, "policy": "step_wise"})


def protocols(tree):
    """Counters of the network that no interface has a part in."""
    for name, groups in (("netstat", NETSTAT), ("snmp", SNMP)):
        tree.put(f"proc/net/{name}", "".join(f"{group}: {keys}\n{group}: {tree.numbers(len(keys.split()), 10**9)}\n"
                                             for group, keys in groups.items()))
    tree.put("proc/net/snmp6", "".join(f"{key:<32}\t{tree.number(10**9)}\n" for key in (
        "Ip6InReceives", "Ip6InOctets", "Ip6OutOctets", "Icmp6InMsgs", "Icmp6OutMsgs", "Udp6InDatagrams", "Udp6OutDatagrams")))
    tree.put("proc/net/sockstat", "sockets: used 4242\nTCP: inuse 1711 orphan 3 tw 955 alloc 2300 mem 420\n"
             "UDP: inuse 40 mem 12\nUDPLITE: inuse 0\nRAW: inuse 1\nFRAG: inuse 0 memory 0\n")
    tree.put("proc/net/sockstat6", "TCP6: inuse 610\nUDP6: inuse 18\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n")
    head = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"
    tree.put("proc/net/udp", head + "".join(
        f"{slot:5}: 00000000:{1000 + slot:04X} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
        f"{20000 + slot} 2 0000000000000000 0\n" for slot in range(40)))
    tree.put("proc/net/udp6", head)


def cpus(tree, count):
    times = [[tree.number(9 * 10**6) for _ in range(10)] for _ in range(count)]
    lines = [" ".join(["cpu ", *(str(sum(column)) for column in zip(*times))])]
    lines += [f"cpu{cpu} {' '.join(map(str, row))}" for cpu, row in enumerate(times)]
    interrupts = 200 + 8 * count
    lines += [f"intr {tree.number()} {tree.numbers(interrupts, 1000)}", f"ctxt {tree.number()}", "btime 1700000000",
              f"processes {tree.number(10**8)}", "procs_running 7", "procs_blocked 1", f"softirq {tree.numbers(11)}"]
    tree.put("proc/stat", "\n".join(lines))
    tree.put("proc/cpuinfo", "\n".join(
        f"processor\t: {cpu}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: A processor\nstepping\t: 8\n"
        f"microcode\t: 0x2b000590\ncpu MHz\t\t: {tree.number(3000) + 800}.000\ncache size\t: 107520 KB\nphysical id\t: 0\n"
        f"core id\t\t: {cpu // 2}\ncpu cores\t: {max(1, count // 2)}\nflags\t\t: fpu vme de pse tsc msr\n" for cpu in range(count)))
    tree.put("proc/schedstat", "version 16\ntimestamp 4294890000\n" +
             "".join(f"cpu{cpu} 0 0 0 0 0 0 {tree.numbers(3)}\n" for cpu in range(count)))
    tree.put("proc/net/softnet_stat", "".join(
        " ".join([tree.hexadecimal(8), *["00000000"] * 11, f"{cpu:08x}", "00000000", "00000000"]) + "\n" for cpu in range(count)))
    tree.put("proc/net/stat/nf_conntrack", "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "
             "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n" +
             "".join(" ".join(tree.hexadecimal(8) for _ in range(17)) + "\n" for _ in range(count)))
    base = "sys/devices/system/cpu"
    whole = f"0-{count - 1}"
    tree.values(base, {"online": whole, "possible": whole, "present": whole, "offline": "", "isolated": ""})
    for cpu in range(count):
        tree.values(f"{base}/cpu{cpu}/topology", {"core_id": cpu // 2, "physical_package_id": 0, "die_id": 0,
                                                  "core_cpus_list": f"{cpu // 2 * 2}-{cpu // 2 * 2 + 1}"})
        tree.values(f"{base}/cpu{cpu}/thermal_throttle", {"core_throttle_count": tree.number(100),
                                                          "package_throttle_count": tree.number(100)})
        tree.values(f"{base}/cpu{cpu}/cpufreq", {**CPUFREQ, "scaling_cur_freq": 800000 + tree.number(3000000),
                                                 "related_cpus": cpu})
        tree.put(f"{base}/cpu{cpu}/online", "1")


def disk_name(number):
    """sda to sdz, then sdaa and on, as sd_format_disk_name of the kernel has it."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("a") + letter) + name
    return f"sd{name}"


def disks(tree, count):
    lines = []
    for number in range(count):
        name, device = disk_name(number), f"{8 + number // 16 * 57}:{number % 16 * 16}"
        lines.append(f"{device.replace(':', ' ')} {name} {tree.numbers(8, 10**9)} 0 {tree.numbers(8, 10**9)}\n")
        if number == 0 or not tree.shared:
            unit = f"sys/devices/pci0000:00/0000:00:1f.2/host{number}/target{number}:0:0/{number}:0:0:0"
            real = f"{unit}/block/{name}"
            tree.values(real, {"dev": device, "size": tree.number(10**10), "ro": 0, "removable": 0, "stat": tree.numbers(17, 10**8)})
            tree.values(f"{real}/queue", QUEUE)
            tree.values(unit, {"model": "A disk", "vendor": "ATA", "rev": "1.0"})
        tree.link(f"sys/block/{name}", real)
        tree.link(f"sys/class/block/{name}", real)
        tree.put(f"udev/b{device}", f"S:disk/by-id/wwn-{number}\nE:ID_MODEL=A_disk\nE:ID_SERIAL_SHORT=S{number:08}\nE:ID_REVISION=1.0\n"
                 f"E:ID_WWN=0x{tree.hexadecimal(16)}\nE:ID_PATH=pci-0000:00:1f.2-ata-{number}\nE:ID_BUS=ata\nG:systemd\n")
    tree.put("proc/diskstats", "".join(lines))


def interfaces(tree, count):
    names = [*["lo", "eth0", "eth1", "cni0"][:count], *(f"veth{tree.hexadecimal(8)}" for _ in range(count - 4))]
    lines = ["Inter-|   Receive                                                |  Transmit\n",
             " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
             "compressed\n"]
    for index, name in enumerate(names, 1):
        lines.append(f"{name:>6}: {tree.numbers(2)} 0 {tree.number(1000)} 0 0 0 {tree.number()} {tree.numbers(2)} 0 0 0 0 0 0\n")
        if index == 1 or not tree.shared:
            real = f"sys/devices/virtual/net/{name}"
            tree.values(real, {**LINK, "address": tree.address(), "ifindex": index, "iflink": index,
                               "uevent": f"INTERFACE={name}\nIFINDEX={index}"})
            for counter in ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_dropped", "tx_dropped"):
                tree.put(f"{real}/statistics/{counter}", str(tree.number()))
        tree.link(f"sys/class/net/{name}", real)
    tree.put("proc/net/dev", "".join(lines))
    tree.put("proc/net/arp", "IP address       HW type     Flags       HW address            Mask     Device\n" + "".join(
        f"10.0.{host >> 8}.{host & 255:<9} 0x1         0x2         {tree.address()}     *        {names[-1]}\n" for host in range(20)))


def pod_mounts(tree):
    """The mounts of one pod after another, as a container runtime and a kubelet make them."""
    while True:
        pod = "-".join(tree.hexadecimal(digits) for digits in (8, 4, 4, 4, 12))
        for _ in range(2):
            yield f"/run/containerd/io.containerd.runtime.v2.task/k8s.io/{tree.hexadecimal(64)}/rootfs", "overlay", "overlay"
        yield f"/run/netns/cni-{tree.hexadecimal(36)}", "nsfs", "nsfs"
        yield f"/run/containerd/io.containerd.grpc.v1.cri/sandboxes/{tree.hexadecimal(64)}/shm", "tmpfs", "shm"
        for kind in ("projected/kube-api-access-x", "secret/tls", "empty-dir/scratch"):
            yield f"/var/lib/kubelet/pods/{pod}/volumes/kubernetes.io~{kind}", "tmpfs", "tmpfs"
        yield f"/var/lib/kubelet/pods/{pod}/volumes/kubernetes.io~csi/pvc-{tree.hexadecimal(12)}/mount", "ext4", "/dev/sdb"


def mounts(tree, count):
    system = [("/", "ext4", "/dev/sda1"), ("/proc", "proc", "proc"), ("/sys", "sysfs", "sysfs"), ("/dev", "devtmpfs", "udev"),
              ("/run", "tmpfs", "tmpfs"), ("/sys/fs/cgroup", "cgroup2", "cgroup2"), ("/boot", "ext4", "/dev/sda2")]
    pods = pod_mounts(tree)
    table, short = [], []
    for number in range(count):
        point, kind, source = system[number] if number < len(system) else next(pods)
        if not tree.shared or kind not in ("overlay", "nsfs"):
            (tree.root / "rootfs" / point[1:]).mkdir(parents=True, exist_ok=True)
        table.append(f"{20 + number} 1 0:{number} / {point} rw,relatime shared:{number} - {kind} {source} rw\n")
        short.append(f"{source} {point} {kind} rw,relatime 0 0\n")
    for process in ("1", "self"):
        tree.put(f"proc/{process}/mountinfo", "".join(table))
        tree.put(f"proc/{process}/mounts", "".join(short))
    tree.put("proc/mounts", "".join(short))


def make(directory, shared=False, **sizes):
    """Writes the trees; sizes that are not given are those of BASE."""
    sizes = {**BASE, **sizes}
    tree = Tree(directory, shared)
    machine(tree)
    protocols(tree)
    cpus(tree, sizes["cpus"])
    disks(tree, sizes["disks"])
    interfaces(tree, sizes["interfaces"])
    mounts(tree, sizes["mounts"])
    # The network of process 1 and of the process itself is the machine's.
    for process in ("1", "self"):
        tree.link(f"proc/{process}/net", "proc/net")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    for name, usual in BASE.items():
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"{usual} where not given, {LARGE[name]} on the large machine")
    parser.add_argument("--shared", action="store_true", help="fewer files: all disks and all interfaces have the attributes of the first")
    given = vars(parser.parse_args())
    make(**given)


if __name__ == "__main__":
    main()
