"""Unit 3.3 in the manner of diffusers and CompVis: a posterior class, sums over lists of axes, erfinv, in-place."""

from dataclasses import dataclass
from functools import cached_property
from typing import Optional

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass
class DiagonalGaussianDistribution:
    mean: Tensor
    logvar: Tensor

    @cached_property
    def std(self) -> Tensor:
        return torch.exp(0.5 * self.logvar)

    @cached_property
    def var(self) -> Tensor:
        return torch.exp(self.logvar)

    def sample(self, noise: Tensor) -> Tensor:
        return self.mean + self.std * noise.to(self.mean)

    def kl(self, other: Optional["DiagonalGaussianDistribution"] = None) -> Tensor:
        axes = list(range(1, self.mean.ndim))
        if other is None:
            return 0.5 * torch.sum(torch.pow(self.mean, 2) + self.var - 1.0 - self.logvar, dim=axes)
        return 0.5 * torch.sum(
            torch.pow(self.mean - other.mean, 2) / other.var + self.var / other.var - 1.0 - self.logvar + other.logvar,
            dim=axes,
        )


def reparameterize(mu, logvar, eps):
    return DiagonalGaussianDistribution(mu, logvar).sample(eps)


def kl_diag_gaussian(mu, logvar):
    return DiagonalGaussianDistribution(mu, logvar).kl()


def bernoulli_log_likelihood(logits, x):
    # x l - log(1 + e^l): one softplus a pixel
    nll = softplus(logits).sub_(x * logits)
    return nll.flatten(1).sum(-1).neg_()


def elbo(x, encoder, decoder, eps, beta=1.0):
    posterior = DiagonalGaussianDistribution(*encoder(x))
    z = posterior.sample(eps)
    dec = decoder(z)
    rec_loss = -bernoulli_log_likelihood(dec, x)
    kl_loss = posterior.kl()
    return -(rec_loss + beta * kl_loss)


def iwae_bound(log_w):
    m, _ = torch.max(log_w, dim=0, keepdim=True)
    m = torch.where(torch.isfinite(m), m, torch.zeros_like(m)).detach()
    return m[0] + torch.log(torch.mean(torch.exp(log_w - m), dim=0))


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    u = torch.as_tensor(np.linspace(lo, hi, n))
    q = (2.0 * u - 1.0).erfinv() * 2**0.5
    z = torch.empty(n, n, 2)
    z[..., 0] = q.unsqueeze(1)
    z[..., 1] = q
    return z.view(-1, 2)
