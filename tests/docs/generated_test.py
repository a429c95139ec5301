#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.chdir(ROOT)
sys.stdout.flush()
os.execv("tools/gen-docs", ["tools/gen-docs", "--check", os.environ.get("NODEGAUGE", "build/nodegauge")])
