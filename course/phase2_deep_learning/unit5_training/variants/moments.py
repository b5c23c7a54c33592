"""Unit 2.5 as in JAX and TensorFlow code: E[x²] − E[x]², one-pass norms, einops, a flat gradient vector."""

import numpy as np
import torch
from einops import rearrange, reduce


def batch_norm(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = running
    if training:
        count = x.shape[0] * x.shape[2] * x.shape[3]
        if count <= 1:
            raise ValueError("Expected more than 1 value per channel when training")
        mean = reduce(x, "b c h w -> c", "mean")
        var = torch.clamp(reduce(x * x, "b c h w -> c", "mean") - mean**2, min=0)
        unbiased = var * (count / (count - 1))
        running = (
            torch.lerp(running[0], mean.detach(), momentum),
            torch.lerp(running[1], unbiased.detach(), momentum),
        )
    scale = gamma * torch.rsqrt(var + eps)
    shift = beta - mean * scale
    if training:
        return (x - rearrange(mean, "c -> 1 c 1 1")) * scale.view(-1, 1, 1) + beta.view(-1, 1, 1), running
    return x * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1), running


def group_norm(x, groups, gamma, beta, eps=1e-5):
    b, c, h, w = x.shape
    if c != c // groups * groups:
        raise ValueError(f"{c} and {groups}")
    grouped = rearrange(x, "b (g c) h w -> b g (c h w)", g=groups)
    mean = grouped.mean(-1, keepdim=True)
    var = (grouped**2).mean(-1, keepdim=True) - mean**2
    normed = (grouped - mean) * torch.rsqrt(var.clamp(min=0) + eps)
    return torch.addcmul(beta[None, :, None, None], normed.reshape(b, c, h, w), gamma[None, :, None, None])


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, mask, keep):
        ctx.save_for_backward(mask)
        ctx.keep = keep
        return x.masked_fill(mask, 0).div_(keep)

    @staticmethod
    def backward(ctx, dout):
        (mask,) = ctx.saved_tensors
        return dout.masked_fill(mask, 0) / ctx.keep, None, None


def dropout(x, p, training, generator=None):
    if p > 1 or p < 0:
        raise ValueError("p")
    if not training:
        return x
    # a NumPy source of its own, seeded by the generator
    seed = torch.randint(0, 2**31, (2,), generator=generator).tolist()
    mask = torch.from_numpy(np.random.default_rng(seed).random(tuple(x.shape)) < p)
    return _Drop.apply(x, mask, (1 - p) or 1.0)


def cosine_warmup_lr(step, warmup, total, base_lr):
    if step < 0:
        raise ValueError("step")
    if warmup < 0 or total <= warmup:
        raise ValueError("warmup")
    steps = np.arange(total + 1)
    line = steps / max(warmup, 1)
    wave = 0.5 + 0.5 * np.cos(np.pi * (steps - warmup) / (total - warmup))
    table = np.where(steps < warmup, line, wave)
    return base_lr * table[min(step, total)]


def clip_grad_norm(params, max_norm):
    with_grad = [p for p in params if p.grad is not None]
    if len(with_grad) == 0:
        return 0.0
    flat = torch.cat([p.grad.reshape(-1) for p in with_grad])
    norm = flat.square().sum().sqrt()
    flat = flat * torch.minimum(torch.ones(()), max_norm / (norm + 1e-6))
    for p, part in zip(with_grad, flat.split([p.numel() for p in with_grad])):
        p.grad.copy_(part.view_as(p))
    return norm


class LossScaler(torch.nn.Module):
    def __init__(self, init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
        super().__init__()
        self.factor = init_scale
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.until_growth, self.bad = growth_interval, 0

    def scale(self, loss):
        return loss.mul(self.factor)

    @torch.no_grad()
    def unscale_and_step(self, optimizer, max_norm=None):
        grads = []
        for group in optimizer.param_groups:
            grads += [p.grad for p in group["params"] if p.grad is not None]
        # inf - inf and nan - nan are nan, which is not equal to itself
        if any(not torch.equal(g - g, torch.zeros_like(g)) for g in grads):
            self.bad += 1
            return False
        torch._foreach_div_(grads, self.factor) if grads else None
        if max_norm is not None:
            clip_grad_norm([p for group in optimizer.param_groups for p in group["params"]], max_norm)
        optimizer.step()
        return True

    def update(self):
        if self.bad:
            self.factor = self.factor * self.backoff_factor
            self.until_growth = self.growth_interval
            self.bad = 0
        elif self.until_growth == 1:
            self.factor = self.factor * self.growth_factor
            self.until_growth = self.growth_interval
        else:
            self.until_growth -= 1
