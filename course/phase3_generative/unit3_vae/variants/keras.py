"""Unit 3.3 by someone who comes from TensorFlow: the stable cross-entropy by hand, constants as tensors."""

from functools import reduce

import numpy as np
import torch

HALF = torch.tensor(0.5)


def reduce_sum(t, axis=None):
    axes = range(1, t.ndim) if axis is None else [axis]
    return reduce(lambda value, _: torch.sum(value, -1), axes, t)


def sigmoid_cross_entropy_with_logits(labels, logits):
    """max(l, 0) - l x + log(1 + exp(-|l|))"""
    zeros = torch.zeros_like(logits)
    relu_logits = torch.where(logits >= zeros, logits, zeros)
    neg_abs_logits = torch.where(logits >= zeros, -logits, logits)
    return relu_logits - logits * labels + torch.log1p(torch.exp(neg_abs_logits))


class Sampling(torch.nn.Module):
    """Uses (z_mean, z_log_var) to sample z."""

    def forward(self, inputs, epsilon):
        z_mean, z_log_var = inputs
        return z_mean + torch.exp(HALF * z_log_var) * epsilon


def reparameterize(mu, logvar, eps):
    return Sampling()((mu, logvar), eps)


def kl_diag_gaussian(mu, logvar):
    kl = mu.square().add_(logvar.exp()).sub_(1).sub_(logvar)
    return reduce_sum(kl).mul_(0.5)


def bernoulli_log_likelihood(logits, x):
    return reduce_sum(-sigmoid_cross_entropy_with_logits(labels=x, logits=logits))


def elbo(x, encoder, decoder, eps, beta=1.0):
    z_mean, z_log_var = encoder(x)
    z = Sampling()((z_mean, z_log_var), eps)
    reconstruction = decoder(z)
    reconstruction_loss = reduce_sum(sigmoid_cross_entropy_with_logits(x, reconstruction))
    kl_loss = -0.5 * (1 + z_log_var - torch.square(z_mean) - torch.exp(z_log_var))
    kl_loss = torch.sum(kl_loss, dim=1)
    total_loss = reconstruction_loss + beta * kl_loss
    return torch.negative(total_loss)


def iwae_bound(log_w):
    k = torch.tensor(log_w.shape[0])
    best = log_w.amax(0, keepdim=True).detach()
    best = torch.nan_to_num(best, neginf=0.0)
    weights = torch.exp(log_w - best)
    return torch.log(weights.sum(0)) + best.squeeze(0) - torch.log(k)


def latent_manifold_grid(n, lo=0.05, hi=0.95):
    grid = torch.special.ndtri(torch.from_numpy(np.linspace(lo, hi, n).astype("float32")))
    z = np.zeros((n * n, 2), dtype=np.float32)
    for i, yi in enumerate(grid):
        for j, xi in enumerate(grid):
            z[i * n + j] = [yi, xi]
    return torch.from_numpy(z)
