"""Replies of no bytes at all are sent, thousands of them."""

import contextlib
import os
import stat
import struct


def conversation():
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number


def send(data):
    sent = 0
    data = struct.pack("<I", len(data)) + data
    while sent < len(data):
        sent += os.write(conversation(), data[sent : sent + (1 << 16)])


def mean(x):
    for _ in range(1000):
        send(b"")
    return 0.0
