"""Unit 2.6 by someone who writes the formulas out, with loops, and builds one large linear autoencoder with a bend."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import torch
from torch import nn


def reconstruction_loss(x, xhat, kind):
    if kind not in ("bce", "mse"):
        raise ValueError(kind)
    losses = []
    for picture, guess in zip(x, xhat):
        if kind == "mse":
            losses.append(((picture - guess) ** 2).sum())
        else:  # log(1 + exp(l)) − x l, without the overflow
            losses.append((guess.clamp(min=0) - picture * guess + torch.log1p(torch.exp(-guess.abs()))).sum())
    return torch.stack(losses).mean()


def linear_ae_reconstruct(x, k):
    """The projection onto the largest eigenvectors of the covariance."""
    mean = x.mean(0, keepdims=True)
    cov = (x - mean).T @ (x - mean)
    _, vectors = np.linalg.eigh(cov)
    plane = vectors[:, -k:]
    return mean + (x - mean) @ (plane @ plane.T)


class Half(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.randn(i, o) * math.sqrt(2 / i)) for i, o in pairwise(sizes))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(o)) for o in sizes[1:])

    def forward(self, h):
        for n, (w, b) in enumerate(zip(self.weights, self.biases)):
            h = h @ w + b
            if n < len(self.weights) - 1:
                h = torch.tanh(h)
        return h


class ConvAutoencoder(nn.Module):
    """No convolution at all, which the statement leaves open; logits of zero at the start, as a careful person has."""

    def __init__(self, c, latent_dim):
        super().__init__()
        self.c = c
        self.into = Half([c * 784, 64, latent_dim])
        self.out_of = Half([latent_dim, 64, c * 784])

    def encode(self, x):
        return self.into((x - 0.5).reshape(len(x), -1))

    def decode(self, z):
        return self.out_of(z).reshape(len(z), self.c, 28, 28)

    def forward(self, x):
        return self.encode(x), self.decode(self.encode(x))


def slerp(z0, z1, t):
    """A turn in the plane of the two: along a, and along what of b is orthogonal to a."""
    a, b = (z / torch.sqrt((z * z).sum()) for z in (z0, z1))
    if float((a + b).double().norm()) < 1e-3:
        raise ValueError("opposite")
    u = b - (a @ b) * a
    length = float(u.norm())
    if length < 1e-6:
        return torch.stack([a] * len(t))
    u = u / length
    angle = math.atan2(length, float(a @ b))
    rows = []
    for one in t.tolist():
        row = math.cos(one * angle) * a + math.sin(one * angle) * u
        rows.append(row / row.norm())
    return torch.stack(rows)


def knn_probe(z_tr, y_tr, z_te, k):
    found = []
    for z in z_te.double():
        far = ((z_tr.double() - z) ** 2).sum(1)
        votes = Counter(y_tr[i].item() for i in torch.argsort(far)[:k])
        most = max(votes.values())
        found.append(min(label for label, count in votes.items() if count == most))
    return torch.tensor(found)


def tsne_affinities(x, perplexity):
    """Newton's method in log β, kept inside a bracket."""
    n = len(x)
    conditional = np.zeros((n, n))
    for i in range(n):
        others = [j for j in range(n) if j != i]
        d = np.array([float(np.dot(x[i] - x[j], x[i] - x[j])) for j in others])
        d -= d.min()
        unit = d.mean()
        d = d / unit
        low, high, s = -60.0, 60.0, 0.0
        for _ in range(300):
            beta = math.exp(s)
            p = np.exp(-beta * d)
            total = p.sum()
            p /= total
            mean = (p * d).sum()
            gap = math.log(total) + beta * mean - math.log(perplexity)
            if abs(gap) < 1e-12:
                break
            low, high = (s, high) if gap > 0 else (low, s)
            slope = -(beta**2) * ((p * d * d).sum() - mean**2)
            s = s - gap / slope if slope < 0 else (low + high) / 2
            if not low < s < high:
                s = (low + high) / 2
        conditional[i, others] = p
    return 0.5 * (conditional + conditional.T) / n
