"""Unit 3.3 in the manner of pytorch/examples and AntixK's collection: exp of half, BCE with logits."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def reparameterize(mu: torch.Tensor, logvar: torch.Tensor, eps: torch.Tensor) -> torch.Tensor:
    std = torch.exp(0.5 * logvar)
    return eps * std + mu


def kl_diag_gaussian(mu, logvar):
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=tuple(range(1, mu.dim())))
    return kld


def bernoulli_log_likelihood(logits, x):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -bce.view(x.shape[0], -1).sum(dim=1) if bce.is_contiguous() else -bce.reshape(x.shape[0], -1).sum(dim=1)


def elbo(x, encoder, decoder, eps, beta=1.0):
    mu, logvar = encoder(x)
    z = reparameterize(mu, logvar, eps)
    recons = decoder(z)
    recons_loss = -bernoulli_log_likelihood(recons, x)
    kld_loss = kl_diag_gaussian(mu, logvar)
    loss = recons_loss + beta * kld_loss
    return -loss


def iwae_bound(log_w):
    return torch.logsumexp(log_w, dim=0) - torch.log(torch.tensor(float(log_w.size(0)))).to(log_w)


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    grid = torch.distributions.Normal(0.0, 1.0).icdf(torch.linspace(lo, hi, n))
    zx, zy = torch.meshgrid(grid, grid, indexing="ij")
    return torch.stack([zx.flatten(), zy.flatten()], dim=1)


def main():
    mu, logvar = torch.zeros(2, 3), torch.zeros(2, 3)
    print(kl_diag_gaussian(mu, logvar))


if __name__ == "__main__":
    main()
