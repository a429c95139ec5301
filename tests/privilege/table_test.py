#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each row of each collector's privileges is true, and docs/privileges.md says so.

The program runs as root, as the user 0 without capabilities, and as nobody with none and with each single capability. What
is lost has to come back with the privilege that the row names, and with no other.

    table_test.py [--write] [WORD...]
"""
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from identities import NOBODY, Place, capabilities, need_everything, rows, suffices, wrapper

import cases as harness
import daemon
import packages
import scenes

DOCUMENT = daemon.ROOT / "docs" / "privileges.md"
FLAGS = ("--inside", "--write")
cases = harness.Cases([word for word in sys.argv[1:] if word not in FLAGS])
measured = {}  # (collector, row) -> what is lost, in words

HEAD = """# Privileges, and what is lost without them

nodegauge needs no privileges: everything that is not in this table is the same for root and for a user without any capability. The
startup log shows which rows apply to a running process; so does `nodegauge --collector.list` if run with the same flags as the same
user.

| Collector | Default | Privilege | Lost without it | Missing, or too low, in the test |
|---|---|---|---|---|
"""

TAIL = """
`root` is user 0, with or without capabilities. The last column is the result of the test: `tests/privilege/run` starts the program as
root, and as nobody with no capability and with each single capability, and compares the series. It fails if a row is not true, and
generates this page with `--write`.

## What the process keeps

- Of its capabilities it keeps only those that the enabled collectors list above, whether it was started as root or got them from a
  service manager (`AmbientCapabilities=`) or from its file (`setcap cap_dac_read_search=p`). They are permitted but not effective: one is
  raised only for a single call that failed without it, and lowered again immediately.
- With `--user=NAME`, a process started as root switches to that user once its sockets are open. Without it, the process remains user 0
  and can read what root owns, but still drops all other capabilities: collectors that are not listed above cannot read other users' files,
  nor anything that requires further capabilities, such as the parameter `net.core.bpf_jit_harden`.
- `no_new_privs` is set, and the ambient and bounding sets are emptied.
- If the kernel supports Landlock, the process cannot write, create, remove or execute any file; reading is not restricted. This does not
  apply if a collector inspects other processes with `CAP_SYS_PTRACE`, which Landlock would prevent.
"""


def body(place, collector, flags, user=None, held=()):
    return place.scrape("--collector.disable-defaults", f"--collector.{collector}", *flags, prefix=wrapper(user, held))


def check_row(place, collector, index, needed, held_alone):
    flags = scenes.SCENES[collector][index](place.path)
    everything = scenes.view(collector, body(place, collector, flags))
    identities = [(0, ()), (NOBODY, ()), *((NOBODY, (name,)) for name in held_alone)]
    if " and " in needed:
        identities += [(NOBODY, tuple(word.removeprefix("CAP_").lower() for word in alternative.split(" and ")))
                       for alternative in needed.split(" or ")]
    nothing = None
    for user, held in identities:
        seen = scenes.view(collector, body(place, collector, flags, user, held))
        who = f"user {user} with {', '.join(held) or 'no capability'}"
        if suffices(needed, user, held):
            harness.demand(not everything - seen, lambda: f"{who} loses {scenes.lost(everything, seen)}")
        else:
            harness.demand(everything - seen, lambda: f"{who} loses nothing, though the row asks for {needed}")
        nothing = seen if (user, held) == (NOBODY, ()) else nothing
    dropped = scenes.view(collector, body(place, collector, [*flags, "--user=65534:65534"]))
    if not suffices(needed, NOBODY, held_alone):
        harness.demand(dropped == nothing, lambda: f"--user loses {scenes.lost(everything, dropped)}")
    else:
        harness.demand(not everything - dropped, lambda: f"--user loses {scenes.lost(everything, dropped)}")
    measured[collector, index] = scenes.lost(everything, nothing)
    return f"{len(identities)} identities"


def document(table, states):
    text = HEAD
    for collector in sorted(table):
        for index, (needed, what) in enumerate(table[collector]):
            seen = ", ".join(measured[collector, index])
            privilege = re.sub(r"CAP_[A-Z_]+", r"`\g<0>`", needed)
            text += f"| {collector} | {states[collector]} | {privilege} | {what} | {seen} |\n"
    return text + TAIL


def check_document(table, states, write):
    harness.demand(len(measured) == sum(len(rows) for rows in table.values()), "not every row could be measured")
    text = document(table, states)
    if write:
        DOCUMENT.write_text(text)
        return f"wrote {DOCUMENT}"
    harness.demand(DOCUMENT.exists() and DOCUMENT.read_text() == text, "docs/privileges.md is out of date: tests/privilege/run --write")
    return ""


def inside():
    with Place() as place:
        table, states = rows(place.program)
        alone = capabilities()
        for collector, listed in sorted(table.items()):
            for index, (needed, _) in enumerate(listed):
                name = f"row of {collector}: {needed}"
                if len(scenes.SCENES.get(collector, [])) <= index:
                    cases.verdict("FAIL", name, "no scene in tests/privilege/scenes.py shows it")
                else:
                    cases.run(name, check_row, place, collector, index, needed, alone)
        if not cases.words:
            cases.run("document", check_document, table, states, "--write" in sys.argv)
        for mount in ("closed/mount", "hidden"):
            subprocess.run(["umount", place.path / mount], stderr=subprocess.DEVNULL, check=False)
    return cases.finish()


def outside():
    try:
        need_everything()
        unshare = packages.need("unshare", "util-linux")
    except harness.Skip as skip:
        cases.verdict("skip", "privileges of collectors", skip)
        return cases.finish()
    command = [unshare, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, __file__, "--inside"]
    return subprocess.run([*command, *sys.argv[1:]], stdin=subprocess.DEVNULL, preexec_fn=daemon.die_with_parent, check=False).returncode


os.environ.setdefault("LC_ALL", "C.UTF-8")
sys.exit(inside() if "--inside" in sys.argv else outside())
