"""Unit 3.3 by someone who reuses unit 1.3 and rewrites the formulas: squares expanded, einsum, weights by parity."""

import math

import torch
import torch.nn.functional as F

from phase1_foundations.unit3_calculus_probability import gaussian_kl, logsumexp

SQRT2 = math.sqrt(2.0)


def _sum(t):
    return torch.einsum("bi->b", t.reshape(len(t), -1))


def reparameterize(mu, logvar, eps):
    return torch.addcmul(mu, (logvar / 2).exp(), eps)


def kl_diag_gaussian(mu, logvar):
    one_each = gaussian_kl(mu, logvar, mu * 0, logvar * 0)
    while one_each.ndim > 1:
        one_each = one_each.sum(-1)
    return one_each


def bernoulli_log_likelihood(logits, x):
    right = F.logsigmoid(logits)
    wrong = right - logits  # log sigmoid(-l) = log sigmoid(l) - l
    return _sum(torch.lerp(wrong, right, x))


def elbo(x, encoder, decoder, eps, *args, **kwargs):
    beta = args[0] if args else kwargs.get("beta", 1.0)
    stats = encoder(x)
    code = reparameterize(*stats, eps)
    reward = bernoulli_log_likelihood(decoder(code), x)
    return reward + (-beta) * kl_diag_gaussian(*stats)


def iwae_bound(log_w):
    return logsumexp(log_w, 0) - math.log(len(log_w))


def _quantile(u):
    """The inverse of the normal distribution function by bisection on math.erf."""
    a, b = -40.0, 40.0
    for _ in range(200):
        c = (a + b) / 2
        a, b = (c, b) if 0.5 * math.erfc(-c / SQRT2) < u else (a, c)
    return (a + b) / 2


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    step = (hi - lo) / (n - 1)
    q = torch.tensor([_quantile(lo + step * i) for i in range(n)], dtype=torch.float32)
    return torch.stack((q.repeat_interleave(n), q.repeat(n)), dim=-1)
