# SPDX-License-Identifier: Apache-2.0
"""node_exporter's fixture tree, and what it is expected to give.

The tree belongs to another project and is not in this repository. It comes from Debian's source package of the version whose
metrics and flags are ours, which is that of Debian 14.
"""
import os
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import compare
import daemon
import ttar

PACKAGE = "prometheus-node-exporter"
VERSION = "1.11"
SUITES = ("forky", "sid")
FETCHED = daemon.ROOT / "build" / "packages" / "source"
APT_HELPER = "/usr/lib/apt/apt-helper"

# Families by collector, where the name of the one does not begin with node_ and that of the other.
PREFIXES = {"cgroups": "node_cgroup", "mdadm": "node_md_", "netdev": "node_network_(receive|transmit)_(?!queue_length)", "powersupplyclass": "node_power_supply_", "tapestats": "node_tape_",
            "textfile": "(testmetric|node_textfile_)"}
# All collectors of the package's end-to-end test that other projects' kernels, servers or file systems feed: we may lack them.
OPTIONAL = ("bcache", "bcachefs", "btrfs", "cgroups", "drbd", "drm", "edac", "ethtool", "fibrechannel", "hwmon", "infiniband", "ipvs", "lnstat", "mdadm",
            "mountstats", "nfs", "nfsd", "ntp", "pcidevice", "perf", "powersupplyclass", "qdisc", "rapl", "runit", "supervisord", "tapestats", "textfile", "wifi",
            "xfs", "zfs")
# Flags whose second word is not the collector's name.
OWNERS = {"netclass_rtnl": "netclass", "powersupply": "powersupplyclass", "qdisk": "qdisc"}
# Ours alone, and the one whose expectation comes from the machine's own lo, by netlink.
LEFT_OUT = ("container", "netdev")


class Unreachable(Exception):
    """Says why there is no fixture tree."""


@dataclass
class Run:
    """One invocation of an exporter on the tree."""

    arguments: list
    expected: str  # text of the exposition
    left_out: re.Pattern  # families that are not compared


def _extract(archive, folder):
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "fully_trusted_filter"):  # dangling and absolute links are part of the tree
            tar.extractall(folder, filter="fully_trusted")
        else:
            tar.extractall(folder)


def _run(*command, folder=None):
    """Standard output of a command of apt; its last words where it fails."""
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0:
        said = re.sub(r"\S+://\S+", "", result.stderr or result.stdout)
        raise Unreachable(f"{os.path.basename(command[0])} {command[-1]} fails: {' '.join(said.split())[-160:]}")
    return result.stdout


def _archive():
    """The Debian archive that this machine uses."""
    for uri in _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split():
        if uri.rstrip("/").endswith("/debian"):
            return uri
    raise Unreachable("apt knows no Debian archive here")


def _listed(work, suite):
    """(address, file name, checksum) of the upstream tarball in a suite's list of source packages."""
    sources = work / f"{suite}.list"
    sources.write_text(f"deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {_archive()} {suite} main\n")
    (work / suite / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-q", f"-oDir::Etc::sourcelist={sources}", "-oDir::Etc::sourceparts=-", f"-oDir::State={work / suite}",
           "-oDir::State::status=/dev/null", "-oDir::Cache::pkgcache=", "-oDir::Cache::srcpkgcache=", "-oDebug::NoLocking=true",
           "-oAPT::Sandbox::User=root", "-oAPT::Update::Error-Mode=any"]
    _run(*apt, "update")
    for line in _run(*apt, "source", "--print-uris", PACKAGE).splitlines():
        match = re.fullmatch(rf"'(\S+)' ({PACKAGE}_(\S+)\.orig\.tar\.\w+) \d+ (\S+)", line)
        if match and match[3].startswith(f"{VERSION}."):
            return match[1], match[2], match[4]
    raise Unreachable(f"{suite} has no source of {PACKAGE} {VERSION}")


def tarball():
    """The upstream tarball of Debian's source package, fetched once; apt checks its sum against the signed list."""
    FETCHED.mkdir(parents=True, exist_ok=True)
    reasons = []
    for suite in SUITES:
        for there in FETCHED.glob(f"{PACKAGE}_{VERSION}.*.orig.tar.*"):
            return there
        try:
            address, name, checksum = _listed(FETCHED, suite)
            # A mirror may lack the other files of the package, which `apt-get source` would ask for.
            _run(APT_HELPER, "download-file", address, str(FETCHED / f"part-{name}"), checksum)
            (FETCHED / f"part-{name}").rename(FETCHED / name)
        except (Unreachable, OSError, subprocess.TimeoutExpired) as why:
            reasons.append(str(why))
    for there in FETCHED.glob(f"{PACKAGE}_{VERSION}.*.orig.tar.*"):
        return there
    raise Unreachable("; ".join(reasons))


def _word_list(script, name):
    """The words of a here-document that the script keeps in a variable; variables have the value that comes first, x86_64's."""
    found = re.search(rf"(?m)^{name}=\$\(cat << (\w+)\n((?:.*\n)*?)\1\n", script)
    if not found:
        raise Unreachable(f"the end-to-end test has no {name}")
    values = dict(reversed(re.findall(r"(?m)^\s*(\w+)=['\"](.*)['\"]$", script)))
    return [re.sub(r"\$\{(\w+)\}", lambda match: values.get(match[1], ""), word) for word in found[2].split()]


def _arguments(script, defaults):
    """What upstream's script gives, as far as it belongs to collectors that are here: name -> on by default."""
    listed, without = _word_list(script, "enabled_collectors"), _word_list(script, "disabled_collectors")
    names = [name for name, on in sorted(defaults.items())
             if name not in LEFT_OUT and (name in listed or (on and name not in without))]
    flags = [word for word in _word_list(script, "collector_flags") if word.startswith("--")]
    owners = [re.match(r"--(?:no-)?collector\.(\w+)", word)[1] for word in flags]
    return [*[f"--collector.{name}" for name in names], *[flag for flag, owner in zip(flags, owners) if OWNERS.get(owner, owner) in names]]


def _left_out(script, names):
    """Which families are not compared: what the script itself leaves out, and what collectors that are not here have."""
    skip = re.search(r'skip_re="\^?(.*?)"', script)
    lacking = [PREFIXES.get(name, f"node_{name}_") for name in OPTIONAL if name not in names]
    lacking += [PREFIXES[name] for name in LEFT_OUT if name in PREFIXES]
    return re.compile("|".join(f"(?:{one}).*" for one in [compare.OWN.pattern, *([skip[1]] if skip else []), *lacking]))


def source_package(folder, defaults, archive=None):
    """The source package's own end-to-end test for the collectors that are here: the directory to run it in, and the run."""
    _extract(archive or tarball(), folder)
    try:
        top = next(Path(folder).glob("*/collector/fixtures")).parent.parent
        script = (top / "end-to-end-test.sh").read_text()
        expected = (top / "collector" / "fixtures" / "e2e-output.txt").read_text()
    except (StopIteration, OSError) as error:
        raise Unreachable(f"the source package has no end-to-end test: {error}") from error
    for packed in sorted((top / "collector" / "fixtures").glob("*.ttar")):
        ttar.unpack(packed, packed.parent)
    fixtures = "collector/fixtures"
    arguments = [f"--path.rootfs={fixtures}", f"--path.procfs={fixtures}/proc", f"--path.sysfs={fixtures}/sys",
                 f"--path.udev.data={fixtures}/udev/data", "--collector.disable-defaults", *_arguments(script, defaults)]
    return top, Run(arguments, expected, _left_out(script, defaults))
