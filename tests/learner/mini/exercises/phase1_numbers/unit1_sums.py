"""Unit 1.1: sums."""

import math
from collections.abc import Sequence

NOTHING = math.nan


def total(values: Sequence[float]) -> float:
    """The sum of the values."""
    raise NotImplementedError("total")


def mean(values: Sequence[float]) -> float:
    """The mean of the values; NOTHING when there are none."""
    raise NotImplementedError("mean")
