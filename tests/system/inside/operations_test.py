#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/operations.md says was tried on a guest, with its own commands."""
import re
import sys
import tempfile
from pathlib import Path

import machine
from machine import DEFAULTS, run, say, show
import wire
from cases import Cases, demand, demand_equal

PAGE = (machine.ROOT / "docs/operations.md").read_text()
cases = Cases()


def commands(heading, language="sh"):
    """The text of the first block of that kind below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.S).group(1)


@cases.case
def several_instances():
    machine.start("")
    run("systemctl start nodegauge@nothing", check=False)
    demand_equal(show("nodegauge@nothing", "ConditionResult", "ActiveState"), {"ConditionResult": "no", "ActiveState": "inactive"}, "without flags")
    Path("/srv/metrics").mkdir(exist_ok=True)
    Path("/srv/metrics/job.prom").write_text("job_metric 1\n")
    run(commands("Multiple instances"))
    page = wire.fetch(("127.0.0.1", 9101), timeout=30).text()
    demand("job_metric 1" in page and "node_load1" not in page, "the instance has other flags")
    demand(machine.answers(), "the first one does not answer")
    demand_equal(say(f"ps -o user= -p {machine.main_pid('nodegauge@jobs')}"), "nodegauge", "its user")
    before = machine.main_pid("nodegauge@jobs")
    machine.dpkg(f"-i {machine.deb('nodegauge')}")
    demand(machine.main_pid("nodegauge@jobs") not in (0, before), "an upgrade does not restart it")
    run("dpkg -r nodegauge")
    demand_equal(say("systemctl is-active nodegauge@jobs"), "inactive", "after the removal")
    run("systemctl disable nodegauge@jobs; rm -rf /srv/metrics /etc/default/nodegauge-jobs", check=False)


@cases.case
def a_unix_socket():
    DEFAULTS.write_text("ARGS='--web.listen-address=unix:/run/nodegauge/nodegauge.sock'\n")
    run("systemctl restart nodegauge")
    demand("node_load1 " in run(commands("Unix sockets")).stdout, "no metrics through the socket")
    demand_equal(say("stat -c '%U %a' /run/nodegauge"), "nodegauge 755", "the directory")
    run("systemctl stop nodegauge")
    demand(not Path("/run/nodegauge").exists(), "the directory stays")


@cases.case
def series_of_each_collector():
    machine.start("")
    rows = [line.split() for line in run(commands("Reducing the number of series")).stdout.splitlines()]
    demand(len(rows) == 10 and rows[0][1] == "container", rows)
    page = wire.fetch(machine.ADDRESS, target="/metrics?collect[]=container", timeout=60).text()
    demand(0 < int(rows[0][0]) <= sum(not line.startswith("#") for line in page.splitlines()), rows[0])
    return ", ".join(" ".join(row) for row in rows)


@cases.case
def a_pod_without_its_name():
    machine.start("")
    uid = "0123abcd-1111-2222-3333-444455556666"
    group = Path(f"/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{uid.replace('-', '_')}.slice")
    group.mkdir(parents=True)
    first, second = commands("A pod without a name").split("\nfind ", 1)
    said = run("find " + second.split("\nkubectl")[0]).stdout
    demand_equal(said.strip(), f"no log directory for the pod {uid}", "without a log directory")
    logs = Path(f"/var/log/pods/default_web_{uid}")
    logs.mkdir(parents=True)
    demand_equal(run("find " + second.split("\nkubectl")[0]).stdout, "", "with one")
    demand("nodegauge_container_unresolved" in run(first).stdout, "the count is not there")
    logs.rmdir()
    for directory in (group, group.parent, group.parent.parent):
        directory.rmdir()


@cases.case
def back_to_an_older_version():
    machine.start("--log.level=debug")
    with tempfile.TemporaryDirectory() as folder:
        run(f"dpkg-deb -R {machine.deb('nodegauge')} {folder}/tree && sed -i 's/^Version: .*/Version: 0.0.9/' {folder}/tree/DEBIAN/control")
        run(f"dpkg-deb -b {folder}/tree {folder}/older.deb")
        machine.dpkg(f"-i {folder}/older.deb")
    demand_equal(say("dpkg-query -f '${Version}' -W nodegauge"), "0.0.9", "the version")
    machine.wait_for("it answers", machine.answers)
    demand("--log.level=debug" in machine.arguments(machine.main_pid()), "its flags are lost")


@cases.case
def with_apparmor():
    demand_equal(say("cat /sys/module/apparmor/parameters/enabled"), "Y", "AppArmor of the kernel")
    machine.start("")
    demand_equal(say(f"cat /proc/{machine.main_pid()}/attr/current"), "unconfined", "its profile")


sys.exit(cases.run_all(before=machine.fresh))
