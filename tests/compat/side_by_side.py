#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ours and Debian's node_exporter side by side on this machine: the same series with the same values."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import compare
import daemon
import packages
import sandwich

cases = harness.Cases()
table = compare.load("live", *collectors.version_scopes())

# Options that both have, chosen so that neither leaves out what the other shows, and so that much is shown.
MOUNTS = "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
OPTIONS = {
    "cpu": ["--collector.cpu.info", "--collector.cpu.info.flags-include=^(fpu|sse.*|avx.*)$", "--collector.cpu.info.bugs-include=.*"],
    "diskstats": ["--collector.diskstats.device-exclude=^nothing$"],
    "filesystem": [f"--collector.filesystem.mount-points-exclude={MOUNTS}", "--collector.filesystem.fs-types-exclude=^(proc|sysfs)$"],
    "netdev": ["--collector.netdev.device-exclude=^nothing$", "--collector.netdev.address-info"],
    "netstat": ["--collector.netstat.fields=.*"],
    "stat": ["--collector.stat.softirq"],
    "sysctl": ["--collector.sysctl.include=kernel.threads-max", "--collector.sysctl.include=fs.file-nr",
               "--collector.sysctl.include=vm.lowmem_reserve_ratio", "--collector.sysctl.include=fs.file-nr:total,current,max",
               "--collector.sysctl.include-info=kernel.seccomp.actions_avail", "--collector.sysctl.include-info=kernel.core_pattern"],
    "vmstat": ["--collector.vmstat.fields=.*"],
}
TEXTFILE = """# HELP sample_jobs Jobs.
# TYPE sample_jobs gauge
sample_jobs{queue="a b\\\\c\\"d",state="waiting"} 12.5
sample_jobs{queue="empty"} -Inf
# TYPE sample_seconds histogram
sample_seconds_bucket{le="0.1"} 3
sample_seconds_bucket{le="+Inf"} 5
sample_seconds_sum 17
sample_seconds_count 5
no_metadata 1e3
"""


def side_by_side(program, shared, theirs_alone=(), ours_alone=()):
    theirs = ("127.0.0.1", daemon.free_port())
    with daemon.nodegauge(*shared, *ours_alone) as our_process, daemon.Daemon(
            [program, f"--web.listen-address=127.0.0.1:{theirs[1]}", *shared, *theirs_alone], theirs) as their_process:
        their_process.wait_ready()
        differences, body = sandwich.lasting(our_process.address, theirs, table)
        harness.demand(not body.errors, lambda: f"malformed: {'; '.join(body.errors[:5])}")
        left = table.unexplained(differences)
        harness.demand(not left, lambda: compare.describe(left, 40))
        same = sum(len(family.samples) for family in body.families.values())
        return f"{same} series, {len([one for one in differences if one.kind != 'help'])} listed differences"


@cases.case
def live_defaults():
    program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    lacking = sorted(set(collectors.theirs(program)) - collectors.ours())
    more = sorted(name for name, on in collectors.defaults().items() if on and name not in collectors.theirs(program))
    cases.note("switched off in node_exporter, as we do not have them: " + " ".join(lacking))
    cases.note("switched off in nodegauge, as it does not have them: " + " ".join(more))
    with tempfile.TemporaryDirectory(prefix="nodegauge-textfile-") as folder:
        return side_by_side(program, [f"--collector.textfile.directory={folder}"] if "textfile" in collectors.ours() else [],
                            [f"--no-collector.{name}" for name in lacking], [f"--no-collector.{name}" for name in more])


@cases.case
def live_all_collectors():
    program = packages.need("prometheus-node-exporter", "prometheus-node-exporter")
    both = sorted(collectors.ours() & set(collectors.theirs(program)))
    harness.demand(both, "no collector in common")
    with tempfile.TemporaryDirectory(prefix="nodegauge-textfile-") as folder:
        Path(folder, "sample.prom").write_text(TEXTFILE)
        Path(folder, "broken.prom").write_text("not a sample\n")
        options = {**OPTIONS, "textfile": [f"--collector.textfile.directory={folder}"]}
        shared = ["--collector.disable-defaults", *[f"--collector.{name}" for name in both]]
        shared += [option for name in both for option in options.get(name, [])]
        return side_by_side(program, shared)


if __name__ == "__main__":
    sys.exit(cases.run_all(lambda: compare.report_unused(cases, table)))
