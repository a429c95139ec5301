# SPDX-License-Identifier: Apache-2.0
"""Where things lie, and how what is missing is had: our own C programs, other programs, other releases' packages."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "programs"
OUT = HERE.parents[1] / "build" / "bench"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Missing(Exception):
    """Something cannot be had on this machine; the text says what, and how to get it."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def text_of(*command, **options):
    """Runs a command and returns what it printed."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def key_values(line):
    """`a=1 b=2.5` as numbers."""
    return {key: float(value) for key, value in (word.split("=") for word in line.split())}


def nodegauge():
    """The daemon to measure."""
    path = Path(os.environ.get("NODEGAUGE") or HERE.parents[1] / "build" / "nodegauge").resolve()
    if not os.access(path, os.X_OK):
        raise Missing(f"{path} is not there: run make first, or name the binary in NODEGAUGE")
    return path


def compiled(name, *flags, sources=()):
    """One of our C programs, built when a source or header is newer."""
    parts = [PROGRAMS / f"{part}.c" for part in (name, *sources)]
    target = OUT / "bin" / "".join([name, *flags])
    if not target.exists() or target.stat().st_mtime < max(file.stat().st_mtime for file in [*parts, *PROGRAMS.glob("*.h")]):
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-O2", "-Wall", "-Wextra", *flags, "-o", target, *parts],
                       check=True)
    return target


def floor_program():
    return compiled("floor", sources=["serve"])


def program(name, package):
    """The path of a program, installed by apt where it is missing and that is possible."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if path:
        return path
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", package]
    if os.geteuid() != 0:
        command = ["sudo", "-n"] + command
    if shutil.which("apt-get") and shutil.which(command[0]):
        say(f"installing {package} for {name}")
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        path = shutil.which(name)
    if not path:
        raise Missing(f"{name} is missing: install the package {package}")
    return path


def mirrors():
    """The Debian archives in this machine's own apt sources."""
    try:
        lines = text_of("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                        stderr=subprocess.DEVNULL).split()
    except (OSError, subprocess.CalledProcessError):
        lines = []
    return list(dict.fromkeys(line for line in lines if line.rstrip("/").endswith("/debian")))


def apt(suite):
    """The apt options for a release beside the machine's own; its lists lie in our own directory."""
    base = OUT / "apt" / suite
    for part in ("state/lists/partial", "cache/archives/partial"):
        (base / part).mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::Etc::sourcelist": base / "sources.list", "Dir::Etc::sourceparts": "-",
        "Dir::State": base / "state", "Dir::State::status": "/dev/null", "Dir::Cache": base / "cache",
        "APT::Architecture": text_of("dpkg", "--print-architecture").strip(),
        "APT::Sandbox::User": "root", "Acquire::Retries": 1, "Acquire::http::Timeout": 20, "Acquire::Languages": "none",
    }
    arguments = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    ready = base / "ready"
    if not ready.exists() or time.time() - ready.stat().st_mtime > 86400:  # a list of yesterday names packages that are gone
        if not mirrors() or not Path(KEYRING).exists():
            raise Missing("apt knows no Debian archive here")
        (base / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirrors()[0]} {suite} main\n", encoding="ascii")
        done = subprocess.run(["apt-get", *arguments, "update", "-qq"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode or "Failed to fetch" in done.stderr:
            raise Missing(f"the packages of Debian {suite} cannot be listed: {done.stderr.strip().splitlines()[-1:]}")
        ready.touch()
    return arguments


def unpacked(suite, package):
    """A package of another Debian release, unpacked in our own directory and not installed."""
    target = OUT / "packages" / suite / package
    if target.exists():
        return target
    options = apt(suite)
    debs = OUT / "apt" / suite / "debs" / package
    for directory in (debs, target.parent):
        directory.mkdir(parents=True, exist_ok=True)
    say(f"fetching {package} of Debian {suite}")
    try:
        subprocess.run(["apt-get", *options, "download", "-qq", package], cwd=debs, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["dpkg", "-x", next(debs.glob("*.deb")), target], check=True)
    except (StopIteration, subprocess.CalledProcessError) as error:
        shutil.rmtree(target, ignore_errors=True)
        raise Missing(f"{package} of Debian {suite} cannot be fetched") from error
    return target


def unpacked_here(package):
    """The same for a package of this machine's own release."""
    try:
        return Path(text_of(str(HERE.parents[1] / "tools" / "unpack-package"), package, stderr=subprocess.DEVNULL).strip())
    except subprocess.CalledProcessError as error:
        raise Missing(f"the package {package} cannot be fetched") from error


def dependency(suite, package, prefix):
    """The real package behind a metapackage: the first dependency whose name begins with `prefix`."""
    words = text_of("apt-cache", *apt(suite), "depends", package).split()
    for word in words:
        if word != package and word.startswith(prefix):
            return word
    raise Missing(f"{package} of Debian {suite} depends on no {prefix}")
