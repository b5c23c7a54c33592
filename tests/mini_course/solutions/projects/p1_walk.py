"""Project P1: a random walk."""

import math

import torch


def log_density(steps: torch.Tensor, drift: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """log N(step; drift, scale²) of each of `steps: (N,)`, in nats: `(N,)`. `drift`, `log_scale`: `()`."""
    ### BEGIN SOLUTION
    z = (steps - drift) / torch.exp(log_scale)
    return -0.5 * z**2 - log_scale - 0.5 * math.log(2 * math.pi)
    ### END SOLUTION
