# SPDX-License-Identifier: Apache-2.0
"""Unpacks a ttar archive: the text form in which Prometheus projects keep trees with odd file names.

    # ttar - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -
    Path: sys/block/sda/removable
    Lines: 1
    0
    Mode: 644
    # ttar - - ...
    Directory: sys/class
    Mode: 755
    # ttar - - ...
    Path: sys/class/net/eth0
    SymlinkTo: ../../devices/eth0

A file's lines follow `Lines:` and are taken by number. A last line that ends in `EOF` has no line feed; `NULLBYTE` is a byte
of value 0; a backslash before either word makes it plain text.
"""
import os
import re
from pathlib import Path

_WORDS = re.compile(rb"\\?(?:EOF|NULLBYTE)")


class BadArchive(Exception):
    pass


def _plain(match):
    word = match[0]
    if word.startswith(b"\\"):
        return word[1:]
    return b"\0" if word == b"NULLBYTE" else word


def decode(lines):
    """The bytes of a file whose lines (without their line feeds) stand in an archive."""
    body = b"\n".join(lines) + b"\n" if lines else b""
    if lines and lines[-1].endswith(b"EOF") and not lines[-1].endswith(b"\\EOF"):
        body = body[:-len(b"EOF\n")]
    return _WORDS.sub(_plain, body)


def entries(data):
    """(kind, path, content or target, mode) of each entry; kind is 'file', 'directory' or 'link'."""
    lines = data.split(b"\n")
    entry, at = None, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"#") or not line:
            continue
        key, colon, value = line.partition(b": ")
        if not colon:
            raise BadArchive(f"line {at}: {line[:60]!r}")
        if key in (b"Path", b"Directory"):
            if entry:
                yield tuple(entry)
            entry = ["directory" if key == b"Directory" else "file", os.fsdecode(value), b"", None]
        elif entry is None:
            raise BadArchive(f"line {at}: {key!r} before any path")
        elif key == b"Lines":
            count = int(value)
            if at + count > len(lines):
                raise BadArchive(f"line {at}: the archive ends inside {entry[1]}")
            entry[2] = decode(lines[at:at + count])
            at += count
        elif key == b"SymlinkTo":
            entry[0], entry[2] = "link", value
        elif key == b"Mode":
            entry[3] = int(value, 8)
    if entry:
        yield tuple(entry)


def unpack(archive, folder):
    """Unpacks the archive file below `folder`; returns the number of entries."""
    count = 0
    modes = []
    for kind, path, content, mode in entries(Path(archive).read_bytes()):
        if path.startswith("/") or ".." in path.split("/"):
            raise BadArchive(f"path leaves the folder: {path}")
        target = Path(folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "directory":
            target.mkdir(exist_ok=True)
        elif kind == "link":
            if not target.is_symlink():
                os.symlink(content, os.fsencode(target))
        else:
            target.write_bytes(content)
        if mode is not None and kind != "link":
            modes.append((target, mode))
        count += 1
    for target, mode in reversed(modes):  # a folder without write permission is closed after what lies in it
        target.chmod(mode)
    return count
