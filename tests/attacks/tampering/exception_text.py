"""The exception's text, repr and type name raise, never end, or are no text."""


class Meta(type):
    @property
    def __name__(cls):
        raise RuntimeError("nameless")


class Bad(Exception, metaclass=Meta):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


class Long(Exception):
    def __str__(self):
        return "✓ passed\n" * 2_000_000


def mean(x):
    raise Bad


def centre(x):
    raise Long("x" * 10_000_000)
