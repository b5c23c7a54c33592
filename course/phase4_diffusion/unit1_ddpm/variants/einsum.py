"""Unit 4.1 by someone who knows torch well: einsum, complex numbers, log-SNR, results that are views."""

import math

import torch
from torch import Tensor

from phase1_foundations.unit3_calculus_probability import gaussian_posterior

_STABLE_DIFFUSION = (0.00085, 0.012)


class NoiseSchedule:
    def __init__(self, T: int = 1000, kind: str = "linear"):
        make = getattr(self, f"_{kind}", None) if isinstance(kind, str) else None
        if make is None:
            raise ValueError(f"unknown kind {kind!r}")
        betas = make(T)
        self.betas = betas.float()
        self.alphas_cumprod = torch.exp(torch.cumsum(torch.log1p(-betas), 0)).float()

    @staticmethod
    def _linear(T):
        return torch.lerp(torch.tensor(1e-4).double(), torch.tensor(0.02).double(), torch.linspace(0, 1, T).double())

    @staticmethod
    def _scaled_linear(T):
        low, high = (math.sqrt(b) for b in _STABLE_DIFFUSION)
        return torch.linspace(low, high, T).double() ** 2

    @staticmethod
    def _cosine(T):
        angle = (torch.arange(T + 1, dtype=torch.float64) / T + 0.008) / 1.008 * math.pi / 2
        log_f = 2 * torch.log(torch.cos(angle).abs())
        return torch.minimum(-torch.expm1(log_f.diff()), torch.full((T,), 0.999, dtype=torch.float64))

    def alpha_bar(self, t: Tensor, like: Tensor) -> Tensor:
        table = torch.cat([torch.ones(1), self.alphas_cumprod]).to(like.device)
        return table.index_select(0, t + 1)[(...,) + (None,) * (like.ndim - 1)]

    def q_sample(self, x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        return _mix(self, t, x0, noise)


def _mix(schedule, t, a, b):
    """√ᾱ a + √(1-ᾱ) b."""
    bar = schedule.alphas_cumprod[t].to(a.dtype)
    coefficients = torch.stack([bar.sqrt(), (1 - bar).sqrt()])
    return torch.einsum("kb,kb...->b...", coefficients, torch.stack([a, b]))


def predict_x0(schedule, xt, t, out, kind="eps"):
    bar = schedule.alpha_bar(t, xt)
    if kind == "eps":
        return torch.addcmul(xt, (1 - bar).sqrt(), out, value=-1).div(bar.sqrt())
    if kind == "v":
        return _mix(schedule, t, xt, -out)
    raise ValueError(kind)


def v_target(schedule, x0, eps, t):
    bar = schedule.alpha_bar(t, x0).to(x0.dtype)
    turn = torch.complex(bar.sqrt(), (1 - bar).sqrt())
    return (turn * torch.complex(eps, x0)).real


def q_posterior(schedule, x0, xt, t):
    before = schedule.alpha_bar(t - 1, x0)
    beta = schedule.betas[t].reshape(before.shape)
    return gaussian_posterior(before.sqrt() * x0, 1 - before, xt * (1 - beta).rsqrt(), beta / (1 - beta))


def p_sample(schedule, model_out, xt, t, noise):
    x0 = predict_x0(schedule, xt, t, model_out)
    mean, var = q_posterior(schedule, x0, xt, t)
    return torch.where(t.view(var.shape) > 0, mean + noise * var.sqrt(), x0)


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    freqs = torch.pow(float(max_period), -torch.arange(half, dtype=torch.float64) / (half - shift))
    waves = torch.polar(torch.ones(len(t), half, dtype=torch.float64), torch.outer(t.double(), freqs))
    both = [waves.imag, waves.real]
    out = torch.zeros(len(t), dim)
    out[:, :half], out[:, half : 2 * half] = reversed(both) if flip else both
    return out


def min_snr_weights(schedule, gamma=5.0):
    log_snr = torch.logit(schedule.alphas_cumprod.double())
    return torch.exp(torch.clamp(math.log(gamma) - log_snr, max=0)).float()


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    error = (noise - model(schedule.q_sample(x0, t, noise), t)).flatten(1)
    squared = torch.einsum("bi,bi->b", error, error)
    weights = torch.ones_like(squared) if weight is None else weight.to(squared)[t]
    return squared @ weights / error.numel()
