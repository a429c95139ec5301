# SPDX-License-Identifier: Apache-2.0
"""The parts of a run. Each measures all servers in turn and adds what it found to the results."""

import mmap
import os
import re
import struct
import tempfile
import zlib

from . import tools
from .results import Row

CODINGS = (("plain", False), ("gzip", True))
CONNECTIONS = (1, 8, 64)

ROWS = [
    Row("instructions_plain", "instructions per scrape, plain", "M", 3),
    Row("instructions_gzip", "instructions per scrape, gzip", "M", 3),
    Row("hot_plain", "CPU per scrape, back to back, plain", "us"),
    Row("hot_gzip", "CPU per scrape, back to back, gzip", "us"),
    Row("paced_plain", "CPU per scrape, one in 500 ms, plain", "us"),
    Row("paced_gzip", "CPU per scrape, one in 500 ms, gzip", "us"),
    Row("latency_plain", "duration of a scrape, back to back, plain, median", "us"),
    Row("latency_gzip", "duration of a scrape, one in 500 ms, gzip, median", "us"),
    Row("rss_all", "resident memory after {scrapes} scrapes", "kB"),
    Row("rss_anonymous", "of which anonymous", "kB"),
    Row("rss_files", "of it of files", "kB"),
    Row("rss_pss", "proportional (PSS)", "kB"),
    Row("rss_growth", "growth since scrape {settled}", "kB"),
    Row("allocations_plain", "heap allocations per scrape, plain", "", 2),
    Row("allocations_gzip", "heap allocations per scrape, gzip", "", 2),
    Row("allocations_own_plain", "of which our own, plain", "", 2),
    Row("allocations_own_gzip", "of which our own, gzip", "", 2),
    Row("start", "start to first byte of the first scrape", "ms", 1),
    Row("binary", "binary", "kB"),
    Row("body", "body", "B"),
    Row("body_gzip", "body, gzip", "B"),
    Row("gzip_ratio", "gzip body against zlib -6 of the same text", "times", 3),
    *(row for n in CONNECTIONS for row in (
        Row(f"rate_{n}", f"good scrapes per second, {n} connection{'s' if n > 1 else ''}", "", 0, more=True),
        Row(f"refused_{n}", f"refused at {n} connection{'s' if n > 1 else ''}", ""))),
    Row("rss_peak", "peak resident memory under 64 connections", "kB"),
]


def there_and_back(servers, rounds):
    """A B C C B A for every round: what drifts on the machine falls on all alike."""
    for number in range(1, rounds + 1):
        yield from servers
        yield from reversed(servers)
        with open("/proc/loadavg", encoding="ascii") as load:
            tools.say(f"  round {number} of {rounds}, load {load.read().split()[0]}")


def hot(servers, results, plan):
    for server in there_and_back(servers, plan.rounds):
        for coding, gzip in CODINGS:
            figures = server.scrape(plan.hot, gzip=gzip)
            results.add(f"hot_{coding}", server.name, figures["cpu"])
            results.add(f"hot_user_{coding}", server.name, figures["user"])
            if not gzip:
                results.add("latency_plain", server.name, figures["p50"])


def paced(servers, results, plan):
    for server in there_and_back(servers, plan.rounds):
        for coding, gzip in CODINGS:
            figures = server.scrape(plan.paced, warmup=6, pause=500, gzip=gzip)  # the steady state: gzip learns from the first answers
            results.add(f"paced_{coding}", server.name, figures["cpu"])
            if gzip:
                results.add("latency_gzip", server.name, figures["p50"])


def rss(servers, results, plan):
    """On servers just started; plain and gzip scrapes by turns."""
    for server in servers:
        server.stop()
        server.start()
        done = 0
        for until in (plan.settled, plan.scrapes):
            for share in range(4):
                server.scrape((until - done) // 4, warmup=0, gzip=bool(share % 2))
            done = until
            memory = server.memory()
            if until == plan.settled:
                settled = memory["all"]
        for what in ("all", "anonymous", "files", "pss"):
            results.add(f"rss_{what}", server.name, memory[what])
        results.add("rss_growth", server.name, memory["all"] - settled)


def start(servers, results, plan):
    for server in servers:
        server.stop()
        line = tools.text_of(str(tools.compiled("startup")), str(plan.starts), str(server.port), *server.command)
        results.add("start", server.name, tools.key_values(line)["median"])
        server.start()


def size(servers, results, _):
    for server in servers:
        results.add("binary", server.name, os.stat(server.command[0]).st_size / 1024)


def gzip_body(servers, results, _):
    """Our own compression is judged against zlib's usual level on exactly the text that it carried."""
    for server in servers:
        with tempfile.NamedTemporaryFile() as body:
            results.add("body", server.name, server.scrape(1, warmup=1, body=body.name)["body"])
            packed = server.scrape(1, warmup=1, gzip=True, body=body.name)["body"]
            with open(body.name, "rb") as file:
                text = zlib.decompress(file.read(), wbits=31)
        zlib6 = zlib.compressobj(6, wbits=31)
        results.add("body_gzip", server.name, packed)
        results.add("gzip_ratio", server.name, packed / len(zlib6.compress(text) + zlib6.flush()))


def wrk(servers, results, plan):
    program = tools.program("wrk", "wrk")
    for server in servers:
        for connections in CONNECTIONS:
            server.memory()  # the peak begins anew
            report = tools.text_of(program, "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{plan.seconds}s",
                                   "--timeout", "30s", f"http://127.0.0.1:{server.port}/metrics")

            def found(pattern):
                match = re.search(pattern, report)
                return sum(map(float, match.groups())) if match else 0

            refused = found(r"Non-2xx or 3xx responses: (\d+)")
            rate = found(r"Requests/sec: +([\d.]+)")
            total = found(r"(\d+) requests in")
            results.add(f"rate_{connections}", server.name, rate * (1 - refused / total) if total else 0)
            results.add(f"refused_{connections}", server.name,
                        refused + found(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)"))
        results.add("rss_peak", server.name, server.memory()["peak"])


def allocations(servers, results, plan):
    """By a counter before the allocator where it can be preloaded, by Go's own counter in node_exporter.

    Own ones are those that come from the program itself and not from its libraries.
    """
    warm, few, many, batches = 100, 10, 50, 6
    for server in servers:
        if server.name == "floor":
            continue
        server.stop()
        with tempfile.NamedTemporaryFile() as file:
            server.start({"LD_PRELOAD": str(tools.compiled("allocs", "-shared", "-fPIC")), "BENCH_ALLOCS": file.name})
            go = b"go_memstats_mallocs_total" in server.get("/metrics")[0]
            if not go and os.fstat(file.fileno()).st_size == 0:
                tools.say(f"  {server.name} cannot be counted: it preloads nothing")
                continue
            for coding, gzip in CODINGS:
                server.scrape(warm, gzip=gzip)
                for _ in range(batches):
                    # A connection costs some itself: the difference of two runs of one connection each leaves it out.
                    runs = []
                    for scrapes in (few, many):
                        before = allocations_so_far(server, file, go)
                        server.scrape(scrapes, warmup=0, gzip=gzip)
                        runs.append([after - start for after, start in zip(allocations_so_far(server, file, go), before)])
                    for kind, shorter, longer in zip(("", "own_"), *runs):
                        results.add(f"allocations_{kind}{coding}", server.name, max(longer - shorter, 0) / (many - few))
        server.stop()
        server.start()


def allocations_so_far(server, file, go):
    """All, and where it is known the program's own."""
    if go:
        return [server.metric("go_memstats_mallocs_total")]
    with mmap.mmap(file.fileno(), 16, prot=mmap.PROT_READ) as counters:
        return struct.unpack_from("=QQ", counters)


PARTS = {"hot": hot, "paced": paced, "rss": rss, "allocs": allocations, "start": start, "size": size, "gzip": gzip_body,
         "wrk": wrk}
