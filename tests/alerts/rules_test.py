#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each alert over the series of its cases, by promtool: when it fires, whom it names, and when it does not."""
import json
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
import series

# What each alert is tried with at least.
KINDS = ("fires", "silent", "restart", "resolves")
cases = harness.Cases()
yaml = monitoring.yaml()


def expected(alert, wanted):
    """A query whose result has the labels that the case gives, and no others."""
    selector = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    if not wanted:
        return selector, []
    names = sorted({name for labels in wanted for name in labels})
    texts = [", ".join(f'{name}="{labels[name]}"' for name in names if labels.get(name)) for labels in wanted]
    return f"count by ({', '.join(names)}) ({selector})", [{"labels": f"{{{text}}}", "value": 1} for text in texts]


class Case:
    """One entry of a file of cases; promtool repeats the comment in the query when it fails, and nothing else that names it."""

    def __init__(self, alert, case):
        self.alert, self.case, self.name = alert, case, f"{alert}: {case['case']}"

    def group(self, interval):
        checks = []
        for time, wanted in self.case["firing"].items():
            query, result = expected(self.alert, wanted)
            checks.append({"expr": f"{query} # {self.name}, scraped every {interval}s", "eval_time": time, "exp_samples": result})
        return {
            "interval": f"{interval}s",
            "input_series": [{"series": series.labels(name), "values": series.samples(values, interval)}
                             for name, values in self.case["series"].items()],
            "promql_expr_test": checks,
        }

    def groups(self):
        """What fires has to fire at slow and at fast scrapes; the others are tried at the usual one."""
        return [self.group(interval) for interval in self.case.get("intervals", [15, 60] if self.case["kind"] == "fires" else [30])]


def write(folder, alert, rules, found):
    """An alert's rule, the recording rules and its cases, for promtool."""
    rules_file, test_file = Path(folder, f"{alert}.rules.yaml"), Path(folder, f"{alert}.test.yaml")
    rules_file.write_text(json.dumps({"groups": rules}))
    tests = [group for case in found for group in case.groups()]
    test_file.write_text(json.dumps({"rule_files": [str(rules_file)], "evaluation_interval": "1m", "tests": tests}))
    return test_file


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
    kinds = {case["kind"] for case in found}
    missing = [kind for kind in KINDS if kind not in kinds]
    harness.demand(not missing or alert == "NodegaugeWatchdog", f"no case that {', '.join(missing)}")
    harness.demand(any(any(case["firing"].values()) for case in found), "no case expects it to fire")


def main():
    tools = packages.need("promtool", "prometheus")
    cases.note(subprocess.run([tools, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0])
    files = {path.stem: monitoring.load(path) for path in sorted((HERE / "cases").glob("*.yaml"))}
    for alert in monitoring.alerts():
        cases.run(f"{alert['alert']}: cases of all kinds", complete, alert["alert"], files.get(alert["alert"], []))
    records = [{"name": "records", "rules": [rule for rule in monitoring.rules() if "record" in rule]}]
    jobs = ([], [])
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(jobs)) as pool:
        for i, rule in enumerate(monitoring.alerts()):
            alert = rule["alert"]
            if cases.wanted(alert) and alert in files:
                found = [Case(alert, case) for case in files[alert]]
                jobs[i % len(jobs)].append((write(folder, alert, records + [{"name": "alerts", "rules": [rule]}], found), found))
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
