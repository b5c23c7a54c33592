"""4.4 Guidance: steer a diffusion model with a classifier, or with itself, and see what it costs.

As in unit 4.1: `t` is (B,) int64 in 0..T-1, `alphas_cumprod` is the (T,) table of a `NoiseSchedule`, and a
network predicts the noise ε. Noise and score are one thing in two units: ∇ log p(xₜ) = -ε / √(1-ᾱₜ). Tensors are
float32 or float64, and results have the same dtype. No function writes into the tensors it is given.

Papers: Dhariwal & Nichol 2021 (arXiv:2105.05233); Ho & Salimans 2022 (arXiv:2207.12598).
"""

from collections.abc import Callable

import torch
from torch import Tensor


def cfg_combine(eps_uncond: Tensor, eps_cond: Tensor, scale: float, convention: str = "sd") -> Tensor:
    """Classifier-free guidance: push the conditional prediction away from the unconditional one.

    Args:
        eps_uncond: (B, ...) the network's prediction without the condition (or for a negative prompt).
        eps_cond: (B, ...) its prediction with the condition.
        scale: strength of the guidance.
        convention: "sd": scale is Stable Diffusion's s, and 1 is no guidance.
            "paper": scale is the paper's w = s - 1, and 0 is no guidance (Ho & Salimans 2022, eq. 6).

    Returns:
        (B, ...) guided prediction.

    Raises:
        ValueError: unknown convention.
    """
    raise NotImplementedError("cfg_combine")


def rescale_noise_cfg(cfg: Tensor, cond: Tensor, phi: float) -> Tensor:
    """Give the guided prediction part of the conditional one's contrast back (Lin et al. 2023, eqs. 15-16).

    Args:
        cfg: (B, ...) guided prediction; no image of it constant.
        cond: (B, ...) conditional prediction, before guidance.
        phi: 0 leaves cfg as it is; 1 gives each image the standard deviation of its conditional prediction.

    Returns:
        (B, ...).
    """
    raise NotImplementedError("rescale_noise_cfg")


def drop_condition(y: Tensor, null_id: int, p: float, generator: torch.Generator | None = None) -> Tensor:
    """Replace each training label, independently, by "no condition" (Ho & Salimans 2022, Algorithm 1).

    Args:
        y: (B,) int64 class labels.
        null_id: the label that stands for "no condition"; not one of the classes.
        p: probability of dropping a label, 0..1; 0 drops none and 1 drops all.
        generator: where the randomness comes from; None is torch's global generator.

    Returns:
        (B,) int64; y itself is not changed.
    """
    raise NotImplementedError("drop_condition")


def classifier_guided_eps(
    eps: Tensor,
    xt: Tensor,
    t: Tensor,
    log_prob_fn: Callable[[Tensor, Tensor], Tensor],
    scale: float,
    alphas_cumprod: Tensor,
) -> Tensor:
    """Shift a noise prediction by a classifier's gradient (Dhariwal & Nichol 2021, eq. 14 and Algorithm 2).

    The result carries no gradient. The function works inside `torch.no_grad()`, where samplers run, and after it
    gradients are still off there.

    Args:
        eps: (B, ...) the network's prediction of the noise in xt.
        xt: (B, ...) images at step t.
        t: (B,) int64 in 0..T-1.
        log_prob_fn: log_prob_fn(x, t) -> (B,), differentiable log p(y | xₜ) of each image's wanted class. It is
            for the whole batch: it knows B wanted classes, and expects x and t of B images.
        scale: strength of the guidance; 0 is none.
        alphas_cumprod: (T,) ᾱ.

    Returns:
        (B, ...) ε̂ = ε - scale · √(1-ᾱₜ) · ∇ log p(y | xₜ).
    """
    raise NotImplementedError("classifier_guided_eps")


def gmm_eps(x: Tensor, t: Tensor, weights: Tensor, means: Tensor, var: Tensor, alphas_cumprod: Tensor) -> Tensor:
    """The perfect noise predictor when the data are a mixture of round Gaussians: no network, no training.

    Diffusion keeps a mixture a mixture: at step t component k has mean √ᾱ mₖ and variance ᾱ vₖ + 1 - ᾱ. The
    result is -√(1-ᾱ) times the gradient of its log-density (Song et al. 2021, arXiv:2011.13456, sec. 2).

    Args:
        x: (B, D) points at step t.
        t: (B,) int64 in 0..T-1.
        weights: (K,) non-negative, sum 1.
        means: (K, D) centres of the clean components.
        var: (K,) variance of each clean component, at least 0.
        alphas_cumprod: (T,) ᾱ.

    Returns:
        (B, D) E[ε | xₜ = x].
    """
    raise NotImplementedError("gmm_eps")
