"""The lent function itself, its code and its globals are returned as the answer."""

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


asked = 0


def centre(x):
    global asked
    asked += 1
    return (mean, mean.__code__, mean.__globals__, mean.__code__.co_code, mean.__code__.co_names)[asked % 5]
