"""Unit 1.3 in the manner of public repositories: minitorch's central_difference, guided diffusion's normal_kl."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import log, pi
from typing import Any

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray | Tensor
LOG_2PI = log(2 * pi)


def array_namespace(a: Array) -> Any:
    return torch if isinstance(a, torch.Tensor) else np


def central_difference(f: Callable, vals: Array, arg: int, epsilon: float) -> Any:
    lo = vals.clone() if isinstance(vals, Tensor) else vals.copy()
    hi = vals.clone() if isinstance(vals, Tensor) else vals.copy()
    lo[arg] = vals[arg] - epsilon
    hi[arg] = vals[arg] + epsilon
    return (f(hi) - f(lo)) / (2 * epsilon)


@torch.no_grad()
def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    out = torch.empty_like(x) if isinstance(x, Tensor) else np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = central_difference(f, x, i, h)
    return out


def logsumexp(a: Array, axis: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(a, Tensor):
            m = a.max(dim=axis, keepdim=True).values.detach()
            m = m.masked_fill(m == float("-inf"), 0.0)
            return (a - m).exp().sum(dim=axis, keepdim=True).log().add(m).squeeze(axis)
        m = a.max(axis=axis, keepdims=True)
        out = np.log(np.exp(a - m).sum(axis=axis)) + m.squeeze(axis)
        out = np.where(np.isneginf(m.squeeze(axis)), -np.inf, out)
    return out.astype(a.dtype)


def gaussian_log_prob(x: Array, mean: Array, var: Array) -> Array:
    xp = array_namespace(x)
    logvar = xp.log(var)
    normalized = (x - mean) * xp.exp(-0.5 * logvar)
    return -0.5 * (normalized**2 + logvar + LOG_2PI)


def gaussian_kl(mu1: Array, logvar1: Array, mu2: Array, logvar2: Array) -> Array:
    """normal_kl, as in guided diffusion."""
    xp = array_namespace(mu1)
    return 0.5 * (-1.0 + logvar2 - logvar1 + xp.exp(logvar1 - logvar2) + ((mu1 - mu2) ** 2) * xp.exp(-logvar2))


def bayes_posterior(log_prior: Array, log_lik: Array) -> Array:
    xp = array_namespace(log_lik)
    log_joint = log_lik + log_prior.reshape(1, -1)
    log_joint = log_joint - xp.amax(log_joint, axis=1, keepdims=True)
    joint = xp.exp(log_joint)
    return joint / joint.sum(axis=1, keepdims=True)


def gaussian_posterior(m0: Array, v0: Array, x: Array, v_obs: Array) -> tuple[Array, Array]:
    total = v0 + v_obs
    w_obs = v0 / total
    w_prior = v_obs / total
    mean = w_prior * m0 + w_obs * x
    return mean, (1 - w_obs) * v0


if __name__ == "__main__":
    print(logsumexp(np.array([[1000.0, 1001.0]]), 1))
