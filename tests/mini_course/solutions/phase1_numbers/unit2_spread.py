"""Unit 1.2: spread."""

import torch

from phase1_numbers.unit1_averages import centre


def variance(x: torch.Tensor) -> torch.Tensor:
    """The population variance of `x: (N,)`, as a tensor `()`."""
    ### BEGIN SOLUTION
    return torch.from_numpy(centre(x.numpy())).square().mean()
    ### END SOLUTION


class Scaler:
    """Divides by the standard deviation of what it was made with."""

    def __init__(self, x: torch.Tensor):
        ### BEGIN SOLUTION
        self.std = variance(x).sqrt()
        ### END SOLUTION

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """`x: (N,)` divided by the standard deviation."""
        ### BEGIN SOLUTION
        return x / self.std
        ### END SOLUTION
