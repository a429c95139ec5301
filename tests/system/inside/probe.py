#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a process in the service's sandbox can do: started in place of the daemon, it prints NAME OUTCOME lines."""
import ctypes
import errno
import mmap
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, KEYCTL, PERSONALITY, UNSHARE_NS = 0x10000000, 250, 135, 0x20000
PTRACE_TRACEME, SCHED_FIFO = 0, 1


def call(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")


def write_to(path):
    with open(path, "w", encoding="utf-8"):
        pass


def set_uid_file():
    os.chmod(os.open("/run/nodegauge/probe", os.O_CREAT | os.O_WRONLY), 0o4755)


def set_clock():
    import time
    time.clock_settime(time.CLOCK_REALTIME, time.time())


def ask_clock():
    room = ctypes.create_string_buffer(256)
    if libc.adjtimex(room) < 0:
        raise OSError(ctypes.get_errno(), "")


def packet_socket():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)


def executable_memory():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def devices():
    found = [name for name in ("vda", "ttyS0", "kmsg", "mem", "vport1p1") if os.path.exists(f"/dev/{name}")]
    if found:
        return " ".join(found)
    raise FileNotFoundError(errno.ENOENT, "")


TRIES = {
    "write-etc": lambda: write_to("/etc/probe"),
    "write-var": lambda: write_to("/var/lib/nodegauge/textfile/probe.prom"),
    "write-tmp": lambda: write_to("/tmp/probe"),
    "write-home": lambda: write_to("/root/probe"),
    "write-sysctl": lambda: write_to("/proc/sys/kernel/hostname"),
    "write-cgroup": lambda: write_to("/sys/fs/cgroup/cgroup.procs"),
    "write-runtime-directory": lambda: write_to("/run/nodegauge/probe"),
    "set-uid-file": set_uid_file,
    "devices": devices,
    "user-namespace": lambda: call(272, CLONE_NEWUSER),
    "mount-namespace": lambda: call(272, UNSHARE_NS),
    "realtime": lambda: os.sched_setscheduler(0, SCHED_FIFO, os.sched_param(1)),
    "personality": lambda: call(PERSONALITY, 0x0008),
    "executable-memory": executable_memory,
    "packet-socket": packet_socket,
    "keyring": lambda: call(KEYCTL, 0, -3, 1),
    "change-owner": lambda: os.chown("/run/nodegauge/probe", 0, 0),
    "change-user": lambda: os.setuid(0),
    "host-name": lambda: socket.sethostname("probe"),
    "set-clock": set_clock,
    "ask-clock": ask_clock,
    "kernel-log": lambda: call(103, 3, 0, 0),
    "load-module": lambda: call(175, 0, 0, 0),
    "mount": lambda: call(165, 0, 0, 0, 0, 0),
    "reboot": lambda: call(169, 0, 0, 0, 0),
}


for name, attempt in TRIES.items():
    try:
        outcome = attempt() or "works"
    except OSError as error:
        outcome = errno.errorcode.get(error.errno, str(error.errno))
    print(name, outcome, flush=True)
sys.exit(0)
