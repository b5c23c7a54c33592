"""Project P1: a random walk."""

import math

import torch


def log_density(steps: torch.Tensor, drift: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """log N(step; drift, scale²) of each of `steps: (N,)`, in nats: `(N,)`. `drift`, `log_scale`: `()`."""
    raise NotImplementedError("log_density")
