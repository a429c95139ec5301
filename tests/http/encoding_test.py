#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compression: who gets it, who does not, and that what is sent is what it says."""
import gzip
import sys
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import exposition
import wire
from cases import demand, demand_equal

cases = harness.Cases()
server = None

GZIP = ["gzip", "GZIP", "gzip;q=1", "gzip;q=0.5", "gzip; q=0.001", "deflate, gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1",
        "identity;q=0.5, gzip;q=1.0", "\tgzip\t", "gzip ; q=1.0", ",,gzip,,", "zstd;q=1, gzip;q=0.1"]
PLAIN = [None, "", "identity", "deflate", "br", "zstd", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.000", "gzip; q=0", "*;q=0", "gzip;q=0, *;q=1", "gzipx",
         "xgzip", "identity;q=0", "q=1", ";q=1", "gzip=1", "\"gzip\""]
# Not wrong in either way, but an answer must come and must be what its header says.
ANY = ["*", "gzip;q=abc", "gzip;q=", "gzip;q=-1", "gzip;q=2", "gzip;q=0.00001", "gzip;level=9", "gzip;q=0;q=1", "x" * 4000, "gzip," * 500, ";;;;", "=",
       "gzip q=0", "identity;q=1, gzip;q=0.5"]


def answer(encoding):
    response = wire.fetch(server.address, headers=[] if encoding is None else [("Accept-Encoding", encoding)])
    demand_equal(response.status, 200, f"the status for {str(encoding)[:50]!r}")
    demand_equal(int(response.get("content-length", -1)), len(response.body), f"Content-Length for {str(encoding)[:50]!r}")
    got = response.get("content-encoding")
    demand(got in (None, "gzip"), f"Content-Encoding {got!r}")
    body = exposition.read(response.text())
    demand(not body.errors, lambda: f"malformed for {str(encoding)[:50]!r}: {body.errors[:3]}")
    return response


@cases.case
def gzip_when_asked():
    for encoding in GZIP:
        demand_equal(answer(encoding).get("content-encoding"), "gzip", f"Content-Encoding for {encoding!r}")


@cases.case
def plain_when_not_asked():
    for encoding in PLAIN:
        demand_equal(answer(encoding).get("content-encoding"), None, f"Content-Encoding for {encoding!r}")


@cases.case
def odd_wishes():
    for encoding in ANY:
        answer(encoding)


@cases.case
def two_header_lines():
    response = wire.fetch(server.address, headers=[("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
    demand_equal(response.status, 200, "the status")
    demand("node_load1 " in response.text(), "not the metrics")


@cases.case
def one_member_and_nothing_behind():
    for _ in range(20):
        body = answer("gzip").body
        inflate = zlib.decompressobj(31)
        text = inflate.decompress(body)
        demand(inflate.eof, "the stream does not end")
        demand_equal(inflate.unused_data, b"", "what stands behind the stream")
        demand(not exposition.read(text).errors, "malformed")


@cases.case
def smaller_than_plain():
    plain, packed = len(answer(None).body), len(answer("gzip").body)
    best = len(gzip.compress(answer(None).body, 6, mtime=0))
    demand(packed < plain / 3, f"{plain} bytes become {packed}")
    return f"{plain} bytes, {packed} compressed, {packed / best:.2f} times zlib's level 6"


@cases.case
def head_says_what_get_says():
    response = wire.fetch(server.address, headers={"Accept-Encoding": "gzip"}, method="HEAD")
    demand_equal((response.status, response.get("content-encoding")), (200, "gzip"), "status and Content-Encoding")


@cases.case
def selections_are_compressed_too():
    for target in ("/metrics?collect[]=loadavg", "/metrics?collect[]=cpu&collect[]=meminfo", "/metrics?exclude[]=cpu", "/metrics"):
        for encoding in ({"Accept-Encoding": "gzip"}, {}):
            body = exposition.read(wire.fetch(server.address, target, headers=encoding).text())
            demand(not body.errors and body.families, lambda: f"{target}: {body.errors[:3]}")


@cases.case
def errors_are_readable():
    for target in ("/metrics?collect[]=bogus", "/nothing"):
        response = wire.fetch(server.address, target, headers={"Accept-Encoding": "gzip"})
        demand(response.text().strip(), f"no text for {target}")


@cases.case
def changing_bodies():
    """The body changes its length from scrape to scrape as numbers grow; both forms stay right on one connection."""
    with wire.Connection(server.address) as connection:
        for turn in range(200):
            headers = {"Accept-Encoding": "gzip"} if turn % 3 else {}
            connection.send(wire.request(target="/metrics?collect[]=" + ("time", "cpu", "meminfo", "netdev")[turn % 4], headers=headers))
            body = exposition.read(connection.receive().text())
            demand(not body.errors, lambda: f"malformed at turn {turn}: {body.errors[:3]}")


if __name__ == "__main__":
    with daemon.nodegauge() as server:
        sys.exit(cases.run_all())
