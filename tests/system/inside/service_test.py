#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""nodegauge.service on a booted systemd: the sandbox, reload, watchdog, memory limit, wrong flags, a port that is taken."""
import contextlib
import re
import signal
import subprocess
import sys
import os
import time
from pathlib import Path

import machine
from machine import run, say, show
import compare
import sandwich
from cases import Cases, demand, demand_equal

HERE = Path(__file__).resolve().parent
OUTSIDE = ("127.0.0.1", 9199)
THEIRS = Path("/etc/default/prometheus-node-exporter")
cases = Cases()
PLAIN = "--collector.textfile.directory=/var/lib/nodegauge/textfile"


def outside():
    """The same program with the same flags and user, without a sandbox."""
    user = ["setpriv", "--reuid=nodegauge", "--regid=nodegauge", "--clear-groups"]
    process = subprocess.Popen([*user, "/usr/bin/nodegauge", *machine.arguments(machine.main_pid()),
                                f"--web.listen-address=127.0.0.1:{OUTSIDE[1]}"], stderr=subprocess.DEVNULL)
    machine.wait_for("the one outside answers", lambda: machine.answers(OUTSIDE))
    return process


def successes(address):
    body = sandwich.scrape(address)
    return {labels["collector"]: value for labels, value in body.series_of("node_scrape_collector_success")}


@cases.case
def each_collector_does_as_well_as_outside():
    machine.start(PLAIN)
    other = outside()
    try:
        inside, free = successes(machine.ADDRESS), successes(OUTSIDE)
        demand_equal(inside, free, "success inside")
        return f"{sum(inside.values()):.0f} of {len(inside)} collectors have something to say on this machine"
    finally:
        other.kill()


@cases.case
def the_values_are_those_of_outside():
    machine.start(PLAIN)
    other = outside()
    try:
        found, body = sandwich.lasting(OUTSIDE, machine.ADDRESS, compare.load("live"), leave_out=compare.OWN)
        # each is busy while it is asked, and its own group shows it; and each has sampled pressure since its own start
        found = [one for one in found if not re.search(r"/(nodegauge|job)\.service|^node_pressure_(share|trigger)|_peak_ratio", one.subject)]
        demand(not found, lambda: "; ".join(f"{one.kind} {one.subject} {one.detail}" for one in found[:20]))
        return f"{len(list(body.samples()))} series"
    finally:
        other.kill()


@cases.case
def systemd_finds_little_exposure():
    said = say("systemd-analyze security --no-pager nodegauge.service | tail -1")
    demand(float(re.search(r"([0-9.]+) \w+", said.split(":")[1]).group(1)) <= 2.0, said)
    return said.strip("→ ")


@cases.case
def reload_keeps_the_process():
    before = machine.start(PLAIN)
    since = int(time.time())
    run("systemctl reload nodegauge")
    machine.wait_for("the journal says so", lambda: "reloaded" in machine.journal(since=since))
    demand_equal(show("nodegauge", "ActiveState", "SubState"), {"ActiveState": "active", "SubState": "running"}, "state")
    demand_equal(machine.main_pid(), before, "process")
    demand(machine.answers(), "it does not answer")


@cases.case
def a_stop_is_quick_and_clean():
    machine.start(PLAIN)
    started = time.monotonic()
    run("systemctl stop nodegauge")
    demand_equal(show("nodegauge", "Result", "ExecMainStatus"), {"Result": "success", "ExecMainStatus": "0"}, "result")
    demand(time.monotonic() - started < 5, "it took longer than 5 s")


@contextlib.contextmanager
def dead_mount(point):
    """A mount whose server takes requests and never answers."""
    point.mkdir(exist_ok=True)
    run(f"systemd-run -q --unit=dead-mount {HERE / 'dead_mount.py'} {point}")
    try:
        machine.wait_for("it is mounted", lambda: f" {point} " in Path("/proc/mounts").read_text())
        yield
    finally:
        run(f"umount -f {point}; systemctl stop dead-mount; systemctl reset-failed dead-mount", check=False)


@cases.case
def a_thread_that_the_kernel_holds_does_not_keep_the_service():
    """Its process cannot end, so another one is the main process for the last moment; systemd accepts that from 257 on."""
    with dead_mount(Path("/mnt/dead")):
        before = machine.start(PLAIN)
        page = say("curl -s localhost:9100/metrics")
        demand('node_filesystem_device_error{device="dead",device_error="mountpoint timeout"' in page, "it is not stuck")
        started = time.monotonic()
        run("systemctl stop nodegauge")
        took = time.monotonic() - started
        states = [path.read_text().rsplit(")", 1)[1].split()[0] for path in Path(f"/proc/{before}/task").glob("*/stat")]
        result = show("nodegauge", "Result")["Result"]
        run("systemctl start nodegauge")
        demand(machine.answers(), "the next one does not answer")
    machine.wait_for("the process ends when the mount has gone", lambda: not Path(f"/proc/{before}").exists())
    demand("D" in states, f"no thread was held: {states}")
    version = int(re.search(r"systemd (\d+)", say("systemctl --version")).group(1))
    if version >= 257:
        demand_equal(result, "success", "the result")
    demand(took < (5 if version >= 257 else 20), f"it took {took:.1f} s")
    return f"{took:.1f} s with systemd {version}"


@cases.case
def the_watchdog_ends_a_process_that_stands_still():
    machine.drop_in("[Service]\nWatchdogSec=6s\n")
    before = machine.start(PLAIN)
    since = int(time.time())
    time.sleep(10)
    demand_equal(machine.main_pid(), before, "the process, alive for longer than its watchdog's time")
    os.kill(before, signal.SIGSTOP)
    machine.wait_for("another process", lambda: machine.main_pid() not in (0, before))
    machine.wait_for("it answers", machine.answers)
    demand("atchdog timeout" in machine.journal(since=since), "the journal does not speak of the watchdog")
    machine.drop_in(None)


@cases.case
def too_much_memory_ends_it_alone():
    # the kernel ends it at each start, too, and that must not use up the starts that systemd allows
    machine.drop_in("[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=1s\n")
    machine.start(PLAIN)
    since = int(time.time())
    run("systemctl set-property --runtime nodegauge MemoryMax=500K")
    machine.wait_for("the kernel ended it", lambda: (machine.answers(), "oom-kill" in machine.journal(since=since))[1], 90)
    run("systemctl set-property --runtime nodegauge MemoryMax=128M")
    machine.wait_for("it is back", machine.answers, 90)
    failed = say("systemctl list-units --failed -q --no-legend")
    demand_equal(failed, "", "failed units")
    machine.drop_in(None)
    run("rm -rf /run/systemd/system.control/nodegauge.service.d; systemctl daemon-reload")


@cases.case
def a_wrong_flag_fails_at_once_and_for_good():
    machine.start(PLAIN)
    machine.DEFAULTS.write_text("ARGS='--web.listen-adress=:9100'\n")
    started = time.monotonic()
    demand(run("systemctl restart nodegauge", check=False).returncode != 0, "systemctl says that it started")
    took = time.monotonic() - started
    time.sleep(8)
    demand_equal(show("nodegauge", "ActiveState", "ExecMainStatus", "NRestarts"),
                 {"ActiveState": "failed", "ExecMainStatus": "2", "NRestarts": "0"}, "state")
    status = say("systemctl status --no-pager nodegauge")
    demand("did you mean --web.listen-address" in status, f"the reason is not in the status: {status}")
    return f"after {took:.1f} s"


@cases.case
def a_port_that_is_taken_says_by_whom():
    machine.node_exporter()
    run("systemctl start nodegauge")
    said = machine.wait_for("the status says why", lambda: "in use" in (text := show("nodegauge", "StatusText")["StatusText"]) and text)
    demand("prometheus-node-exporter.service" in said, f"it says not by whom: {said}")
    run("systemctl stop prometheus-node-exporter")
    machine.wait_for("it answers", machine.answers, 60)
    return said


FLAGS = (r'--collector.diskstats.device-exclude=^(ram|loop|fd)\\\\d+$ --web.listen-address=:9107 \
  --collector.netdev.device-exclude=\"^(lo|a b)$\" --collector.filesystem.mount-points-exclude=^/(dev|proc)($|/)' " --no-collector.wifi")


@cases.case
def a_host_of_node_exporter_is_taken_over():
    machine.node_exporter()
    before = THEIRS.read_text()
    try:
        take_over()
    finally:
        THEIRS.write_text(before)
    unit = run("nodegauge --migrate /lib/systemd/system/prometheus-node-exporter.service").stdout
    demand("/usr/lib/systemd" not in unit and "ARGS='--collector.textfile.directory=-/var/lib/prometheus" in unit, f"of the unit: {unit}")


def take_over():
    THEIRS.write_text(f'ARGS="{FLAGS}"\n')
    run("systemctl restart prometheus-node-exporter")
    address = ("127.0.0.1", 9107)
    machine.wait_for("node_exporter answers", lambda: machine.answers(address))
    theirs = machine.arguments(machine.main_pid("prometheus-node-exporter"))
    said = run("nodegauge --migrate /etc/default/prometheus-node-exporter >nodegauge.new && mv nodegauge.new /etc/default/nodegauge").stdout
    demand("collectors enabled in node_exporter do not exist here" in said, f"it does not say what is lost: {said}")
    run("systemctl disable --now prometheus-node-exporter; systemctl reset-failed nodegauge; systemctl restart nodegauge")
    ours = machine.arguments(machine.main_pid())
    demand(machine.answers(address), "it does not answer on node_exporter's port")
    missing = [word for word in theirs if word not in ours and word != "--no-collector.wifi"]
    demand(not missing, f"{missing} of {theirs} are not in {ours}")
    demand("--collector.textfile.directory=-/var/lib/prometheus/node-exporter" in ours, f"Debian's directory is not in {ours}")


@cases.case
def files_of_flags_are_read_as_systemd_reads_them():
    """The table of the unit test, with systemd for a judge."""
    table = (machine.ROOT / "tests/unit/test_environment.c").read_text()
    rows = re.findall(r'\{ "((?:\\.|[^"\\])*)", "((?:\\.|[^"\\])*)" \}', table)
    demand(len(rows) > 15, "the table is not found")
    wrong = []
    Path("/run/systemd/system/words.service").write_text("[Service]\nType=oneshot\nEnvironmentFile=/run/words\n"
                                                         "ExecStart=/usr/bin/printf '[%%s]' $ARGS\nStandardOutput=truncate:/run/said\n")
    run("systemctl daemon-reload")
    for text, words in rows:
        text, words = (part.encode().decode("unicode_escape") for part in (text, words))
        if text.startswith(("export", "no assignment")): # not systemd's: shells have it, and that line is an error
            continue
        Path("/run/words").write_text(text)
        run("systemctl start words")
        said = Path("/run/said").read_text().replace("[]", "")
        if said != words:
            wrong.append(f"{text!r} gives {said}, not {words}")
    demand(not wrong, "; ".join(wrong))


WORDS = r'''--path.rootfs=/a"b c"d --path.sysfs=/x\x20y\054\s '--path.procfs=/q\"q' --path.udev.data=/100%%/\$A/$$A \
  # a comment
  --web.telemetry-path=/${TWO}/$TWO $ONE $NONE "--log.level" debug --collector.sysctl.include=\d+ --collector.netdev.device-include=^(a|b)$$'''


@cases.case
def units_are_read_as_systemd_reads_them():
    unit = Path("/run/systemd/system/node_exporter.service")
    program = Path("/run/node_exporter")
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\" >/run/said\n")
    program.chmod(0o755)
    Path("/run/words").write_text('ONE="--no-collector.arp --path.cgroupfs=\'/a b\'"\nTWO=file\n')
    unit.write_text(f"[Service]\nType=oneshot\nEnvironment=TWO=setting\nEnvironmentFile=/run/words\nExecStart={program} {WORDS}\n")
    run("systemctl daemon-reload; systemctl start node_exporter")
    theirs = Path("/run/said").read_text().splitlines()
    line = run(f"nodegauge --migrate {unit} 2>/dev/null").stdout.splitlines()[-1]
    Path("/run/words").write_text(line)
    unit.write_text(f"[Service]\nType=oneshot\nEnvironmentFile=/run/words\nExecStart={program} $ARGS\n")
    run("systemctl daemon-reload; systemctl start node_exporter")
    ours = Path("/run/said").read_text().splitlines()
    unit.unlink()
    run("systemctl daemon-reload")
    at = theirs.index("--log.level")
    theirs[at:at + 2] = ["--log.level=debug"]
    demand_equal(ours, theirs, "the words")


@cases.case
def a_capability_is_granted_by_a_drop_in():
    machine.start("--collector.slabinfo")
    demand_equal(successes(machine.ADDRESS)["slabinfo"], 0, "slabinfo without the capability")
    machine.drop_in("[Service]\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\nAmbientCapabilities=CAP_DAC_READ_SEARCH\nPrivateUsers=no\n")
    machine.start("--collector.slabinfo")
    demand_equal(successes(machine.ADDRESS)["slabinfo"], 1, "slabinfo with the capability")
    machine.drop_in(None)


sys.exit(cases.run_all(before=machine.fresh))
