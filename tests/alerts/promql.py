# SPDX-License-Identifier: Apache-2.0
"""Which metrics and labels an expression uses. No parser, but enough for expressions that Prometheus has accepted."""
import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
LISTS = re.compile(r"\b(by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
NAME = re.compile(r"[a-zA-Z_:][\w:]*")
KEYWORDS = {"and", "or", "unless", "offset", "bool", "inf", "nan", "by", "on", "without", "ignoring", "group_left", "group_right", "start", "end"}
OPERATOR = re.compile(r"\b(and|or|unless)\b(\s+(on|ignoring)\s*\([^)]*\))?")
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


def operators(text):
    """Where each of the outermost `and`, `or` and `unless` is, with its `on`."""
    found, depth, quoted, i = [], 0, False, 0
    while i < len(text):
        character = text[i]
        if quoted:
            i += character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "({[":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif depth == 0 and (match := OPERATOR.match(text, i)):
            found.append(match.span())
            i = match.end()
            continue
        i += 1
    return found


def split(text):
    """The operands of the outermost operators."""
    bounds = [0, *(edge for span in operators(text) for edge in span), len(text)]
    return [word.strip() for word in map(lambda i: text[bounds[i]:bounds[i + 1]], range(0, len(bounds), 2)) if word.strip()]


def cuts(text):
    """Where an expression can be cut such that each piece is an operator with its right side."""
    return [0, *(start for start, _ in operators(text)), len(text)]


def closing(text, start):
    """Where the parenthesis that opens at `start` is closed."""
    depth, quoted, i = 0, False, start
    while i < len(text):
        if quoted:
            i += text[i] == "\\"
            quoted = text[i] != '"'
        elif text[i] == '"':
            quoted = True
        else:
            depth += (text[i] == "(") - (text[i] == ")")
            if depth == 0:
                return i
        i += 1
    raise ValueError(f"not closed: {text}")


def parts(text):
    """The sides of an expression's conditions, without the conditions and without looking back: what must have data for it to work."""
    text = re.sub(r"\s*\b(offset)\s+\d+[smhd]", "", text.strip())
    text = re.sub(r'(?<![=!~<>])(==|!=|>=|<=|>|<)\s*(bool\s*)?-?[\d.]+(e[+-]?\d+)?(?![\d.]*\s*\*)', "", text)
    found = []
    for operand in split(text):
        wrapped = re.match(r"(label_replace|absent)?\s*\(", operand)
        if wrapped and closing(operand, wrapped.end() - 1) == len(operand) - 1:
            inner = operand[wrapped.end():-1]
            if wrapped[1] == "label_replace":
                inner = re.sub(r'\s*,\s*("(?:[^"\\]|\\.)*"\s*,?\s*){4}$', "", inner)
            found += parts(inner)
        else:
            sides = re.split(r"\s(?:<|>)\s", operand)
            found += [side.strip() for side in sides]
    return list(dict.fromkeys(part for part in found if re.search(r"[a-z]", part)))
