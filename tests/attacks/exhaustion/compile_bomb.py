"""The file is small, and takes the compiler for ever: constants are folded and comprehensions nested."""

BOMB = ((1 << 100) ** 100, "x" * 4000, (0,) * 4000)


def mean(x):
    return eval("[" * 90 + "x" + " for _ in range(9)]" * 90)
