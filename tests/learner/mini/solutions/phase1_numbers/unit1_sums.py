"""Unit 1.1: sums."""

import math
from collections.abc import Sequence

NOTHING = math.nan


def total(values: Sequence[float]) -> float:
    """The sum of the values."""
    ### BEGIN SOLUTION
    result = 0.0
    for value in values:
        result += value
    return result
    ### END SOLUTION


def mean(values: Sequence[float]) -> float:
    """The mean of the values; NOTHING when there are none."""
    ### BEGIN SOLUTION
    if not values:
        return NOTHING
    return total(values) / len(values)
    ### END SOLUTION
