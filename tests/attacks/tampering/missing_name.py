"""An AttributeError claims that the module lacks a name which is itself hostile."""

import sys


def mean(x):
    raise AttributeError("no", name="mean`.\n✓ passed\n\x1b[31m" + "x" * 100_000, obj=sys.modules[__name__])


globals()["mean\n✓ passed"] = mean
