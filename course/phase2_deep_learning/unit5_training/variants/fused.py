"""Unit 2.5 by PyTorch's own operations: functional norms, Bernoulli masks, clip_grad_norm_, GradScaler."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def batch_norm(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = (stat.detach().clone() for stat in running)
    y = F.batch_norm(x, mean, var, weight=gamma, bias=beta, training=training, momentum=momentum, eps=eps)
    return y, (mean, var)


def group_norm(x, groups, gamma, beta, eps=1e-5):
    if x.size(1) % groups != 0:
        raise ValueError("num_channels must be divisible by num_groups")
    return F.group_norm(x, groups, gamma, beta, eps)


def dropout(x, p, training, generator=None):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return x
    mask = torch.empty_like(x).bernoulli_(1 - p, generator=generator)
    if p < 1:
        mask.div_(1 - p)
    return x * mask


def cosine_warmup_lr(step, warmup, total, base_lr):
    if step < 0 or warmup < 0 or warmup >= total:
        raise ValueError
    if step < warmup:
        return base_lr * (float(step) / float(max(1, warmup)))
    progress = float(step - warmup) / float(max(1, total - warmup))
    if progress >= 1.0:
        return 0.0
    return base_lr * max(0.0, 0.5 * (1.0 + math.cos(math.pi * 0.5 * 2.0 * progress)))


def clip_grad_norm(params, max_norm):
    return nn.utils.clip_grad_norm_(params, max_norm)


class LossScaler:
    def __init__(self, init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        self.amp = torch.amp.GradScaler("cpu", init_scale, growth_factor, backoff_factor, growth_interval)

    @property
    def factor(self):
        return self.amp.get_scale()

    def scale(self, loss):
        return self.amp.scale(loss)

    def unscale_and_step(self, optimizer, max_norm=None):
        self.amp.unscale_(optimizer)
        overflow = any(found.item() for found in self.amp._found_inf_per_device(optimizer).values())
        if max_norm is not None and not overflow:
            params = [p for group in optimizer.param_groups for p in group["params"]]
            nn.utils.clip_grad_norm_(params, max_norm)
        self.amp.step(optimizer)
        return not overflow

    def update(self):
        self.amp.update()
