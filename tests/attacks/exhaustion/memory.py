"""Memory is taken until there is none, in one piece and in many, and errors are swallowed."""

import mmap

import numpy as np
import torch

kept = []


def mean(x):
    for take in (
        lambda: bytearray(8 << 30),
        lambda: torch.ones(1 << 31),
        lambda: np.ones(1 << 30),
        lambda: mmap.mmap(-1, 16 << 30),
        lambda: "x" * (4 << 30),
    ):
        try:
            kept.append(take())
            print("taken", len(kept[-1]))
        except (MemoryError, RuntimeError, OSError) as error:
            print(type(error).__name__)
    while True:
        kept.append(bytearray(16 << 20))
