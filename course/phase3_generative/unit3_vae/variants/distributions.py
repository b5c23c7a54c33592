"""Unit 3.3 by a user of Pyro: everything is a distribution object, and the library does the algebra."""

import math
from typing import Callable, Tuple

import torch
import torch.distributions as td


def posterior(mu: torch.Tensor, logvar: torch.Tensor) -> td.Distribution:
    base = td.Normal(mu, logvar.mul(0.5).exp(), validate_args=False)
    return td.Independent(base, mu.dim() - 1, validate_args=False)


def prior_like(mu: torch.Tensor) -> td.Distribution:
    return td.Independent(td.Normal(torch.zeros_like(mu), torch.ones_like(mu)), mu.dim() - 1)


def reparameterize(mu, logvar, eps):
    noise_to_code = td.AffineTransform(loc=mu, scale=torch.sqrt(torch.exp(logvar)))
    return noise_to_code(eps)


def kl_diag_gaussian(mu, logvar):
    return td.kl_divergence(posterior(mu, logvar), prior_like(mu))


def bernoulli_log_likelihood(logits, x):
    pixels = td.Independent(td.Bernoulli(logits=logits, validate_args=False), logits.dim() - 1, validate_args=False)
    return pixels.log_prob(x)


def elbo(
    x: torch.Tensor,
    encoder: Callable[[torch.Tensor], Tuple[torch.Tensor, torch.Tensor]],
    decoder: Callable[[torch.Tensor], torch.Tensor],
    eps: torch.Tensor,
    beta: float = 1.0,
) -> torch.Tensor:
    mu, logvar = encoder(x)
    logits = decoder(reparameterize(mu, logvar, eps))
    return bernoulli_log_likelihood(logits, x).sub(kl_diag_gaussian(mu, logvar), alpha=beta)


def iwae_bound(log_w):
    k = log_w.shape[0]
    return (log_w - math.log(k)).logsumexp(0)


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    u = torch.linspace(lo, hi, n, dtype=torch.float64)
    q = td.Normal(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)).icdf(u)
    return torch.cartesian_prod(q, q).float()
