# SPDX-License-Identifier: Apache-2.0
"""A booted machine: its services, its journal, and the packages that are tried on it."""
import glob
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "compat")]

import wire
from cases import Failure, demand

DEBS = os.environ.get("DEBS", "/share/debs")
ADDRESS = ("127.0.0.1", 9100)
DEFAULTS = Path("/etc/default/nodegauge")
DROP_IN = Path("/run/systemd/system/nodegauge.service.d/test.conf")
CONTROL = Path("/run/systemd/system.control/nodegauge.service.d")  # of systemctl set-property
TEXT_FILES = Path("/var/lib/nodegauge/textfile")
THEIRS = "prometheus-node-exporter"


def run(command, check=True, **options):
    """A shell command; its status and all that it said."""
    result = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False, **options)
    if check and result.returncode != 0:
        raise Failure(f"{command}: status {result.returncode}: {result.stdout[-800:]}")
    return result


def say(command):
    return run(command, check=False).stdout.strip()


def deb(name):
    return glob.glob(f"{DEBS}/{name}_*.deb")[0]


def show(unit, *properties):
    """Properties of a unit, as a dictionary."""
    lines = say(f"systemctl show {unit} -p {','.join(properties)}").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def main_pid(unit="nodegauge"):
    return int(show(unit, "MainPID")["MainPID"])


def wait_for(what, condition, seconds=60):
    """Calls until the condition gives something; gives that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise Failure(f"after {seconds} s: {what() if callable(what) else what} is still not so")


def journal(unit="nodegauge", since=None):
    return say(f"journalctl -q --no-pager -u {unit}" + (f" --since=@{since}" if since else ""))


def answers(address=ADDRESS):
    try:
        return wire.fetch(address, timeout=30).status == 200
    except (OSError, wire.Malformed):
        return False


def arguments(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[1:-1]


def drop_in(text):
    """Settings of the service for one case; none takes them away."""
    if text:
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(text)
    else:
        DROP_IN.unlink(missing_ok=True)
    run("systemctl daemon-reload")


def start(flags=None):
    """The service with these flags, freshly started and answering."""
    if flags is not None:
        DEFAULTS.write_text(f"ARGS='{flags}'\n")
    run("systemctl reset-failed nodegauge; systemctl restart nodegauge")
    demand(answers(), "it is active and does not answer")
    return main_pid()


def dpkg(words):
    return run(f"DEBIAN_FRONTEND=noninteractive dpkg {words}")


def is_installed(package, file):
    wanted = say(f"dpkg-deb -f {file} Version")
    return say(f"dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {package}") == f"installed {wanted}"


def install():
    """The package, if it is not there in this version."""
    if not is_installed("nodegauge", deb("nodegauge")):
        dpkg(f"--force-confdef --force-confold -i {deb('nodegauge')}")


def purge():
    """Neither our packages nor settings of a case are there."""
    run(f"systemctl disable --now nodegauge.socket; dpkg -P nodegauge nodegauge-dev; rm -rf {DROP_IN.parent} {CONTROL}; systemctl daemon-reload; "
        "systemctl reset-failed", check=False)
    demand(run("dpkg -s nodegauge", check=False).returncode != 0, "it is still installed")


def fresh():
    """The state that a case starts from, whatever others left behind: our package with its own settings, nobody at its port."""
    run(f"systemctl stop nodegauge.service nodegauge.socket 'nodegauge@*' {THEIRS}; systemctl disable nodegauge.socket", check=False)
    install()
    DEFAULTS.write_text("ARGS=''\n")
    for file in TEXT_FILES.iterdir():
        file.unlink()
    run(f"rm -rf {DROP_IN.parent} {CONTROL}; systemctl daemon-reload; systemctl stop nodegauge; systemctl reset-failed")


def node_exporter():
    """Debian's, installed if it is not, and serving at the port that is ours."""
    (file,) = glob.glob(f"/var/local/debs/{THEIRS}_*.deb")
    run("systemctl stop nodegauge.service nodegauge.socket", check=False)
    if not is_installed(THEIRS, file):
        dpkg(f"--force-confdef --force-confold -i {file}")
    run(f"systemctl start {THEIRS}")
    wait_for("node_exporter answers", answers)
