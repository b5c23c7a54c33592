"""Unit 4.4 by someone who trusts only numbers: Python loops in float64, log-sum-exp by hand."""

import math

import torch


def _blend(a, b, first, second):
    return (first * a.double() + second * b.double()).to(a.dtype)


def cfg_combine(eps_uncond, eps_cond, scale, convention="sd"):
    if convention not in {"sd", "paper"}:
        raise ValueError("convention must be 'sd' or 'paper'")
    w = scale - 1 if convention == "sd" else scale
    return _blend(eps_cond, eps_uncond, 1 + w, -w)


def _deviation(values):
    n = len(values)
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / n)


def rescale_noise_cfg(cfg, cond, phi):
    out = torch.empty_like(cfg)
    for i in range(cfg.shape[0]):
        ratio = _deviation(cond[i].flatten().tolist()) / _deviation(cfg[i].flatten().tolist())
        out[i] = cfg[i] * (1 + phi * (ratio - 1))
    return out


def drop_condition(y, null_id, p, generator=None):
    kept = []
    for label in y.tolist():
        coin = torch.rand((), generator=generator, dtype=torch.float64).item()
        kept.append(null_id if coin < p else label)
    return torch.tensor(kept, dtype=torch.int64)


def classifier_guided_eps(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    with torch.enable_grad():
        images = xt.detach().clone()
        images.requires_grad = True
        total = 0.0
        for log_p in log_prob_fn(images, t):
            total = total + log_p
        total.backward()
    rows = []
    for i in range(len(xt)):
        sigma = math.sqrt(1 - float(alphas_cumprod[t[i]]))
        rows.append(eps[i].detach() - scale * sigma * images.grad[i])
    return torch.stack(rows)


def gmm_eps(x, t, weights, means, var, alphas_cumprod):
    out = torch.zeros_like(x)
    for n in range(x.shape[0]):
        a = float(alphas_cumprod[t[n]])
        point = x[n].tolist()
        logs, scores = [], []
        for k in range(len(weights)):
            if weights[k] == 0:
                continue
            s = a * float(var[k]) + 1 - a
            offset = [p - math.sqrt(a) * m for p, m in zip(point, means[k].tolist(), strict=True)]
            square = sum(o * o for o in offset)
            logs.append(math.log(float(weights[k])) - square / (2 * s) - len(point) * math.log(2 * math.pi * s) / 2)
            scores.append([-o / s for o in offset])
        top = max(logs)
        density = [math.exp(one - top) for one in logs]
        total = sum(density)
        for d in range(len(point)):
            score = sum(r * s[d] for r, s in zip(density, scores, strict=True)) / total
            out[n, d] = -math.sqrt(1 - a) * score
    return out
