"""Unit 1.3, calculus and probability: slopes, Gaussians and Bayes' rule.

Every function here takes NumPy arrays or torch tensors, never a mixture of the two, and gives back the kind it
was given, in the same dtype: float32 stays float32. Arguments are left as they were. A tensor stays a tensor all
the way, because unit 3.3 (VAE) and unit 4.1 (DDPM) import these functions and differentiate through them.
`+ - * / **` mean the same for both kinds; for everything else, `array_namespace` says which library to ask.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (DLB), chapters 3 and 4; Kingma & Welling 2013,
appendix B; Bishop, *Pattern Recognition and Machine Learning*, section 2.3.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

Array = np.ndarray | torch.Tensor


def array_namespace(a: Array) -> Any:
    """The library that `a` belongs to: `torch` for a tensor, `numpy` for anything else.

    With `xp = array_namespace(a)`, `xp.exp(a)` works for both kinds. Both libraries know `exp`, `log`, `sum`,
    `amax`, `where`, `isfinite` and `zeros_like` by these names and take `axis=` and `keepdims=`; both kinds
    of array have `.squeeze(axis)`. This function is given.
    """
    return torch if isinstance(a, torch.Tensor) else np


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float = 1e-5) -> Array:
    """The gradient of `f` at `x` by central differences, one coordinate at a time.

    f: takes an array like `x`, returns one number.
    x: (D,) float64; left as it was found.
    h: the step to either side, > 0. The error of the formula is about h² · f''' / 6.
    Returns (D,) float64: the slope of `f` along each coordinate.
    Source: DLB section 11.5 (centred differences).
    """
    raise NotImplementedError("numerical_gradient")


def logsumexp(a: Array, axis: int) -> Array:
    """log Σ exp(a) along `axis`, without overflow or underflow.

    a: (N, K) or any other shape; entries anywhere from -1e5 to 1e5 and -inf (which stands for log 0).
    axis: the axis that is summed away. (N, K) with axis=1 gives (N,).
    A slice that is -inf throughout gives -inf: the log of a sum of zeros.
    Source: DLB section 4.1.
    """
    raise NotImplementedError("logsumexp")


def gaussian_log_prob(x: Array, mean: Array, var: Array) -> Array:
    """The log density of N(mean, var) at `x`, element by element, in nats.

    x, mean, var: shapes that broadcast together; var > 0 is the variance σ², not σ.
    Returns the broadcast shape. Nothing is summed.
    Source: DLB section 3.9.3.
    """
    raise NotImplementedError("gaussian_log_prob")


def gaussian_kl(mu1: Array, logvar1: Array, mu2: Array, logvar2: Array) -> Array:
    """KL(N₁ ‖ N₂) between one-dimensional Gaussians, element by element, in nats.

    mu1, logvar1, mu2, logvar2: shapes that broadcast together; logvar is log σ², any real number,
    also one whose exp is too large for a float.
    Returns the broadcast shape, every entry ≥ 0. Nothing is summed.
    Source: Kingma & Welling 2013, appendix B, for N₂ = N(0, 1).
    """
    raise NotImplementedError("gaussian_kl")


def bayes_posterior(log_prior: Array, log_lik: Array) -> Array:
    """p(class | data) for each of N data points, by Bayes' rule in log space.

    log_prior: (C,) log p(class); -inf for an impossible class.
    log_lik: (N, C) log p(data_n | class); may be as low as -1e5.
    Returns (N, C) probabilities in [0, 1]; each row sums to 1.
    Source: DLB section 3.11.
    """
    raise NotImplementedError("bayes_posterior")


def gaussian_posterior(m0: Array, v0: Array, x: Array, v_obs: Array) -> tuple[Array, Array]:
    """What is known of z after seeing x, when z ~ N(m0, v0) and x ~ N(z, v_obs). Element by element.

    m0, v0, x, v_obs: shapes that broadcast together; v0 ≥ 0 and v_obs ≥ 0 are variances, not both 0.
    Returns (mean, var) of p(z | x): mean has the broadcast shape of all four, var that of v0 and v_obs.
    v0 = 0 gives (m0, 0): the prior was certain. v_obs = 0 gives (x, 0): the observation was exact.
    Source: Bishop 2006, eq. 2.141 and 2.142 with N = 1. DDPM's eq. 7 is this formula.
    """
    raise NotImplementedError("gaussian_posterior")
