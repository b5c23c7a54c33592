"""Unit 4.1 in the manner of lucidrains and the annotated diffusion model: a module with buffers, gather, F.pad."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn


def exists(x):
    return x is not None


def extract(a, t, x_shape):
    b, *_ = t.shape
    out = a.gather(-1, t)
    return out.reshape(b, *((1,) * (len(x_shape) - 1)))


def linear_beta_schedule(timesteps):
    return torch.linspace(1e-4, 0.02, timesteps, dtype=torch.float64)


def scaled_linear_beta_schedule(timesteps):
    return torch.linspace(math.sqrt(0.00085), math.sqrt(0.012), timesteps, dtype=torch.float64).square()


def cosine_beta_schedule(timesteps, s=0.008):
    steps = timesteps + 1
    x = torch.linspace(0, timesteps, steps, dtype=torch.float64) / timesteps
    alphas_cumprod = torch.cos((x + s) / (1 + s) * math.pi * 0.5) ** 2
    alphas_cumprod = alphas_cumprod / alphas_cumprod[0]
    betas = 1 - (alphas_cumprod[1:] / alphas_cumprod[:-1])
    return torch.clip(betas, 0, 0.999)


class NoiseSchedule(nn.Module):
    def __init__(self, T: int = 1000, kind: str = "linear"):
        super().__init__()
        fns = dict(linear=linear_beta_schedule, scaled_linear=scaled_linear_beta_schedule, cosine=cosine_beta_schedule)
        if kind not in fns:
            raise ValueError(f"unknown beta schedule {kind}")
        betas = fns[kind](T)
        alphas = 1.0 - betas
        alphas_cumprod = torch.cumprod(alphas, dim=0)

        def register(name, val):
            self.register_buffer(name, val.to(torch.float32))

        register("betas", betas)
        register("alphas_cumprod", alphas_cumprod)
        register("padded", F.pad(alphas_cumprod, (1, 0), value=1.0))

    @torch.no_grad()
    def alpha_bar(self, t, like):
        return extract(self.padded.to(like.device), t + 1, like.shape)

    def q_sample(self, x0, t, noise):
        acp = extract(self.alphas_cumprod, t, x0.shape)
        return acp.sqrt() * x0 + (1 - acp).sqrt() * noise


def predict_x0(schedule, xt, t, out, kind="eps"):
    acp = extract(schedule.alphas_cumprod, t, xt.shape)
    if kind == "eps":
        return torch.rsqrt(acp) * xt - (1.0 / acp - 1).sqrt() * out
    elif kind == "v":
        return acp.sqrt() * xt - (1 - acp).sqrt() * out
    raise ValueError(f"unknown objective {kind}")


def v_target(schedule, x0, eps, t):
    acp = extract(schedule.alphas_cumprod, t, x0.shape)
    return acp.sqrt() * eps - (1.0 - acp).sqrt() * x0


def q_posterior(schedule, x0, xt, t):
    prev = F.pad(schedule.alphas_cumprod[:-1], (1, 0), value=1.0)
    betas = schedule.betas
    denominator = 1.0 - schedule.alphas_cumprod
    posterior_variance = betas * (1.0 - prev) / denominator
    coef1 = betas * torch.sqrt(prev) / denominator
    coef2 = (1.0 - prev) * torch.sqrt(1.0 - betas) / denominator
    mean = extract(coef1, t, xt.shape) * x0 + extract(coef2, t, xt.shape) * xt
    return mean, extract(posterior_variance, t, xt.shape)


@torch.no_grad()
def p_sample(schedule, model_out, xt, t, noise):
    x_start = predict_x0(schedule, xt, t, model_out)
    mean, variance = q_posterior(schedule, x_start, xt, t)
    log_variance = variance.clamp(min=1e-20).log()
    mask = (1 - (t == 0).float()).reshape(len(t), *((1,) * (xt.ndim - 1)))
    return mean + mask * (0.5 * log_variance).exp() * noise


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    half_dim = dim // 2
    emb = math.log(max_period) / (half_dim - shift)
    emb = torch.exp(torch.arange(half_dim, device=t.device) * -emb)
    emb = t[:, None] * emb[None, :]
    sin, cos = emb.sin(), emb.cos()
    emb = torch.cat((cos, sin) if flip else (sin, cos), dim=-1)
    return F.pad(emb, (0, dim - 2 * half_dim)).float()


def min_snr_weights(schedule, gamma=5.0):
    snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    maybe_clipped_snr = snr.clone()
    maybe_clipped_snr.clamp_(max=gamma)
    return maybe_clipped_snr / snr


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    x = schedule.q_sample(x0=x0, t=t, noise=noise)
    loss = F.mse_loss(model(x, t), noise, reduction="none")
    loss = loss.flatten(start_dim=1).mean(dim=-1)
    if exists(weight):
        loss = loss * extract(weight, t, loss.shape)
    return loss.mean()
