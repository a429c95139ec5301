# SPDX-License-Identifier: Apache-2.0
"""Two exporters on one machine: ours is scraped before and after theirs, so that what theirs says lies between.

A round gives the differences between their answer and the range that our two answers span. Machines change while they are
looked at, so a difference counts only when it shows in every round, and a gauge only when theirs lies outside of twice the
range over which ours moved in all of them.
"""
import math
import re
import time
from dataclasses import dataclass
from pathlib import Path

import compare
import exposition
import wire
from cases import Failure

TOLERANCES = Path(__file__).resolve().parent / "tolerances.tsv"
ULP = 4e-16  # their arithmetic rounds, our decimals are exact


@dataclass
class Tolerance:
    pattern: re.Pattern
    absolute: float
    relative: float


def load_tolerances(path=TOLERANCES):
    return [Tolerance(re.compile(pattern), float(absolute), float(relative))
            for _, (pattern, absolute, relative, _reason) in compare.tsv_rows(path)]


def scrape(address):
    response = wire.fetch(address, timeout=30)
    if response.status != 200:
        raise Failure(f"{address} answers {response.status}")
    return exposition.read(response.text())


class Judge:
    def __init__(self, tolerances=None):
        self.tolerances = load_tolerances() if tolerances is None else tolerances

    def slack(self, family, value):
        for tolerance in self.tolerances:
            if tolerance.pattern.fullmatch(family):
                return max(tolerance.absolute, tolerance.relative * abs(value))
        return 0.0

    def between(self, family, before, theirs, after):
        """True when their value of a family lies where ours allow it."""
        low, value, high = float(before), float(theirs), float(after)
        if math.isnan(value):
            return math.isnan(low) or math.isnan(high)
        slack = self.slack(family.name, value) + ULP * abs(value)
        if family.type != "counter" and high < low:
            low, high = high, low
        return value == low or value == high or low - slack <= value <= high + slack

    def samples(self, family, before, theirs, after):
        for key, value in theirs.items():
            one, two = before.get(key), after.get(key)
            if one is None and two is None:
                yield compare.Difference("missing", family.name, exposition.written(key), value)
            elif one is not None and two is not None and not self.between(family, one, value, two):
                yield compare.Difference("value", family.name, exposition.written(key), f"{value} there, {one} to {two} here")
        for key in before:
            if key in after and key not in theirs:
                yield compare.Difference("extra", family.name, exposition.written(key), before[key])

    def round(self, before, theirs, after, leave_out=None):
        a = compare.families(theirs, leave_out)
        one, two = compare.families(before, leave_out), compare.families(after, leave_out)
        result = [compare.Difference("missing", name, name) for name in a if name not in one and name not in two]
        result += [compare.Difference("extra", name, name) for name in one if name in two and name not in a]
        for name, family in a.items():
            if name not in one or name not in two:
                continue
            if family.type != one[name].type:
                result.append(compare.Difference("type", name, name, f"{family.type} there, {one[name].type} here"))
            if family.help != one[name].help:
                result.append(compare.Difference("help", name, name))
            result += self.samples(family, one[name].samples, family.samples, two[name].samples)
        return result


class Spread:
    """How far each of our gauges moved during all rounds: what moves by itself may as well have moved in between."""

    def __init__(self):
        self.ranges = {}

    def add(self, body):
        for family in body.families.values():
            if family.type == "counter":
                continue
            for key, text in family.samples.items():
                value = float(text)
                low, high = self.ranges.get(exposition.written(key), (value, value))
                self.ranges[exposition.written(key)] = min(low, value), max(high, value)

    def covers(self, difference):
        if difference.kind != "value" or difference.subject not in self.ranges:
            return False
        low, high = self.ranges[difference.subject]
        theirs = float(difference.detail.split(" ", 1)[0])
        return low - (high - low) <= theirs <= high + (high - low)


def lasting(ours, theirs, table, rounds=6, pause=0.25, leave_out=None):
    """The differences that every round shows, and the last of our answers; `table` folds labels."""
    judge, spread = Judge(), Spread()
    left, last = None, None
    for _ in range(rounds):
        before, middle, after = scrape(ours), scrape(theirs), scrape(ours)
        for body in (before, after):
            table.fold(middle, body)
            spread.add(body)
        found = {(one.kind, one.subject): one for one in judge.round(before, middle, after, leave_out)}
        left = found if left is None else {key: found[key] for key in left if key in found}
        last = after
        time.sleep(pause)
    return [one for one in left.values() if not spread.covers(one)], last
