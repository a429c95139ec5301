#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each alert has its runbook, which has all of its parts and commands that a shell takes; links of alerts lead to what is there."""
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import monitoring

RUNBOOKS = monitoring.ROOT / "docs" / "runbooks"
PARTS = ["What it means", "Impact", "False alarms", "First three commands", "How to fix it", "When to silence it"]
cases = harness.Cases()


def commands(text):
    """Each with what it should print."""
    return re.findall(r"(?ms)^\d\. ```sh\n(.*?)\n   ```\n(.*?)(?=^\d\. |^## )", text)


def try_runbook(rule):
    path = RUNBOOKS / f"{rule['alert']}.md"
    harness.demand(rule["annotations"]["runbook_url"].endswith(f"docs/runbooks/{path.name}"), rule["annotations"]["runbook_url"])
    harness.demand(path.exists(), f"there is no {path.name}")
    text = path.read_text()
    harness.demand(text.startswith(f"# {rule['alert']}\n\nSeverity: {rule['labels']['severity']}"), "title or severity is another")
    harness.demand_equal(re.findall(r"(?m)^## (.*)", text), PARTS, "the parts")
    empty = [part for part, body in re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", text) if not body.strip()]
    harness.demand(not empty, f"nothing in {empty}")
    found = commands(text)
    harness.demand_equal(len(found), 3, "the number of commands")
    for command, expected in found:
        harness.demand(expected.strip(), f"not said what it prints: {command}")
        result = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        harness.demand(result.returncode == 0, f"{command}: {result.stderr}")


@cases.case
def no_runbook_without_an_alert():
    names = {path.stem for path in RUNBOOKS.iterdir()}
    harness.demand_equal(names - {rule["alert"] for rule in monitoring.alerts()}, set(), "what is left over")


@cases.case
def each_alert_is_in_the_list():
    text = (monitoring.ROOT / "docs" / "alerts.md").read_text()
    missing = [rule["alert"] for rule in monitoring.alerts() if rule["alert"] not in text]
    harness.demand(not missing, f"{missing}")


for one in monitoring.alerts():
    cases.run(f"runbook of {one['alert']}", try_runbook, one)
sys.exit(cases.run_all())
