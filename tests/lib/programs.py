# SPDX-License-Identifier: Apache-2.0
"""Several test programs as one: their lines pass through, their sums are added up."""
import os
import queue
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import daemon

SUM = re.compile(r"(?m)^(\d+) passed, (\d+) failed, (\d+) skipped\n")


def _one(path, words, limit, ranges):
    """Exit status and output of a program, which has a range of ports to itself."""
    ports = ranges.get()
    process = subprocess.Popen([sys.executable, path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
                               preexec_fn=daemon.die_with_parent, env={**os.environ, "NG_TEST_PORTS": "{}-{}".format(*ports)})
    try:
        return process.communicate(timeout=limit)[0], process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0], process.returncode
    finally:
        ranges.put(ports)


def run(paths, words=(), limit=600, together=1):
    """Exit status for all of them; `words` are handed on to each, and `together` run at a time."""
    first, last = daemon.PORTS
    ranges = queue.SimpleQueue()
    for i in range(together):
        ranges.put((first + i * (last + 1 - first), last + i * (last + 1 - first)))
    total = [0, 0, 0]
    with ThreadPoolExecutor(together) as pool:
        for path, (output, status) in zip(paths, pool.map(lambda path: _one(path, words, limit, ranges), paths)):
            print(SUM.sub("", output), end="", flush=True)
            sums = SUM.findall(output)
            counts = [int(word) for word in sums[-1]] if sums else [0, 0, 0]
            if status not in (0, 1) or not sums:
                print(f"FAIL {path}: ended with {status} and {'a' if sums else 'no'} sum", flush=True)
                counts[1] += 1
            total = [sum(pair) for pair in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped", flush=True)
    return 1 if total[1] else 0
