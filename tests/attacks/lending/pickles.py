"""The lent function is pickled, by value too, and its code marshalled, to be handed out as bytes and text."""

import marshal
import pickle

import cloudpickle
import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


def centre(x):
    mean.__module__ = "__main__"
    for pack in (cloudpickle.dumps, pickle.dumps):
        try:
            print(pack(mean))
        except Exception as error:
            print(error)
    print(marshal.dumps(mean.__code__))
    return marshal.dumps(mean.__code__)
