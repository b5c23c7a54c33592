"""Unit 3.3, variational autoencoders.

A latent-variable model draws a code z from a standard normal and an image x from p(x|z). Its evidence
p(x) = ∫ p(x|z) p(z) dz has no closed form, so it is trained on a lower bound. Six functions build that bound and read
it: a sample that lets gradients through, the two terms of the bound, the bound, its tighter importance-weighted form,
and the grid of codes on which to look at the result.

Notation of Kingma & Welling 2013 (arXiv:1312.6114): encoder q(z|x) = N(μ, diag σ²), decoder p(x|z), prior
p(z) = N(0, I). Encoders return log σ², called `logvar`. Every log is natural, so every value is in nats, and every
function keeps the dtype and device of its tensors, lets gradients through and changes none of its arguments.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from phase1_foundations.unit3_calculus_probability import gaussian_kl, logsumexp


def reparameterize(mu: Tensor, logvar: Tensor, eps: Tensor) -> Tensor:
    """A sample of N(μ, σ²) written as a function of μ and log σ², so that gradients reach both.

    mu, logvar: (B, Z), any real numbers: the encoder's mean and log-variance log σ²
    eps: (B, Z), standard normal noise drawn by the caller, so the result is deterministic
    returns z: (B, Z)

    Source: Kingma & Welling 2013, section 2.4 and eq. 10.
    """
    raise NotImplementedError("reparameterize")


def kl_diag_gaussian(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) of each example: nats, ≥ 0, zero only where μ = 0 and σ² = 1.

    mu, logvar: (B, ...), any real numbers, at least one latent axis; all axes after the first are latent
    returns (B,): summed over the latent axes, not averaged, and not reduced over the batch

    One term per latent coordinate is `gaussian_kl` of unit 1.3.
    Source: Kingma & Welling 2013, appendix B (which gives the negative).
    """
    raise NotImplementedError("kl_diag_gaussian")


def bernoulli_log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    """log p(x|z) of each example when every pixel is a coin with P(pixel = 1) = sigmoid(logit): nats, ≤ 0.

    logits: (B, ...), any real numbers; the value must stay exact and finite out to ±1e4
    x: (B, ...) of the same shape, in [0, 1]: 0 or 1, or a grey value, which is taken as it is
    returns (B,): summed over the pixels

    Source: Kingma & Welling 2013, appendix C.1, eq. 11.
    """
    raise NotImplementedError("bernoulli_log_likelihood")


def elbo(
    x: Tensor,
    encoder: Callable[[Tensor], tuple[Tensor, Tensor]],
    decoder: Callable[[Tensor], Tensor],
    eps: Tensor,
    beta: float = 1.0,
) -> Tensor:
    """One-sample estimate of the evidence lower bound of each example, in nats; training maximises its mean.

    x: (B, ...), pixels in [0, 1]
    encoder: encoder(x) -> (mu, logvar), each (B, Z)
    decoder: decoder(z) -> logits of the pixels, of x's shape
    eps: (B, Z), standard normal noise: one sample of z for each example
    beta: weight of the KL term; 1 gives the bound on log p(x), any other value the β-VAE objective
    returns (B,): log p(x|z) − β · KL(q(z|x) ‖ p(z)), differentiable in the parameters of both networks

    Source: Kingma & Welling 2013, eq. 3 and 10; Higgins et al. 2017, eq. 4, for β.
    """
    raise NotImplementedError("elbo")


def iwae_bound(log_w: Tensor) -> Tensor:
    """The importance-weighted bound log (1/K) Σ_k w_k of each example, in nats.

    log_w: (K, B), log w_k = log p(x, z_k) − log q(z_k|x) for K ≥ 1 samples z_k of q(z|x); may be as low as −1e4 and
        as high as 1e4, and −inf where a sample has weight zero
    returns (B,): equal to the ELBO estimate for K = 1, and a tighter bound on log p(x), in expectation, as K grows;
        −inf where every sample has weight zero

    `logsumexp` of unit 1.3 does the dangerous part.
    Source: Burda, Grosse & Salakhutdinov 2016 (arXiv:1509.00519), eq. 8.
    """
    raise NotImplementedError("iwae_bound")


def latent_manifold_grid(n: int, lo: float = 0.05, hi: float = 0.95) -> Tensor:
    """Codes of a 2-D latent space at which to decode a picture of the whole space, spaced evenly in probability.

    n: codes along one side, ≥ 2
    lo, hi: 0 < lo < hi < 1, cumulative probabilities of the first and the last code
    returns z: (n·n, 2) float32: with q the n quantiles of N(0, 1) at probabilities evenly spaced from lo to hi, both
        ends included, row i·n + j is (q_i, q_j)

    Source: Kingma & Welling 2013, appendix A and figure 4.
    """
    raise NotImplementedError("latent_manifold_grid")
