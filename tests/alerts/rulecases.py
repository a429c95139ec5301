# SPDX-License-Identifier: Apache-2.0
"""Cases of alerts as files for promtool."""
import json
from pathlib import Path

import monitoring
import series

CASES = Path(__file__).resolve().parent / "cases"


def load():
    """Cases by alert."""
    return {path.stem: [Case(path.stem, case) for case in monitoring.load(path)] for path in sorted(CASES.glob("*.yaml"))}


def records():
    return [rule for rule in monitoring.rules() if "record" in rule]


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


def write(folder, name, rule, found):
    """An alert's rule, the recording rules and cases."""
    rules_file, test_file = Path(folder, f"{name}.rules.yaml"), Path(folder, f"{name}.test.yaml")
    rules_file.write_text(json.dumps({"groups": [{"name": "records", "rules": records()}, {"name": "alerts", "rules": [rule]}]}))
    tests = [group for case in found for group in case.groups()]
    test_file.write_text(json.dumps({"rule_files": [str(rules_file)], "evaluation_interval": "1m", "tests": tests}))
    return test_file
