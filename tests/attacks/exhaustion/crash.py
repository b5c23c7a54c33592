"""The process crashes in C: a null pointer, an abort, a broken code object."""

import ctypes
import os


def mean(x):
    return ctypes.string_at(0)


def centre(x):
    os.abort()
