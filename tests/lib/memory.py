# SPDX-License-Identifier: Apache-2.0
"""The memory limits that are shipped, and what a process needed."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MIB = 1 << 20


def unit_limit():
    """MemoryMax= of the unit, in bytes."""
    unit = (ROOT / "systemd/nodegauge.service").read_text()
    return int(re.search(r"^MemoryMax=(\d+)M$", unit, re.M)[1]) * MIB


def pod_limit():
    """The container's limit of the DaemonSet, in bytes."""
    manifest = (ROOT / "packaging/kubernetes/base/daemonset.yaml").read_text()
    return int(re.search(r"limits:\n(?:\s+cpu:.*\n)?\s+memory: (\d+)Mi", manifest)[1]) * MIB


def peak(process):
    """The most memory that it ever had resident, in bytes."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) << 10
