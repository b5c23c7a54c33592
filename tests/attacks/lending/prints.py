"""The lent function is printed: itself, its documentation, its names, its constants and its annotations."""

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


def centre(x):
    print(mean, mean.__doc__, mean.__annotations__, mean.__defaults__, mean.__module__, mean.__dict__)
    for name in dir(mean.__code__):
        print(name, getattr(mean.__code__, name))
    return mean(x)
