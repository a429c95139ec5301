# SPDX-License-Identifier: Apache-2.0
"""Which collectors a program has, and which of them are on by default."""
import re

import daemon


def ours():
    """The names that `--collector.list` prints: what stands at the beginning of a line that is not indented."""
    result = daemon.run("--collector.list")
    if result.returncode != 0:
        raise RuntimeError(f"--collector.list exits {result.returncode}: {result.stderr[-400:]}")
    names = {match[1] for match in re.finditer(r"(?m)^([a-z][a-z0-9_]*)\b", result.stdout)}
    return names - {"collector", "name"}


def theirs(program):
    """Name -> on by default, from node_exporter's --help."""
    result = daemon.run("--help", program=program)
    text = " ".join((result.stdout + result.stderr).split())
    return {match[1]: match[2] == "enabled"
            for match in re.finditer(r"--(?:\[no-\])?collector\.([a-z0-9_]+) Enable the \S+ collector \(default: (enabled|disabled)\)", text)}
