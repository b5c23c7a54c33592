"""Steps of a random walk, made here: no file, no licence."""

import numpy as np


def load() -> tuple[np.ndarray, np.ndarray]:
    """Steps to learn from (2000,) and held out (1000,), float32, of drift 0.3 and scale 0.5."""
    steps = (0.3 + 0.5 * np.random.RandomState(0).standard_normal(3000)).astype(np.float32)
    return steps[:2000], steps[2000:]
