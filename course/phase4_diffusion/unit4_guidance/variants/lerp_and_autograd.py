"""Unit 4.4 by someone else: lerp, loops in float64, and the mixture's score by autograd."""

import torch


def cfg_combine(eps_uncond, eps_cond, scale, convention="sd"):
    if convention == "paper":
        scale = scale + 1
    elif convention != "sd":
        raise ValueError(convention)
    return torch.lerp(eps_uncond, eps_cond, float(scale))


def rescale_noise_cfg(cfg, cond, phi):
    out = []
    for a, b in zip(cfg, cond, strict=True):
        r = a * (b.double().std() / a.double().std()).to(a.dtype)
        out.append(phi * r + (1 - phi) * a)
    return torch.stack(out)


def drop_condition(y, null_id, p, generator=None):
    m = torch.bernoulli(torch.full(y.shape, float(p)), generator=generator).bool()
    y = y.clone()
    y[m] = null_id
    return y


def classifier_guided_eps(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    with torch.enable_grad():
        x = xt.detach().clone().requires_grad_(True)
        g = torch.autograd.grad(log_prob_fn(x, t).sum(), x)[0]
    s = (1 - alphas_cumprod[t]) ** 0.5
    while s.dim() < eps.dim():
        s = s.unsqueeze(-1)
    return (eps - scale * s * g).detach()


def gmm_eps(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    with torch.enable_grad():
        z = x.detach().double().requires_grad_(True)
        abd = ab.double()
        v = abd * var.double()[None] + 1 - abd
        d2 = ((z[:, None, :] - abd.sqrt()[:, :, None] * means.double()[None]) ** 2).sum(-1)
        logs = weights.double().log()[None] - 0.5 * d2 / v - 0.5 * x.shape[-1] * v.log()
        lp = torch.logsumexp(logs, 1)
        (g,) = torch.autograd.grad(lp.sum(), z)
    return (-(1 - abd).sqrt() * g).to(x.dtype)
