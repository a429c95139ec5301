#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files that are not what they should be: standard output, @FILE, the directory of modules. Bounded, and said clearly."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
from cases import demand, demand_equal

cases = harness.Cases()
ONE = ["--collector.disable-defaults", "--collector.uname"]


def shell(script, *arguments, timeout=20):
    """A shell in which $0 is the program under test."""
    result = subprocess.run(["bash", "-o", "pipefail", "-c", script, daemon.binary(), *arguments], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=timeout, preexec_fn=daemon.die_with_parent, check=False)
    return result.returncode, result.stderr.strip()


@cases.case
def output_that_goes_nowhere():
    """Whatever is printed instead of serving: a file or pipe that does not take it is a failure."""
    for action in ("--once", "--version", "--help", "--help-man", "--collector.list"):
        for where, words in ((">&-", "it is closed"), (">/dev/full", "No space left")):
            status, said = shell(f'"$0" {" ".join(ONE)} {action} {where}')
            demand_equal(status, 1, f"the exit status of {action} {where} ({said[-200:]})")
            demand("standard output" in said and words in said, f"{action} {where} says {said[-200:]!r}")
        status, said = shell(f'trap "" PIPE; "$0" {" ".join(ONE)} {action} | exec {sys.executable} -c "import os; os.close(0)"')
        demand(status in (0, 1) and (status == 0 or "Broken pipe" in said), f"{action} into a closed pipe: {status} {said[-200:]!r}")


@cases.case
def all_standard_files_closed():
    """Nothing that is opened later is written to in their place."""
    status, _ = shell('"$0" "$@" --once <&- >&- 2>&-', *ONE)
    demand_equal(status, 1, "the exit status")
    status, _ = shell('"$0" "$@" --once <&- 2>&- >/dev/null', *ONE)
    demand_equal(status, 0, "the exit status with an output")


def refused(argument, *words):
    result = daemon.run(argument, timeout=10)
    demand_equal(result.returncode, 2, f"the exit status of {argument} ({result.stderr[-200:].strip()})")
    for word in words:
        demand(word in result.stderr, lambda: f"{argument}: no {word!r} in {result.stderr[-300:].strip()!r}")


@cases.case
def argument_files_that_are_none():
    with tempfile.TemporaryDirectory() as folder:
        for path in ("/dev/zero", "/dev/full", "/dev/null"):
            refused(f"@{path}", path, "regular file")
        refused(f"@{folder}", "directory")
        huge = Path(folder, "huge")
        with huge.open("wb") as file:
            file.truncate(1 << 32)
        refused(f"@{huge}", "1 MiB")
        large = Path(folder, "large")
        large.write_bytes(b"# comment\n" * 200_000)
        refused(f"@{large}", "1 MiB")
        for text, line in ((b"--version\n--log.level=inf\0o\n", 2), (b"\0", 1), (b"# a\n\n# \0", 3)):
            large.write_bytes(text)
            refused(f"@{large}", f"{large}:{line}:", "NUL")


@cases.case
def argument_file_of_a_pipe():
    status, said = shell('"$0" @<(printf -- "%s\\n" --version) | grep -q nodegauge')
    demand_equal((status, said), (0, ""), "the exit status and what is said")
    status, said = shell('"$0" @<(yes -- --version)')
    demand(status == 2 and "1 MiB" in said, f"a pipe without end: {status} {said!r}")


def build_module(folder):
    """A module that is whole, as the tests of modules build it; the error of its load is not about its file."""
    path = Path(folder, "whole.so")
    source = 'int answer = 42; const char text[100000] = "x"; int large[50000] = { 1 };'
    subprocess.run([os.environ.get("CC", "cc").split()[-1], "-shared", "-fPIC", "-x", "c", "-", "-o", path], input=source, text=True, check=True)
    return path.read_bytes()


@cases.case
def truncated_modules():
    """Cut anywhere, and with each byte of its headers changed: refused, and never a signal."""
    with tempfile.TemporaryDirectory() as folder:
        whole = build_module(folder)
        os.unlink(Path(folder, "whole.so"))
        module = Path(folder, "module.so")

        def load(data, what):
            module.write_bytes(data)
            result = daemon.run(f"--collector.modules={folder}", "--version", timeout=10)
            demand_equal(result.returncode, 2, f"the exit status with a module {what} ({result.stderr[-200:].strip()})")
            demand("module.so" in result.stderr, f"{what}: the file is not named")
            return result.stderr

        demand("ng_collector_module" in load(whole, "that is whole"), "a whole module is not looked into")
        for size in (0, 1, 4, 63, 64, 100, 500, *range(1000, len(whole) * 9 // 10, len(whole) // 12)):
            said = load(whole[:size], f"of {size} bytes")
            demand("too short" in said or "ELF" in said, f"{size} bytes: {said!r}")
        load(b"\x7fELF" + b"\xff" * 4096, "of a magic number")
        load(whole[:16] + b"\2" + whole[17:], "that says it is a program")
        load(whole[:18] + b"\xf3" + whole[19:], "of another architecture")
        load(whole[:32] + b"\xff" * 8 + whole[40:], "whose headers are far away")
        load(whole[:56] + b"\xff\xff" + whole[58:], "of 65535 segments")
        module.unlink()
        os.mkfifo(module)
        result = daemon.run(f"--collector.modules={folder}", "--version", timeout=10)
        demand(result.returncode == 2 and "regular file" in result.stderr, f"a FIFO: {result.returncode} {result.stderr[-200:]}")


if __name__ == "__main__":
    sys.exit(cases.run_all())
