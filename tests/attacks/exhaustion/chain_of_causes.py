"""The exception has a hundred thousand causes, in a ring, and a group of as many."""


def mean(x):
    first = error = ValueError("0")
    for number in range(100_000):
        error.__cause__ = ValueError(str(number))
        error = error.__cause__
    error.__cause__ = first
    raise ExceptionGroup("x" * 100_000, [first] * 100_000)
