# SPDX-License-Identifier: Apache-2.0
"""Programs of the distribution that tests compare with: unpacked when they are missing, and never installed."""
import os
import shutil
import subprocess
from pathlib import Path

from cases import Skip

UNPACK = Path(__file__).resolve().parents[2] / "tools" / "unpack-package"


def need(program, package):
    """The path of a program; unpacks its package below build/, so that no service of it is started, or skips the case."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path:
        return path
    tree = root(package)
    path = shutil.which(program, path=f"{tree}/usr/bin:{tree}/usr/sbin:{tree}/bin:{tree}/sbin")
    if not path:
        raise Skip(f"{program} is missing and package {package} does not have it")
    return path


def root(package):
    """The directory in which a package lies unpacked, as if it were /."""
    if os.environ.get("NG_NO_INSTALL"):
        raise Skip(f"package {package} is missing")
    result = subprocess.run([UNPACK, package], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        raise Skip(f"package {package} cannot be fetched: {' '.join(result.stderr.split())[-160:]}")
    return result.stdout.strip()
