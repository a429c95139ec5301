#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""--migrate: each directory of migrate/ is a case.

It has the file to migrate (`flags`, `prometheus-node-exporter`, `node_exporter.service` or `systemctl-cat`), those that it refers to by
@ROOT@, and `expect`: "status N", the last line as it is to be, "missing NAMES" of the collectors that are lost, and "out TEXT",
"not TEXT" and "log TEXT" for what standard output has, has not, and what standard error has.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
from cases import demand, demand_equal

cases = harness.Cases()
SOURCES = ("flags", "prometheus-node-exporter", "node_exporter.service", "systemctl-cat")


def migrate(path):
    return daemon.run("--migrate", path, timeout=20)


def copy(case, folder):
    """The case's files with @ROOT@ filled in; gives the one to migrate."""
    root = Path(folder, case.name)
    shutil.copytree(case, root)
    for path in root.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text().replace("@ROOT@", str(root)))
    return next(root / name for name in SOURCES if (root / name).exists())


def missing(text):
    """The collectors below the heading for them."""
    found = re.search(r"^# Collectors enabled in node_exporter .*\n((?:#   .*\n)*)", text, re.M)
    return found.group(1).replace("#", "").split() if found else []


def try_case(case):
    with tempfile.TemporaryDirectory() as folder:
        source = copy(case, folder)
        result = migrate(source)
        last, kept = result.stdout.splitlines()[-1:], None
        for line in (source.parent / "expect").read_text().splitlines():
            word, _, text = line.partition(" ")
            if word == "status":
                demand_equal(result.returncode, int(text), f"the exit status ({result.stderr})")
            elif word == "missing":
                demand_equal(missing(result.stdout), text.split(), "the missing collectors")
                demand(text in result.stderr, f"not on standard error: {result.stderr}")
            elif word == "out":
                demand(text in result.stdout, f"no {text!r} in {result.stdout}")
            elif word == "not":
                demand(text not in result.stdout, f"{text!r} is in {result.stdout}")
            elif word == "log":
                demand(text in result.stderr, f"no {text!r} in {result.stderr}")
            else:
                kept = [line]
                demand_equal(last, kept, "the last line")
        if result.returncode != 2:
            demand(kept, "the case does not say what is kept")
            demand(all(line.startswith("#") for line in result.stdout.splitlines()[:-1]), f"not a file of assignments: {result.stdout}")


@cases.case
def what_is_printed_is_a_file_that_works():
    with tempfile.TemporaryDirectory() as folder:
        last = migrate(copy(HERE / "migrate" / "debian-defaults", folder)).stdout.splitlines()[-1]
    words = subprocess.run(["bash", "-c", f"{last}; eval \"set -- $(printf '%q ' $ARGS)\"; exec {daemon.binary()} \"$@\" --once"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    demand(words.returncode == 0, words.stderr)


@cases.case
def bad_files_are_refused():
    for path, why in (("/nonexistent", "No such file"), ("/etc/passwd", "neither a variable with flags"), ("/", "directory")):
        result = migrate(path)
        demand(result.returncode == 2 and why in result.stderr and not result.stdout, f"{path}: {result.returncode} {result.stderr}")


for directory in sorted((HERE / "migrate").iterdir()):
    cases.run(directory.name, try_case, directory)
sys.exit(cases.run_all())
