"""Unit 4.1 in the manner of OpenAI's guided-diffusion: tables made once in float64 NumPy, and read with `_extract`."""

import math

import numpy as np
import torch as th


def mean_flat(tensor):
    """Take the mean over all non-batch dimensions."""
    return tensor.mean(dim=list(range(1, len(tensor.shape))))


def _extract(arr, timesteps, like):
    res = th.from_numpy(arr).to(device=timesteps.device)[timesteps].to(like.dtype)
    while len(res.shape) < len(like.shape):
        res = res[..., None]
    return res


def betas_for_alpha_bar(num_diffusion_timesteps, alpha_bar, max_beta=0.999):
    betas = []
    for i in range(num_diffusion_timesteps):
        t1 = i / num_diffusion_timesteps
        t2 = (i + 1) / num_diffusion_timesteps
        betas.append(min(1 - alpha_bar(t2) / alpha_bar(t1), max_beta))
    return np.array(betas)


def get_named_beta_schedule(schedule_name, num_diffusion_timesteps):
    if schedule_name == "linear":
        return np.linspace(0.0001, 0.02, num_diffusion_timesteps, dtype=np.float64)
    elif schedule_name == "scaled_linear":
        return np.linspace(0.00085**0.5, 0.012**0.5, num_diffusion_timesteps, dtype=np.float64) ** 2
    elif schedule_name == "cosine":
        return betas_for_alpha_bar(num_diffusion_timesteps, lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2)
    else:
        raise ValueError(f"unknown beta schedule: {schedule_name}")


class NoiseSchedule:
    def __init__(self, T=1000, kind="linear"):
        betas = get_named_beta_schedule(kind, T)
        assert (betas > 0).all() and (betas <= 1).all()
        alphas = 1.0 - betas
        acp = np.cumprod(alphas, axis=0)
        acp_prev = np.append(1.0, acp[:-1])
        self.betas = th.from_numpy(betas).float()
        self.alphas_cumprod = th.from_numpy(acp).float()
        self.num_timesteps = int(betas.shape[0])
        self.with_clean = np.append(acp, 1.0)
        self.sqrt_alphas_cumprod = np.sqrt(acp)
        self.sqrt_one_minus_alphas_cumprod = np.sqrt(1.0 - acp)
        self.sqrt_recip_alphas_cumprod = np.sqrt(1.0 / acp)
        self.sqrt_recipm1_alphas_cumprod = np.sqrt(1.0 / acp - 1)
        self.posterior_variance = betas * (1.0 - acp_prev) / (1.0 - acp)
        self.posterior_mean_coef1 = betas * np.sqrt(acp_prev) / (1.0 - acp)
        self.posterior_mean_coef2 = (1.0 - acp_prev) * np.sqrt(alphas) / (1.0 - acp)

    def alpha_bar(self, t, like):
        return _extract(self.with_clean, t, like).float()

    def q_sample(self, x0, t, noise):
        assert noise.shape == x0.shape
        return (
            _extract(self.sqrt_alphas_cumprod, t, x0) * x0 + _extract(self.sqrt_one_minus_alphas_cumprod, t, x0) * noise
        )


def predict_x0(schedule, xt, t, out, kind="eps"):
    assert xt.shape == out.shape
    if kind == "eps":
        return (
            _extract(schedule.sqrt_recip_alphas_cumprod, t, xt) * xt
            - _extract(schedule.sqrt_recipm1_alphas_cumprod, t, xt) * out
        )
    if kind == "v":
        return (
            _extract(schedule.sqrt_alphas_cumprod, t, xt) * xt
            - _extract(schedule.sqrt_one_minus_alphas_cumprod, t, xt) * out
        )
    raise ValueError(kind)


def v_target(schedule, x0, eps, t):
    return (
        _extract(schedule.sqrt_alphas_cumprod, t, x0) * eps
        - _extract(schedule.sqrt_one_minus_alphas_cumprod, t, x0) * x0
    )


def q_posterior(schedule, x0, xt, t):
    assert x0.shape == xt.shape
    mean = _extract(schedule.posterior_mean_coef1, t, xt) * x0 + _extract(schedule.posterior_mean_coef2, t, xt) * xt
    return mean, _extract(schedule.posterior_variance, t, xt)


def p_sample(schedule, model_out, xt, t, noise):
    pred_xstart = predict_x0(schedule, xt, t, model_out)
    mean, variance = q_posterior(schedule, pred_xstart, xt, t)
    nonzero_mask = (t != 0).to(xt.dtype).view(-1, *([1] * (len(xt.shape) - 1)))
    return mean + nonzero_mask * th.sqrt(variance) * noise


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    freqs = th.exp(-math.log(max_period) * th.arange(start=0, end=half, dtype=th.float32) / (half - shift))
    args = t[:, None].float() * freqs[None].to(t.device)
    parts = [th.cos(args), th.sin(args)] if flip else [th.sin(args), th.cos(args)]
    embedding = th.cat(parts, dim=-1)
    if dim % 2:
        embedding = th.cat([embedding, th.zeros_like(embedding[:, :1])], dim=-1)
    return embedding


def min_snr_weights(schedule, gamma=5.0):
    snr = (schedule.sqrt_alphas_cumprod / schedule.sqrt_one_minus_alphas_cumprod) ** 2
    return th.from_numpy(np.minimum(snr, gamma) / snr).float()


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    x_t = schedule.q_sample(x0, t, noise)
    terms = {}
    terms["mse"] = mean_flat((noise - model(x_t, t)) ** 2)
    terms["loss"] = terms["mse"]
    if weight is not None:
        terms["loss"] = terms["loss"] * weight[t]
    return terms["loss"].mean()
