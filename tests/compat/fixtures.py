#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The collectors on node_exporter's own fixture tree: families, types, label sets and values must be node_exporter's."""
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


def answer(arguments, directory):
    """One exposition of ours, judged by the linter."""
    result = daemon.run("--once", *arguments, cwd=directory)
    harness.demand(result.returncode == 0, lambda: f"exit status {result.returncode}: {result.stderr[-400:]}")
    ours = exposition.read(result.stdout)
    harness.demand(not ours.errors, lambda: f"malformed: {'; '.join(ours.errors[:5])}")
    return ours, result.stderr


def source_run(table, top, run):
    ours, log = answer(run.arguments, top)
    failed = [labels["collector"] for labels, value in ours.series_of("node_scrape_collector_success") if float(value) != 1]
    theirs = exposition.read(run.expected)
    differences = compare.compare(theirs, ours, leave_out=run.left_out)
    left = table.unexplained(differences)
    harness.demand(not left, lambda: compare.describe(left))
    harness.demand(not failed, lambda: f"{failed} fail: {log[-400:]}")
    compared = compare.families(theirs, run.left_out)
    return f"{len(compared)} families, {sum(len(family.samples) for family in compared.values())} series, {len(differences)} listed differences"


def main():
    cases = harness.Cases()
    table = compare.load("fixtures")
    with tempfile.TemporaryDirectory(prefix="nodegauge-fixtures-") as folder:
        try:
            top, run = reference.source_package(folder, collectors.defaults())
        except reference.Unreachable as why:
            cases.verdict("skip", "fixtures", f"no fixture tree: {why}")
            return cases.finish()
        cases.run("fixtures of node_exporter's source package", source_run, table, top, run)
    compare.report_unused(cases, table)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
