#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each alert over the series of its cases, by promtool: when it fires, whom it names, and when it does not."""
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring
import packages
import rulecases

# What each alert is tried with at least.
KINDS = ("fires", "silent", "restart", "resolves")
cases = harness.Cases()


def failures(output):
    """What promtool says of each case, by its name."""
    parts = re.findall(r'(?ms)^ *expr: "[^\n]* # ([^\n]*), scraped every (\d+s)", (time: .*?)(?=^ *expr: |\Z)', output)
    found = {}
    for name, interval, text in parts:
        found.setdefault(name.replace("\\", ""), []).append(f"[{interval}] {text}")
    return {name: " ".join(texts) for name, texts in found.items()}


def judge(files, found):
    """Verdicts of the cases in some files."""
    result = subprocess.run([packages.need("promtool", "prometheus"), "test", "rules", *files], capture_output=True, text=True, check=False)
    bad = failures(result.stdout + result.stderr)
    if result.returncode and not bad:
        return [("promtool", result.stderr or result.stdout)]
    return [(case.name, bad.get(case.name, "")) for case in found]


def complete(alert, found):
    kinds = {one.case["kind"] for one in found}
    missing = [kind for kind in KINDS if kind not in kinds]
    harness.demand(not missing or alert == "NodegaugeWatchdog", f"no case that {', '.join(missing)}")
    harness.demand(any(any(one.case["firing"].values()) for one in found), "no case expects it to fire")


def main():
    tools = packages.need("promtool", "prometheus")
    cases.note(subprocess.run([tools, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0])
    files = rulecases.load()
    for alert in monitoring.alerts():
        cases.run(f"{alert['alert']}: cases of all kinds", complete, alert["alert"], files.get(alert["alert"], []))
    jobs = ([], [])
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(jobs)) as pool:
        for i, rule in enumerate(monitoring.alerts()):
            alert = rule["alert"]
            if cases.wanted(alert) and alert in files:
                jobs[i % len(jobs)].append((rulecases.write(folder, alert, rule, files[alert]), files[alert]))
        parts = [(list(paths), [case for several in found for case in several]) for paths, found in (zip(*job) for job in jobs if job)]
        for verdicts in pool.map(lambda part: judge(*part), parts):
            for name, why in verdicts:
                cases.verdict("FAIL" if why else "ok", name, why)
    return cases.finish()


try:
    sys.exit(main())
except harness.Skip as skip:
    cases.verdict("skip", "all cases", skip)
    sys.exit(cases.finish())
