"""Unit 1.1: averages."""

import numpy as np


def mean(x: np.ndarray) -> float:
    """The mean of `x: (N,)` with N ≥ 1."""
    raise NotImplementedError("mean")


def centre(x: np.ndarray) -> np.ndarray:
    """`x: (N,)` minus its mean; a new array."""
    raise NotImplementedError("centre")
