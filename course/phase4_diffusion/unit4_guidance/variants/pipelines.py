"""Unit 4.4 in the manner of diffusers, guided-diffusion and DiT: keepdim stds, drop ids, torch.distributions."""

from __future__ import annotations

import torch as th
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

GUIDANCE = {"sd": 0.0, "paper": 1.0}


def cfg_combine(eps_uncond, eps_cond, scale, convention="sd"):
    if convention not in GUIDANCE:
        raise ValueError(f"convention must be one of {list(GUIDANCE)}, got {convention}")
    guidance_scale = scale + GUIDANCE[convention]
    noise_pred_uncond, noise_pred_text = th.stack([eps_uncond, eps_cond]).chunk(2)
    return (noise_pred_uncond + guidance_scale * (noise_pred_text - noise_pred_uncond)).squeeze(0)


def rescale_noise_cfg(noise_cfg, noise_pred_text, guidance_rescale=0.0):
    std_text = noise_pred_text.std(dim=list(range(1, noise_pred_text.ndim)), keepdim=True)
    std_cfg = noise_cfg.std(dim=list(range(1, noise_cfg.ndim)), keepdim=True)
    noise_pred_rescaled = noise_cfg * (std_text / std_cfg)
    return guidance_rescale * noise_pred_rescaled + (1 - guidance_rescale) * noise_cfg


def drop_condition(y, null_id, p, generator=None):
    drop_ids = th.rand(y.shape[0], device=y.device, generator=generator) < p
    return th.where(drop_ids, null_id, y)


def _extract(arr, timesteps, broadcast_shape):
    res = arr.to(timesteps.device)[timesteps]
    while len(res.shape) < len(broadcast_shape):
        res = res[..., None]
    return res + th.zeros(broadcast_shape, device=timesteps.device)


def classifier_guided_eps(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    def cond_fn(x, t):
        with th.enable_grad():
            x_in = x.detach().requires_grad_(True)
            selected = log_prob_fn(x_in, t)
            return th.autograd.grad(selected.sum(), x_in)[0] * scale

    with th.no_grad():
        alpha_bar = _extract(alphas_cumprod, t, eps.shape)
        return eps - (1 - alpha_bar).sqrt() * cond_fn(xt, t)


def gmm_eps(x, t, weights, means, var, alphas_cumprod):
    alpha_bar = alphas_cumprod[t].double()
    loc = alpha_bar.sqrt()[:, None, None] * means.double()
    scale = (alpha_bar[:, None] * var.double() + (1 - alpha_bar[:, None])).sqrt()[..., None].expand_as(loc)
    mixture = MixtureSameFamily(
        Categorical(logits=weights.double().log().expand(len(x), -1)),
        Independent(Normal(loc, scale), 1),
    )
    with th.enable_grad():
        points = x.detach().double().requires_grad_()
        mixture.log_prob(points).sum().backward()
    return (-(1 - alpha_bar).sqrt()[:, None] * points.grad).to(x.dtype)
