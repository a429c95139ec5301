#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real containers, started by runtimes of the distribution where they run."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import Pod, Tree, labels_of, of_group, scrape, until

import cases as harness
import packages
from cases import Skip, demand, demand_equal

cases = harness.Cases()
# The machine's root at a place of its own, as pivot_root(2) wants it: PLACE COMMAND...
WITH_ROOT = ("unshare", "--mount", "sh", "-ec", 'mount --bind / "$0"; exec "$@"')


def bundle(tree, crun, group):
    """The machine's own root, read-only, as a container that sleeps."""
    folder = tree.root / "bundle"
    folder.mkdir()
    (folder / "rootfs").mkdir()
    subprocess.run([crun, "spec"], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    config = json.loads((folder / "config.json").read_text())
    config["process"]["args"], config["process"]["terminal"] = ["sleep", "1000"], False
    config["root"] = {"path": "rootfs", "readonly": True}
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] == "/proc"]
    config["linux"]["cgroupsPath"] = group
    config["linux"].pop("resources", None)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@cases.case
def a_container_of_crun():
    crun = packages.need("crun", "crun")
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        pod = Pod(tree, "real", driver="cgroupfs")
        pod.sandbox()
        number = groups.digits(64)
        path = f"{pod.path}/{number}"
        group = "/" + str((tree.path / path).relative_to(groups.mount()))
        folder = bundle(tree, crun, group)
        state = tree.root / "state"
        base = [crun, f"--root={state}", "--cgroup-manager=cgroupfs"]
        said = tree.root / "said"  # the container keeps what it is given as its output: with a pipe we would wait for its end
        with said.open("w") as file:
            result = subprocess.run([*WITH_ROOT, folder / "rootfs", *base, "run", "--detach", f"--bundle={folder}", "real"],
                                    stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=30 * groups.SLOW, check=False)
        try:
            if result.returncode:
                raise Skip(f"crun does not run here: {' '.join(said.read_text().split())[-160:]}")
            if not (tree.path / path).is_dir():
                raise Skip("crun made its group in another hierarchy")
            link = tree.root / groups.LOGS / f"real_default_main-{number}.log"
            link.symlink_to(f"/{groups.PODS}/{pod.folder}/main/0.log")
            tree.named["/" + path] = {"namespace": "default", "pod": "real", "container": "main", "name": number}
            demand(until(lambda: of_group(tree.check(scrape(process.address)), path), pause=0.12), "it is not shown")
            demand(of_group(scrape(process.address), path)[0] > 0, "it used no time")
        finally:
            subprocess.run([*base, "delete", "--force", "real"], capture_output=True, timeout=30 * groups.SLOW, stdin=subprocess.DEVNULL, check=False)
        demand(until(lambda: not of_group(scrape(process.address), path), pause=0.12), "it is shown for good")


@cases.case
def a_container_of_podman():
    podman, crun, conmon = (packages.need(name, name) for name in ("podman", "crun", "conmon"))
    with Tree() as tree:
        helpers = Path(tree.root, "containers.conf")
        helpers.write_text(f'[engine]\nhelper_binaries_dir = ["{packages.UNPACKED}/podman/usr/lib/podman", "/usr/lib/podman"]\n')
        base = ["env", f"CONTAINERS_CONF={helpers}", podman, f"--root={tree.root}/storage", f"--runroot={tree.root}/run", "--storage-driver=vfs",
                "--cgroup-manager=cgroupfs", f"--runtime={crun}", f"--conmon={conmon}"]
        run = [*base, "run", "--detach", "--rm", "--network=none", "--ulimit=host", f"--cgroup-parent=/{tree.path.name}", "--rootfs", "/:O",
               "sleep", "1000"]
        result = subprocess.run(run, capture_output=True, text=True, timeout=60 * groups.SLOW, stdin=subprocess.DEVNULL, check=False)
        if result.returncode:
            raise Skip(f"podman does not run here: {' '.join(result.stderr.split())[-160:]}")
        number = re.search(r"[0-9a-f]{64}", result.stdout)[0]
        try:
            found = [os.path.relpath(path, tree.path) for path, _, _ in os.walk(tree.path) if path.endswith(f"libpod-{number}")]
            if not found:
                raise Skip("podman made its group in another hierarchy")
            with tree.daemon() as process:
                demand(until(lambda: of_group(scrape(process.address), found[0]), pause=0.12), "it is not shown")
                demand_equal(labels_of(scrape(process.address), found[0])[0].get("name"), number, "its name")
        finally:
            subprocess.run([*base, "kill", number], capture_output=True, timeout=30 * groups.SLOW, stdin=subprocess.DEVNULL, check=False)


sys.exit(cases.run_all())
