"""Texts hold surrogates, nulls, escape sequences, direction marks and bytes that are no UTF-8."""

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


TEXTS = iter([b"\xa3\xed\xa0\x80", b"\xa4\x00\x1b[2", b"\xa6\xe2\x80\xae\xe2\x81\xa6", b"\xa1\xff"])


def mean(x):
    send(b"\x81\xa2ok" + next(TEXTS, b"\xa0"))
    return 0.0


def centre(x):
    send(b"\x81\xa6raised\x93\xa6E\x1b[31m\xa8\xe2\x80\xae\n\xd8\x9c\x0c\xa6\n\xe2\x9c\x93 .")
    return x
