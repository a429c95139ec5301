# SPDX-License-Identifier: Apache-2.0
"""Several test programs as one: their lines pass through, their sums are added up."""
import re
import signal
import subprocess
import sys

import daemon

SUM = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")


def run(paths, words=(), limit=600):
    """Exit status for all of them; `words` are handed on to each."""
    total = [0, 0, 0]
    for path in paths:
        process = subprocess.Popen([sys.executable, path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                   errors="replace", preexec_fn=daemon.die_with_parent)
        signal.signal(signal.SIGALRM, lambda *_, process=process: process.kill())
        signal.alarm(limit)
        counts = None
        for line in process.stdout:
            match = SUM.fullmatch(line.strip())
            if match:
                counts = [int(word) for word in match.groups()]
            else:
                print(line, end="", flush=True)
        signal.alarm(0)
        if process.wait() not in (0, 1) or counts is None:
            print(f"FAIL {path}: ended with {process.returncode} and {'a' if counts else 'no'} sum", flush=True)
            counts = [sum(pair) for pair in zip(counts or [0, 0, 0], [0, 1, 0])]
        total = [sum(pair) for pair in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped", flush=True)
    return 1 if total[1] else 0
