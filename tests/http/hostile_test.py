#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that are wrong, or meant to do harm. After each the same process answers a scrape as before."""
import random
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import daemon
import wire
from cases import demand, demand_equal

cases = harness.Cases()
server = None
QUICK = 0.4  # seconds to wait for a close after something wrong


def still_well():
    demand(server.running(), lambda: f"the daemon ended with {server.process.returncode}: {server.log()[-800:]}")
    response = wire.fetch(server.address, "/metrics?collect[]=loadavg")
    demand(response.status == 200 and b"node_load1 " in response.body, "a scrape does not work any more")


def send_each(requests, wait=QUICK):
    """Sends each on a connection of its own; returns the status lines of what came back."""
    lines = []
    for data in requests:
        answer = wire.exchange(server.address, data, wait)
        lines.append(answer.split(b"\r\n", 1)[0].decode("latin-1"))
        demand(server.running(), lambda data=data: f"{data[:80]!r} of {len(data)} bytes ends the daemon: {server.log()[-800:]}")
    still_well()
    return lines


def statuses(data, wait=QUICK, strict=True):
    """
    The status of every answer to the bytes of one connection, and whether the peer closed. Not strict: what follows a refusal
    does not matter (libmicrohttpd 0.9.75 sends the head of some of its own refusals twice).
    """
    with wire.Connection(server.address) as connection:
        try:
            connection.send(data)
        except OSError:
            pass
        closed = connection.closed_within(wait)
        text, found = connection.buffer, []
    while text:
        head, _, text = text.partition(b"\r\n\r\n")
        words = head.split(b" ", 2)
        if not strict and found[-1:] in ([400], [413]) and not words[0].startswith(b"HTTP/"):
            break
        demand(words[0] in (b"HTTP/1.1", b"HTTP/1.0"), lambda: f"no status line: {head[:80]!r}")
        found.append(int(words[1]))
        if b"\nconnection: close" in head.lower():
            # 0.9.75 of the library writes the head of its own refusals twice; anything else would be a second answer
            found += [404] if b"HTTP/1.1 404" in text else []
            break
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        text = text[int(length[0].split(b":")[1]):] if length else b""
    still_well()
    return found, closed


@cases.case
def garbage():
    rng = random.Random(1)
    send_each([rng.randbytes(size) for size in (1, 2, 7, 64, 500, 4000, 20000, 100000)]
              + [rng.randbytes(300) + b"\r\n\r\n" for _ in range(20)], 0.1)


@cases.case
def other_protocols():
    hello = bytes.fromhex("16030100a5010000a10303") + bytes(160)
    send_each([hello, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"SSH-2.0-x\r\n", b"EHLO x\r\n", b"\0" * 5000, b"\xff\xf4\xff\xfd\x06", b"*1\r\n$4\r\nPING\r\n",
               b"\x80\x2e\x01\x00\x02", b"GET / RTSP/1.0\r\n\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"], 0.2)


@cases.case
def nothing():
    for _ in range(50):
        wire.connect(server.address).close()
    for _ in range(10):
        with wire.Connection(server.address) as connection:
            connection.socket.shutdown(socket.SHUT_WR)
            demand(connection.closed_within(2), "a connection whose client has ended stays open")
    still_well()


@cases.case
def reset_in_the_middle():
    """A client that resets its connection while it is being answered."""
    for turn in range(100):
        connection = wire.Connection(server.address)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.send(wire.request() * (1 + turn % 5))
        if turn % 2:
            connection.socket.recv(10)
        connection.close()
    still_well()


@cases.case
def broken_request_lines():
    lines = [b"GET", b"GET ", b"GET /metrics", b"GET  /metrics  HTTP/1.1", b"GET /metrics HTTP/9.9", b"GET /metrics HTTP/1", b"GET /metrics HTTP/1.1x",
             b"GET /metrics http/1.1", b"/metrics GET HTTP/1.1", b" GET /metrics HTTP/1.1", b"GET\t/metrics\tHTTP/1.1", b"GET metrics HTTP/1.1",
             b"GET http://x/metrics HTTP/1.1", b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"CONNECT x:1 HTTP/1.1", b"GET /%", b"GET /% HTTP/1.1",
             b"GET /%f HTTP/1.1", b"GET /metrics?%f HTTP/1.1", b"GET /metrics?% HTTP/1.1", b"GET \xff\xfe HTTP/1.1", b"\0GET / HTTP/1.1",
             b"GET /\0 HTTP/1.1", b"A" * 5000 + b" / HTTP/1.1", b"GET / " + b"H" * 5000, b"", b"\r\n\r\n\r\nGET /metrics HTTP/1.1"]
    for line in send_each([line + b"\r\nHost: x\r\n\r\n" for line in lines], 0.15):
        demand(line == "" or line.startswith("HTTP/1."), lambda line=line: f"answers {line[:60]!r}")
    send_each([line + b"\r\n\r\n" for line in lines] + [line + b"\n\n" for line in lines] + lines, 0.05)


@cases.case
def nul_in_the_path():
    for target in ("/metrics%00", "/metrics%00x", "/%00", "/metrics%00?collect[]=loadavg", "/-/healthy%00"):
        status = wire.fetch(server.address, target).status
        demand(status in (400, 404), f"{target} answers {status}")


@cases.case
def two_hosts():
    found, _ = statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    demand_equal(found, [400], "the statuses")


@cases.case
def no_host():
    found, _ = statuses(b"GET /metrics HTTP/1.1\r\n\r\n")
    demand_equal(found, [400], "the statuses")


@cases.case
def odd_headers():
    """A refusal or a plain answer; the header that was smuggled in does nothing."""
    for header in (b"X: a\rAccept-Encoding: gzip", b"X : a", b"X\0: a", b"X: a\0b", b"X: a\r\n folded", b": a", b"X", b"\x01: a", b"X: " + b"\xff" * 100,
                   b"Host : b", b"X: a\n", b"Content-Length : 5", b"\tX: a", b" X: a"):
        found, _ = statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n", 0.2)
        demand(found in ([200], [400], []), lambda header=header, found=found: f"{header!r} is answered {found}")


@cases.case
def line_feeds_only():
    found, _ = statuses(b"GET /metrics HTTP/1.1\nHost: a\n\n")
    demand(found in ([200], [400]), f"is answered {found}")


@cases.case
def huge_header():
    for size in (16_000, 40_000, 100_000, 1_000_000):
        found, _ = statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"a" * size + b"\r\n\r\n", 1.0)
        if size >= 100_000:
            demand(found in ([400], [413], [431], []), f"{size} bytes are answered {found}")


@cases.case
def many_headers():
    for count in (100, 2_000, 20_000):
        statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * count + b"\r\n", 1.0)
    statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: a\r\n" % n for n in range(3000)) + b"\r\n", 1.0)


@cases.case
def header_that_never_ends():
    with wire.Connection(server.address) as connection:
        sent, closed = 0, False
        try:
            connection.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
            while sent < 8_000_000:
                connection.send(b"X: " + b"a" * 8000 + b"\r\n")
                sent += 8005
        except OSError:
            closed = True
        closed = closed or connection.closed_within(2)
        demand(closed, f"{sent} bytes of header lines are taken")
    still_well()


@cases.case
def usual_header_sizes():
    """What proxies and tracing put into requests is not yet too long."""
    response = wire.fetch(server.address, headers=[("Cookie", "c" * 3000), ("X-Trace", "t" * 500), *[(f"X-{n}", "v" * 20) for n in range(20)]])
    demand_equal(response.status, 200, "the status")


@cases.case
def long_targets():
    for size in (1_000, 2_000, 2_047, 2_048, 2_049, 4_000, 8_000, 14_000, 20_000, 33_000, 66_000, 1_000_000):
        for shape in (b"/" + b"a" * size, b"/metrics?" + b"a" * size, b"/metrics?a=" + b"a" * size, b"/metrics?" + b"&" * size,
                      b"/metrics?" + b"a&" * (size // 2), b"/metrics?" + b"%41" * (size // 3), b"/metrics?" + b"=" * size,
                      b"/metrics?" + b"collect[]=loadavg&" * (size // 18)):
            found, _ = statuses(b"GET " + shape + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 0.5)
            demand(set(found) <= {200, 400, 404, 414, 431}, lambda found=found, shape=shape: f"{shape[:30]!r} of {size} is answered {found}")


@cases.case
def query_that_ends_the_header_block():
    """
    libmicrohttpd 1.0.0 to 1.0.6 read behind their buffer when the last "header" is a query argument without a value and
    little of the buffer is left; no header line may follow.
    """
    shapes = []
    for size in [*range(14_800, 16_500, 50), 14_911, 15_359, 15_872, 16_200, 16_383, 16_384]:
        for tail in (b"", b"&", b"&&", b"=", b"&a", b"&&&&b"):
            for version in (b"1.0", b"1.1"):
                shapes.append(b"GET /metrics?" + b"a" * (size - len(tail)) + tail + b" HTTP/" + version + b"\r\n\r\n")
    send_each(shapes, 0.3)
    return f"{len(shapes)} requests"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def not_smuggled(headers, body, method=b"GET"):
    found, _ = statuses(method + b" /metrics HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n" + body, 1.0, strict=False)
    demand(404 not in found, lambda: f"the body of {method!r} {headers!r} is taken for a request: {found}")


@cases.case
def bodies_are_no_requests():
    length = b"Content-Length: %d\r\n" % len(SMUGGLED)
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE"):
        not_smuggled(length, SMUGGLED, method)


@cases.case
def lengths_that_contradict():
    n = len(SMUGGLED)
    for headers in (b"Content-Length: 0\r\nContent-Length: %d\r\n" % n, b"Content-Length: %d\r\nContent-Length: 0\r\n" % n,
                    b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % n, b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % n,
                    b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n" % n, b"Transfer-Encoding: identity\r\nContent-Length: %d\r\n" % n,
                    b"Content-Length: +%d\r\n" % n, b"Content-Length: -1\r\n", b"Content-Length: %d, %d\r\n" % (n, n), b"Content-Length: 0x10\r\n",
                    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: \r\n", b"Content-Length: abc\r\n"):
        for body in (SMUGGLED, b"0\r\n\r\n" + SMUGGLED):
            not_smuggled(headers, body)


@cases.case
def chunked_bodies():
    for body in (b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"zz\r\n", b"5\r\nhel", b"0\r\n\r\n" + SMUGGLED, b"-1\r\n" + SMUGGLED, b"1" * 5000,
                 b"0\r\n" + b"X: a\r\n" * 3000):
        if SMUGGLED in body:  # a request behind a body that has ended is a request
            statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        else:
            not_smuggled(b"Transfer-Encoding: chunked\r\n", body)


@cases.case
def large_body():
    """A body is never taken in: the connection ends long before this one does."""
    with wire.Connection(server.address, timeout=3) as connection:
        connection.send(b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\n\r\n")
        sent = 0
        try:
            while sent < 200_000_000:
                connection.send(b"x" * 65536)
                sent += 65536
        except OSError:
            pass
        demand(sent < 100_000_000, f"{sent} bytes of a body are taken")
    still_well()


@cases.case
def expect_continue():
    found, _ = statuses(b"POST /metrics HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 1.0)
    demand(found and found[-1] in (405, 413, 417), f"is answered {found}")


@cases.case
def upgrade():
    found, _ = statuses(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
    demand(found in ([200], [400]), f"is answered {found}")


@cases.case
def deep_pipeline():
    """A thousand requests in one piece are answered in their order, or the connection ends; nothing piles up."""
    before = server.resident_bytes()
    with wire.Connection(server.address, timeout=10) as connection:
        try:
            connection.send(wire.request(target="/-/healthy") * 1000)
            for _ in range(1000):
                demand_equal(connection.receive().status, 200, "the status")
        except (wire.Malformed, OSError):
            pass
    still_well()
    grown = server.resident_bytes() - before
    demand(grown < 8 << 20 or daemon.sanitized(), f"resident memory grows by {grown} bytes")


@cases.case
def log_stays_small():
    """All that was wrong above is no reason to fill a disk."""
    size = len(server.log())
    demand(size < 200_000, f"the log has {size} bytes")
    return f"{size} bytes"


if __name__ == "__main__":
    with daemon.nodegauge() as server:
        sys.exit(cases.run_all())
