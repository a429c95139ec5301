#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The deb on a booted machine: installed, upgraded, removed, purged."""
import sys
import tempfile
from pathlib import Path

import machine
from machine import DEFAULTS, run, say, show
from cases import Cases, demand, demand_equal

cases = Cases()


def use_the_socket():
    run("systemctl stop nodegauge")
    DEFAULTS.write_text("ARGS='--web.systemd-socket'\n")
    run("systemctl enable --now nodegauge.socket && systemctl start nodegauge")


def older():
    """An older version of the package, whose conffile had another text."""
    folder = tempfile.mkdtemp()
    run(f"dpkg-deb -R {machine.deb('nodegauge')} {folder}/tree")
    run(f"sed -i 's/^Version: .*/Version: 0.0.9/' {folder}/tree/DEBIAN/control && echo '# of old' >>{folder}/tree/etc/default/nodegauge")
    run(f"dpkg-deb -b {folder}/tree {folder}/nodegauge.deb")
    return f"{folder}/nodegauge.deb"


@cases.case
def installed_it_serves():
    machine.install()
    demand_equal(show("nodegauge", "ActiveState", "UnitFileState"), {"ActiveState": "active", "UnitFileState": "enabled"}, "state")
    demand(machine.answers(), "it does not answer")
    demand_equal(say("systemctl is-enabled nodegauge.socket"), "disabled", "the socket")
    demand_equal(say("id -un nodegauge"), "nodegauge", "the user")
    demand_equal(say("stat -c '%U %a' /var/lib/nodegauge/textfile"), "root 755", "the textfile directory")
    demand_equal(say("systemctl list-units --failed -q"), "", "failed units")


@cases.case
def it_runs_as_its_user_without_capabilities():
    machine.install()
    status = Path(f"/proc/{machine.main_pid()}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    demand(fields["Uid"].split()[0] == say("id -u nodegauge"), f"Uid {fields['Uid']}")
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        demand(int(fields[name], 16) == 0, f"{name} {fields[name]}")
    demand_equal(fields["NoNewPrivs"].strip(), "1", "NoNewPrivs")
    demand_equal(fields["Seccomp"].strip(), "2", "Seccomp")


@cases.case
def the_headers_make_a_module():
    run(f"dpkg -i --force-depends {machine.deb('nodegauge-dev')}")
    for name in ("/usr/include/nodegauge/collector.h", "/usr/share/pkgconfig/nodegauge.pc",
                 "/usr/share/doc/nodegauge-dev/examples/uptime.c"):
        demand(Path(name).exists(), f"no {name}")


@cases.case
def a_text_file_is_reported():
    machine.install()
    (machine.TEXT_FILES / "backup.prom").write_text("backup_age_seconds 12\n")
    demand("backup_age_seconds 12" in machine.wire.fetch(machine.ADDRESS, timeout=30).text(), "the metric is not there")


@cases.case
def removed_it_is_stopped_and_keeps_its_configuration():
    machine.install()
    DEFAULTS.write_text("ARGS='--log.level=debug'\n")
    run("dpkg -r nodegauge")
    demand(not machine.answers(), "it still answers")
    demand(DEFAULTS.exists(), "the configuration is gone")
    demand(not Path("/usr/bin/nodegauge").exists(), "the program is still there")


@cases.case
def purged_nothing_is_left():
    machine.install()
    run("dpkg -r nodegauge && dpkg -P nodegauge")
    left = say("find /etc /usr /run/systemd /lib/systemd -name '*nodegauge*' -not -path '*/nodegauge-dev*' -not -path '/usr/include/*' "
               "-not -name nodegauge.pc -not -name 'nodegauge-collector*' -not -name nodegauge.service.d")
    demand_equal(left, "", "left behind")


@cases.case
def an_upgrade_keeps_what_the_operator_wrote():
    run(f"dpkg -i {older()}")
    demand_equal(say("dpkg-query -f '${Version}' -W nodegauge"), "0.0.9", "the old version")
    old = machine.start("--web.listen-address=:9100 --log.level=debug")
    written = DEFAULTS.read_text()
    # as apt calls it where nobody can be asked
    run(f"dpkg --force-confdef --force-confold -i {machine.deb('nodegauge')}")
    demand_equal(DEFAULTS.read_text(), written, "the configuration")
    machine.wait_for("the new one answers", machine.answers)
    demand(machine.main_pid() != old, "the old process still runs")
    demand("--log.level=debug" in machine.arguments(machine.main_pid()), "it runs with other flags")


@cases.case
def an_upgrade_keeps_the_socket():
    run(f"dpkg -i {older()}")
    use_the_socket()
    run(f"dpkg --force-confdef --force-confold -i {machine.deb('nodegauge')}")
    demand_equal(machine.say("systemctl is-active nodegauge.socket nodegauge.service").split(), ["active", "active"], "after the upgrade")
    demand(machine.answers(), "no answer through the socket")
    demand_equal(show("nodegauge", "NRestarts")["NRestarts"], "0", "restarts")


@cases.case
def removed_it_gives_the_port_back():
    machine.install()
    use_the_socket()
    run("dpkg -r nodegauge")
    left = say("ss -ltnH 'sport = :9100'; systemctl list-units --no-legend 'nodegauge*' | cat")
    demand_equal(left, "", "what holds the port")


@cases.case
def the_manual_and_completion_are_there():
    machine.install()
    run("man -w nodegauge" if say("command -v man") else "test -s /usr/share/man/man8/nodegauge.8.gz")
    run("bash -n /usr/share/bash-completion/completions/nodegauge")


sys.exit(cases.run_all(before=machine.purge))
