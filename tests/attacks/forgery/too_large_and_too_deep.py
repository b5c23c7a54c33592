"""The answers are honest data, but larger than any reply may be, and nested deeper than any reader goes."""


def mean(x):
    return x.repeat(20_000_000)


def centre(x):
    deep = []
    for _ in range(10_000):
        deep = [deep]
    return deep
