#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What frames a request is read strictly, and in one way only: the cases of framing.tsv, and sizes that no table can hold."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import cases as harness
import daemon
import wire
from cases import demand, demand_equal

cases = harness.Cases()
server = None
SMUGGLED = b"GET /smug HTTP/1.1\r\nHost: abcdef\r\n\r\n"
QUICK = 2.0  # seconds to wait for a close that is demanded
STAYS = 0.15  # seconds without a close, where it should stay open


def talk(data, pieces=None, closes=True):
    """The statuses of all responses to the bytes of one connection, sent at once or in pieces of a size; and whether the peer closed."""
    found = []
    with wire.Connection(server.address) as connection:
        try:
            for at in range(0, len(data), pieces or len(data)):
                connection.send(data[at:at + (pieces or len(data))])
        except OSError:
            pass
        closed = connection.closed_within(QUICK if closes else STAYS)
        while connection.buffer:
            response = connection.receive()
            found.append(response.status)
            if response.get("connection") == "close":
                demand(not connection.buffer, lambda: f"behind the last response comes {connection.buffer[:60]!r}")
    return found, closed


def table():
    for line in (HERE / "framing.tsv").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, text, statuses, then = line.split("\t")
        text = text.encode().decode("unicode_escape").encode("latin-1")
        yield name, text.replace(b"<", b"Host: a\r\n").replace(b"@", SMUGGLED), [int(word) for word in statuses.split()], then


def judge(data, statuses, then):
    found, closed = talk(data, closes=then == "close")
    demand_equal(found, statuses, "the list of statuses")
    demand(then == "*" or closed == (then == "close"), f"the connection {'is closed' if closed else 'stays open'}")


def in_pieces(data, statuses, then):
    """Cut anywhere, wrong heads never get more than their refusal."""
    for size in (1, 7):
        found, _ = talk(data, size, then == "close")
        demand_equal(found[:1], statuses[:1], f"the first status in pieces of {size}")
        demand(404 not in found, f"in pieces of {size} the request in the body is answered")


@cases.case
def arguments_without_a_value():
    """Each costs the HTTP library memory: many are refused, and never passed over in silence."""
    for count in (2, 100, 900, 2000):
        for argument in (b"&", b"a&", b"=&"):
            target = b"/-/healthy?" + argument * (count // len(argument))
            found, _ = talk(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            demand_equal(found, [200 if target.count(b"&") <= 97 else 431], f"the statuses for {count} bytes of {argument!r}")


@cases.case
def largest_heads():
    """As large as a head may be, in every mixture of fields, arguments and bytes, it is served; one more of any is refused."""
    for fields, arguments in ((99, 1), (3, 97), (50, 50), (3, 1)):
        start = b"GET /-/healthy?" + b"&" * (arguments - 1) + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        start += b"".join(b"X%d:\r\n" % n for n in range(fields - 3)) + b"Y: "
        for extra, status in ((0, 200), (1, 431)):
            found, _ = talk(start + b"y" * (8192 - len(start) - 4 + extra) + b"\r\n\r\n")
            demand_equal(found, [status], f"the statuses for {fields} fields, {arguments} arguments and {8192 + extra} bytes")
        found, _ = talk(start + b"\r\nZ:\r\n\r\n")
        demand_equal(found, [431 if fields + arguments == 100 else 200], f"the statuses for {fields + 1} fields and {arguments} arguments")


@cases.case
def cookies():
    """They cost the HTTP library memory, like arguments: each request gets one response, whether many or large ones."""
    for separator in (b";", b",", b"; "):
        for count in (1, 97, 98, 300, 900):
            cookie = separator.join([b"a=b"] * count)
            found, _ = talk(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: " + cookie + b"\r\n\r\n")
            demand_equal(found, [200 if count < 98 else 431], f"the statuses for {count} cookies separated by {separator!r}")
    start = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"".join(b"X%d:\r\n" % n for n in range(46)) + b"Cookie: "
    start += b"a=b;" * 50
    found, _ = talk(start + b"c" * (8192 - len(start) - 4) + b"\r\n\r\n")
    demand_equal(found, [200], "the statuses for the largest cookies and 100 items")


@cases.case
def long_targets():
    for size, status in ((2048, 404), (2049, 414)):
        found, _ = talk(b"GET /" + b"a" * (size - 1) + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        demand_equal(found, [status], f"the statuses for {size} bytes")


@cases.case
def refusal_in_full():
    """A refusal arrives although the client goes on sending, and says what is wrong."""
    with wire.Connection(server.address) as connection:
        connection.send(b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        response = connection.receive()
        demand_equal((response.status, response.get("connection"), response.get("allow")), (405, "close", "GET, HEAD"), "the response")
        demand(b"GET and HEAD" in response.body and connection.closed_within(QUICK), "no reason, or no close")


if __name__ == "__main__":
    with daemon.nodegauge("--no-collector.container") as server:
        for row in table():
            cases.run(row[0], judge, *row[1:])
            cases.run(row[0] + ", in pieces", in_pieces, *row[1:])
        sys.exit(cases.run_all(lambda: demand(server.running(), server.log)))
