"""Unit 3.3 by a beginner: one example and one pixel at a time, float64 inside, the standard library for quantiles."""

import math
from statistics import NormalDist

import torch


def reparameterize(mu, logvar, eps):
    z = torch.zeros(mu.shape, dtype=torch.float64)
    for b in range(mu.shape[0]):
        for j in range(mu.shape[1]):
            z[b, j] = mu[b, j] + torch.sqrt(logvar[b, j].double().exp()) * eps[b, j]
    return z.to(mu.dtype)


def kl_diag_gaussian(mu, logvar):
    out = []
    for m, lv in zip(mu, logvar):
        total = 0.0
        for a, b in zip(m.reshape(-1).double(), lv.reshape(-1).double()):
            total = total + (a * a + torch.expm1(b) - b) / 2
        out.append(total)
    return torch.stack(out).to(mu.dtype)


def softplus(t):
    return torch.clamp(t, min=0) + torch.log1p(torch.exp(-t.abs()))


def bernoulli_log_likelihood(logits, x):
    B = logits.shape[0]
    out = []
    for i in range(B):
        total = torch.zeros((), dtype=torch.float64)
        for l, pixel in zip(logits[i].flatten().double(), x[i].flatten().double()):
            total = total - pixel * softplus(-l) - (1 - pixel) * softplus(l)
        out.append(total)
    return torch.stack(out).to(logits.dtype)


def elbo(x, encoder, decoder, eps, beta=1.0):
    mu, logvar = encoder(x)
    z = reparameterize(mu, logvar, eps)
    logits = decoder(z)
    log_lik = bernoulli_log_likelihood(logits, x)
    kl = kl_diag_gaussian(mu, logvar)
    values = []
    for i in range(len(x)):
        values.append(log_lik[i] - beta * kl[i])
    return torch.stack(values)


def iwae_bound(log_w):
    K, B = log_w.shape
    out = []
    for b in range(B):
        column = log_w[:, b].double()
        top = max(column.tolist())
        if top == -math.inf:
            out.append(column.sum())
            continue
        total = 0
        for k in range(K):
            total = total + torch.exp(column[k] - top)
        out.append(top + torch.log(total / K))
    return torch.stack(out).to(log_w.dtype)


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    normal = NormalDist()
    q = [normal.inv_cdf(lo + (hi - lo) * i / (n - 1)) for i in range(n)]
    return torch.tensor([(q[i], q[j]) for i in range(n) for j in range(n)])
