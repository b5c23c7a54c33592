"""Unit 1.3 by someone who adds precisions and repairs the certain cases afterwards, with everything vectorised."""

import math

import numpy as np
import torch


def array_namespace(a):
    if isinstance(a, torch.Tensor):
        return torch
    return np


def numerical_gradient(f, x, h=1e-5):
    xp = array_namespace(x)
    steps = h * xp.eye(len(x), dtype=xp.float64)
    rise = [float(f(x + step)) - float(f(x - step)) for step in steps]
    return xp.asarray(rise, dtype=xp.float64) / (2.0 * h)


def logsumexp(a, axis):
    """Half the shift twice: through base two."""
    xp = array_namespace(a)
    b = a / math.log(2)
    m = xp.amax(b, axis=axis, keepdims=True)
    m = xp.where(xp.isfinite(m), m, xp.zeros_like(m))
    total = xp.sum(xp.exp2(b - m), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):
        return ((m + xp.log2(total)) * math.log(2)).squeeze(axis)


def gaussian_log_prob(x, mean, var):
    xp = array_namespace(x)
    precision = 1 / var
    return 0.5 * (xp.log(precision) - math.log(2 * math.pi) - precision * (mean - x) * (mean - x))


def gaussian_kl(mu1, logvar1, mu2, logvar2):
    """Cross-entropy minus entropy."""
    xp = array_namespace(mu1)
    cross = logvar2 + xp.exp(logvar1 - logvar2) + xp.exp(-logvar2) * (mu2 - mu1) ** 2
    entropy = 1.0 + logvar1
    return (cross - entropy) / 2


def bayes_posterior(log_prior, log_lik):
    xp = array_namespace(log_lik)
    joint = log_prior + log_lik
    evidence = logsumexp(joint, axis=-1)
    return xp.exp(joint - evidence[..., None])


def gaussian_posterior(m0, v0, x, v_obs):
    xp = array_namespace(x)
    with np.errstate(all="ignore"):
        precision = 1 / v0 + 1 / v_obs
        var = 1 / precision
        mean = var * (m0 / v0 + x / v_obs)
    sure = v0 == 0
    exact = v_obs == 0
    mean = xp.where(sure, m0, mean)
    mean = xp.where(exact, x, mean)
    return mean, var
