"""Unit 2.5 channel by channel and number by number, in float64 inside and with Python's own arithmetic."""

import itertools
import math

import torch


def _standard(values, eps):
    values = values.double()
    mean = values.sum() / values.numel()
    var = ((values - mean) ** 2).sum() / values.numel()
    return (values - mean) * (var + eps) ** -0.5, mean, var


def batch_norm(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    channels, means, variances = [], [], []
    for c in range(x.shape[1]):
        channel = x[:, c]
        if training:
            n = channel.numel()
            if n < 2:
                raise ValueError("one value")
            standard, mean, var = _standard(channel, eps)
            with torch.no_grad():
                means.append(running[0][c] + momentum * (mean - running[0][c]))
                variances.append(running[1][c] + momentum * (var * n / (n - 1) - running[1][c]))
        else:
            standard = (channel.double() - running[0][c]) / math.sqrt(running[1][c].item() + eps)
            means.append(running[0][c])
            variances.append(running[1][c])
        channels.append(gamma[c] * standard + beta[c])
    y = torch.stack(channels, dim=1).to(x.dtype)
    return y, [torch.stack(means).to(x.dtype), torch.stack(variances).to(x.dtype)]


def group_norm(x, groups, gamma, beta, eps=1e-5):
    each, left = divmod(x.shape[1], groups)
    if left:
        raise ValueError(f"{left} channels are left over")
    images = []
    for image in x:
        normed = [_standard(image[g * each : (g + 1) * each], eps)[0] for g in range(groups)]
        images.append(torch.cat(normed))
    out = torch.stack(images) * gamma.view(1, -1, 1, 1) + beta.view(1, -1, 1, 1)
    return out.to(x.dtype)


def dropout(x, p, training, generator=None):
    if not (0.0 <= p <= 1.0):
        raise ValueError
    if not training:
        return x.clone()
    keep = 1.0 - p
    # one number after the other, in float64
    coins = torch.rand(x.numel(), generator=generator, dtype=torch.float64, device=x.device).view_as(x) < keep
    return torch.where(coins, x / max(keep, 1e-12), torch.zeros_like(x))


def cosine_warmup_lr(step, warmup, total, base_lr):
    if not (step >= 0 and total > warmup >= 0):
        raise ValueError
    if step >= total:
        return 0
    if step <= warmup and warmup:
        return step / warmup * base_lr
    u = torch.tensor((step - warmup) / (total - warmup))
    return (base_lr * torch.cos(torch.pi * u / 2) ** 2).item()


def clip_grad_norm(params, max_norm):
    one, other = itertools.tee(params)
    square = 0.0
    for p in one:
        if p.grad is not None:
            square += sum(g * g for g in p.grad.flatten().tolist())
    norm = math.sqrt(square)
    if norm > max_norm:
        for p in other:
            if p.grad is not None:
                p.grad = p.grad * (max_norm / norm)
    return norm


class LossScaler:
    def __init__(self, init_scale=65536, growth_factor=2, backoff_factor=0.5, growth_interval=2000):
        self.factor = float(init_scale)
        self.history = []
        self.grow, self.back_off, self.interval = growth_factor, backoff_factor, growth_interval
        self.streak = 0

    def scale(self, loss):
        return self.factor * loss

    def unscale_and_step(self, optimizer, max_norm=None):
        params = list(itertools.chain.from_iterable(group["params"] for group in optimizer.param_groups))
        for p in params:
            if p.grad is not None:
                p.grad = p.grad * (1 / self.factor)
        fine = all(math.isfinite(g) for p in params if p.grad is not None for g in p.grad.flatten().tolist())
        self.history.append(fine)
        if fine:
            if max_norm is not None:
                clip_grad_norm(params, max_norm)
            optimizer.step()
        return fine

    def update(self):
        good, self.history = all(self.history), []
        if not good:
            self.factor, self.streak = self.factor * self.back_off, 0
            return
        self.streak += 1
        if self.streak % self.interval == 0:
            self.factor *= self.grow
