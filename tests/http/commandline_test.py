#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Flags, their errors, and what the daemon prints instead of serving."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import daemon
import exposition
import wire
from cases import demand, demand_equal

cases = harness.Cases()
FLAGS = daemon.ROOT / "tests" / "compat" / "flags.tsv"

# node_exporter's collectors that are off by default, of those that a node can have without a server to ask.
OFF = {"buddyinfo", "cgroups", "cpu_vulnerabilities", "drbd", "drm", "ethtool", "interrupts", "ksmd", "lnstat", "logind", "meminfo_numa", "mountstats",
       "network_route", "ntp", "nvmesubsystem", "pcidevice", "perf", "processes", "qdisc", "runit", "slabinfo", "softirqs", "supervisord", "swap",
       "sysctl", "systemd", "tcpstat", "wifi", "xfrm", "zoneinfo"}
# Ours alone have their own defaults.
NODE_EXPORTERS = OFF | {
    "arp", "bcache", "bcachefs", "bonding", "btrfs", "conntrack", "cpu", "cpufreq", "diskstats", "dmi", "dmmultipath", "edac", "entropy", "fibrechannel",
    "filefd", "filesystem", "hwmon", "infiniband", "ipvs", "kernel_hung", "loadavg", "mdadm", "meminfo", "netclass", "netdev", "netstat", "nfs", "nfsd",
    "nvme", "os", "powersupplyclass", "pressure", "rapl", "schedstat", "selinux", "sockstat", "softnet", "stat", "tapestats", "textfile", "thermal_zone",
    "time", "timex", "udp_queues", "uname", "vmstat", "watchdog", "xfs", "zfs"}


def once(*arguments, **options):
    result = daemon.run("--once", *arguments, **options)
    demand_equal(result.returncode, 0, f"the exit status of {' '.join(arguments)} ({result.stderr[-200:].strip()})")
    body = exposition.read(result.stdout)
    demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
    return body


def represented(body):
    return {labels["collector"] for labels, _ in body.series_of("node_scrape_collector_success")}


def refused(*arguments, words=(), status=2):
    """A start that fails at once, with a reason that has these words."""
    # who has the usual port on this machine is not what it is about
    own = [] if any("listen-address" in one for one in arguments) else [f"--web.listen-address=127.0.0.1:{daemon.free_port()}"]
    result = daemon.run(*own, *arguments, timeout=5)
    what = " ".join(arguments)
    demand_equal(result.returncode, status, f"the exit status of {what} ({result.stderr[-200:].strip()})")
    for word in words:
        demand(word in result.stderr, lambda: f"{what}: no {word!r} in {result.stderr[-300:].strip()!r}")
    demand(result.stdout == "", f"{what}: prints to standard output")


@cases.case
def version():
    result = daemon.run("--version")
    demand_equal(result.returncode, 0, "the exit status")
    wanted = (daemon.ROOT / "VERSION").read_text().strip()
    demand("nodegauge" in result.stdout and wanted in result.stdout, lambda: f"prints {result.stdout!r}")


@cases.case
def help_text():
    result = daemon.run("--help")
    demand_equal(result.returncode, 0, "the exit status")
    demand_equal(daemon.run("-h").stdout, result.stdout, "what -h prints")
    for flag in ["--web.listen-address", "--web.max-requests", "--path.procfs", "once", "--log.format",
                 *[f"--[no-]collector.{name}" for name in collectors.ours()]]:
        demand(flag in result.stdout, f"no {flag}")
    longest = max(len(line) for line in result.stdout.splitlines() if "--" not in line)
    demand(longest <= 120, f"a line has {longest} columns")


@cases.case
def manual_page():
    result = daemon.run("--help-man")
    demand_equal(result.returncode, 0, "the exit status")
    demand(".TH" in result.stdout, "no manual page")


@cases.case
def list_of_collectors():
    names = collectors.ours()
    demand(len(names) > 20, lambda: f"only {sorted(names)}")
    defaults = collectors.defaults()
    wrong = {name for name, on in defaults.items() if name in NODE_EXPORTERS and on == (name in OFF)}
    demand(not wrong, f"other defaults than node_exporter's: {sorted(wrong)}")
    return f"{len(names)} collectors, {sum(defaults.values())} on by default"


@cases.case
def defaults_are_what_runs():
    defaults = collectors.defaults()
    demand_equal(represented(once()), {name for name, on in defaults.items() if on}, "the set of collectors")


@cases.case
def switches():
    everything = represented(once())
    demand_equal(represented(once("--no-collector.loadavg", "--no-collector.cpu")), everything - {"loadavg", "cpu"}, "the set of collectors")
    demand_equal(represented(once("--collector.disable-defaults", "--collector.uname", "--collector.loadavg")), {"uname", "loadavg"}, "the set")
    demand_equal(represented(once("--collector.uname", "--collector.disable-defaults")), {"uname"}, "the set, the other way round")
    off = sorted(name for name, on in collectors.defaults().items() if not on)[0]
    demand_equal(represented(once(f"--collector.{off}")), everything | {off}, "the set with one more")


@cases.case
def once_prints_what_is_served():
    printed = once()
    # what is sampled between scrapes is not there when there is one only
    with daemon.nodegauge("--collector.container.sample-interval=0") as process:
        served = exposition.read(wire.fetch(process.address).text())
    names = set(printed.families) ^ set(served.families)
    names = {name for name in names if not name.startswith(("nodegauge_", "promhttp_", "process_"))}
    demand(not names, f"only one of them has {sorted(names)}")


@cases.case
def value_as_next_argument():
    demand_equal(represented(once("--path.procfs", "/proc", "--web.listen-address", "127.0.0.1:1", "--collector.disable-defaults", "--collector.uname")),
                 {"uname"}, "the set of collectors")


@cases.case
def arguments_from_a_file():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flags")
        file.write_text("# comment\n--collector.disable-defaults\n--collector.uname\n--log.level\nerror\n")
        demand_equal(represented(once(f"@{file}")), {"uname"}, "the set of collectors")
        demand_equal(represented(once("--collector.loadavg", f"@{file}", "--collector.time")), {"uname", "loadavg", "time"}, "the set with more")
        file.write_text("--collector.disable-defaults\r\n--collector.uname")
        demand_equal(represented(once(f"@{file}")), {"uname"}, "the set from a file with carriage returns and no last line feed")
        file.write_text("--collector.nothing\n")
        refused(f"@{file}", words=["collector.nothing"])
        result = daemon.run(f"@{folder}/missing", timeout=5)
        demand(result.returncode in (1, 2) and "missing" in result.stderr, lambda: f"a missing file: {result.returncode} {result.stderr[-200:]}")


@cases.case
def unknown_flags():
    refused("--collector.loadavgg", words=["collector.loadavgg", "--collector.loadavg"])
    refused("--no-collector.loadavgg", words=["collector.loadavg"])
    refused("--web.listen-adress=:1", words=["--web.listen-address"])
    refused("--path.proc=/proc", words=["--path.procfs"])
    refused("--collector.filesystem.mount-point-exclude=x", words=["--collector.filesystem.mount-points-exclude"])
    refused("--entirely-different-and-long", words=["entirely-different"])
    for argument in ("-x", "---", "--", "-", "word", "", "--=", "--no-", "--no-web.listen-address", "--no-no-collector.cpu"):
        result = daemon.run(argument, timeout=5)
        demand_equal(result.returncode, 2, f"the exit status of {argument!r}")


@cases.case
def collectors_that_only_node_exporter_has():
    """They are called so, and not taken for another one's typing error."""
    missing = sorted(NODE_EXPORTERS - set(collectors.ours()))
    for name in missing:
        refused(f"--collector.{name}", words=[f"nodegauge does not have node_exporter's collector {name}"])
        demand_equal(daemon.run(f"--no-collector.{name}", "--version").returncode, 0, f"the exit status of --no-collector.{name}")
    refused("--collector.qdisk.device-include=x", words=["collector qdisc"])
    refused("--collector.systemd.unit-exclude=x", words=["collector systemd"])
    refused("--web.config.file=web.yml", words=["no TLS and no authentication"])
    listed = re.search(r"^- \*\*Collectors\*\*: (.*?)\.", (daemon.ROOT / "README.md").read_text(), re.M | re.S).group(1)
    demand_equal([name.strip() for name in listed.split(",")], missing, "what README says is not here yet")
    return f"{len(missing)} of them"


@cases.case
def bad_values():
    for flag, value in (("web.max-requests", "abc"), ("web.max-requests", "-1"), ("web.max-requests", "1.5"), ("web.max-requests", "99999999999999999999"),
                        ("log.level", "loud"), ("log.format", "xml"), ("web.scrape-timeout", "5"), ("web.scrape-timeout", "fast"),
                        ("web.header-timeout", "-5s"), ("web.idle-timeout", "")):
        refused(f"--{flag}={value}", words=[flag])


@cases.case
def bad_patterns():
    for flag in ("netdev.device-exclude", "diskstats.device-exclude", "filesystem.mount-points-exclude", "netclass.ignored-devices", "vmstat.fields",
                 "netstat.fields", "arp.device-include"):
        for pattern in ("(", "[a-", "a{2,1}", "*a", "(?P<n"):
            refused(f"--collector.{flag}={pattern}", words=[flag])


@cases.case
def nothing_to_migrate():
    """As a script does whose variable is not set: it does not become a daemon."""
    refused("--migrate", "", words=["--migrate: expected a file"])
    refused("--migrate=", words=["--migrate: expected a file"])


@cases.case
def a_shortage_is_no_wrong_argument():
    """The service manager tries again what is no wrong argument."""
    if os.geteuid() != 0:
        raise harness.Skip("only root may become a user who has no thread left")
    if daemon.sanitized():
        raise harness.Skip("the sanitizer itself needs a thread at the end")
    with open(daemon.binary(), "rb") as program:  # which the user need not be able to reach
        path = f"/proc/self/fd/{program.fileno()}"
        result = subprocess.run(["prlimit", "--nproc=1", "setpriv", "--reuid=65533", "--clear-groups", path, "--collector.disable-defaults",
                                 f"--web.listen-address=127.0.0.1:{daemon.free_port()}"], capture_output=True, text=True, timeout=10,
                                check=False, pass_fds=[program.fileno()])
    demand(result.returncode == 1 and "start a thread" in result.stderr, lambda: f"{result.returncode}: {result.stderr[-200:]!r}")


@cases.case
def patterns_of_node_exporter():
    """RE2's syntax that its users write."""
    for pattern in ("^(lo|docker[0-9]+|veth.*)$", "(?i)ETH", r"^\w+\d*$", r"\Aeth0\z", "[[:alpha:]]+", "(?P<name>eth)", r"\pL", "", "^$", "a|", "(?s).*"):
        once("--collector.disable-defaults", "--collector.netdev", f"--collector.netdev.device-exclude={pattern}")


@cases.case
def filters_that_exclude_each_other():
    for name, include, exclude in (("netdev", "device-include", "device-exclude"), ("diskstats", "device-include", "device-exclude"),
                                   ("filesystem", "mount-points-include", "mount-points-exclude"), ("filesystem", "fs-types-include", "fs-types-exclude"),
                                   ("arp", "device-include", "device-exclude"), ("slabinfo", "slabs-include", "slabs-exclude"),
                                   ("interrupts", "name-include", "name-exclude")):
        arguments = [f"--collector.{name}", f"--collector.{name}.{include}=a", f"--collector.{name}.{exclude}=b"]
        result = daemon.run("--once", *arguments, timeout=10)
        if name in ("arp", "slabinfo", "interrupts"):  # these take both
            demand_equal(result.returncode, 0, f"the exit status of {' '.join(arguments)}")
        else:
            demand(result.returncode in (1, 2) and include in result.stderr, lambda: f"{' '.join(arguments)}: {result.returncode} {result.stderr[-200:]!r}")


@cases.case
def include_empties_the_default_exclude():
    loops = {labels["device"] for labels, _ in once("--collector.disable-defaults", "--collector.diskstats",
                                                    "--collector.diskstats.device-include=.*").series_of("node_disk_reads_completed_total")}
    names = {line.split()[2] for line in Path("/proc/diskstats").read_text().splitlines()}
    demand_equal(loops, names, "the set of disks")


@cases.case
def switches_take_no_value():
    for argument in ("--collector.loadavg=true", "--no-collector.loadavg=false", "--web.disable-exporter-metrics=1", "--once=yes"):
        result = daemon.run(argument, timeout=5)
        demand(result.returncode in (1, 2), f"the exit status of {argument} is {result.returncode}")


@cases.case
def flags_that_are_given_twice():
    for flag in ("--web.telemetry-path=/a", "--path.procfs=/proc", "--collector.netdev.device-exclude=a"):
        result = daemon.run(flag, flag, timeout=5)
        demand(result.returncode in (1, 2), f"the exit status of {flag} given twice is {result.returncode}")


@cases.case
def value_is_missing():
    for flag in ("--web.listen-address", "--path.procfs", "--collector.netdev.device-exclude"):
        refused(flag, words=[flag])


@cases.case
def every_flag_of_node_exporter():
    """Each flag of the table that belongs to what exists here is taken, with its default value."""
    ours, checked = collectors.ours(), 0
    owners = {"netclass_rtnl": "netclass", "powersupply": "powersupplyclass", "qdisk": "qdisc"}
    later = {"web.config.file"}
    texts = {'""': "", "all": "."}
    for line in FLAGS.read_text().splitlines()[2:]:
        flag, default = line.split("\t")
        name = flag.removeprefix("--").removeprefix("[no-]")
        words = name.split(".")
        if name in later or name in ("help", "version") or (words[0] == "collector" and words[1] != "disable-defaults" and owners.get(words[1], words[1]) not in ours):
            continue
        spellings = [f"--{name}", f"--no-{name}"] if flag.startswith("--[no-]") else [f"--{name}={texts.get(default, default)}"]
        for spelling in spellings:
            result = daemon.run("--once", "--collector.disable-defaults", spelling, timeout=20)
            demand_equal(result.returncode, 0, f"the exit status of {spelling} ({result.stderr[-200:].strip()})")
            checked += 1
    demand(checked > 100, lambda: f"only {checked} spellings")
    return f"{checked} spellings"


def log_of(*arguments, requests=(), number=signal.SIGHUP):
    with daemon.nodegauge(*arguments) as process:
        wire.fetch(process.address)
        for data in requests:
            wire.exchange(process.address, data, 0.2)
        process.signal(number)
        time.sleep(0.2)
        process.stop()
        return [line for line in process.log().splitlines() if line]


def said_of(path, *arguments):
    """The line that says why a socket of that name cannot be made."""
    result = daemon.run(f"--web.listen-address=unix:{path}", *arguments, timeout=5)
    demand_equal(result.returncode, 1, "the exit status")
    return next(line for line in result.stderr.splitlines() if "cannot start" in line)


@cases.case
def log_keeps_text_of_any_language():
    """Only control characters, also those of C1, and bytes that are no UTF-8 are replaced."""
    for form in ("logfmt", "json"):
        line = said_of("/nonexistent/Gr\u00fc\u00dfe \u65e5\u672c \U0001f600/x", f"--log.format={form}")
        demand("Gr\u00fc\u00dfe \u65e5\u672c \U0001f600" in line, lambda: f"{form}: {line!r}")
        line = said_of("/nonexistent/a\x1b[1m\x7f\u009b\u0085\udcff\udcc3/x", f"--log.format={form}")
        demand("/a\\u001b[1m\\u007f\\u009b\\u0085\ufffd\ufffd/x" in line, lambda: f"{form}: {line!r}")


@cases.case
def log_of_long_values():
    """A value that is too long is cut, and the line is whole."""
    with tempfile.TemporaryDirectory() as folder:
        for size in range(1960, 2060, 7):
            result = daemon.run("--collector.disable-defaults", "--collector.textfile", "--once", "--log.format=json", "--log.level=debug",
                                f"--collector.textfile.directory={folder}/" + "/".join(["\u00fc" * 100] * (size // 201)) + "x" * (size % 201))
            for line in result.stderr.splitlines():
                json.loads(line)


@cases.case
def log_as_json():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "odd \"name\"\\ \u00e9\n.prom").write_text("broken\n")
        lines = log_of("--log.format=json", "--log.level=debug", f"--collector.textfile.directory={folder}", requests=[b"garbage \xff\"\\\r\n\r\n"])
    demand(lines, "nothing is logged")
    for line in lines:
        entry = json.loads(line)
        demand(entry.get("level") in ("debug", "info", "warn", "error") and entry.get("msg"), lambda line=line: f"no level or msg in {line}")
        demand("time" in entry or "ts" in entry, lambda line=line: f"no time in {line}")
    return f"{len(lines)} lines"


@cases.case
def log_as_logfmt():
    lines = log_of()
    demand(lines, "nothing is logged")
    field = r'[a-z_.]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)'
    for line in lines:
        demand(re.fullmatch(rf"{field}(?: {field})*", line), lambda line=line: f"no logfmt: {line}")
        demand("level=" in line and "msg=" in line, lambda line=line: f"no level or msg in {line}")


@cases.case
def log_levels():
    count = {level: len(log_of(f"--log.level={level}")) for level in ("debug", "info", "error")}
    demand(count["error"] == 0 and 0 < count["info"] < 40 and count["debug"] >= count["info"], lambda: f"lines by level: {count}")
    return ", ".join(f"{level} {lines}" for level, lines in count.items())


@cases.case
def log_says_a_failure_once():
    """A collector that fails at each scrape is logged when it starts to fail, and when it recovers."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "loadavg")
        file.write_text("nonsense\n")
        with daemon.nodegauge(f"--path.procfs={folder}", "--collector.disable-defaults", "--collector.loadavg") as process:
            for _ in range(10):
                wire.fetch(process.address)
            lines = [line for line in process.log().splitlines() if "loadavg" in line and "level=info" not in line]
            demand(len(lines) == 1, lambda: f"{len(lines)} lines: {lines[:3]}")
            file.write_text("0.1 0.2 0.3 1/2 3\n")
            for _ in range(3):
                body = exposition.read(wire.fetch(process.address).text())
            demand_equal(body.value("node_load1"), 0.1, "node_load1 after the recovery")
            time.sleep(0.1)
            more = [line for line in process.log().splitlines() if "loadavg" in line]
            demand(len(more) == 2, lambda: f"{len(more)} lines in the end: {more}")


@cases.case
def kernel_file_that_is_a_pipe():
    """Opening a pipe without a writer would wait for ever."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(Path(folder, "loadavg"))
        Path(folder, "uptime").write_text("1 1\n")
        with daemon.nodegauge(f"--path.procfs={folder}", "--collector.disable-defaults", "--collector.loadavg", "--collector.uname") as process:
            began = time.monotonic()
            body = exposition.read(wire.fetch(process.address, headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"}).text())
            demand(time.monotonic() - began < 2.2, "the answer does not come in time")
            demand_equal(body.value("node_scrape_collector_success", collector="loadavg"), 0.0, "loadavg's success")
            demand_equal(body.value("node_scrape_collector_success", collector="uname"), 1.0, "uname's success")


@cases.case
def roots_that_do_not_exist():
    """An error at the start that names the path, or collectors without success; never a crash."""
    for flag in ("--path.procfs=/nonexistent", "--path.sysfs=/nonexistent", "--path.rootfs=/nonexistent", "--path.udev.data=/nonexistent"):
        result = daemon.run("--once", flag)
        demand(result.returncode >= 0, f"{flag} ends by signal {-result.returncode}")
        if result.returncode == 0:
            demand(not exposition.read(result.stdout).errors, f"malformed with {flag}")
        else:
            demand("/nonexistent" in result.stderr, lambda: f"{flag}: {result.stderr[-200:]!r}")


if __name__ == "__main__":
    sys.exit(cases.run_all())
