# SPDX-License-Identifier: Apache-2.0
"""A strict reader of the text format 0.0.4.

`read` gives the families of a body and all that is wrong with it. It is stricter than the format where a sloppy writer
would hide a bug: no blank lines, no free comments, HELP and TYPE before every family, each family in one piece, no time
stamps.
"""
import math
import re
from dataclasses import dataclass, field

TYPES = ("counter", "gauge", "untyped", "histogram", "summary")
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
LABEL_VALUE = re.compile(r'"((?:[^"\\\n]|\\["\\n])*)"')
HELP_TEXT = re.compile(r"(?:[^\\]|\\[\\n])*")
NUMBER = re.compile(r"[+-]?(?:Inf|NaN|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


@dataclass
class Family:
    name: str
    type: str = ""
    help: str = None
    samples: dict = field(default_factory=dict)  # series -> value as it was written


@dataclass
class Exposition:
    families: dict = field(default_factory=dict)
    errors: list = field(default_factory=list)

    def samples(self):
        for family in self.families.values():
            yield from family.samples.items()

    def value(self, name, **labels):
        """The value of one series as a float; KeyError where there is none."""
        return float(dict(self.samples())[series(name, labels)])

    def series_of(self, name):
        """Labels as a dictionary, with the value, of every series of that name."""
        return [(dict(labels), float(value)) for (sample, labels), value in self.samples() if sample == name]


def series(name, labels):
    return name, tuple(sorted(labels.items()))


def written(key):
    """A series as text: name{a="b",c="d"}, labels sorted."""
    name, labels = key
    if not labels:
        return name
    inside = ",".join('%s="%s"' % (k, v.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for k, v in labels)
    return f"{name}{{{inside}}}"


class _Reader:
    def __init__(self):
        self.result = Exposition()
        self.family = None
        self.closed = set()
        self.seen = set()
        self.line = 0

    def wrong(self, text):
        self.result.errors.append(f"line {self.line}: {text}")

    def open(self, name):
        if self.family is not None and self.family.name == name:
            return
        self.close()
        if name in self.closed:
            self.wrong(f"family {name} appears twice")
        self.family = self.result.families.setdefault(name, Family(name))

    def close(self):
        if self.family is None:
            return
        self.closed.add(self.family.name)
        if not self.family.samples:
            self.wrong(f"family {self.family.name} has no sample")
        if self.family.type == "histogram":
            self.result.errors.extend(_histogram_errors(self.family))
        self.family = None

    def comment(self, text):
        words = text.split(" ", 3)
        if len(words) < 3 or words[0] != "#" or words[1] not in ("HELP", "TYPE"):
            self.wrong(f"comment that is neither HELP nor TYPE: {text[:80]!r}")
            return
        kind, name = words[1], words[2]
        rest = words[3] if len(words) > 3 else ""
        if not METRIC_NAME.fullmatch(name):
            self.wrong(f"bad metric name {name!r}")
        self.open(name)
        if self.family.samples:
            self.wrong(f"{kind} of {name} behind its samples")
        if kind == "HELP":
            if self.family.help is not None or self.family.type:
                self.wrong(f"second HELP of {name}, or HELP behind TYPE")
            if not HELP_TEXT.fullmatch(rest):
                self.wrong(f"bad escape in the HELP of {name}")
            self.family.help = rest
        else:
            if self.family.type:
                self.wrong(f"second TYPE of {name}")
            if rest not in TYPES:
                self.wrong(f"unknown type {rest!r} of {name}")
            self.family.type = rest

    def labels(self, text, at):
        """The labels that start behind a brace; returns them with the place behind the closing brace."""
        labels = {}
        while True:
            if text[at:at + 1] == "}" and not labels:
                raise ValueError("empty braces")
            name = LABEL_NAME.match(text, at)
            if not name or text[name.end():name.end() + 1] != "=":
                raise ValueError("bad label name")
            value = LABEL_VALUE.match(text, name.end() + 1)
            if not value:
                raise ValueError(f"bad value of label {name[0]}")
            if name[0] in labels:
                raise ValueError(f"label {name[0]} twice")
            if name[0].startswith("__"):
                raise ValueError(f"reserved label {name[0]}")
            labels[name[0]] = re.sub(r'\\["\\n]', lambda match: ESCAPES[match[0]], value[1])
            at = value.end() + 1
            if text[at - 1:at] == "}":
                return labels, at
            if text[at - 1:at] != ",":
                raise ValueError("no comma between labels")

    def sample(self, text):
        name = METRIC_NAME.match(text)
        if not name:
            raise ValueError("bad metric name")
        labels, at = {}, name.end()
        if text[at:at + 1] == "{":
            labels, at = self.labels(text, at + 1)
        if text[at:at + 1] != " " or not NUMBER.fullmatch(text, at + 1):
            raise ValueError("not one blank and one number behind the name")
        family = self.family
        if family is None or name[0] not in [family.name + suffix for suffix in SUFFIXES.get(family.type, ("",))]:
            raise ValueError("sample outside of its family")
        key = series(name[0], labels)
        if key in self.seen:
            raise ValueError("series twice")
        self.seen.add(key)
        if family.help is None or not family.type:
            self.wrong(f"{name[0]} has no HELP or no TYPE")
        family.samples[key] = text[at + 1:]


def _histogram_errors(family):
    groups = {}
    for (name, labels), value in family.samples.items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        group = groups.setdefault(rest, {"buckets": [], "other": {}})
        if name == family.name + "_bucket":
            bound = dict(labels).get("le")
            if bound is None:
                yield f"{family.name}: bucket without le"
                continue
            group["buckets"].append((float(bound), float(value)))
        else:
            group["other"][name[len(family.name):]] = float(value)
    for group in groups.values():
        buckets = group["buckets"]
        if buckets != sorted(buckets) or [count for _, count in buckets] != sorted(count for _, count in buckets):
            yield f"{family.name}: buckets are not cumulative in order"
        if not buckets or buckets[-1][0] != math.inf or buckets[-1][1] != group["other"].get("_count"):
            yield f"{family.name}: the last bucket is not +Inf with the value of _count"
        if "_sum" not in group["other"]:
            yield f"{family.name}: no _sum"


def read(body):
    """Body as bytes or text -> Exposition, whose errors are empty for a body without fault."""
    reader = _Reader()
    if isinstance(body, bytes):
        try:
            body = body.decode("utf-8")
        except UnicodeDecodeError as error:
            reader.wrong(f"not UTF-8: {error}")
            body = body.decode("utf-8", "replace")
    if "\r" in body:
        reader.wrong("carriage return in the body")
    if body and not body.endswith("\n"):
        reader.wrong("the last line has no line feed")
    for line in body.removesuffix("\n").split("\n") if body else []:
        reader.line += 1
        if line.startswith("#"):
            reader.comment(line)
            continue
        try:
            reader.sample(line)
        except ValueError as error:
            reader.wrong(f"{error}: {line[:160]!r}")
    reader.line += 1
    reader.close()
    return reader.result
