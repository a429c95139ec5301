#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tools that judge are judged: a linter that finds nothing and a comparison that misses everything would please all."""
import io
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import compare
import exposition
import reference
import sandwich
import ttar
from cases import demand, demand_equal

cases = harness.Cases()
HEAD = "# HELP a Text.\n# TYPE a gauge\n"


@cases.case
def linter_takes_what_is_right():
    for body in ("", HEAD + "a 1\n", HEAD + 'a{b="c"} 1e+06\na{b="d"} NaN\na{b="e"} +Inf\na{b="f"} -0.5\n',
                 HEAD + 'a{b="\\\\ \\" \\n \u00e9",c=""} 5e-324\n', "# HELP a \\\\ and \\n\n# TYPE a counter\na 18446744073709551615\n",
                 "# HELP a X\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\na_sum 3\na_count 2\n",
                 "# HELP a X\n# TYPE a summary\na{quantile=\"0.5\"} 1\na_sum 3\na_count 2\n"):
        demand_equal(exposition.read(body.encode()).errors, [], f"what is wrong with {body!r}")


@cases.case
def linter_finds_what_is_wrong():
    for body in (HEAD + "a 1", HEAD + "a 1\r\n", HEAD + "a 1\n\n", HEAD + "a 1\na 1\n", HEAD + 'a{b="c",b="d"} 1\n', HEAD + 'a{b="c",} 1\n', HEAD + "a{} 1\n",
                 HEAD + 'a{b="\\q"} 1\n', HEAD + 'a{b="c} 1\n', HEAD + 'a{b=c} 1\n', HEAD + 'a{1="c"} 1\n', HEAD + 'a{__b="c"} 1\n', HEAD + "a  1\n",
                 HEAD + "a 1 1000\n", HEAD + "a 0x10\n", HEAD + "a 1_0\n", HEAD + "a nan\n", HEAD + "a inf\n", HEAD + "a \n", HEAD + "a\n", HEAD + " a 1\n",
                 HEAD + "b 1\n", HEAD + 'a{b="c"} 1\na{b="c"} 2\n', "a 1\n", HEAD, "# TYPE a gauge\na 1\n", "# HELP a Text.\na 1\n",
                 HEAD + "a 1\n" + HEAD + 'a{b="c"} 1\n', HEAD + "a 1\n# HELP b X\n# TYPE b gauge\nb 1\n" + 'a{b="c"} 1\n', "# TYPE a gauge\n# HELP a X\na 1\n",
                 "# HELP a X\n# TYPE a thing\na 1\n", "# comment\n" + HEAD + "a 1\n", HEAD + "# HELP a again\na 1\n", HEAD + "a 1\n# TYPE a gauge\n",
                 "# HELP a bad \\q\n# TYPE a gauge\na 1\n", HEAD + "\u00e4 1\n",
                 "# HELP a X\n# TYPE a histogram\na_bucket{le=\"1\"} 3\na_bucket{le=\"+Inf\"} 2\na_sum 3\na_count 2\n",
                 "# HELP a X\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 3\na_count 2\n"):
        demand(exposition.read(body.encode()).errors, f"nothing is found in {body!r}")
    demand(exposition.read(HEAD.encode() + b'a{b="\xff"} 1\n').errors, "bytes that are not UTF-8 are taken")


@cases.case
def comparison_finds_each_kind():
    theirs = exposition.read(HEAD + 'a{b="1"} 1\na{b="2"} 2\n# HELP only X\n# TYPE only gauge\nonly 1\n')
    ours = exposition.read("# HELP a Other.\n# TYPE a counter\n" + 'a{b="1"} 1.5\na{b="3"} 2\n# HELP more X\n# TYPE more gauge\nmore 1\n')
    kinds = sorted(str(one).split(":")[0] for one in compare.compare(theirs, ours, helps=True))
    demand_equal(kinds, ['extra a{b="3"}', "extra more", "help a", 'missing a{b="2"}', "missing only", "type a", 'value a{b="1"}'], "what is found")


@cases.case
def values_are_equal_as_numbers():
    for a, b in (("1e+06", "1000000"), ("1.8446744073709552e+19", "18446744073709551615"), ("NaN", "NaN"), ("0.1", "0.10"), ("+Inf", "+Inf"),
                 ("0.30000000000000004", "0.3")):
        demand(compare.same_number(a, b), f"{a} and {b} differ")
    for a, b in (("1", "2"), ("1", "1.0000001"), ("NaN", "0"), ("+Inf", "-Inf"), ("0", "1e-300")):
        demand(not compare.same_number(a, b), f"{a} and {b} are equal")


@cases.case
def table_is_well_formed():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.tsv")
        path.write_text("scope\tpattern\tkind\treason\n# note\nx\ta\\{.*\textra\tbecause\n*\tb\tmissing,type\tbecause\ny\tc\textra\tbecause\n")
        table = compare.load("x", path=path)
        demand_equal(len(table.rows), 2, "the number of rows for x")
        left = table.unexplained([compare.Difference("extra", "a", 'a{b="1"}'), compare.Difference("missing", "a", 'a{b="1"}'),
                                  compare.Difference("type", "b", "b"), compare.Difference("extra", "c", "c")])
        demand_equal([str(one) for one in left], ['missing a{b="1"}', "extra c"], "what is not explained")
        for bad in ("x\ta\textra\n", "x\ta\tstrange\tbecause\n", "x\t(\textra\tbecause\n"):
            path.write_text("scope\tpattern\tkind\treason\n" + bad)
            try:
                compare.load("x", path=path)
            except (ValueError, compare.re.error):
                continue
            raise harness.Failure(f"{bad!r} is taken")
    compare.load("x")
    sandwich.load_tolerances()


@cases.case
def sandwich_judges():
    judge = sandwich.Judge([])
    for kind, values, right in (("gauge", "1 1 1", True), ("gauge", "3 2 1", True), ("gauge", "1 3 2", False), ("gauge", "1 0 2", False),
                                ("counter", "1 2 3", True), ("counter", "1 1 1", True), ("counter", "1 0 3", False), ("counter", "3 2 1", False),
                                ("gauge", "NaN NaN NaN", True), ("gauge", "1 NaN 1", False), ("untyped", "5 5 6", True)):
        family = exposition.Family("a", kind)
        demand_equal(judge.between(family, *values.split()), right, f"the verdict for a {kind} of {values}")


ARCHIVE = rb"""# Archive created by ttar
Directory: sys
Mode: 755
# ttar - - -
Directory: sys/empty
Mode: 555
# ttar - - -
Path: sys/empty/file
Lines: 1
inside
Mode: 644
# ttar - - -
Path: sys/cut
Lines: 2
Path: no header
last lineEOF
Mode: 644
# ttar - - -
Path: sys/nothing
Lines: 0
Mode: 644
# ttar - - -
Path: sys/binary
Lines: 1
aNULLBYTEb\NULLBYTEc\EOFEOF
Mode: 600
# ttar - - -
Path: sys/link
SymlinkTo: ../nowhere
# ttar - - -
"""


@cases.case
def ttar_unpacks():
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "a.ttar")
        archive.write_bytes(ARCHIVE)
        demand_equal(ttar.unpack(archive, folder), 7, "the number of entries")
        root = Path(folder, "sys")
        for name, content in (("empty/file", b"inside\n"), ("cut", b"Path: no header\nlast line"), ("nothing", b""), ("binary", b"a\0bNULLBYTEcEOF")):
            demand_equal((root / name).read_bytes(), content, f"the content of {name}")
        demand_equal((root / "link").readlink(), Path("../nowhere"), "the link")
        demand_equal((root / "empty").stat().st_mode & 0o777, 0o555, "the mode of a folder")
        (root / "empty").chmod(0o755)
        for bad in (b"Lines: 1\nx\n", b"Path: a\nLines: 9\nx\n", b"Path: ../a\nLines: 0\n", b"Path: /a\nLines: 0\n", b"nonsense\n"):
            archive.write_bytes(bad)
            try:
                ttar.unpack(archive, folder)
            except ttar.BadArchive:
                continue
            raise harness.Failure(f"{bad!r} is taken")


EXPECTED = """# HELP node_load1 X
# TYPE node_load1 gauge
node_load1 0.21
# HELP node_xfs_inode_operations_found_total X
# TYPE node_xfs_inode_operations_found_total counter
node_xfs_inode_operations_found_total{device="sda1"} 5
# HELP go_threads X
# TYPE go_threads gauge
go_threads 5
"""
SCRIPT = r"""#!/usr/bin/env bash
enabled_collectors=$(cat << COLLECTORS
  arp
  buddyinfo
  xfs
COLLECTORS
)
disabled_collectors=$(cat << COLLECTORS
  filesystem
COLLECTORS
)
skip_re="^(go_|node_time_seconds)"
case "${arch}" in
  x86_64)
    info='--collector.cpu.info'
    bugs='^(mds|a b)$'
    ;;
  *)
    info='--no-collector.cpu.info'
    bugs=''
    ;;
esac
extra_flags=""; keep=0
    extra_flags="${OPTARG}"
collector_flags=$(cat << FLAGS
  ${extra_flags}
  ${info}
  --collector.arp.device-exclude=nope
  --collector.cpu.info.bugs-include=${bugs}
  --collector.filesystem.mount-timeout=5s
  --collector.wifi.fixtures=collector/fixtures/wifi
  --no-collector.arp.netlink
FLAGS
)
"""


@cases.case
def source_package_is_understood():
    """A tarball as Debian has it, made here: the run that comes out of it."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = Path(folder, "prometheus-node-exporter_0.orig.tar.gz")
        files = {"end-to-end-test.sh": SCRIPT.encode(), "collector/fixtures/e2e-output.txt": EXPECTED.encode(),
                 "collector/fixtures/proc/loadavg": b"0.21 0.37 0.39 1/719 19737\n", "collector/fixtures/sys.ttar": ARCHIVE}
        with tarfile.open(tarball, "w:gz") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(f"node_exporter-0/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        here = {"arp": True, "buddyinfo": False, "container": True, "cpu": True, "filesystem": True, "interrupts": False, "netdev": True}
        top, run = reference.source_package(folder, here, tarball)
        demand((top / "collector/fixtures/sys/cut").is_file(), "the ttar archive is not unpacked in its place")
        (top / "collector/fixtures/sys/empty").chmod(0o755)
        demand_equal(run.arguments[4:], ["--collector.disable-defaults", "--collector.arp", "--collector.buddyinfo", "--collector.cpu",
                                         "--collector.cpu.info", "--collector.arp.device-exclude=nope",
                                         "--collector.cpu.info.bugs-include=^(mds|a b)$", "--no-collector.arp.netlink"], "the arguments")
        names = ["node_load1", "node_xfs_inode_operations_found_total", "go_threads", "node_time_seconds", "node_time_zone_offset_seconds",
                 "node_network_receive_drop_total", "node_network_transmit_queue_length", "process_open_fds"]
        demand_equal([name for name in names if not run.left_out.fullmatch(name)],
                     ["node_load1", "node_time_zone_offset_seconds", "node_network_transmit_queue_length"], "what is compared")


if __name__ == "__main__":
    sys.exit(cases.run_all())
