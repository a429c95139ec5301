#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What each alert says, with a value and labels filled in, is the text in summaries.txt and names the victim.

    tests/alerts/texts_test.py --write      takes over what is said now, to be read before it is committed
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring
import packages
import series

KEPT = HERE / "summaries.txt"
write = sys.argv[1:] == ["--write"]
cases = harness.Cases([] if write else None)


def first_fire(found):
    """Case, time and labels."""
    for case in found:
        for time, wanted in case["firing"].items():
            if wanted:
                return case, time, wanted[0]
    raise harness.Failure("it never fires")


def promtool(folder, rules):
    """promtool shows what fires when the test expects nothing."""
    arguments = []
    for rule in rules:
        case, time, _ = first_fire(monitoring.load(HERE / "cases" / f"{rule['alert']}.yaml"))
        records = [one for one in monitoring.rules() if "record" in one]
        path = Path(folder, f"{rule['alert']}.rules.yaml")
        path.write_text(json.dumps({"groups": [{"name": "records", "rules": records}, {"name": "alerts", "rules": [rule]}]}))
        inputs = [{"series": series.labels(name), "values": series.samples(values, 30)} for name, values in case["series"].items()]
        test = Path(folder, f"{rule['alert']}.test.yaml")
        test.write_text(json.dumps({"rule_files": [str(path)], "evaluation_interval": "1m", "tests": [
            {"interval": "30s", "input_series": inputs, "alert_rule_test": [{"eval_time": time, "alertname": rule["alert"], "exp_alerts": []}]}]}))
        arguments.append(test)
    return subprocess.run([packages.need("promtool", "prometheus"), "test", "rules", *arguments], capture_output=True, text=True, check=False)


def annotations(output):
    """{alert: {name: text}} of the first of each that fires."""
    found = {}
    for block in re.findall(r'alertname:\s*(\w+),.*?got:\[(.*?)\n\s*\]', output, re.S):
        texts = re.search(r"Annotations:\{(.*?)\}\s*(?:\n|$)", block[1], re.S)
        if texts:
            found[block[0]] = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', texts[1]))
    return found


def try_texts(rule, texts, kept):
    harness.demand(texts is not None, "promtool shows no text")
    wrong = [text for text in texts.values() if re.search(r"<no value>|<error|%!|\{\{|NaN|  ", text)]
    harness.demand(not wrong, lambda: f"{wrong}")
    _, _, labels = first_fire(monitoring.load(HERE / "cases" / f"{rule['alert']}.yaml"))
    lost = [value for name, value in labels.items() if name not in ("severity", "device") and value and value not in texts["summary"]]
    harness.demand(not lost, lambda: f"{lost} is not in: {texts['summary']}")
    harness.demand_equal(texts["summary"], kept, "the summary")


def main():
    with tempfile.TemporaryDirectory() as folder:
        result = promtool(folder, monitoring.alerts())
    found = annotations(result.stdout + result.stderr)
    if write:
        KEPT.write_text("".join(f"{name}: {texts['summary']}\n" for name, texts in sorted(found.items())))
    kept = dict(line.split(": ", 1) for line in KEPT.read_text().splitlines())
    for rule in monitoring.alerts():
        cases.run(f"text of {rule['alert']}", try_texts, rule, found.get(rule["alert"]), kept.get(rule["alert"]))
    return cases.finish()


try:
    sys.exit(main())
except harness.Skip as skip:
    cases.verdict("skip", "all texts", skip)
    sys.exit(cases.finish())
