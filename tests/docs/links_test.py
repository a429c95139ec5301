#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The links of the documents that packages install lead to documents that are installed, and to headings that exist."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

from cases import Cases, demand

cases = Cases()


def installed():
    """What the deb and the rpm both have."""
    deb = (ROOT / "packaging/deb/nodegauge.docs").read_text().split()
    rpm = re.search(r"^%doc (.*README.*)", (ROOT / "packaging/rpm/nodegauge.spec.in").read_text(), re.M).group(1).split()
    names = set(deb) & set(rpm)
    return {path for name in names for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*")) if path.is_file()}


def anchors(path):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(path, files):
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if target not in files or (anchor and anchor not in anchors(target)):
            yield link


def try_links(path, files):
    links = list(dead(path, files))
    demand(not links, f"dead: {', '.join(links)}")


documents = installed()
for document in sorted(path for path in documents if path.suffix == ".md"):
    cases.run(str(document.relative_to(ROOT)), try_links, document, documents)
cases.run("there are documents", lambda: demand(len(documents) > 5, f"only {documents}"))
sys.exit(cases.run_all())
