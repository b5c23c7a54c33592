"""The other exercise is another name of the lent one, bound when the module is imported and again later."""

import importlib
import sys

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


class Late:
    def __get__(self, instance, owner):
        return mean

    def __call__(self, *arguments):
        return mean(*arguments)


centre = Late()
sys.modules[__name__ + ".again"] = sys.modules[__name__]
importlib.invalidate_caches()
