#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stays up for the Prometheus that ../scraped runs on the host, outside of this machine."""
import os
import sys
import time
from pathlib import Path

import machine
from cases import Cases, Skip, demand

cases = Cases()
meeting = Path(os.environ.get("MEETING", "/nowhere"))


@cases.case
def prometheus_scrapes_from_outside():
    if not meeting.is_dir():
        raise Skip("nobody waits outside")
    machine.start("--collector.textfile.directory=/var/lib/nodegauge/textfile")
    (meeting / "ready").touch()
    end = time.monotonic() + 300
    while not (meeting / "verdict").exists():
        demand(time.monotonic() < end, "nobody came")
        time.sleep(0.5)
    verdict = (meeting / "verdict").read_text()
    demand(verdict.startswith("ok"), verdict)
    return verdict[3:]


sys.exit(cases.run_all(before=machine.fresh))
