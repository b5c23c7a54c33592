"""Tensors of impossible sizes: negative, 2 to the 63, none times very many, too few bytes, odd types."""

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


HEADERS = iter(
    [
        ["float32", [-1, -4], bytes(16)],
        ["float32", [1 << 62, 4], b""],
        ["float32", [0, 1 << 62, 1 << 62], b""],
        ["float32", [1 << 40, 0], b""],
        ["float32", [1] * 64, bytes(4)],
        ["float32", [True], bytes(4)],
        ["float32", [3], bytes(11)],
        ["object", [1], bytes(8)],
        ["qint8", [1], bytes(1)],
        ["float32", "1", bytes(4)],
        [["float32"], [1], bytes(4)],
        {"a": 1},
        None,
    ]
)


def mean(x):
    kind = len(x) % 2 + 1
    send({"ok": msgpack.ExtType(kind, msgpack.packb(next(HEADERS, None)))})
    return 0.0


centre = mean
