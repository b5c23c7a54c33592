"""Unit 4.1 in the manner of diffusers' schedulers: a config, ᾱ from one step to the next, flatten and unsqueeze."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


@dataclass
class Config:
    num_train_timesteps: int
    beta_schedule: str


def _match(values: torch.Tensor, sample: torch.Tensor) -> torch.Tensor:
    values = values.to(device=sample.device, dtype=sample.dtype).flatten()
    while values.ndim < sample.ndim:
        values = values.unsqueeze(-1)
    return values


class NoiseSchedule:
    def __init__(self, T: int = 1000, kind: str = "linear") -> None:
        self.config = Config(T, kind)
        match kind:
            case "linear":
                self.betas = torch.linspace(0.0001, 0.02, T, dtype=torch.float32)
            case "scaled_linear":
                self.betas = torch.linspace(0.00085**0.5, 0.012**0.5, T, dtype=torch.float32) ** 2
            case "cosine":
                u = torch.arange(T + 1, dtype=torch.float64).div_(T)
                f = u.add_(0.008).div_(1.008).mul_(math.pi / 2).cos_().pow_(2)
                self.betas = (1 - f[1:] / f[:-1]).clamp_max_(0.999).to(torch.float32)
            case _:
                raise ValueError(f"{kind} is not implemented for {self.__class__}")
        self.alphas = 1.0 - self.betas
        self.alphas_cumprod = torch.cumprod(self.alphas, dim=0)
        self.one = torch.tensor(1.0)

    def __len__(self) -> int:
        return self.config.num_train_timesteps

    def alpha_bar(self, t: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        table = self.alphas_cumprod.to(like.device)
        return _match(torch.where(t >= 0, table[t.clamp(min=0)], self.one), like).float()

    def q_sample(self, x0: torch.Tensor, t: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        sqrt_alpha_prod = _match(self.alphas_cumprod[t] ** 0.5, x0)
        sqrt_one_minus_alpha_prod = _match((1 - self.alphas_cumprod[t]) ** 0.5, x0)
        return sqrt_alpha_prod * x0 + sqrt_one_minus_alpha_prod * noise


def predict_x0(schedule, xt, t, out, kind: str = "eps"):
    alpha_prod_t = _match(schedule.alphas_cumprod[t], xt)
    beta_prod_t = 1 - alpha_prod_t
    if kind == "eps":
        return (xt - beta_prod_t ** (0.5) * out) / alpha_prod_t ** (0.5)
    elif kind == "v":
        return (alpha_prod_t**0.5) * xt - (beta_prod_t**0.5) * out
    raise ValueError(f"prediction_type given as {kind} must be one of `eps` or `v`")


def v_target(schedule, x0, eps, t):
    return schedule.q_sample(eps, t, -x0)


def q_posterior(schedule, x0, xt, t):
    alpha_prod_t = schedule.alphas_cumprod[t]
    alpha_prod_t_prev = torch.where(t > 0, schedule.alphas_cumprod[t - 1], torch.ones(()))
    beta_prod_t = 1 - alpha_prod_t
    beta_prod_t_prev = 1 - alpha_prod_t_prev
    current_beta_t = schedule.betas[t]
    current_alpha_t = 1 - current_beta_t

    pred_original_sample_coeff = (alpha_prod_t_prev**0.5 * current_beta_t) / beta_prod_t
    current_sample_coeff = current_alpha_t**0.5 * beta_prod_t_prev / beta_prod_t
    mean = _match(pred_original_sample_coeff, xt) * x0 + _match(current_sample_coeff, xt) * xt
    return mean, _match(beta_prod_t_prev / beta_prod_t * current_beta_t, xt)


def p_sample(schedule, model_out, xt, t, noise):
    mean, variance = q_posterior(schedule, predict_x0(schedule, xt, t, model_out), xt, t)
    return torch.addcmul(mean, variance.sqrt().expand_as(xt), noise)


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    assert len(t.shape) == 1, "Timesteps should be a 1d-array"
    half_dim = dim // 2
    exponent = -math.log(max_period) * torch.arange(start=0, end=half_dim, dtype=torch.float32, device=t.device)
    exponent = exponent / (half_dim - shift)
    emb = t[:, None].float() * torch.exp(exponent)[None, :]
    emb = torch.cat([torch.sin(emb), torch.cos(emb)], dim=-1)
    if flip:
        emb = torch.cat([emb[:, half_dim:], emb[:, :half_dim]], dim=-1)
    if dim % 2 == 1:
        emb = torch.nn.functional.pad(emb, (0, 1, 0, 0))
    return emb


def compute_snr(schedule):
    alpha = schedule.alphas_cumprod**0.5
    sigma = (1.0 - schedule.alphas_cumprod) ** 0.5
    return (alpha / sigma) ** 2


def min_snr_weights(schedule, gamma: float = 5.0):
    snr = compute_snr(schedule)
    return torch.stack([snr, gamma * torch.ones_like(snr)], dim=1).min(dim=1)[0] / snr


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    model_pred = model(schedule.q_sample(x0, t, noise), t)
    if weight is None:
        return torch.nn.functional.mse_loss(model_pred, noise, reduction="mean")
    loss = torch.nn.functional.mse_loss(model_pred, noise, reduction="none")
    loss = loss.mean(dim=list(range(1, len(loss.shape)))) * weight[t]
    return loss.mean()
