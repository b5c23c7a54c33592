"""Pictures of unit 4.4, guidance, drawn by the course's own reference. Every denoiser here is exact."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor

from phase4_diffusion.unit1_ddpm import NoiseSchedule, p_sample
from phase4_diffusion.unit4_guidance import cfg_combine, gmm_eps, rescale_noise_cfg
from style import BLUE, CYCLE, FAINT, INK, MUTED, ORANGE

T = 250
SCHEDULE = NoiseSchedule(T, "cosine")
ALPHAS_CUMPROD = SCHEDULE.alphas_cumprod.double()

# A world of three classes, each of two round Gaussians in the plane. In float64, so that another processor's roundings
# do not show. -------------------------------------------------------------------------------------------------------

MEANS = torch.tensor([[-1.4, 0.2], [-0.2, 1.2], [1.4, 0.8], [0.8, -0.2], [0.2, -1.3], [-0.8, -0.9]]).double()
CLASSES = torch.tensor([0, 0, 1, 1, 2, 2])
VARIANCE = 0.25


def _eps(x: Tensor, t: Tensor, means: Tensor, variance: float) -> Tensor:
    weights, var = torch.full((len(means),), 1 / len(means)).double(), torch.full((len(means),), variance).double()
    return gmm_eps(x, t, weights, means, var, ALPHAS_CUMPROD)


@cache
@torch.no_grad()
def _samples(scale: float, count: int = 400) -> Tensor:
    """`count` samples (count, 2) of class 0, guided away from all classes together."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    for step in reversed(range(T)):
        t = torch.full((count,), step)
        uncond, cond = (_eps(x, t, means, VARIANCE) for means in (MEANS, MEANS[CLASSES == 0]))
        eps = cfg_combine(uncond, cond, scale)
        x = p_sample(SCHEDULE, eps, x, t, torch.randn(x.shape, generator=generator, dtype=torch.float64))
    return x


def _certainty(x: Tensor) -> float:
    """Mean probability of class 0 at clean points, by Bayes' rule."""
    log_density = -((x[:, None] - MEANS) ** 2).sum(-1) / (2 * VARIANCE)
    return torch.softmax(log_density, 1)[:, CLASSES == 0].sum(1).mean().item()


# The pictures -------------------------------------------------------------------------------------------------------


def scales() -> Figure:
    """Samples of one class at four guidance scales."""
    figure, axes = plt.subplots(1, 4, figsize=(6.4, 2.1), sharex=True, sharey=True)
    for panel, scale in zip(axes, (0.0, 1.0, 3.0, 7.5), strict=True):
        for centre, label in zip(MEANS, CLASSES, strict=True):
            colour = CYCLE[int(label)]
            for radius, alpha in ((1.0, 0.10), (0.5, 0.15)):
                panel.add_patch(plt.Circle(tuple(centre.tolist()), radius, color=colour, alpha=alpha, linewidth=0))
        panel.plot(*_samples(scale)[:220].T, ".", color=INK, markersize=1.6)
        panel.set(xticks=[], yticks=[], xlim=(-3.4, 2.8), ylim=(-2.8, 2.9), aspect="equal", title=f"s = {scale:g}")
        panel.spines[:].set_visible(False)
    return figure


def trade() -> Figure:
    """What guidance buys and what it costs, over the scale."""
    scales = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7.5, 9, 10])
    samples = [_samples(float(scale)) for scale in scales]
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.9))
    left.plot(scales, [_certainty(x) for x in samples], "o-", color=BLUE, markersize=4)
    left.set(xlabel="scale s", title="probability of the class", ylim=(0, 1.05))
    right.plot(scales, [x.var(0).sum().sqrt() for x in samples], "o-", color=ORANGE, markersize=4)
    own = MEANS[CLASSES == 0]
    spread = (own.var(0, correction=0).sum() + 2 * VARIANCE).sqrt()
    right.axhline(spread, color=MUTED, linewidth=1, linestyle="--")
    right.text(10, spread + 0.03, "the class itself", ha="right", color=MUTED)
    right.set(xlabel="scale s", title="spread of the samples", ylim=(0, 1.7))
    return figure


def field() -> Figure:
    """Where the prediction points in the middle of sampling: unconditional, conditional, and their difference."""
    t = T // 2
    side = torch.linspace(-2.2, 2.2, 12, dtype=torch.float64)
    x = torch.cartesian_prod(side, side)
    steps = torch.full((len(x),), t)
    uncond, cond = (_eps(x, steps, means, VARIANCE) for means in (MEANS, MEANS[CLASSES == 0]))
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.5), sharex=True, sharey=True)
    arrows = {"−ε(xₜ)": -uncond, "−ε(xₜ, c)": -cond, "their difference": uncond - cond}
    for panel, (title, arrow) in zip(axes, arrows.items(), strict=True):
        for centre, label in zip(ALPHAS_CUMPROD[t].sqrt() * MEANS, CLASSES, strict=True):
            panel.plot(*centre, "o", color=CYCLE[int(label)], markersize=6, alpha=0.6)
        panel.quiver(*x.T, *arrow.T, color=INK, scale=34, width=0.007)
        panel.set(xticks=[], yticks=[], aspect="equal", title=title)
        panel.spines[:].set_color(FAINT)
    return figure


def contrast() -> Figure:
    """What the scale does to the contrast of the predicted noise, with and without rescaling."""
    data = load_digits()
    means, labels = torch.tensor(data.data / 8 - 1)[:600], torch.tensor(data.target)[:600]
    clean = means[labels == 3][:20]
    scales = np.linspace(1, 10, 10)
    figure, panel = plt.subplots(figsize=(6.4, 3))
    for step, colour in ((T - 1 - T // 5, BLUE), (T // 2, ORANGE)):
        t = torch.full((len(clean),), step)
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)).double()
        xt = SCHEDULE.q_sample(clean, t, noise)
        uncond, cond = (_eps(xt, t, known, 0.01) for known in (means, means[labels == 3]))
        for phi, line in ((0.0, "-"), (0.7, "--")):
            guided = [rescale_noise_cfg(cfg_combine(uncond, cond, s), cond, phi) for s in scales]
            ratio = [(eps.std(1) / cond.std(1)).mean() for eps in guided]
            panel.plot(scales, ratio, line, color=colour, label=f"t = {step} of {T}, φ = {phi:g}")
    panel.set(xlabel="scale s", ylabel="std, guided / conditional", ylim=(0, None))
    panel.legend(loc="lower right")
    return figure
