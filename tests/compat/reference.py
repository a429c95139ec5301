# SPDX-License-Identifier: Apache-2.0
"""Where node_exporter's fixture tree comes from, and what it is expected to give.

The tree belongs to another project and is not in this repository. It is taken from a folder beside the checkout, else from
Debian's source package of prometheus-node-exporter.
"""
import os
import re
import shlex
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import compare
import daemon
import ttar

BESIDE = daemon.ROOT.parent / "shared" / "reference" / "node_exporter"
PACKAGE = "prometheus-node-exporter"


# Families by collector, where the name of the one does not begin with node_ and that of the other.
PREFIXES = {"cgroups": "node_cgroup", "mdadm": "node_md_", "powersupplyclass": "node_power_supply_", "tapestats": "node_tape_",
            "textfile": "(testmetric|node_textfile_)"}
# All collectors of the package's end-to-end test that other projects' kernels, servers or file systems feed: we may lack them.
OPTIONAL = ("bcache", "bcachefs", "btrfs", "cgroups", "drbd", "drm", "edac", "ethtool", "fibrechannel", "hwmon", "infiniband", "ipvs", "lnstat", "mdadm",
            "mountstats", "nfs", "nfsd", "ntp", "pcidevice", "perf", "powersupplyclass", "qdisc", "rapl", "runit", "supervisord", "tapestats", "textfile", "wifi",
            "xfs", "zfs")
# What the package's version reads from /proc and later ones by netlink, which knows no fixtures.
FROM_PROC = {"arp": "--no-collector.arp.netlink", "netdev": "--no-collector.netdev.netlink"}


class Unreachable(Exception):
    """Says why there is no fixture tree."""


@dataclass
class Run:
    """One invocation of an exporter on the tree."""

    name: str
    arguments: list
    expected: str  # text of the exposition, or None when only the counts are known
    families: int = 0
    samples: int = 0


def _extract(archive, folder):
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "fully_trusted_filter"):  # dangling and absolute links are part of the tree
            tar.extractall(folder, filter="fully_trusted")
        else:
            tar.extractall(folder)


def beside(folder):
    """The runs of the reference that lies beside the checkout (or in $NG_FIXTURES), unpacked into `folder`."""
    place = Path(os.environ.get("NG_FIXTURES") or BESIDE)
    if not (place / "FLAGS.tsv").is_file():
        raise Unreachable(f"no {place}")
    for archive in ("fixtures.tar.xz", "fixtures_extra.tar.xz"):
        _extract(place / archive, folder)
    runs = []
    for _, (name, arguments, families, samples, _success) in compare.tsv_rows(place / "FLAGS.tsv"):
        # The answers were taken with the folders under the names that they have in the archive.
        words = [re.sub(r"(?<==)fixtures(?=/|$|_extra)", "ne_fixtures", word) for word in arguments.split(" ")]
        expected = place / "expected" / f"{name}.prom"
        text = expected.read_text() if expected.is_file() else None
        runs.append(Run(name, words, text, int(families), int(samples)))
    return runs


def _apt(work, *command):
    """apt-get with lists of its own, in which every configured archive is also asked for source packages."""
    sources = work / "sources.list.d"
    if not sources.exists():
        sources.mkdir(parents=True)
        (work / "lists" / "partial").mkdir(parents=True)
        for file in Path("/etc/apt/sources.list.d").glob("*.sources"):
            (sources / file.name).write_text(re.sub(r"(?m)^Types:.*$", "Types: deb-src", file.read_text()))
        lists = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")]
        for file in lists:
            if file.is_file():
                (sources / f"{file.stem}.list").write_text(re.sub(r"(?m)^deb\s", "deb-src ", file.read_text()))
    options = ["-oDir::Etc::sourcelist=/dev/null", f"-oDir::Etc::sourceparts={sources}", f"-oDir::State::lists={work / 'lists'}",
               "-oAPT::Sandbox::User=root", "-q"]
    return subprocess.run(["apt-get", *options, *command], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)


def download(work):
    """The upstream tarball of Debian's source package."""
    try:
        for command in (["update"], ["source", "--download-only", PACKAGE]):
            result = _apt(work, *command)
            if result.returncode != 0 and command != ["update"]:
                reason = re.sub(r"\S+://\S+", "", result.stdout)
                raise Unreachable(f"apt-get source {PACKAGE} fails: {' '.join(reason.split())[-160:]}")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"apt-get: {error}") from error
    for tarball in sorted(work.glob(f"{PACKAGE}_*.orig.tar.*")):
        if not tarball.name.endswith(".asc"):
            return tarball
    raise Unreachable(f"the source package of {PACKAGE} has no .orig tarball")


def _script_arguments(script, collectors):
    """The collector options that upstream's end-to-end script gives, as far as they belong to `collectors`."""
    text = re.sub(r"\\\n", " ", script)
    words = []
    for line in text.splitlines():
        if "--collector." in line and "for c in" not in re.sub(r"\$\(.*?done\)", "", line):
            words += [word for word in shlex.split(re.sub(r"\$\(.*?done\)", "", line), posix=True)
                      if word.startswith("--collector.")]
    owners = {"qdisk": "qdisc", "netclass_rtnl": "netclass", "powersupply": "powersupplyclass"}
    kept = []
    for word in words:
        owner = word.split("=")[0].split(".")[1]
        if owners.get(owner, owner) in collectors and "$" not in word:
            kept.append(word)
    return kept


def _comparable(expected, script, collectors):
    """The expectation without what the script itself leaves out and without collectors that are not here."""
    skip = re.search(r'skip_re="(.*?)"', script)
    lacking = [PREFIXES.get(name, f"node_{name}_") for name in OPTIONAL if name not in collectors]
    leave_out = re.compile("|".join([*([skip[1]] if skip else []), *lacking, "^$"]))

    def kept(line):
        words = line.split(" ", 3)
        return not leave_out.match(words[2] if words[0] == "#" and len(words) > 2 else line)

    return "".join(line for line in expected.splitlines(keepends=True) if kept(line))


def source_package(folder, collectors, tarball=None):
    """The one run of the source package's own end-to-end test, for the collectors that we have."""
    folder = Path(folder)
    tarball = tarball or download(folder)
    _extract(tarball, folder / "source")
    try:
        top = next((folder / "source").glob("*/collector/fixtures")).parent.parent
        script = (top / "end-to-end-test.sh").read_text()
        expected = (top / "collector" / "fixtures" / "e2e-output.txt").read_text()
    except (StopIteration, OSError) as error:
        raise Unreachable(f"the source package has no end-to-end test: {error}") from error
    for archive in sorted((top / "collector").glob("fixtures/*.ttar")) + sorted((top / "collector").glob("fixtures*.ttar")):
        ttar.unpack(archive, archive.parent)
    listed = re.search(r"enabled_collectors=\$\(cat << COLLECTORS\n(.*?)\nCOLLECTORS", script, re.DOTALL)
    names = [name for name in (listed[1].split() if listed else []) if name in collectors]
    fixtures = "collector/fixtures"
    arguments = [f"--path.rootfs={fixtures}", f"--path.procfs={fixtures}/proc", f"--path.sysfs={fixtures}/sys",
                 f"--path.udev.data={fixtures}/udev/data", "--collector.disable-defaults",
                 *[f"--collector.{name}" for name in names], *[FROM_PROC[name] for name in names if name in FROM_PROC],
                 *_script_arguments(script, collectors)]
    return top, Run("source package", arguments, _comparable(expected, script, collectors))
