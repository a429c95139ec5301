# SPDX-License-Identifier: Apache-2.0
"""Two expositions side by side, and the table of the differences that are meant."""
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import exposition

TABLE = Path(__file__).resolve().parent / "differences.tsv"
KINDS = ("missing", "extra", "type", "value", "help", "lint", "label", "crash")

# What an exporter says about itself, and how long its collectors took.
OWN = re.compile(r"node_scrape_collector_.*|node_exporter_build_info|(nodegauge|process|promhttp|go)_.*")


@dataclass
class Difference:
    """`missing` is what only they have, `extra` what only we have."""

    kind: str
    family: str
    subject: str  # the family's name, or one series as text
    detail: str = ""

    def __str__(self):
        return f"{self.kind} {self.subject}{': ' if self.detail else ''}{self.detail}"


@dataclass
class Row:
    line: int
    scopes: list
    pattern: re.Pattern
    kinds: list
    reason: str
    used: int = 0

    def explains(self, difference):
        return difference.kind in self.kinds and (
            self.pattern.fullmatch(difference.subject) is not None or self.pattern.fullmatch(difference.family) is not None
        )


@dataclass
class Differences:
    """The rows of differences.tsv for some scopes."""

    rows: list = field(default_factory=list)

    def unexplained(self, differences):
        """Those that no row explains; every row that explains one is marked as used."""
        left = []
        for difference in differences:
            rows = [row for row in self.rows if row.explains(difference)]
            for row in rows:
                row.used += 1
            if not rows:
                left.append(difference)
        return left

    def fold(self, theirs, ours):
        """
        Takes from our series the labels that their family does not have, where a row of kind `label` says that it is meant;
        such a row's pattern is that of `family{label}`.
        """
        rows = [row for row in self.rows if "label" in row.kinds]
        for name, family in ours.families.items():
            if not rows or name not in theirs.families:
                continue
            for label in sorted(_label_names(family) - _label_names(theirs.families[name])):
                meant = [row for row in rows if row.pattern.fullmatch(f"{name}{{{label}}}")]
                for row in meant:
                    row.used += 1
                if meant:
                    family.samples = {_without(key, label): value for key, value in family.samples.items()}

    def unused(self):
        """Rows that were written for these runs and explain nothing; those for any run or by version may be for another."""
        return [row for row in self.rows if not row.used and not all(scope[0] in "*v" for scope in row.scopes)]


def _label_names(family):
    return {label for _, labels in family.samples for label, _ in labels}


def _without(key, label):
    return key[0], tuple(pair for pair in key[1] if pair[0] != label)


def tsv_rows(path):
    """(line number, columns) of a table: the first line names the columns, '#' starts a comment line."""
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if number > 1 and line and not line.startswith("#"):
            yield number, line.split("\t")


def load(*scopes, path=TABLE):
    """The rows whose scope (several are separated by commas, '*' is any) is among `scopes`."""
    rows = []
    for number, columns in tsv_rows(path):
        if len(columns) != 4 or not all(columns):
            raise ValueError(f"{path}:{number}: not four columns")
        scope, pattern, kind, reason = columns
        kinds = kind.split(",")
        if any(one not in KINDS for one in kinds):
            raise ValueError(f"{path}:{number}: unknown kind {kind!r}")
        row = Row(number, scope.split(","), re.compile(pattern), kinds, reason)
        if "*" in row.scopes or set(row.scopes) & set(scopes):
            rows.append(row)
    return Differences(rows)


def same_number(theirs, ours):
    """Equal as doubles, or neighbours: we write exact decimals, they write what their arithmetic rounded."""
    a, b = float(theirs), float(ours)
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=4e-16)


def families(body, leave_out=OWN):
    return {name: family for name, family in body.families.items() if not leave_out or not leave_out.fullmatch(name)}


def compare(theirs, ours, same=same_number, leave_out=OWN, helps=False):
    """The differences of two expositions; `same(their text, our text)` judges values."""
    a, b = families(theirs, leave_out), families(ours, leave_out)
    result = [Difference("missing", name, name) for name in a if name not in b]
    result += [Difference("extra", name, name) for name in b if name not in a]
    for name in a:
        if name not in b:
            continue
        if a[name].type != b[name].type:
            result.append(Difference("type", name, name, f"{a[name].type} there, {b[name].type} here"))
        if helps and a[name].help != b[name].help:
            result.append(Difference("help", name, name))
        result += compare_samples(name, a[name].samples, b[name].samples, same)
    return result


def compare_samples(family, theirs, ours, same):
    for key, value in theirs.items():
        if key not in ours:
            yield Difference("missing", family, exposition.written(key), value)
        elif same and not same(value, ours[key]):
            yield Difference("value", family, exposition.written(key), f"{value} there, {ours[key]} here")
    for key, value in ours.items():
        if key not in theirs:
            yield Difference("extra", family, exposition.written(key), value)


def describe(differences, limit=12):
    more = f"; and {len(differences) - limit} more" if len(differences) > limit else ""
    return f"{len(differences)} unexplained: " + "; ".join(str(one)[:300] for one in differences[:limit]) + more


def report_unused(cases, table):
    if cases.words:
        return
    for row in table.unused():
        cases.note(f"unused: differences.tsv:{row.line} {row.pattern.pattern} {','.join(row.kinds)}")
