#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts inside of the tree, as kind and minikube make them: a hierarchy's root is bound onto a group below itself."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from groups import Pod, Tree, digits, is_shown, of_group, scrape

import cases as harness
import packages
from cases import demand, demand_equal

cases = harness.Cases()
BIND = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def own_mounts(*command):
    return (packages.need("unshare", "util-linux"), "--mount", "--propagation", "private", *command)


def each_once(tree, body, paths):
    tree.check(body)
    ids = [labels["id"] for labels, _ in body.series_of("container_start_time_seconds")]
    demand_equal(sorted(ids), sorted(set(ids)), "the groups shown")
    for path in paths:
        demand_equal(len(of_group(body, path)), 1, f"the series of {path}")
    demand(not any(one.count("nodegauge-test") or one.count("docker/") > 1 for one in ids), f"{ids}")


@cases.case
def the_root_below_itself():
    with Tree() as tree:
        inner = tree.make(f"docker/{digits(64)}")
        pod = Pod(tree, "web")
        container = pod.container()
        unit = tree.make("system.slice/cron.service")
        wrapper = own_mounts("sh", "-c", BIND, "sh", tree.path, tree.path / inner)
        with tree.daemon(wrapper=wrapper) as process:
            for _ in range(3):
                each_once(tree, scrape(process.address), (pod.path, container.path, unit))
            later = pod.container("later")
            each_once(tree, scrape(process.address), (pod.path, container.path, later.path, unit))
            demand(not is_shown(scrape(process.address), inner), "what is mounted over is shown")


@cases.case
def mounted_while_we_look():
    """As with a DaemonSet, into whose copy of the node's mounts a later one is propagated."""
    with Tree() as tree:
        inner = tree.make(f"docker/{digits(64)}")
        pod = Pod(tree, "web")
        container = pod.container()
        with tree.daemon(wrapper=own_mounts()) as process:
            each_once(tree, scrape(process.address), (pod.path, container.path, inner))
            enter = [packages.need("nsenter", "util-linux"), f"--target={process.process.pid}", "--mount"]
            subprocess.run([*enter, "mount", "--bind", tree.path, tree.path / inner], check=True)
            later = pod.container("later")
            for _ in range(3):
                each_once(tree, scrape(process.address), (pod.path, container.path, later.path, inner))
            subprocess.run([*enter, "umount", tree.path / inner], check=True)
            each_once(tree, scrape(process.address), (pod.path, container.path, later.path, inner))


sys.exit(cases.run_all())
