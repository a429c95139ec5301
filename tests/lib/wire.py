# SPDX-License-Identifier: Apache-2.0
"""HTTP/1 as bytes on a socket: what goes out is what the test wrote, what comes in is read strictly."""
import gzip
import socket
import time
from dataclasses import dataclass


class Malformed(Exception):
    """The answer is not HTTP/1.1, or it ends before its stated length."""


@dataclass
class Response:
    version: str
    status: int
    reason: str
    headers: list  # pairs, names in lower case
    body: bytes

    def get(self, name, default=None):
        values = [value for key, value in self.headers if key == name.lower()]
        if len(values) > 1:
            raise Malformed(f"{name} is sent {len(values)} times")
        return values[0] if values else default

    def text(self):
        """The body as text, decompressed when it says that it is compressed."""
        body = gzip.decompress(self.body) if self.get("content-encoding") == "gzip" else self.body
        return body.decode("utf-8")


def connect(address, timeout=5.0, source=None):
    """`address` is a (host, port) pair or the path of a Unix socket."""
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(address)
        return sock
    return socket.create_connection(address, timeout, source_address=(source, 0) if source else None)


class Connection:
    def __init__(self, address, timeout=5.0, source=None):
        self.socket = connect(address, timeout, source)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return data != b""

    def receive(self, head=False):
        """The next response; `head` tells that it answers HEAD and has no body."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                raise Malformed(f"connection closed, {len(self.buffer)} bytes of an answer had come")
        block, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = block.decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        if len(words) < 2 or words[0] not in ("HTTP/1.1", "HTTP/1.0") or not words[1].isdigit():
            raise Malformed(f"bad status line {lines[0]!r}")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise Malformed(f"bad header line {line!r}")
            headers.append((name.lower(), value.strip()))
        response = Response(words[0], int(words[1]), words[2] if len(words) > 2 else "", headers, b"")
        if not head and response.status not in (204, 304) and response.status >= 200:
            response.body = self._body(response)
        return response

    def _body(self, response):
        if response.get("transfer-encoding"):
            return self._chunks()
        length = response.get("content-length")
        if length is None:
            while self._more():
                pass
            body, self.buffer = self.buffer, b""
            return body
        return self._exactly(int(length))

    def _exactly(self, length):
        while len(self.buffer) < length:
            if not self._more():
                raise Malformed(f"body of {length} bytes ends after {len(self.buffer)}")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def _chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self._more():
                    raise Malformed("chunked body is cut")
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += self._exactly(size)
            self._exactly(2)
            if size == 0:
                return body

    def closed_within(self, seconds):
        """True when the peer closes within that time; what it sends before is kept in the buffer."""
        end = time.monotonic() + seconds
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.socket.settimeout(left)
                if not self._more():
                    return True
        except TimeoutError:
            return False
        except OSError:
            return True


def request(method="GET", target="/metrics", headers=(), version="HTTP/1.1", host="localhost", body=b""):
    """A request as bytes; `host` None leaves the Host line out."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in (headers.items() if isinstance(headers, dict) else headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def fetch(address, target="/metrics", headers=(), method="GET", version="HTTP/1.1", timeout=5.0, source=None, host="localhost"):
    """One request on a connection of its own."""
    headers = list(headers.items() if isinstance(headers, dict) else headers)
    with Connection(address, timeout, source) as connection:
        connection.send(request(method, target, [*headers, ("Connection", "close")], version, host))
        return connection.receive(head=method == "HEAD")


def exchange(address, data, timeout=5.0):
    """Sends bytes and returns all that comes back until the peer closes or is silent for `timeout`."""
    with Connection(address, timeout) as connection:
        try:
            connection.send(data)
        except OSError:
            pass  # the peer may answer and close before it has read all
        connection.closed_within(timeout)
        return connection.buffer
