"""The recursion limit is lifted and the stack of C overrun, by attributes and by nested tuples."""

import sys

sys.setrecursionlimit(2**31 - 1)


class Deep:
    def __getattr__(self, name):
        return getattr(self, name + "x")


def mean(x):
    return Deep().x


def centre(x):
    nested = ()
    for _ in range(1_000_000):
        nested = (nested,)
    return hash(nested)
