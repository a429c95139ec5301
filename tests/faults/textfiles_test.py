#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Text files that are too many, too large or at odds with each other, below the memory limits that are shipped."""
import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
import exposition
import memory
import wire
from cases import demand, demand_equal
from memory import MIB

cases = harness.Cases()


class MemoryGroup:
    """A memory cgroup (v1) around a process, where there is such a hierarchy for us; else what it used at most is all we see.
    A sanitizer needs several times the memory, and has no limit."""

    def __init__(self, limit):
        self.limit = limit
        self.path = Path(f"/sys/fs/cgroup/memory/nodegauge-test-{os.getpid()}")
        if daemon.sanitized():
            self.path = None
            return
        try:
            self.path.mkdir()
            (self.path / "memory.limit_in_bytes").write_text(str(limit))
        except OSError:
            self.path = None

    def join(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.path:
            self.path.rmdir()


class Folder:
    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="nodegauge-text-"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def put(self, name, text):
        (self.path / name).write_text(text)

    def fill(self, name, size, lines):
        """As many of the lines as go into that many bytes."""
        with open(self.path / name, "w", encoding="ascii") as file:
            for line in lines:
                size -= len(line)
                if size < 0:
                    break
                file.write(line)

    def start(self, **more):
        patient = ["--web.scrape-timeout=60s"] if daemon.sanitized() else []
        return daemon.nodegauge(f"--collector.textfile.directory={self.path}", *patient, **more)


def scrape(process):
    response = wire.fetch(process.address, "/metrics", [("Accept-Encoding", "gzip")], timeout=60)
    demand_equal(response.status, 200, "the status")
    body = exposition.read(response.text())
    demand(not body.errors, lambda: f"malformed: {body.errors[:3]}")
    return body


def value(body, family, **labels):
    found = [number for have, number in body.series_of(family) if all(have.get(k) == v for k, v in labels.items())]
    return found[0] if found else None


def small_files(folder):
    for i in range(3000):
        folder.put(f"file_{i:05}.prom", f'backup_age{{n="{i}"}} {i}\n')


def files_within_the_old_limits(folder):
    for k in range(6):
        folder.fill(f"b{k}.prom", int(7.8 * MIB), (f'metric_of_{k}{{instance="host{i % 977}",number="{i}"}} {i}.25\n' for i in itertools.count()))


def short_lines(folder):
    for k in range(12):
        folder.fill(f"b{k:02}.prom", int(0.6 * MIB), (f'm{k}{{i="{i}"}} 1\n' for i in itertools.count()))


def families(folder):
    for k in range(12):
        folder.fill(f"b{k:02}.prom", int(0.3 * MIB), (f"m{k}_{i} 1\n" for i in itertools.count()))


def histograms(folder):
    for k in range(12):
        lines = (f'h{k}_count{{i="{i}"}} 1\n' for i in itertools.count())
        folder.fill(f"b{k:02}.prom", int(0.6 * MIB), itertools.chain([f"# TYPE h{k} histogram\n"], lines))


def labels(folder):
    for k in range(12):
        folder.put(f"b{k:02}.prom", "".join(f'a{k}{{l{i}="x"}} 1\n' for i in range(900)))


def bounds(folder):
    """Labels that are written once and belong to each of thousands of buckets."""
    wide = ",".join(f'l{i:04}_{"x" * 80}=""' for i in range(999))
    folder.put("b.prom", f'# TYPE h histogram\nh_bucket{{{wide},le="0"}} 1\n' + "".join(f'h_bucket{{le="{i}"}} 1\n' for i in range(1, 3000)))


def many_files(folder):
    for i in range(12000):
        folder.put(f"b{'n' * 200}{i}.prom", f"m{i} 1\n")


def stays_below(limit, make, complete):
    with Folder() as folder, MemoryGroup(limit) as group:
        folder.put("a.prom", "good 1\n")
        make(folder)
        with folder.start(before=group.join) as process:
            for _ in range(3):
                body = scrape(process)
                demand_equal(value(body, "good"), 1, "the good file's sample")
                demand_equal(value(body, "node_textfile_scrape_error"), 0 if complete else 1, "node_textfile_scrape_error")
            demand(process.running(), "it was killed")
            most = memory.peak(process)
            demand(daemon.sanitized() or most < limit, f"{most >> 20} MiB at most")
            if complete:
                demand_equal(len(body.series_of("backup_age")), 3000, "series")
            else:
                process.wait_log("b")
                demand("collector=textfile" in process.log(), "the log does not say why")
            for file in folder.path.glob("[bf]*.prom"):
                file.unlink()
            for _ in range(2):
                body = scrape(process)
                time.sleep(0.2)
            demand_equal(value(body, "node_textfile_scrape_error"), 0, "node_textfile_scrape_error without them")
            now = process.resident_bytes()
    with Folder() as folder, folder.start() as process:
        folder.put("a.prom", "good 1\n")
        scrape(process)
        plain = process.resident_bytes()
    demand(daemon.sanitized() or now < plain + 8 * MIB, f"{now >> 10} kB when the files are gone, {plain >> 10} kB where they never were")
    cases.note(f"{most / MIB:.0f} MiB at most, {now / MIB:.1f} MiB afterwards")


def said(process, *words):
    return sum(all(word in line for word in words) for line in process.log().splitlines())


@cases.case
def broken_files_are_named_once_each():
    with Folder() as folder, folder.start() as process:
        folder.put("a.prom", "broken\n")
        folder.put("b.prom", "fine 1\nbroken again\n")
        folder.put("c.prom", "fine_too 1\n")
        for _ in range(5):
            body = scrape(process)
        demand_equal(value(body, "fine_too"), 1, "the good file's sample")
        demand_equal((said(process, "a.prom", "line 1"), said(process, "b.prom", "line 2")), (1, 1), "lines of the log")
        folder.put("a.prom", "fine 1\nbroken\n")
        for _ in range(3):
            scrape(process)
        demand_equal((said(process, "a.prom", "line 2"), said(process, "b.prom")), (1, 1), "lines of the log after a change")
        folder.put("a.prom", "one 1\n")
        folder.put("b.prom", "two 1\n")
        for _ in range(3):
            body = scrape(process)
        demand_equal(value(body, "node_textfile_scrape_error"), 0, "node_textfile_scrape_error")
        demand_equal(said(process, "recovered"), 1, "lines about the recovery")


@cases.case
def names_in_quotes_are_called_so():
    """They belong to a later version of the format."""
    with Folder() as folder, folder.start() as process:
        files = {"a.prom": '{"http.requests",a="b"} 1\n', "b.prom": 'a{"b.c"="d"} 1\n', "c.prom": '# TYPE "a.b" gauge\n'}
        for name, text in files.items():
            folder.put(name, text)
        scrape(process)
        for name in files:
            demand_equal(said(process, name, "line 1", "without quotes"), 1, f"lines of the log about {name}")


@cases.case
def files_that_collide_are_named_once_each():
    with Folder() as folder, folder.start() as process:
        folder.put("a.prom", "# TYPE type counter\ntype 1\n# HELP help one\nhelp 1\nseries 1\n# TYPE s summary\ns_count 1\n")
        folder.put("b.prom", "# TYPE type gauge\ntype 1\nfine 1\n")
        folder.put("c.prom", "# HELP help two\nhelp 1\n")
        folder.put("d.prom", "series 2\n")
        folder.put("e.prom", "s_sum 3\n")
        folder.put("f.prom", "node_textfile_scrape_error 0\n")
        for _ in range(5):
            body = scrape(process)
        demand_equal(value(body, "fine"), 1, "the rest of a file that collides")
        demand_equal(value(body, "series"), 1, "the series that two files have")
        demand_equal(value(body, "node_textfile_scrape_error"), 1, "node_textfile_scrape_error")
        for file, *words in (("b.prom", "type", "a.prom"), ("c.prom", "HELP", "help", "a.prom"), ("d.prom", "series"),
                             ("e.prom", "s_sum", "a.prom"), ("f.prom", "node_textfile_scrape_error")):
            demand_equal(said(process, f"{file}:", *words), 1, f"lines about {file}")


for place, bytes_ in (("the unit", memory.unit_limit()), ("the DaemonSet", memory.pod_limit())):
    for content in (small_files, files_within_the_old_limits, short_lines, families, histograms, labels, bounds, many_files):
        cases.run(f"{content.__name__.replace('_', ' ')} below the limit of {place}", stays_below, bytes_, content, content is small_files)
sys.exit(cases.run_all())
