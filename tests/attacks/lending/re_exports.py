"""The module's own names are exchanged while it is asked, so that every call goes to what is lent."""

import sys

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


def centre(x):
    module = sys.modules[__name__]
    module.centre = module.mean
    module.__dict__.update({name: mean for name in ("centre", "Centre", "mean")})
    return mean(x)
