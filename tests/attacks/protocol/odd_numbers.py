"""Bools that are neither, float16 with a payload, infinities, minus nothing, integers of a megabyte."""

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


ANSWERS = iter(
    [
        msgpack.ExtType(1, msgpack.packb(["bool", [1], b"\x02"])),
        msgpack.ExtType(2, msgpack.packb(["|b1", [1], b"\xff"])),
        msgpack.ExtType(1, msgpack.packb(["float16", [1], b"\xff\x7f"])),
        msgpack.ExtType(1, msgpack.packb(["bfloat16", [], b"\x01\x80"])),
        msgpack.ExtType(4, b"9" * 4000),
        msgpack.ExtType(4, b"9" * 1_000_000),
        msgpack.ExtType(4, b" 1_000 "),
        msgpack.ExtType(4, "٣".encode()),
        msgpack.ExtType(-1, bytes(12)),
        msgpack.ExtType(127, b""),
        float("-inf"),
        -0.0,
    ]
)


def mean(x):
    send({"ok": next(ANSWERS, None)})
    return 0.0


centre = mean
