"""A length is announced, and what it promises never comes."""

import contextlib
import os
import stat


def conversation():
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return number


def mean(x):
    os.write(conversation(), b"\xff\x00\x00\x00abc")
    while True:
        pass
