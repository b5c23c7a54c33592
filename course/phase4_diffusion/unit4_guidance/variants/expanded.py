"""Unit 4.4 by someone who multiplies out: expanded squares in float32, logaddexp pair by pair, a whole Jacobian."""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F


def _column(values, like):
    return values.view(-1, *(1 for _ in like.shape[1:]))


def cfg_combine(eps_uncond, eps_cond, scale, convention="sd"):
    try:
        s = {"sd": np.float64(scale), "paper": np.float64(scale) + 1}[convention]
    except KeyError:
        raise ValueError(f"no convention {convention!r}") from None
    both = torch.stack((eps_uncond, eps_cond), dim=-1)
    return both @ torch.tensor([1 - s, s], dtype=both.dtype)


def rescale_noise_cfg(cfg, cond, phi):
    def centred_norm(x):
        x = x.flatten(1)
        return torch.linalg.vector_norm(x - x.mean(1, keepdim=True), dim=1)

    ratio = _column(centred_norm(cond) / centred_norm(cfg), cfg)
    rescaled = cfg * ratio
    return rescaled.mul_(phi).add_(cfg, alpha=1 - phi)


def drop_condition(y, null_id, p, generator=None):
    keep = torch.empty(len(y)).uniform_(generator=generator).ge(p).long()
    return keep * y + (1 - keep) * null_id


def classifier_guided_eps(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    torch_was_recording = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    try:
        images = xt.detach().clone().requires_grad_()
        jacobian = torch.autograd.functional.jacobian(lambda x: log_prob_fn(x, t), images)  # (B, B, ...)
    finally:
        torch.set_grad_enabled(torch_was_recording)
    gradient = torch.stack([jacobian[i, i] for i in range(len(xt))])
    guidance = scale * gradient * _column((1.0 - alphas_cumprod[t]).pow(0.5), xt)
    return eps.clone().detach() - guidance


def gmm_eps(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t].unsqueeze(1)
    var_t = var * ab + (1 - ab)
    squares = x.pow(2).sum(1, keepdim=True) + ab * means.pow(2).sum(1) - 2 * ab.sqrt() * F.linear(x, means)
    log_joint = torch.log(weights) - squares / (2 * var_t) - x.size(1) / 2 * torch.log(2 * torch.pi * var_t)
    log_evidence = functools.reduce(torch.logaddexp, log_joint.unbind(1))
    share = (log_joint - log_evidence[:, None]).exp() / var_t
    return torch.sqrt(1 - ab) * (x * share.sum(1, keepdim=True) - ab.sqrt() * (share @ means))
