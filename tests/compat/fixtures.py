#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each collector on node_exporter's own fixture tree: families, types, label sets and values must be node_exporter's."""
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import compare
import daemon
import exposition
import reference

# Set when the tree is unpacked, not when the answers were taken.
IGNORED_VALUES = re.compile(r"node_textfile_mtime_seconds")


def answer(arguments, directory):
    """One exposition of ours, judged by the linter."""
    result = daemon.run("--once", *arguments, cwd=directory)
    harness.demand(result.returncode == 0, lambda: f"exit status {result.returncode}: {result.stderr[-400:]}")
    ours = exposition.read(result.stdout)
    harness.demand(not ours.errors, lambda: f"malformed: {'; '.join(ours.errors[:5])}")
    return ours, result.stderr


def without_ignored(body):
    for name, family in body.families.items():
        if IGNORED_VALUES.fullmatch(name):
            family.samples = dict.fromkeys(family.samples, "0")
    return body


def counted(ours, run):
    """For runs whose answer depends on the machine only the number of families and samples is known."""
    own = compare.families(ours)
    success = ours.families["node_scrape_collector_success"].samples
    families = len(own)
    samples = sum(len(family.samples) for family in own.values()) + len(success)  # which its table counts, too
    harness.demand_equal((families, samples), (run.families, run.samples), "the number of families and of samples")
    return "by number of series only"


def one_run(table, run, directory):
    ours, log = answer(run.arguments, directory)
    success = exposition.series("node_scrape_collector_success", {"collector": run.name})
    harness.demand(dict(ours.samples()).get(success) == "1", lambda: f"success is not 1: {log[-400:]}")
    if run.expected is None:
        return counted(ours, run)
    theirs = without_ignored(exposition.read(run.expected))
    differences = compare.compare(theirs, without_ignored(ours))
    left = table.unexplained(differences)
    harness.demand(not left, lambda: compare.describe(left))
    return f"{len(differences)} listed differences" if differences else ""


def runs_beside(cases, known):
    table = compare.load("fixtures")
    with tempfile.TemporaryDirectory(prefix="nodegauge-fixtures-") as folder:
        runs = reference.beside(folder)
        for run in runs:
            if run.name in known:
                cases.run(f"fixtures {run.name}", one_run, table, run, folder)
        cases.note("collectors of ours without a run: " + " ".join(sorted(known - {run.name for run in runs})))
        cases.note("runs for collectors that are not here: " + " ".join(run.name for run in runs if run.name not in known))
    compare.report_unused(cases, table)


def source_run(table, top, run):
    ours, _ = answer(run.arguments, top)
    theirs = without_ignored(exposition.read(run.expected))
    table.fold(theirs, ours)
    left = table.unexplained(compare.compare(theirs, without_ignored(ours)))
    harness.demand(not left, lambda: compare.describe(left))


def run_source_package(cases, known):
    table = compare.load("source", *collectors.version_scopes())
    with tempfile.TemporaryDirectory(prefix="nodegauge-source-") as folder:
        top, run = reference.source_package(folder, known)
        cases.run("source package", source_run, table, top, run)
    compare.report_unused(cases, table)


def main():
    cases = harness.Cases()
    known = collectors.ours()
    reasons = []
    for attempt in (runs_beside, run_source_package):
        try:
            attempt(cases, known)
            return cases.finish()
        except reference.Unreachable as why:
            reasons.append(str(why))
    cases.verdict("skip", "fixtures", "no fixture tree: " + "; ".join(reasons))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
