"""Pictures of unit 4.1, diffusion fundamentals, drawn by the course's own reference."""

import math
from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

from phase4_diffusion.unit1_ddpm import (
    NoiseSchedule,
    ddpm_loss,
    p_sample,
    q_posterior,
    timestep_embedding,
)
from phase4_diffusion.unit4_guidance import gmm_eps
from style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE

KINDS = {"linear": BLUE, "scaled_linear": GREEN, "cosine": ORANGE}

# Data with a known density: round Gaussians along a spiral. Everything is float64, so that another processor's
# roundings do not show. ---------------------------------------------------------------------------------------------

T = 1000
SCHEDULE = NoiseSchedule(T)
VARIANCE = 0.005


def _spiral(components: int = 40) -> Tensor:
    turn = torch.linspace(0.08, 1, components, dtype=torch.float64).sqrt() * 1.6 * math.tau
    return 2 * turn[:, None] / turn.max() * torch.stack([turn.cos(), turn.sin()], dim=1)


def _exact(x: Tensor, t: Tensor) -> Tensor:
    """The noise in x as nobody can predict it better."""
    means = _spiral()
    weights, var = torch.full((len(means),), 1 / len(means)).double(), torch.full((len(means),), VARIANCE).double()
    return gmm_eps(x, t, weights, means, var, SCHEDULE.alphas_cumprod.double())


def _points(count: int, generator: torch.Generator) -> Tensor:
    means = _spiral()
    chosen = means[torch.randint(len(means), (count,), generator=generator)]
    return chosen + VARIANCE**0.5 * torch.randn(count, 2, generator=generator, dtype=torch.float64)


class Denoiser(nn.Module):
    """Points and timesteps (B, 2), (B,) to the noise in them (B, 2)."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 + 32, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2),
        ).double()  # fmt: skip

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.layers(torch.cat([x, timestep_embedding(t, 32).double()], dim=1))


@cache
def _train(steps: int = 5000, batch: int = 256) -> tuple[Denoiser, np.ndarray]:
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = Denoiser()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    losses = []
    for _ in range(steps):
        x0 = _points(batch, generator)
        t = torch.randint(T, (batch,), generator=generator)
        loss = ddpm_loss(SCHEDULE, model, x0, t, torch.randn(batch, 2, generator=generator, dtype=torch.float64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
        losses.append(loss.item())
    return model, np.array(losses)


@torch.no_grad()
def _sample(model: Callable[[Tensor, Tensor], Tensor], keep: tuple[int, ...], count: int = 130) -> dict[int, Tensor]:
    """The points before step t, for each t of `keep`, and the finished ones as -1."""
    generator = torch.Generator().manual_seed(1)
    x, kept = torch.randn(count, 2, generator=generator, dtype=torch.float64), {}
    for step in reversed(range(T)):
        if step in keep:
            kept[step] = x
        t = torch.full((count,), step)
        x = p_sample(SCHEDULE, model(x, t), x, t, torch.randn(count, 2, generator=generator, dtype=torch.float64))
    return kept | {-1: x}


# The pictures ---------------------------------------------------------------------------------------------------------


def forward() -> Figure:
    """One photograph at six timesteps of two schedules."""
    photo = torch.from_numpy(load_sample_image("flower.jpg")[27:411, 128:512].mean(2) / 127.5 - 1)
    x0 = photo.reshape(32, 12, 32, 12).mean((1, 3)).expand(6, 1, -1, -1)
    noise = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)).double().expand_as(x0)
    t = torch.tensor([0, 100, 250, 500, 750, 999])
    figure, axes = plt.subplots(2, 6, figsize=(6.4, 2.5))
    for row, kind in zip(axes, ("linear", "cosine"), strict=True):
        schedule = NoiseSchedule(T, kind)
        images = schedule.q_sample(x0, t, noise)
        for panel, image, step in zip(row, images, t, strict=True):
            panel.imshow(image[0], vmin=-1.5, vmax=1.5)
            panel.set(xticks=[], yticks=[], xlabel=f"ᾱ {schedule.alphas_cumprod[step]:.2g}")
            panel.spines[:].set_visible(False)
        row[0].set_ylabel(kind)
    for panel, step in zip(axes[0], t, strict=True):
        panel.set_title(f"t = {step}")
    return figure


def schedules() -> Figure:
    """ᾱ and the signal-to-noise ratio of the three kinds."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.2))
    for kind, colour in KINDS.items():
        ab = NoiseSchedule(T, kind).alphas_cumprod.double()
        left.plot(ab, color=colour, label=kind)
        right.plot(10 * torch.log10(ab / (1 - ab)), color=colour)
    right.axhline(10 * math.log10(5), color=MUTED, linewidth=1, linestyle="--")
    right.text(990, 10 * math.log10(5) + 1, "γ = 5", ha="right", color=MUTED)
    left.set(xlabel="t", title="share of the image, ᾱ")
    right.set(xlabel="t", title="signal to noise, dB", ylim=(-50, 45))
    left.legend(loc="lower left")
    return figure


def posterior() -> Figure:
    """The worked example: prior, observation and posterior of one pixel."""
    schedule = NoiseSchedule(2)
    schedule.betas, schedule.alphas_cumprod = torch.tensor([0.2, 0.2]), torch.tensor([0.8, 0.64])
    mean, var = q_posterior(schedule, torch.ones(1, 1), torch.full((1, 1), 0.5), torch.tensor([1]))
    x = np.linspace(-0.7, 2.2, 300)
    figure, panel = plt.subplots(figsize=(6.4, 3))
    curves = [
        (0.8**0.5, 0.2, BLUE, "jump from $x_0 = 1$"),
        (0.5 / 0.8**0.5, 0.25, ORANGE, "seen from $x_t = 0.5$"),
        (mean.item(), var.item(), INK, "posterior"),
    ]
    for centre, variance, colour, label in curves:
        density = np.exp(-((x - centre) ** 2) / (2 * variance)) / math.sqrt(math.tau * variance)
        panel.plot(x, density, color=colour, label=label)
        panel.axvline(centre, color=colour, linewidth=0.8, linestyle=":")
    panel.set(xlabel="$x_{t-1}$", yticks=[], ylim=(0, None))
    panel.spines["left"].set_visible(False)
    panel.legend(loc="upper right")
    return figure


def reverse() -> Figure:
    """Ancestral sampling with the exact denoiser and with a small trained network."""
    keep = (999, 300, 100, 30)
    figure, axes = plt.subplots(2, 5, figsize=(6.4, 2.9), sharex=True, sharey=True)
    for row, (name, model) in zip(axes, {"exact": _exact, "trained": _train()[0]}.items(), strict=True):
        for panel, (step, x) in zip(row, _sample(model, keep).items(), strict=True):
            panel.plot(*_spiral().T, color=FAINT, linewidth=3)
            panel.plot(*x.T, ".", color=BLUE, markersize=2)
            panel.set(xticks=[], yticks=[], xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal")
            panel.spines[:].set_visible(False)
            if name == "exact":
                panel.set_title(f"t = {step}" if step >= 0 else "$x_0$")
        row[0].set_ylabel(name)
    return figure


def training() -> Figure:
    """The loss of the small network, over training and over the timestep, beside its floor."""
    model, losses = _train()
    generator = torch.Generator().manual_seed(2)
    steps = torch.arange(10, T, 20)
    mine, best = [], []
    with torch.no_grad():
        for step in steps:
            x0, t = _points(1000, generator), torch.full((1000,), int(step))
            noise = torch.randn(1000, 2, generator=generator, dtype=torch.float64)
            mine.append(ddpm_loss(SCHEDULE, model, x0, t, noise).item())
            best.append(ddpm_loss(SCHEDULE, _exact, x0, t, noise).item())
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.1), sharey=True)
    smooth = losses.reshape(-1, 50).mean(1)
    left.plot(np.arange(len(smooth)) * 50 + 25, smooth, color=BLUE)
    left.axhline(np.mean(best), color=INK, linewidth=1, linestyle="--")
    left.text(len(losses), np.mean(best) - 0.03, f"floor {np.mean(best):.2f}", ha="right", va="top")
    left.set(xlabel="training step", title="loss", ylim=(0, 1))
    right.plot(steps, mine, color=BLUE, label="trained")
    right.plot(steps, best, color=INK, linewidth=1, linestyle="--", label="exact")
    right.set(xlabel="t", title="loss of one timestep")
    right.legend()
    return figure


def embedding() -> Figure:
    """Every timestep's 64 features."""
    figure, panel = plt.subplots(figsize=(6.4, 2.9))
    image = timestep_embedding(torch.arange(0, T, 4), 64).T
    panel.imshow(image, aspect="auto", extent=(0, T, 63.5, -0.5), cmap="RdBu", vmin=-1, vmax=1)
    panel.axhline(31.5, color=INK, linewidth=1)
    panel.set(xlabel="t", ylabel="feature", yticks=[0, 31, 63])
    return figure
