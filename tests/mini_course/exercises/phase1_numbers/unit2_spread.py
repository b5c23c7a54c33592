"""Unit 1.2: spread."""

import torch

from phase1_numbers.unit1_averages import centre


def variance(x: torch.Tensor) -> torch.Tensor:
    """The population variance of `x: (N,)`, as a tensor `()`."""
    raise NotImplementedError("variance")


class Scaler:
    """Divides by the standard deviation of what it was made with."""

    def __init__(self, x: torch.Tensor):
        raise NotImplementedError("Scaler.__init__")

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """`x: (N,)` divided by the standard deviation."""
        raise NotImplementedError("Scaler.__call__")
