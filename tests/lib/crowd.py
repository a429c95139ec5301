# SPDX-License-Identifier: Apache-2.0
"""Many clients at once: connections that are held, and scrapes that have to go on beside them."""
import selectors
import socket
import threading
import time

import daemon
import exposition
import wire
from cases import demand


class Scrapes(threading.Thread):
    """Scrapes in the background, each on a connection of its own, until stopped; keeps times and failures."""

    def __init__(self, address, source=None, pause=0.05, target="/metrics"):
        super().__init__(daemon=True)
        self.address, self.source, self.pause, self.target = address, source, pause, target
        self.times, self.failures, self.ended = [], [], threading.Event()

    def run(self):
        while not self.ended.is_set():
            began = time.monotonic()
            try:
                response = wire.fetch(self.address, self.target, source=self.source, timeout=30)
                if response.status != 200:
                    self.failures.append(f"status {response.status}")
                elif errors := exposition.read(response.text()).errors:
                    self.failures.append(errors[0])
            except (OSError, wire.Malformed) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            self.times.append(time.monotonic() - began)
            self.ended.wait(self.pause)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def judge(self, limit=3.0):
        limit *= 10 if daemon.sanitized() else 1
        demand(len(self.times) >= 5, "hardly any scrape was made")
        demand(not self.failures, lambda: f"{len(self.failures)} of {len(self.times)} scrapes fail: {self.failures[:3]}")
        slowest = max(self.times)
        demand(slowest < limit, f"a scrape takes {slowest:.2f} s")
        return f"{len(self.times)} scrapes, slowest {slowest * 1000:.0f} ms"


def idle_descriptors(process):
    """Those that are open when all has started, which is later than the first connection."""
    wire.fetch(process.address, "/-/ready")
    return process.descriptors()


class Crowd:
    """Many connections that are held; `alive` counts those that the server has not closed."""

    def __init__(self, address, count, source=None, say=b""):
        self.sockets, self.refused = [], 0
        for _ in range(count):
            try:
                sock = wire.connect(address, 2.0, source)
                sock.sendall(say)
                sock.setblocking(False)
                self.sockets.append(sock)
            except OSError:
                self.refused += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.sockets:
            sock.close()

    def send(self, data):
        for sock in self.sockets:
            try:
                sock.send(data)
            except OSError:
                pass

    def alive(self):
        count = 0
        with selectors.DefaultSelector() as selector:
            for sock in self.sockets:
                selector.register(sock, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(0)}
        for sock in self.sockets:
            try:
                count += sock not in ready or sock.recv(1, socket.MSG_PEEK) != b""
            except OSError:
                pass
        return count

    def gone_within(self, seconds):
        end = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True


def another_address():
    """A second client on loopback; 127.0.0.0/8 is ours as a whole."""
    return "127.0.0.2"
