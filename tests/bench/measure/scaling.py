# SPDX-License-Identifier: Apache-2.0
"""How cost grows with the machine: on fixture trees, and in namespaces with real interfaces and mounts."""

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys

import bignode

from . import servers, tools
from .results import Results, Row

UNITS = {"cpus": "CPU", "disks": "disk", "interfaces": "interface", "mounts": "mount"}
FIGURES = {"plain": ("CPU per scrape, plain", "us"), "gzip": ("CPU per scrape, gzip", "us"),
           "body": ("body", "kB"), "rss": ("resident memory", "kB")}
PER_UNIT = {"plain": ("CPU, plain", "us", 1, 2), "gzip": ("CPU, gzip", "us", 1, 2),
            "body": ("body", "B", 1024, 0), "rss": ("resident memory", "B", 1024, 0)}
LIVE_FEW, LIVE_MANY = {"interfaces": 10, "mounts": 10}, {"interfaces": 500, "mounts": 5000}
PLACES = {"tree-base": "small node", "tree-cpus": "256 CPUs", "tree-disks": "200 disks", "tree-interfaces": "500 interfaces",
          "tree-mounts": "5,000 mounts", "tree-all": "all of these", "live-interfaces": "500 live interfaces",
          "live-mounts": "5,000 live mounts"}
BY_FILES = ("--no-collector.netdev.netlink", "--no-collector.arp.netlink")


def rows(places):
    """The rows of a table: for each machine its figures, then what one unit more costs."""
    made = []
    for place, what in places.items():
        made += [Row(f"{place}.{key}", f"{what}: {title}", unit) for key, (title, unit) in FIGURES.items()]
    for place in places:
        where, _, name = place.partition("-")
        if name in UNITS:
            made += [Row(f"{place}.one.{key}", f"one more {UNITS[name]}{' (live)' if where == 'live' else ''}: {title}", unit, digits)
                     for key, (title, unit, _, digits) in PER_UNIT.items()]
    return made


def in_short(key):
    """Whether a row belongs in a table for the README."""
    place, _, figure = key.partition(".")
    return figure in ("one.plain", "one.rss") or (place == "tree-all" and figure != "body")


def commands(peer):
    """nodegauge and node_exporter as {label: words}."""
    label, path = servers.node_exporter(peer)
    return {"nodegauge": servers.command(tools.nodegauge()), label: servers.command(path)}


def equal(words_by_name, port):
    """The same commands with the flags that make their sets of collectors equal."""
    _, differences = servers.equal_sets(words_by_name.values(), port)
    return {name: words + flags for (name, words), flags in zip(words_by_name.items(), differences)}


def tree_flags(words, directory):
    """Points a command at a fixture tree, and away from the netlink of this machine."""
    flags = [f"--path.procfs={directory}/proc", f"--path.sysfs={directory}/sys", f"--path.rootfs={directory}/rootfs",
             f"--path.udev.data={directory}/udev"]
    return words + flags + servers.known(words[0], *BY_FILES)


def figures(words_by_name, port, work, rounds, count):
    """{(figure, server): value} of all servers and the floor under the first, there and back."""
    found = [servers.Server(name, words, port + 1 + number) for number, (name, words) in enumerate(words_by_name.items())]
    try:
        plan = servers.floor_plan(next(iter(words_by_name.values())), port, work)
        found.append(servers.floor(plan, port + 1 + len(found)))
    except tools.Missing as missing:
        tools.say(f"no floor: {missing}")
    values = {}
    with contextlib.ExitStack() as running:
        for server in found:
            running.enter_context(server)
        for server in [*found, *reversed(found)] * rounds:
            for coding, gzip in (("plain", False), ("gzip", True)):
                scraped = server.scrape(count, warmup=3, gzip=gzip)
                values.setdefault((coding, server.name), []).append(scraped["cpu"])
                if not gzip:
                    values["body", server.name] = [scraped["body"] / 1024]
        for server in found:
            values["rss", server.name] = [server.memory()["all"]]
    return {key: sorted(each)[len(each) // 2] for key, each in values.items()}


def add(results, place, values):
    for (key, server), value in values.items():
        results.add(f"{place}.{key}", server, value)


def add_slope(results, place, few, many, difference):
    """What one unit more costs, from the figures of a small and a large machine."""
    for (key, server), value in many.items():
        factor = PER_UNIT[key][2]
        results.add(f"{place}.one.{key}", server, max(value - few[key, server], 0) * factor / difference)


def measure(given, places):
    """The results for some of PLACES; `given` has peer, port, rounds and count."""
    results = Results(rows({place: PLACES[place] for place in places}))
    for where, part in (("tree", fixtures), ("live", live)):
        names = [place.partition("-")[2] for place in places if place.startswith(where) and place != "tree-base"]
        try:
            if names:
                part(results, given, names)
        except tools.Missing as missing:
            tools.say(f"{where} left out: {missing}")
    results.write(tools.OUT / "scale.tsv")
    return results


def fixtures(results, given, names):
    """Fixture trees: a small node, one that is large in each respect, one that is large in all."""
    started = equal(commands(given.peer), given.port)
    small = None
    for name in ["base", *names]:
        sizes = bignode.LARGE if name == "all" else {name: bignode.LARGE[name]} if name in UNITS else {}
        directory = tools.OUT / "nodes" / name
        shutil.rmtree(directory, ignore_errors=True)
        bignode.make(directory, **sizes)
        tools.say(f"fixture tree: {name}")
        values = figures({label: tree_flags(words, directory) for label, words in started.items()}, given.port,
                         tools.OUT / "floor" / name, given.rounds, given.count)
        add(results, f"tree-{name}", values)
        if name in UNITS:
            add_slope(results, f"tree-{name}", small, values, bignode.LARGE[name] - bignode.BASE[name])
        small = small or values
        shutil.rmtree(directory)


def live(results, given, names):
    """Real interfaces and mounts in namespaces of their own, which vanish with the process that made them."""
    if os.geteuid() != 0:
        raise tools.Missing("only root can make interfaces and mounts")
    for name in names:
        measured = {}
        for count in (LIVE_FEW[name], LIVE_MANY[name]):
            tools.say(f"live: {count} {name}")
            text = tools.text_of("unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", sys.executable, "-B",
                                 str(tools.HERE / "scale"), "--inside", name, str(count), "--peer", given.peer,
                                 "--port", str(given.port), "--rounds", str(given.rounds), "--count", str(given.count))
            measured[count] = {tuple(key.split("/")): value for key, value in json.loads(text).items()}
        add(results, f"live-{name}", measured[LIVE_MANY[name]])
        add_slope(results, f"live-{name}", measured[LIVE_FEW[name]], measured[LIVE_MANY[name]], LIVE_MANY[name] - LIVE_FEW[name])


def inside(given):
    """In the namespaces: makes them large, measures, prints the figures as JSON."""
    name, count = given.inside[0], int(given.inside[1])
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    {"interfaces": make_interfaces, "mounts": make_mounts}[name](count)
    values = figures(equal(commands(given.peer), given.port), given.port, tools.OUT / "floor" / f"live-{name}", given.rounds,
                     given.count)
    print(json.dumps({"/".join(key): value for key, value in values.items()}))


def make_interfaces(count):
    """Pairs of veth where the kernel has them, else single interfaces of a kind that it has."""
    pair = "link add a{n} type veth peer name b{n}\n"
    for line, each in ((pair, 2), ("link add d{n} type dummy\n", 1), ("link add d{n} type ifb\n", 1), ("link add d{n} type bridge\n", 1)):
        batch = "".join(line.format(n=number) for number in range(count // each))
        done = subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=False, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return
    raise tools.Missing("this kernel makes no virtual interfaces")


def make_mounts(count):
    libc = ctypes.CDLL(None, use_errno=True)
    base = tools.OUT / "live"
    base.mkdir(parents=True, exist_ok=True)

    def mount(point):
        if libc.mount(b"tmpfs", os.fsencode(point), b"tmpfs", 0, b"size=64k" if point != base else None) < 0:
            raise OSError(ctypes.get_errno(), f"mount {point}")

    mount(base)  # the directories of the others vanish with it
    for number in range(count):
        point = base / f"volumes-kubernetes.io~projected-{number:032x}"
        point.mkdir()
        mount(point)
