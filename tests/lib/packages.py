# SPDX-License-Identifier: Apache-2.0
"""Programs of the distribution that tests compare with: installed when they are missing and we may."""
import os
import shutil
import subprocess

from cases import Skip


def need(program, package):
    """The path of a program; installs its Debian package without starting its service, or skips the case."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path:
        return path
    if os.environ.get("NG_NO_INSTALL") or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Skip(f"{program} is missing (package {package})")
    install(package)
    path = shutil.which(program)
    if not path:
        raise Skip(f"{program} is missing and package {package} cannot be installed")
    return path


def install(package):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", package]):
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=600, check=False)
