"""A regular expression backtracks for longer than the universe will last, in C and without a break."""

import re


def mean(x):
    return re.match(r"(a+)+$", "a" * 64 + "b")
