# SPDX-License-Identifier: Apache-2.0
"""What was measured, as a table for people (markdown) and as lines for programs (TSV)."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measure. `decimals` is for the table; `more` where a higher figure is the better one."""

    key: str
    title: str
    unit: str
    decimals: int = 0
    more: bool = False


class Results:
    """Values by row and server. The first server is ours, a server named floor is the floor, the others are compared."""

    def __init__(self, rows):
        self.rows = {row.key: row for row in rows}
        self.values = {}
        self.servers = []

    def add(self, key, server, value):
        if server not in self.servers:
            self.servers.append(server)
        self.values.setdefault((key, server), []).append(value)

    def median(self, key, server):
        values = self.values.get((key, server))
        return statistics.median(values) if values else None

    def table(self, wanted=lambda key: True):
        """Markdown: our figure, then for each other server its figure and how many times ours it is."""
        ours = self.servers[0]
        others = [name for name in self.servers[1:] if name != "floor"] + (["floor"] if "floor" in self.servers else [])
        head = ["measure", ours]
        for name in others:
            head += [name, "ours / floor" if name == "floor" else "better by"]
        lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
        for row in self.rows.values():
            mine = self.median(row.key, ours)
            if mine is None or not wanted(row.key):
                continue
            line = [f"{row.title}, {row.unit}" if row.unit else row.title, self.number(row, mine)]
            for name in others:
                line += self.compared(row, mine, self.median(row.key, name), name == "floor")
            lines.append(line)
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)

    @staticmethod
    def number(row, value):
        return f"{value:,.{row.decimals}f}"

    def compared(self, row, mine, theirs, is_floor):
        if theirs is None:
            return ["-", "-"]
        # Ours over the floor's where less is better; the other way round for a server that we are to be better than.
        upper, lower = (mine, theirs) if is_floor != row.more else (theirs, mine)
        ratio = f"{upper / lower:.{2 if upper < 10 * lower else 0}f}" if lower and upper else "-"
        return [self.number(row, theirs), ratio]

    def write(self, path):
        """One line per row and server: measure, server, unit, median, least, most, how often."""
        with open(path, "w", encoding="utf-8") as file:
            file.write("measure\tserver\tunit\tmedian\tleast\tmost\tvalues\n")
            for (key, server), values in self.values.items():
                unit = self.rows[key].unit if key in self.rows else ""
                figures = (statistics.median(values), min(values), max(values))
                file.write("\t".join([key, server, unit, *(f"{value:.6g}" for value in figures), str(len(values))]) + "\n")
