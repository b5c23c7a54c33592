"""The lent function's code, defaults and globals are changed, so that it might do the other exercise's work."""

import builtins

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


KEPT = float


def centre(x):
    mean.__globals__["float"] = builtins.float = lambda value: np.broadcast_to(value, x.shape)
    mean.__globals__["np"] = np
    mean.__code__ = mean.__code__.replace(co_name="centre")
    try:
        return mean(x)
    finally:
        del mean.__globals__["float"]
        builtins.float = KEPT
