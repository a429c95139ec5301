# SPDX-License-Identifier: Apache-2.0
"""The program run as somebody else: root, user 0 without capabilities, or nobody with some of them."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import exposition
import packages

NOBODY = 65534
ROOT = "root"
ROW = re.compile(r"^    without (.*?): loses (.*?)( \((?:available|missing) now\))?$")


def capabilities():
    """The names of all that this kernel knows and that we have, as setpriv spells them: "dac_read_search"."""
    setpriv = packages.need("setpriv", "util-linux")
    names = subprocess.run([setpriv, "--list-caps"], check=True, capture_output=True, text=True).stdout.split()
    bounding = int(re.search(r"CapBnd:\s*(\w+)", Path("/proc/self/status").read_text())[1], 16)
    return [name for number, name in enumerate(names) if bounding >> number & 1]


def wrapper(user=None, held=()):
    """The words before a command: as root with everything, as user 0 with nothing, as nobody with what is named."""
    if user is None:
        return []
    setpriv = packages.need("setpriv", "util-linux")
    if user == 0:
        return [setpriv, "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    sets = ",".join(["-all", *(f"+{name}" for name in held)])
    return [setpriv, f"--reuid={user}", f"--regid={user}", "--clear-groups", f"--inh-caps={sets}", f"--ambient-caps={sets}"]


class Place:
    """A directory that everyone may enter, with a copy of the program: a checkout may lie where nobody else comes."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="nodegauge-privilege-"))
        self.path.chmod(0o755)
        self.program = self.path / "nodegauge"
        shutil.copy(daemon.binary(), self.program)
        self.program.chmod(0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def run(self, *arguments, prefix=()):
        return subprocess.run([*prefix, self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, preexec_fn=daemon.die_with_parent, check=False, cwd="/")

    def scrape(self, *arguments, prefix=()):
        result = self.run("--once", *arguments, prefix=prefix)
        harness.demand(result.returncode == 0, lambda: f"--once exits {result.returncode}: {result.stderr[-400:]}")
        body = exposition.read(result.stdout)
        harness.demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
        return body


def rows(program):
    """Collector -> its rows (privilege, what is lost), as --collector.list has them; and whether it is on."""
    listed = subprocess.run([program, "--collector.list"], check=True, capture_output=True, text=True).stdout
    result, states = {}, {}
    name = None
    for line in listed.splitlines():
        if head := re.match(r"(\w+) \((on|off)\)", line):
            name = head[1]
            states[name], result[name] = head[2], []
        elif row := ROW.match(line):
            result[name].append((row[1], row[2]))
    return result, states


def suffices(needed, user, held):
    """What `root or CAP_A and CAP_B` asks for, of an identity."""
    for alternative in needed.split(" or "):
        words = [word.removeprefix("CAP_").lower() for word in alternative.split(" and ")]
        if user is None or (words == [ROOT] and user == 0) or (words != [ROOT] and set(words) <= set(held)):
            return True
    return False


def need_everything():
    """Root with what the tests give away in pieces; a container's root lacks most of it."""
    if os.geteuid() != 0:
        raise harness.Skip("needs root")
    lacking = {"setuid", "setgid", "setpcap", "sys_admin", "sys_ptrace", "dac_read_search"} - set(capabilities())
    if lacking:
        raise harness.Skip(f"needs root with {', '.join(sorted(lacking))}")
