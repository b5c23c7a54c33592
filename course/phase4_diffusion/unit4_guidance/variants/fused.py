"""Unit 4.4 by someone who knows torch well: einsum, addcmul, multinomial, finfo.min for a missing component."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cfg_combine(eps_uncond: Tensor, eps_cond: Tensor, scale: float, convention: str = "sd") -> Tensor:
    match convention:
        case "sd":
            return eps_uncond * (1 - scale) + eps_cond * scale
        case "paper":
            return torch.sub(eps_cond * (1 + scale), eps_uncond, alpha=scale)
    raise ValueError(convention)


def rescale_noise_cfg(cfg: Tensor, cond: Tensor, phi: float) -> Tensor:
    pixels = cfg.flatten(1)
    contrast = torch.stack([pixels, cond.reshape(len(cond), -1)]).var(-1, correction=0)
    ratio = (contrast[1] / contrast[0]) ** 0.5
    return torch.einsum("b,b...->b...", torch.lerp(torch.ones_like(ratio), ratio, float(phi)), cfg)


def drop_condition(y: Tensor, null_id: int, p: float, generator: torch.Generator | None = None) -> Tensor:
    if p <= 0 or p >= 1:
        return y.clone() if p <= 0 else torch.full_like(y, null_id)
    coins = torch.multinomial(torch.tensor([1 - p, p]), len(y), replacement=True, generator=generator)
    return torch.stack([y, torch.full_like(y, null_id)]).gather(0, coins[None])[0]


def classifier_guided_eps(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    with torch.set_grad_enabled(True):
        leaf = torch.nn.Parameter(xt.data.clone())
        log_p = log_prob_fn(leaf, t)
        (gradient,) = torch.autograd.grad(log_p, leaf, grad_outputs=torch.ones_like(log_p))
    sigma = alphas_cumprod.neg().add(1).sqrt().index_select(0, t)
    sigma = sigma.reshape(-1, *[1] * (eps.ndim - 1)).expand_as(eps)
    return torch.addcmul(eps.detach(), sigma.to(eps.dtype), gradient, value=-scale)


def gmm_eps(x, t, weights, means, var, alphas_cumprod):
    alpha_bar = alphas_cumprod.index_select(0, t)
    noised = torch.einsum("b,kd->bkd", alpha_bar.sqrt(), means)
    s = torch.outer(alpha_bar, var) + (1 - alpha_bar)[:, None]
    offset = x[:, None] - noised
    log_density = -0.5 * ((offset**2).sum(-1) / s + x.shape[1] * s.log())
    log_weight = torch.log(weights.clamp(min=torch.finfo(weights.dtype).tiny))
    logits = (log_density + log_weight).masked_fill(weights == 0, torch.finfo(x.dtype).min)
    score = torch.einsum("bk,bkd->bd", F.softmax(logits, dim=1) / s, offset)
    return (1 - alpha_bar).sqrt()[:, None] * score
