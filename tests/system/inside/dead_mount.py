#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mounts a FUSE file system whose server takes requests and never answers: a process that waits for one cannot be killed.

    dead_mount.py DIRECTORY        until it is ended; INIT and GETATTR are answered, so that it can be mounted (linux/fuse.h)
"""
import ctypes
import os
import struct
import sys

GETATTR, INIT = 3, 26
HEAD = struct.Struct("=IIQQIIIHH")
ATTRIBUTES = struct.pack("=QII6Q10I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 0, 0)
VERSION = struct.pack("=IIIIHHIIHHII", 7, 31, 0, 0, 0, 0, 4096, 0, 0, 0, 0, 0) + bytes(24)

server = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % server
if ctypes.CDLL(None, use_errno=True).mount(b"dead", os.fsencode(sys.argv[1]), b"fuse", 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
while True:
    _, operation, unique, *_ = HEAD.unpack_from(os.read(server, 1 << 17))
    if body := {INIT: VERSION, GETATTR: ATTRIBUTES}.get(operation):
        os.write(server, struct.pack("=IiQ", 16 + len(body), 0, unique) + body)
