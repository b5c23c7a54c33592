"""Unit 4.1 by someone in a hurry: float32 throughout, one helper for both square roots, eq. 11 for the step."""

from math import pi

import torch


class NoiseSchedule:
    def __init__(self, T=1000, kind="linear"):
        steps = torch.arange(T) / max(T - 1, 1)
        if kind == "linear":
            self.betas = 1e-4 * (1 - steps) + 0.02 * steps
        elif kind == "scaled_linear":
            self.betas = torch.linspace(0.00085**0.5, 0.012**0.5, T).pow(2)
        elif kind == "cosine":

            def f(u):
                return torch.cos((u + 0.008) / 1.008 * pi / 2).square()

            t = torch.arange(T)
            self.betas = torch.minimum(1 - f((t + 1) / T) / f(t / T), torch.tensor(0.999))
        else:
            raise ValueError(kind)
        running, products = torch.tensor(1.0), []
        for beta in self.betas:
            running = running * (1 - beta)
            products.append(running)
        self.alphas_cumprod = torch.stack(products)
        self.alphas = 1 - self.betas
        self.T, self.kind = T, kind

    def alpha_bar(self, t, like):
        out = self.alphas_cumprod.to(like.device)[t]
        out[t == -1] = 1.0
        return out[(slice(None),) + (None,) * (like.dim() - 1)]

    def roots(self, t, like):
        a = self.alpha_bar(t, like)
        return a**0.5, (1 - a) ** 0.5

    def q_sample(self, x0, t, noise):
        signal, spread = self.roots(t, x0)
        out = x0 * signal
        out += spread * noise
        return out


def predict_x0(schedule, xt, t, out, kind="eps"):
    signal, spread = schedule.roots(t, xt)
    decode = {"eps": lambda: xt / signal - spread / signal * out, "v": lambda: signal * xt - spread * out}
    if kind not in decode:
        raise ValueError(f"unknown kind: {kind}")
    return decode[kind]()


def v_target(schedule, x0, eps, t):
    signal, spread = schedule.roots(t, x0)
    return (schedule.q_sample(x0, t, eps) * signal - x0) / spread


def q_posterior(schedule, x0, xt, t):
    now, before = schedule.alpha_bar(t, x0), schedule.alpha_bar(t - 1, x0)
    beta = 1 - now / before
    var = (1 - before) / (1 - now) * beta
    mean = before.sqrt() * beta / (1 - now) * x0 + (1 - beta).sqrt() * (1 - before) / (1 - now) * xt
    return [mean, var]


def p_sample(schedule, model_out, xt, t, noise):
    def column(values):
        return values[(...,) + (None,) * (xt.ndim - 1)]

    alpha, beta, bar = (column(table[t]) for table in (schedule.alphas, schedule.betas, schedule.alphas_cumprod))
    z = noise * column(t > 0)
    sigma = (beta * (1 - schedule.alpha_bar(t - 1, xt)) / (1 - bar)).sqrt()
    return 1 / alpha.sqrt() * (xt - beta / (1 - bar).sqrt() * model_out) + sigma * z


def timestep_embedding(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    freqs = 1.0 / (max_period ** (torch.arange(half) / (half - shift)))
    phase = torch.einsum("b,f->bf", t.to(torch.float32), freqs)
    out = torch.zeros(len(t), dim)
    out[:, :half] = phase.sin()
    out[:, half : 2 * half] = phase.cos()
    if flip:
        out = torch.cat([out[:, half : 2 * half], out[:, :half], out[:, 2 * half :]], 1)
    return out


def min_snr_weights(schedule, gamma=5.0):
    snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    return torch.where(snr > gamma, gamma / snr, torch.tensor(1.0))


def ddpm_loss(schedule, model, x0, t, noise, weight=None):
    eps_hat = model(schedule.q_sample(x0, t, noise), t)
    weight = torch.ones(len(schedule.betas)) if weight is None else weight
    w = weight[t].view([-1] + [1] * (x0.ndim - 1)).type_as(x0)
    return torch.mean(w * (eps_hat - noise).square())
