#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""nodegauge-collector(3) lists every function of the installed headers under its header, and no other, and every member of the
descriptor."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

from cases import Cases, demand

HEADERS = sorted((ROOT / "include/nodegauge").glob("*.h"))
PAGE = (ROOT / "packaging/man/nodegauge-collector.3").read_text()
cases = Cases()


def code(header):
    return re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)


def functions(text):
    return set(re.findall(r"\b(ng_[a-z0-9_]+)\(", text))


def sections():
    """The text of each header's section in FUNCTIONS, without what roff needs."""
    body = PAGE.split("\n.SH FUNCTIONS\n", 1)[1].split("\n.SH ", 1)[0]
    parts = re.split(r"^\.SS <nodegauge/([a-z]+\.h)>$", body, flags=re.M)
    return {name: re.sub(r'\\f[BIR]|[" ]', "", text) for name, text in zip(parts[1::2], parts[2::2])}


def try_functions(header):
    declared, listed = functions(code(header)), functions(sections().get(header.name, ""))
    demand(not declared - listed, f"not in the page: {', '.join(sorted(declared - listed))}")
    demand(not listed - declared, f"not in the header: {', '.join(sorted(listed - declared))}")


def try_members():
    body = re.search(r"struct ng_collector \{(.*?)\n\};", code(ROOT / "include/nodegauge/collector.h"), re.S).group(1)
    members = re.findall(r"\(\*(\w+)\)|(\w+);", body)
    for member in (one or other for one, other in members):
        demand(re.search(rf"\\fB{member}\\fR|\(\*{member}\)", PAGE) or member in ("abi", "size"), f"no {member} in the page")


for header in HEADERS:
    cases.run(header.name, try_functions, header)
cases.run("sections", lambda: demand(set(sections()) == {header.name for header in HEADERS}, f"of {', '.join(sections())}"))
cases.run("members of the descriptor", try_members)
sys.exit(cases.run_all())
