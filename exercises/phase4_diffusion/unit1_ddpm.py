"""4.1 Diffusion fundamentals: the forward process, its posterior, ancestral sampling and the training loss.

One index convention everywhere: t counts 0..T-1, `alphas_cumprod[t]` already includes `betas[t]`, and the
step before the first is the clean image, so ᾱ at t = -1 is 1. `t` holds one timestep per image, (B,) int64.

Images are (B, C, H, W), scaled to [-1, 1]. Nothing here looks further than the batch axis, so (B, D) points
or (B, C, F, H, W) videos do as well. They are float32 or float64, and results have the same dtype. No function
writes into the tensors it is given.

Papers: Ho, Jain & Abbeel 2020 (arXiv:2006.11239); Nichol & Dhariwal 2021 (arXiv:2102.09672).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from phase1_foundations.unit3_calculus_probability import gaussian_posterior


class NoiseSchedule:
    """How much noise each of the T steps adds, and the jump from a clean image to any step.

    Args:
        T: number of steps, at least 1.
        kind: how β runs over the steps.
            "linear": evenly spaced from 1e-4 to 0.02, both included (Ho et al. 2020, sec. 4).
            "scaled_linear": √β evenly spaced from √0.00085 to √0.012 (Stable Diffusion).
                Either has only the first value when T is 1.
            "cosine": βₜ = min(1 - f((t+1)/T) / f(t/T), 0.999) with
                f(u) = cos²((u + 0.008) / 1.008 · π/2) (Nichol & Dhariwal 2021, eq. 17).

    Attributes:
        betas: (T,) float32, the variance that step t adds, 0 < β < 1.
        alphas_cumprod: (T,) float32, ᾱₜ = (1 - β₀)(1 - β₁)…(1 - βₜ), decreasing.

    Raises:
        ValueError: unknown kind.
    """

    betas: Tensor
    alphas_cumprod: Tensor

    def __init__(self, T: int = 1000, kind: str = "linear") -> None:
        raise NotImplementedError("NoiseSchedule.__init__")

    def alpha_bar(self, t: Tensor, like: Tensor) -> Tensor:
        """ᾱ at each image's own timestep, shaped to multiply the images.

        Args:
            t: (B,) int64 in -1..T-1; -1 is the clean image, where ᾱ is 1.
            like: (B, ...) the images; only their number of axes and their device are used.

        Returns:
            (B, 1, ..., 1) float32, with as many axes as `like`.
        """
        raise NotImplementedError("NoiseSchedule.alpha_bar")

    def q_sample(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Noise clean images to step t in one jump: a draw from q(xₜ | x₀) (Ho et al. 2020, eq. 4).

        Args:
            x0: (B, ...) clean images.
            t: (B,) int64 in 0..T-1, one timestep per image.
            noise: (B, ...) standard normal ε.

        Returns:
            (B, ...) xₜ.
        """
        raise NotImplementedError("NoiseSchedule.q_sample")


def predict_x0(schedule: NoiseSchedule, xt: Tensor, t: Tensor, out: Tensor, kind: str = "eps") -> Tensor:
    """The clean image that a network's output stands for. Nothing is clipped.

    Args:
        schedule: the noise schedule that made xt.
        xt: (B, ...) images at step t.
        t: (B,) int64 in 0..T-1.
        out: (B, ...) the network's output.
        kind: what the network predicts: "eps", the noise (Ho et al. 2020, eq. 15), or "v", the
            velocity of `v_target` (Salimans & Ho 2022, app. D).

    Returns:
        (B, ...) estimate of x₀.

    Raises:
        ValueError: unknown kind.
    """
    raise NotImplementedError("predict_x0")


def v_target(schedule: NoiseSchedule, x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
    """What a v-predicting network is trained on: v = √ᾱ ε - √(1-ᾱ) x₀ (Salimans & Ho 2022, app. D).

    Args:
        schedule: the noise schedule.
        x0: (B, ...) clean images.
        eps: (B, ...) the noise that was mixed in.
        t: (B,) int64 in 0..T-1.

    Returns:
        (B, ...) v.
    """
    raise NotImplementedError("v_target")


def q_posterior(schedule: NoiseSchedule, x0: Tensor, xt: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of q(xₜ₋₁ | xₜ, x₀), the true reverse step (Ho et al. 2020, eqs. 6-7).

    A Gaussian prior on xₜ₋₁ (the jump from x₀) meets one Gaussian observation of it (the step to xₜ):
    unit 1.3's `gaussian_posterior`. At t = 0 the previous image is x₀ itself: mean x₀, variance 0.

    Args:
        schedule: the noise schedule.
        x0: (B, ...) clean images.
        xt: (B, ...) images at step t.
        t: (B,) int64 in 0..T-1.

    Returns:
        mean: (B, ...); var: (B, 1, ..., 1), β̃ₜ, at least 0, in the tables' dtype or the images'.
    """
    raise NotImplementedError("q_posterior")


def p_sample(schedule: NoiseSchedule, model_out: Tensor, xt: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """One ancestral step from xₜ to xₜ₋₁, with `q_posterior`'s variance (Ho et al. 2020, Algorithm 2).

    Args:
        schedule: the noise schedule.
        model_out: (B, ...) the network's prediction of the noise in xt.
        xt: (B, ...) images at step t.
        t: (B,) int64 in 0..T-1; where it is 0 the result is the estimate of x₀, with no noise added.
        noise: (B, ...) standard normal z.

    Returns:
        (B, ...) xₜ₋₁.
    """
    raise NotImplementedError("p_sample")


def timestep_embedding(t: Tensor, dim: int, max_period: float = 10000, flip: bool = False, shift: float = 0) -> Tensor:
    """Sinusoidal features of the timestep: all sines, then all cosines (Ho et al. 2020, app. B).

    With half = dim // 2 the frequencies are max_period^(-i / (half - shift)), i = 0..half-1. DDPM's own code
    has shift 1 (the slowest frequency is exactly 1/max_period); DiT has shift 0 and puts the cosines first.

    Args:
        t: (B,) timesteps, int64 or float.
        dim: number of features, at least 2; the last of an odd number is 0.
        max_period: ratio of the slowest to the fastest wavelength.
        flip: put the cosines before the sines.
        shift: subtracted from half in the exponent; half - shift must be positive.

    Returns:
        (B, dim) float32.
    """
    raise NotImplementedError("timestep_embedding")


def min_snr_weights(schedule: NoiseSchedule, gamma: float = 5.0) -> Tensor:
    """Min-SNR-γ weights for a noise-predicting network: min(SNR, γ) / SNR, SNR = ᾱ/(1-ᾱ).

    Source: Hang et al. 2023 (arXiv:2303.09556), sec. 3.4.

    Args:
        schedule: the noise schedule.
        gamma: the signal-to-noise ratio above which a timestep is weighed down, positive.

    Returns:
        (T,) float32 in (0, 1], one weight per timestep.
    """
    raise NotImplementedError("min_snr_weights")


def ddpm_loss(
    schedule: NoiseSchedule,
    model: Callable[[Tensor, Tensor], Tensor],
    x0: Tensor,
    t: Tensor,
    noise: Tensor,
    weight: Tensor | None = None,
) -> Tensor:
    """L_simple: how well the network finds the noise that was mixed in (Ho et al. 2020, eq. 14).

    Args:
        schedule: the noise schedule.
        model: called once, as model(xt, t), for a (B, ...) prediction of the noise.
        x0: (B, ...) clean images.
        t: (B,) int64 in 0..T-1, each image its own.
        noise: (B, ...) standard normal ε.
        weight: (T,) factor for each timestep, or None for 1 everywhere.

    Returns:
        () squared error: mean over an image, times the weight of its timestep, mean over the batch.
    """
    raise NotImplementedError("ddpm_loss")
