"""Pictures of unit 2.6, autoencoders, drawn by the course's own reference."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course.data.digits import load
from phase1_foundations.unit1_python import make_grid, pairwise_sq_dists
from phase2_deep_learning.unit6_autoencoders import (
    ConvAutoencoder,
    linear_ae_reconstruct,
    reconstruction_loss,
    slerp,
    tsne_affinities,
)
from style import BLUE, FAINT, INK, MUTED, ORANGE

# In float64 throughout, so that another processor's roundings do not show in a picture.
LATENT, STEPS, BATCH = 8, 1500, 32


@cache
def digits() -> tuple[Tensor, np.ndarray, Tensor, np.ndarray]:
    """MNIST's pictures (N, 1, 28, 28) between 0 and 1 and their labels, for training and held out."""
    data = load("mnist10k")
    x, held = (torch.tensor(one / 255.0).reshape(-1, 1, 28, 28) for one in (data.x, data.held_x))
    return x, data.y, held, data.held_y


@cache
@torch.enable_grad()
def train() -> ConvAutoencoder:
    """The reference, trained on MNIST."""
    x, _, _, _ = digits()
    rng = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    model = ConvAutoencoder(1, LATENT).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(STEPS):
        batch = x[torch.randint(len(x), (BATCH,), generator=rng)]
        _, logits = model(batch)
        optimizer.zero_grad()
        reconstruction_loss(batch, logits, "bce").backward()
        optimizer.step()
    return model.eval()


def _one_of_each() -> list[int]:
    _, _, _, labels = digits()
    return [int(np.flatnonzero(labels == digit)[4]) for digit in range(10)]


def bare(axes: Axes, pictures: np.ndarray, columns: int) -> None:
    """Pictures (N, 1, 28, 28) on one sheet."""
    sheet = make_grid(pictures.astype(np.float32), nrow=columns, padding=1, pad_value=0.5)
    axes.imshow(sheet[0], vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def bottleneck() -> Figure:
    """Ten digits that were not trained on; what eight principal components keep of them, and what eight numbers do."""
    _, _, held, _ = digits()
    chosen = _one_of_each()
    # The best linear one gets to see what it is measured on; it loses all the same.
    flat = held.flatten(1).numpy()
    linear = linear_ae_reconstruct(flat, LATENT).reshape(-1, 1, 28, 28)
    with torch.no_grad():
        bent = train()(held)[1].sigmoid().numpy()
    figure, rows = plt.subplots(3, 1, figsize=(6.4, 2.6))
    for axes, pictures, name in zip(
        rows, (held.numpy(), linear.clip(0, 1), bent), ("784 numbers", "8, linear", "8, bent"), strict=True
    ):
        bare(axes, pictures[chosen], 10)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
    return figure


def plane() -> Figure:
    """The lesson's four points, and their shadows on the line that the best linear autoencoder keeps."""
    x = np.array([[1.0, 1.0], [5.0, 5.0], [4.0, 2.0], [2.0, 4.0]])
    back = linear_ae_reconstruct(x, 1)
    arc = np.stack([3 + 3 * np.cos(s := np.linspace(0, np.pi, 40)), 6 * np.sin(s)], axis=1)
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 3.0))
    for axes, points, shadows in ((panels[0], x, back), (panels[1], arc, linear_ae_reconstruct(arc, 1))):
        for one, other in zip(points, shadows, strict=True):
            axes.plot(*np.stack([one, other]).T, color=MUTED, lw=0.8, zorder=1)
        axes.scatter(*points.T, color=BLUE, s=42, zorder=2)
        axes.scatter(*shadows.T, color=ORANGE, s=16, zorder=3)
        axes.set(xlim=(-0.5, 6.5), ylim=(-0.5, 6.5), aspect="equal")
    panels[0].set_title("four points, k = 1")
    panels[1].set_title("an arc, k = 1")
    return figure


def holes() -> Figure:
    """Codes of real digits, decoded, and codes drawn at random with the same mean and deviation in every number."""
    _, _, held, _ = digits()
    model = train()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        z = model.encode(held)
        drawn = z.mean(0) + z.std(0) * torch.randn(10, LATENT, generator=rng, dtype=torch.float64)
        real, random = (model.decode(one).sigmoid().numpy() for one in (z[_one_of_each()], drawn))
    figure, rows = plt.subplots(2, 1, figsize=(6.4, 1.75))
    for axes, pictures, name in zip(rows, (real, random), ("of digits", "at random"), strict=True):
        bare(axes, pictures, 10)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
    return figure


def walk() -> Figure:
    """From one held-out digit to another: by mixing the pictures, and by mixing their codes."""
    _, _, held, _ = digits()
    model = train()
    chosen = _one_of_each()
    a, b = held[chosen[4]], held[chosen[0]]
    t = torch.linspace(0, 1, 9, dtype=torch.float64)
    with torch.no_grad():
        z0, z1 = model.encode(torch.stack([a, b]))
        lengths = torch.lerp(z0.norm(), z1.norm(), t)[:, None]
        codes = lengths * slerp(z0, z1, t)
        drawn = model.decode(codes).sigmoid().numpy()
    mixed = torch.lerp(a, b, t[:, None, None, None]).numpy()
    figure, rows = plt.subplots(2, 1, figsize=(6.4, 1.9))
    for axes, pictures, name in zip(rows, (mixed, drawn), ("pictures", "codes"), strict=True):
        bare(axes, pictures, 9)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
    return figure


def lengths() -> Figure:
    """How long vectors are on the way between two random ones of 512 numbers, straight and along the sphere."""
    rng = torch.Generator().manual_seed(0)
    z = torch.randn(400, 512, generator=rng, dtype=torch.float64)
    t = torch.linspace(0, 1, 41, dtype=torch.float64)
    straight = torch.lerp(z[0], z[1], t[:, None]).norm(dim=1)
    length = torch.lerp(z[0].norm(), z[1].norm(), t)
    round_ = (length[:, None] * slerp(z[0], z[1], t)).norm(dim=1)
    figure, axes = plt.subplots(figsize=(6.4, 3.0))
    low, high = z.norm(dim=1).aminmax()
    axes.axhspan(low.item(), high.item(), color=FAINT, lw=0)
    axes.text(0.5, high.item() + 0.2, "400 random vectors", ha="center", va="bottom", color=MUTED)
    axes.plot(t, straight, color=ORANGE, label="straight line")
    axes.plot(t, round_, color=BLUE, label="slerp, with the length given back")
    axes.set(xlabel="t", ylabel="length", xlim=(0, 1), ylim=(11, 26.5))
    axes.legend(loc="lower center")
    return figure


def widths() -> Figure:
    """One cloud that is dense on the left and sparse on the right; each point's σ for two perplexities."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal((-2, 0), 0.35, (40, 2)), rng.normal((2, 0), 1.1, (40, 2))])
    chosen = (int(np.argmin(((x - (-2, 0)) ** 2).sum(1))), int(np.argmin(((x - (2, 0)) ** 2).sum(1))))
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 2.3), sharey=True)
    for axes, perplexity in zip(panels, (5, 20), strict=True):
        p = tsne_affinities(x, perplexity)
        axes.scatter(*x.T, s=8, color=FAINT, lw=0)
        for one, colour in zip(chosen, (BLUE, ORANGE), strict=True):
            share = p[one] / p[one].sum()
            seen = share > 0.002
            axes.scatter(*x[seen].T, s=900 * share[seen], color=colour, alpha=0.55, lw=0)
            axes.scatter(*x[one], marker="x", s=45, color=INK, lw=1.8)
        axes.set(title=f"perplexity {perplexity}", xticks=[], yticks=[], aspect="equal")
        axes.spines[:].set_visible(False)
    return figure


def embed(p: np.ndarray, steps: int, seed: int = 0) -> np.ndarray:
    """t-SNE: points in the plane whose neighbourhoods, by a Student t, are those of P. Momentum."""
    y = 1e-4 * np.random.default_rng(seed).normal(size=(len(p), 2))
    velocity = np.zeros_like(y)
    for step in range(steps):
        near = 1 / (1 + pairwise_sq_dists(y, y))
        np.fill_diagonal(near, 0)
        pull = ((12 if step < 100 else 1) * p - near / near.sum()) * near
        slope = 4 * (pull.sum(axis=1, keepdims=True) * y - pull @ y)
        velocity = (0.5 if step < 100 else 0.8) * velocity - len(p) / 12 * slope
        y = y + velocity
    return y - y.mean(axis=0)


def tsne() -> Figure:
    """A map of held-out digits, from your affinities of their codes."""
    _, _, held, labels = digits()
    some = slice(0, None, 2)
    with torch.no_grad():
        z = train().encode(held[some]).numpy()
    y, labels = embed(tsne_affinities(z, 20.0), 400), labels[some]
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    colours = plt.get_cmap("tab10")
    for digit in range(10):
        of = y[labels == digit]
        axes.scatter(*of.T, s=9, color=colours(digit), lw=0)
        axes.text(*np.median(of, axis=0), str(digit), ha="center", va="center", fontweight="bold", fontsize=13)
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    return figure
