"""A dict has more keys than anyone could mean, and some of them are no keys at all."""

import contextlib
import os
import stat
import struct

import msgpack


def conversation():
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number


def send(value):
    sent, data = 0, msgpack.packb(value)
    data = struct.pack("<I", len(data)) + data
    while sent < len(data):
        sent += os.write(conversation(), data[sent : sent + (1 << 16)])


def send_bytes(data):
    sent = 0
    data = struct.pack("<I", len(data)) + data
    while sent < len(data):
        sent += os.write(conversation(), data[sent : sent + (1 << 16)])


def mean(x):
    send({"ok": {str(number): number for number in range(200_000)}})
    return 0.0


def centre(x):
    send_bytes(b"\x81\xa2ok\x82\x90\x01\x80\x02")
    return x
