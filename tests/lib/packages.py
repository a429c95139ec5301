# SPDX-License-Identifier: Apache-2.0
"""Programs of the distribution that tests compare with: unpacked when they are missing, and never installed."""
import os
import shlex
import shutil
import subprocess
from pathlib import Path

from cases import Skip

ROOT = Path(__file__).resolve().parents[2]
UNPACK = ROOT / "tools" / "unpack-package"
UNPACKED = ROOT / "build" / "packages"  # where that unpacks, each package to a directory of its name
LIBRARIES = ("lib", "lib64", "usr/lib", "usr/lib64", "lib/*-linux-gnu*", "usr/lib/*-linux-gnu*")


def need(program, package):
    """The path of a program; unpacks its package below build/, so that no service of it is started, or skips the case."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path:
        return path
    tree = root(package)
    path = shutil.which(program, path=f"{tree}/usr/bin:{tree}/usr/sbin:{tree}/bin:{tree}/sbin")
    if not path:
        raise Skip(f"{program} is missing and package {package} does not have it")
    return _with_libraries(Path(tree), Path(path))


def _with_libraries(tree, program):
    """The program, or a script that starts it with the libraries that were unpacked beside it."""
    folders = sorted({str(file.parent) for place in LIBRARIES for file in tree.glob(f"{place}/*.so*")})
    if not folders:
        return str(program)
    script = tree / "with-libraries" / program.name
    text = f'#!/bin/sh\nLD_LIBRARY_PATH={shlex.quote(":".join(folders))} exec {shlex.quote(str(program))} "$@"\n'
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        script.chmod(0o755)
    return str(script)


def root(package):
    """The directory in which a package and what it depends on lie unpacked, as if it were /."""
    if os.environ.get("NG_NO_INSTALL"):
        raise Skip(f"package {package} is missing")
    result = subprocess.run([UNPACK, package], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        raise Skip(f"package {package} cannot be fetched: {' '.join(result.stderr.split())[-160:]}")
    return result.stdout.strip()
