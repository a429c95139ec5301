#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which groups are shown, under which labels, and that their values are those of the kernel's files."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import groups
from groups import Pod, Tree, is_shown, labels_of, of_group, scrape, total, until, usage

import cases as harness
from cases import demand, demand_equal

cases = harness.Cases()


def appears(tree, process, path):
    return until(lambda: is_shown(tree.check(scrape(process.address)), path), pause=0.12)


def both_drivers(before):
    """Two pods of each class and driver; their containers are shown with their links and not before."""
    with Tree() as tree:
        pods, containers, sandboxes = [], [], []

        def make():
            for driver in ("systemd", "cgroupfs"):
                for qos in ("guaranteed", "burstable", "besteffort"):
                    pod = Pod(tree, f"web-{driver}-{qos}", f"space-{qos}", qos, driver)
                    pods.append(pod)
                    sandboxes.append(pod.sandbox())
                    containers.append(pod.container("main", link=False))
                    containers.append(pod.container("side-car", restart=7, link=False))

        if before:
            make()
        with tree.daemon() as process:
            if not before:
                tree.check(scrape(process.address))
                make()
            for container in containers:
                tree.spawn(container.path)
            body = tree.check(scrape(process.address))
            for group in [*pods, *containers]:
                demand(not is_shown(body, group.path), f"{group.path} is shown without a link")
            for pod in pods:
                demand(is_shown(body, pod.qos_path), f"{pod.qos_path} is not shown")
            for container in containers:
                container.link()
            for container in containers:
                demand(appears(tree, process, container.path), f"{container.path} is not shown with its link")
            body = tree.check(scrape(process.address))
            for group in [*pods, *containers]:
                demand_equal(len(labels_of(body, group.path)), 1, f"the number of series of {group.path}")
                demand_equal(len(of_group(body, group.path, "container_pressure_cpu_waiting_seconds_total")), 1, "of pressure")
            for sandbox in sandboxes:
                demand(not is_shown(body, sandbox), f"the sandbox {sandbox} is shown")
            info = {labels["id"]: labels for labels, _ in body.series_of("nodegauge_container_info")}
            for container in containers:
                own = info["/" + container.path]
                demand_equal((own["uid"], own["restart"]), (container.pod.uid, str(container.restart)), "what is known")
                demand_equal(own["qos"], container.pod.space.removeprefix("space-"), "the class")
            for reason in ("no_log_link", "contradiction", "no_log_directory"):
                demand_equal(body.value("nodegauge_container_unresolved", reason=reason), 0.0, f"unresolved, {reason}")
            demand_equal(body.value("nodegauge_cgroups", level="pod"), 6.0, "the pods that are followed")
        return f"{len(containers)} containers"


@cases.case
def pods_made_while_running():
    return both_drivers(False)


@cases.case
def pods_that_were_there_before():
    return both_drivers(True)


def alone_without_a_link(*flags):
    """The one container of a pod was there before us, without a link: it is not taken for a sandbox for good."""
    with Tree() as tree:
        pod = Pod(tree, "alone")
        container = pod.container(link=False)
        (tree.root / groups.PODS / pod.folder).mkdir()
        tree.spawn(container.path)
        with tree.daemon(*flags) as process:
            demand(appears(tree, process, pod.path), "the pod is not shown")
            demand(not is_shown(scrape(process.address), container.path), "it is shown without a link")
            container.link()
            demand(appears(tree, process, container.path), "it is not shown once its link is there")


@cases.case
def a_pod_without_a_sandbox_group():
    alone_without_a_link()


@cases.case
def sandboxes_on_demand_are_no_guesses():
    alone_without_a_link("--collector.container.levels=pod,container,sandbox")


@cases.case
def sandboxes_on_demand_that_were_there_before():
    with Tree() as tree:
        pods = [Pod(tree, f"web-{number}") for number in range(4)]
        sandboxes = [pod.sandbox() for pod in pods]
        for pod, sandbox in zip(pods, sandboxes):
            tree.named["/" + sandbox] = {"namespace": "default", "pod": pod.name, "container": "", "image": ""}
            pod.container()
        with tree.daemon("--collector.container.levels=pod,container,sandbox") as process:
            for sandbox in sandboxes:
                demand(appears(tree, process, sandbox), "a sandbox is not shown")


@cases.case
def sandboxes_on_demand():
    with Tree() as tree, tree.daemon("--collector.container.levels=pod,container,sandbox") as process:
        scrape(process.address)
        pod = Pod(tree, "web")
        sandbox = pod.sandbox()
        tree.named["/" + sandbox] = {"namespace": "default", "pod": "web", "container": "", "image": ""}
        tree.spawn(sandbox)
        pod.container()
        demand(appears(tree, process, sandbox), "the sandbox is not shown")


@cases.case
def sandboxes_on_demand_without_a_sandbox_group():
    """CRI-O can do without: the first container of a pod is shown as a container, or not yet."""
    with Tree() as tree, tree.daemon("--collector.container.levels=pod,container,sandbox") as process:
        scrape(process.address)
        pod = Pod(tree, "web")
        (tree.root / groups.PODS / pod.folder).mkdir()  # which the kubelet makes first: it names the pod
        containers = [pod.container("one", link=False), pod.container("two", link=False)]
        for container in containers:
            tree.spawn(container.path)
        for _ in range(3):
            body = tree.check(scrape(process.address))
            demand(not any(is_shown(body, container.path) for container in containers), "it is shown without a link")
            time.sleep(0.15)
        for container in containers:
            container.link()
        for container in containers:
            demand(appears(tree, process, container.path), "it is not shown once its link is there")
            demand_equal(labels_of(scrape(process.address), container.path)[0]["container"], container.name, "its name")


@cases.case
def a_namesake_that_goes_again():
    """A pod that was made again and failed: the one that lives is shown again."""
    with Tree() as tree, tree.daemon() as process, groups.Scraper(process.address) as scraper:
        scraper.scrape()
        old = Pod(tree, "web")
        container = old.container()
        tree.spawn(container.path)
        demand(until(lambda: is_shown(scraper.scrape(), container.path), pause=0.12), "the first one is not shown")
        new = Pod(tree, "web")
        later = new.container()
        demand(until(lambda: is_shown(scraper.scrape(), later.path), pause=0.12), "the later one is not shown")
        tree.remove(new.path)
        demand(until(lambda: is_shown(scraper.scrape(), container.path), pause=0.12), "the first one is not shown again")
        demand(not is_shown(scraper.scrape(), later.path), "both are shown")


@cases.case
def containers_outside_of_pods():
    """With a link they are named by it, never shown without before; docker's own are shown at once by their path."""
    with Tree() as tree:
        early = tree.make(f"k8s.io/{groups.digits(64)}")
        with tree.daemon() as process:
            scrape(process.address)
            docker = tree.make(f"system.slice/docker-{groups.digits(64)}.scope")
            tree.spawn(docker)
            demand(appears(tree, process, docker), "docker's is not shown")
            late = tree.make(f"k8s.io/{groups.digits(64)}")
            tree.spawn(late)
            for _ in range(3):
                demand(not is_shown(tree.check(scrape(process.address)), late), "it is shown without its link")
                time.sleep(0.15)
            demand_equal(scrape(process.address).value("nodegauge_container_unresolved", reason="no_log_link"), 2.0, "what has no names")
            for name, path in (("early", early), ("late", late)):
                tree.named["/" + path] = {"namespace": "default", "pod": name, "container": "main"}
                folder = f"{groups.PODS}/default_{name}_{groups.new_uid()}/main"
                (tree.root / groups.LOGS / f"{name}_default_main-{path.rpartition('/')[2]}.log").symlink_to(f"/{folder}/0.log")

            def named(path, name):
                found = labels_of(tree.check(scrape(process.address)), path)
                return [labels["pod"] for labels in found] == [name]

            demand(until(lambda: named(late, "late"), pause=0.12), "the later one does not get its names")
            demand(until(lambda: named(early, "early"), pause=0.12), "the one that was there before does not get its names")
            demand_equal(scrape(process.address).value("nodegauge_container_unresolved", reason="no_log_link"), 0.0, "what has no names")


def ids_of(process, pod):
    return {labels["id"] for labels, _ in scrape(process.address).series_of("container_cpu_usage_seconds_total") if labels.get("pod") == pod}


@cases.case
def a_service_that_calls_itself_a_pod():
    """With the UID and the ID of another one: who is where the kubelet makes pods is shown, whoever came first."""
    with Tree() as tree, tree.daemon() as process:
        Pod(tree, "usual").container()
        scrape(process.address)
        for name, first in (("early", True), ("late", False)):
            pod = Pod(tree, name)
            number = groups.digits(64)
            places = [pod.path, f"system.slice/{name}.service/{pod.path}"]
            (tree.root / groups.PODS / pod.folder / "main").mkdir(parents=True)
            (tree.root / groups.LOGS / f"{name}_default_main-{number}.log").symlink_to(f"/{groups.PODS}/{pod.folder}/main/0.log")
            tree.remove(pod.path)
            for place in places if first else reversed(places):
                tree.make(f"{place}/{pod.leaf(number)}")
                time.sleep(0.3)
            own = {"/" + pod.path, f"/{pod.path}/{pod.leaf(number)}"}
            demand(until(lambda name=name, own=own: ids_of(process, name) == own, pause=0.12), lambda: f"{name}: {ids_of(process, name)}")
            time.sleep(1.2)
            demand_equal(ids_of(process, name), own, f"what is shown of {name}")
            demand_equal(scrape(process.address).value("nodegauge_container_unresolved", reason="contradiction"), 2.0, "the contradictions")
            # nor when the real one is away: its link stays while the kubelet waits to start it again
            tree.remove(f"{pod.path}/{pod.leaf(number)}")
            scrape(process.address)
            for _ in range(4):
                demand_equal(ids_of(process, name), {"/" + pod.path}, f"what is shown of {name} while its container is away")
                time.sleep(0.3)
            tree.remove(pod.path)
            scrape(process.address)
            for _ in range(4):
                demand_equal(ids_of(process, name), set(), f"what is shown of {name} when it has gone")
                time.sleep(0.3)
            tree.remove(f"system.slice/{name}.service")


@cases.case
def services_slices_and_scopes():
    with Tree() as tree:
        shown = ["system.slice", "system.slice/ssh.service", "system.slice/system-getty.slice", "init.scope",
                 "system.slice/system-getty.slice/getty@tty1.service", "system.slice/run-u1.scope", "user.slice"]
        hidden = ["user.slice/user-1000.slice/session-1.scope", "system.slice/home.mount", "system.slice/ssh.service/inner/low/lower",
                  "system.slice/ssh.service/inner/low", "system.slice/ssh.service/inner", "init.scope/a/b", "kubepods.slice/x/y",
                  f"user.slice/user-1000.slice/user@1000.service/app.slice/docker-{groups.digits(64)}.scope"]
        for path in [*shown, *hidden]:
            tree.make(path)
        with tree.daemon() as process:
            demand(until(lambda: "container_pressure_cpu_waiting_peak_ratio" in scrape(process.address).families), "no peaks")
            body = tree.check(scrape(process.address))
            for path in shown:
                demand_equal(labels_of(body, path), [{"id": "/" + path, "cpu": "total", "container": "", "namespace": "", "pod": ""}], f"the labels of {path}")
                demand_equal(of_group(body, path, "container_pressure_cpu_waiting_peak_ratio"), [0.0], f"the peak of {path}")
            for path in hidden:
                demand(not is_shown(body, path), f"{path} is shown")
            demand_equal(len(labels_of(body, "")), 1, "the series of the node")


@cases.case
def values_are_those_of_the_files():
    """Each lies between what the file says before and after."""
    with Tree() as tree, tree.daemon() as process:
        scrape(process.address)
        pod = Pod(tree, "busy")
        pod.sandbox()
        container = pod.container()
        unit = tree.make("system.slice/busy.service")
        for path in (container.path, unit):
            tree.spawn(path, ("sh", "-c", "while :; do :; done"))
        demand(appears(tree, process, container.path), "it is not shown")
        paths = (container.path, pod.path, pod.qos_path, unit, "system.slice")
        for _ in range(5):
            def read():
                found = {}
                for path in paths:
                    found[path, "container_cpu_usage_seconds_total"] = usage(tree.text(path, "cpu.stat"))
                    for resource in ("cpu", "memory", "io"):
                        text = tree.text(path, f"{resource}.pressure")
                        found[path, f"container_pressure_{resource}_waiting_seconds_total"] = total(text, "some")
                        found[path, f"container_pressure_{resource}_stalled_seconds_total"] = total(text, "full")
                return found

            before, body, after = read(), tree.check(scrape(process.address)), read()
            for (path, name), low in before.items():
                values = of_group(body, path, name)
                demand_equal(len(values), 1, f"the number of {name} of {path}")
                demand(low / 1e6 - 1e-9 <= values[0] <= after[path, name] / 1e6 + 1e-9,
                       f"{name} of {path} is {values[0]}, not between {low} us and {after[path, name]} us")
            if (tree.path / unit / "pids.current").exists():
                demand_equal(of_group(body, unit, "container_threads"), [float(tree.text(unit, "pids.current"))], "the threads")


@cases.case
def names_without_a_privilege():
    """nobody, without a capability, sees what root sees."""
    with Tree() as tree:
        pod = Pod(tree, "web")
        pod.sandbox()
        container = pod.container()
        tree.make("system.slice/ssh.service")
        tree.spawn(container.path)
        program = groups.copy_of_the_program(tree.root)
        keys = []
        for wrapper in ([], groups.nobody()):
            # the unit of time of a start is a second, and the first readings of a peak come with the second round
            with tree.daemon(wrapper=wrapper, program=program, families=None) as process:
                demand(appears(tree, process, container.path), lambda: f"it is not shown: {process.log()}")
                demand(until(lambda: "container_pressure_cpu_waiting_peak_ratio" in scrape(process.address).families), "no peaks")
                body = tree.check(scrape(process.address))
                keys.append({key for key, _ in body.samples() if not key[0].startswith(("process_", "promhttp_"))})
                demand_equal(body.value("nodegauge_cgroup_polling"), 0.0, "polling")
        lost = {groups.exposition.written(key) for key in keys[0] - keys[1]}
        demand(not lost, f"{len(lost)} series are missing: {sorted(lost)[:4]}")
        return f"{len(keys[0])} series"


sys.exit(cases.run_all())
