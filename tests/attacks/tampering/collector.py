"""Destructors and weak callbacks run harm at moments that nobody chose, raising as they go."""

import gc
import os
import weakref


class Late:
    def __del__(self):
        os.write(1, b"late")
        raise RuntimeError("late")


def mean(x):
    late = Late()
    late.itself = late
    weakref.finalize(late, os._exit, 0)
    gc.callbacks.append(lambda phase, info: 1 / 0)
    del late
    gc.set_threshold(1, 1, 1)
    return 0.0
