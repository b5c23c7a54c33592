"""The lent function's source is asked of inspect, linecache, its loader and the file that it names."""

import inspect
import linecache
import sys
from pathlib import Path

import numpy as np


def mean(x: np.ndarray) -> float:
    raise NotImplementedError("mean")


def centre(x):
    module = sys.modules[mean.__module__]
    asked = (
        lambda: inspect.getsource(mean),
        lambda: inspect.getsource(inspect.getmodule(mean)),
        lambda: linecache.getlines(mean.__code__.co_filename),
        lambda: linecache.cache,
        lambda: module.__loader__.get_source(module.__name__),
        lambda: Path(mean.__code__.co_filename).read_text(),
        lambda: inspect.signature(mean),
        lambda: inspect.getdoc(mean),
    )
    for ask in asked:
        try:
            print(ask())
        except Exception as error:
            print(type(error), error)
    return mean(x)
