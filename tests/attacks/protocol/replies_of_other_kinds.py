"""Replies have other shapes than the judge expects: no dict, two verdicts, a greeting, wrong types."""

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


REPLIES = iter(
    [
        {"passed": True},
        {"ready": 1},
        {"raised": ["A", "B"]},
        {"raised": [1, 2, 3]},
        {"missing": ["mean"]},
        {"unsendable": ["x"]},
        {"ok": None, "raised": ["E", "", ""], "verdict": "passed"},
        [],
        None,
        True,
        "ok",
        b"ok",
        {},
    ]
)


def mean(x):
    send(next(REPLIES, None))
    return 0.0


centre = mean
