# SPDX-License-Identifier: Apache-2.0
"""Which collectors a program has, and which of them are on by default."""
import re

import daemon
import packages
from cases import Skip

NODE_EXPORTER = "prometheus-node-exporter"


def defaults():
    """Name -> on by default, from `--collector.list`: its lines `NAME (on): summary` that are not indented."""
    result = daemon.run("--collector.list")
    if result.returncode != 0:
        raise RuntimeError(f"--collector.list exits {result.returncode}: {result.stderr[-400:]}")
    return {match[1]: match[2] == "on" for match in re.finditer(r"(?m)^([a-z][a-z0-9_]*) \((on|off)\)", result.stdout)}


def ours():
    return set(defaults())


def theirs(program):
    """Name -> on by default, from node_exporter's --help."""
    result = daemon.run("--help", program=program)
    text = " ".join((result.stdout + result.stderr).split())
    return {match[1]: match[2] == "enabled"
            for match in re.finditer(r"--(?:\[no-\])?collector\.([a-z0-9_]+) Enable the \S+ collector \(default: (enabled|disabled)\)", text)}


def version_scopes():
    """The version of Debian's node_exporter as scopes of differences.tsv: ("v1.5.0", "v1.5"); none where it cannot be had."""
    try:
        program = packages.need(NODE_EXPORTER, NODE_EXPORTER)
    except Skip:
        return ()
    result = daemon.run("--version", program=program)
    match = re.search(r"version ((\d+\.\d+)[\w.]*)", result.stdout + result.stderr)
    return (f"v{match[1]}", f"v{match[2]}") if match else ()
