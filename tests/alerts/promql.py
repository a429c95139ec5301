# SPDX-License-Identifier: Apache-2.0
"""Which metrics and labels an expression uses. No parser, but enough for expressions that Prometheus has accepted."""
import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
LISTS = re.compile(r"\b(by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
NAME = re.compile(r"[a-zA-Z_:][\w:]*")
KEYWORDS = {"and", "or", "unless", "offset", "bool", "inf", "nan", "by", "on", "without", "ignoring", "group_left", "group_right", "start", "end"}
REPLACED = re.compile(r'"(\w+)",\s*"[^"]*",\s*"[^"]*",\s*"(?:[^"\\]|\\.)*"\s*\)')
TEMPLATE = re.compile(r"\$labels\.(\w+)")


class Expression:
    """`metrics`: label names of selectors by metric; `lists`: labels that it groups by or joins on; `made`: of label_replace."""

    def __init__(self, text):
        self.made = set(REPLACED.findall(text))
        text = re.sub(r"\[[^\]]*\]", "", STRING.sub('""', re.sub(r"(?m)#.*$", "", text)))
        self.lists = {label for _, names in LISTS.findall(text) for label in NAME.findall(names)}
        self.kept = {label for kind, names in LISTS.findall(text) if kind == "by" for label in NAME.findall(names)}
        text = LISTS.sub(" ", text)
        self.metrics = {}
        for match in NAME.finditer(re.sub(r"\{[^}]*\}", lambda found: " " * len(found[0]), text)):
            rest = text[match.end():].lstrip()
            name = match[0]
            if name in KEYWORDS or rest.startswith("(") or text[match.start() - 1:match.start()].isdigit():
                continue
            selector = re.match(r"\{([^}]*)\}", rest)
            labels = set(re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", selector[1])) if selector else set()
            self.metrics.setdefault(name, set()).update(labels)
