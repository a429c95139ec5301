# SPDX-License-Identifier: Apache-2.0
"""Which collectors a program has, and which of them are on by default."""
import re
import shutil

import daemon

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
    """The installed node_exporter's version as scopes of differences.tsv: ("v1.5.0", "v1.5"); none where it is missing."""
    if not shutil.which(NODE_EXPORTER):
        return ()
    result = daemon.run("--version", program=NODE_EXPORTER)
    match = re.search(r"version ((\d+\.\d+)[\w.]*)", result.stdout + result.stderr)
    return (f"v{match[1]}", f"v{match[2]}") if match else ()
