"""Unit 1.3 by someone who trusts loops: one number at a time, in float64, cast at the end."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch

Array = np.ndarray | torch.Tensor


def array_namespace(a):
    return torch if isinstance(a, torch.Tensor) else np


def wide(*arrays):
    """Broadcast together, in double precision."""
    if isinstance(arrays[0], torch.Tensor):
        return torch.broadcast_tensors(*[a.double() for a in arrays])
    return np.broadcast_arrays(*[np.asarray(a, dtype=np.float64) for a in arrays])


def places(a):
    return itertools.product(*[range(n) for n in a.shape])


def collect(numbers, shape, like):
    """A list of numbers as an array of this shape and of the kind and dtype of `like`."""
    if isinstance(like, torch.Tensor):
        flat = torch.stack(list(numbers)) if numbers else torch.zeros(0)
        return flat.reshape(tuple(shape)).to(like.dtype)
    return np.array(numbers, dtype=like.dtype).reshape(shape)


def numerical_gradient(f, x, h=1e-5):
    slopes = []
    for i in range(len(x)):
        up = [float(one) for one in x]
        down = list(up)
        up[i] += h
        down[i] -= h
        if isinstance(x, torch.Tensor):
            up, down = torch.tensor(up, dtype=torch.float64), torch.tensor(down, dtype=torch.float64)
        else:
            up, down = np.array(up), np.array(down)
        slopes.append((float(f(up)) - float(f(down))) / (2 * h))
    return torch.tensor(slopes, dtype=torch.float64) if isinstance(x, torch.Tensor) else np.array(slopes)


def logsumexp(a, axis):
    xp = array_namespace(a)
    moved = xp.moveaxis(wide(a)[0], axis, 0)
    results = []
    for place in places(moved[0]):
        column = [moved[(k, *place)] for k in range(moved.shape[0])]
        top = max(column, key=float)
        if float(top) == -math.inf:
            results.append(top)
            continue
        column.pop([float(c) for c in column].index(float(top)))
        rest = sum((xp.exp(c - top) for c in column), start=0 * top)
        results.append(top + xp.log1p(rest))
    return collect(results, moved.shape[1:], a)


def gaussian_log_prob(x, mean, var):
    xp = array_namespace(x)
    xs, ms, vs = wide(x, mean, var)
    values = []
    for i in places(xs):
        square = xs[i] ** 2 - 2 * xs[i] * ms[i] + ms[i] ** 2
        values.append(-square / (2 * vs[i]) - xp.log(vs[i]) / 2 - math.log(2 * math.pi) / 2)
    return collect(values, xs.shape, x)


def gaussian_kl(mu1, logvar1, mu2, logvar2):
    xp = array_namespace(mu1)
    a, la, b, lb = wide(mu1, logvar1, mu2, logvar2)
    values = []
    for i in places(a):
        d = la[i] - lb[i]
        values.append((xp.expm1(d) - d) / 2 + (a[i] - b[i]) ** 2 * xp.exp(-lb[i]) / 2)
    return collect(values, a.shape, mu1)


def bayes_posterior(log_prior, log_lik):
    xp = array_namespace(log_lik)
    rows = []
    for n in range(log_lik.shape[0]):
        joint = [wide(log_prior)[0][c] + wide(log_lik)[0][n, c] for c in range(log_lik.shape[1])]
        # 1 / sum of ratios: no maximum is needed where the class itself is possible
        top = max(float(j) for j in joint)
        weights = [xp.exp(j - top) for j in joint]
        rows += [w / sum(weights) for w in weights]
    return collect(rows, log_lik.shape, log_lik)


def gaussian_posterior(m0, v0, x, v_obs):
    a, v, b, w = wide(m0, v0, x, v_obs)
    means = [(a[i] * w[i] + b[i] * v[i]) / (v[i] + w[i]) for i in places(a)]
    p, q = wide(v0, v_obs)
    variances = [p[i] * q[i] / (p[i] + q[i]) for i in places(p)]
    return collect(means, a.shape, x), collect(variances, p.shape, v0)


def main() -> None:
    print(gaussian_posterior(np.array([20.0]), np.array([4.0]), np.array([24.0]), np.array([1.0])))


if __name__ == "__main__":
    main()
