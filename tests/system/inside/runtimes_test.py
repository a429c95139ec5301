#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The cases of tests/container with runtimes of the distribution: here they find root and every controller of cgroup v2."""
import os
import subprocess
import sys

import machine
from cases import Cases

SLOW = 10  # in software emulation
cases = Cases()

machine.install()
environment = {**os.environ, "NODEGAUGE": "/usr/bin/nodegauge", "NG_NO_INSTALL": "1", "NG_TEST_SLOW": str(SLOW)}
cases.adopt(subprocess.run([sys.executable, machine.ROOT / "tests/container/runtimes_test.py", *sys.argv[1:]], env=environment,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False))
sys.exit(cases.finish())
