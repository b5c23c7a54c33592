"""Pictures of unit 2.5, training practice, drawn by the course's own reference."""

import math
from collections.abc import Callable
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from phase2_deep_learning.unit5_training import batch_norm, clip_grad_norm, cosine_warmup_lr, group_norm
from style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE

# In float64 throughout, so that another processor's roundings do not show in a picture.
LAYERS, WIDTH, STEPS = 14, 8, 100


@cache
def digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's digits, shuffled: (1797, 1, 8, 8) in [0, 1], and their classes."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return torch.tensor(data.images[order, None] / 16), torch.tensor(data.target[order])


def deep() -> Figure:
    """Training loss of fourteen convolutions in a row: bare, with batch norm, with group norm."""
    x, y = digits()
    one, zero = torch.ones(WIDTH, dtype=torch.float64), torch.zeros(WIDTH, dtype=torch.float64)

    def bare(h: Tensor) -> Tensor:
        return h

    def by_batch(h: Tensor) -> Tensor:
        return batch_norm(h, one, zero, (zero, one), True)[0]

    def by_groups(h: Tensor) -> Tensor:
        return group_norm(h, 2, one, zero)

    def losses(normalise: Callable[[Tensor], Tensor]) -> list[float]:
        torch.manual_seed(0)
        convolutions = [nn.Conv2d(WIDTH if i else 1, WIDTH, 3, padding=1).double() for i in range(LAYERS)]
        head = nn.Linear(WIDTH * 64, 10).double()
        optimizer = torch.optim.SGD([*nn.ModuleList([*convolutions, head]).parameters()], lr=0.05)
        found = []
        for step in range(STEPS):
            batch = slice(32 * step % 1600, 32 * step % 1600 + 32)
            h = x[batch]
            for convolution in convolutions:
                h = F.relu(normalise(convolution(h)))
            loss = F.cross_entropy(head(h.flatten(1)), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    figure, axes = plt.subplots()
    for normalise, colour, words in (
        (bare, ORANGE, "no normalisation"),
        (by_batch, BLUE, "batch norm"),
        (by_groups, GREEN, "group norm"),
    ):
        axes.plot(range(1, STEPS + 1), losses(normalise), color=colour, label=words, linewidth=1.5)
    axes.axhline(math.log(10), color=MUTED, linewidth=1, linestyle=":")
    axes.set(xlabel="step", ylabel="training loss", xlim=(1, STEPS), ylim=(0, 3.4))
    axes.legend(loc="upper right", ncols=3)
    return figure


def neighbours() -> Figure:
    """Which numbers of the output change when one of the input does: four normalisations of (4 images, 6 channels)."""
    torch.manual_seed(0)
    images, channels, side = 4, 6, 3
    x = torch.randn(images, channels, side, side, dtype=torch.float64)
    one, zero = torch.ones(channels, dtype=torch.float64), torch.zeros(channels, dtype=torch.float64)
    norms: dict[str, Callable[[Tensor], Tensor]] = {
        "batch norm": lambda x: batch_norm(x, one, zero, (zero, one), True)[0],
        "group norm, 3 groups": lambda x: group_norm(x, 3, one, zero),
        "1 group\n(layer norm)": lambda x: group_norm(x, 1, one, zero),
        "6 groups\n(instance norm)": lambda x: group_norm(x, channels, one, zero),
    }
    moved = x.clone()
    moved[1, 2, 1, 1] += 1
    figure, rows = plt.subplots(2, 2, figsize=(6.4, 4.6))
    for axes, (name, norm) in zip(rows.flat, norms.items(), strict=True):
        changed = (norm(x) != norm(moved)).to(torch.float64)
        # an image is a row of small tables, one for each channel
        table = torch.full((images * (side + 1) - 1, channels * (side + 1) - 1), math.nan, dtype=torch.float64)
        for b in range(images):
            for c in range(channels):
                top, left = b * (side + 1), c * (side + 1)
                table[top : top + side, left : left + side] = changed[b, c]
        axes.imshow(table.numpy(), cmap=ListedColormap([FAINT, BLUE]), vmin=0, vmax=1)
        axes.plot(2 * (side + 1) + 1, (side + 1) + 1, "o", color=ORANGE, markersize=5)
        axes.set(xticks=[], yticks=[], xlabel="channels", ylabel="images")
        axes.spines[:].set(visible=False)
        axes.set_title(name)
    return figure


def schedule() -> Figure:
    """The learning rate over 1000 steps: with a warm-up of 100, and without one."""
    figure, axes = plt.subplots(figsize=(6.4, 3.0))
    steps = range(1101)
    for warmup, colour, words in ((100, BLUE, "warmup = 100"), (0, ORANGE, "warmup = 0")):
        axes.plot(steps, [cosine_warmup_lr(step, warmup, 1000, 3e-4) for step in steps], color=colour, label=words)
    axes.axvline(1000, color=MUTED, linewidth=1, linestyle=":")
    axes.set(xlabel="step", ylabel="learning rate", xlim=(0, 1100), ylim=(0, 3.3e-4))
    axes.set_yticks([0, 1e-4, 2e-4, 3e-4], ["0", "0.0001", "0.0002", "0.0003"])
    axes.legend(loc="upper right")
    return figure


def bad_batch() -> Figure:
    """A run in which one batch is spoiled: loss and gradient norm, with and without clipping."""
    x, y = digits()

    def run(max_norm: float) -> tuple[list[float], list[float]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses, norms = [], []
        for step in range(120):
            at = 50 * step % 1500
            batch = x[at : at + 50] * (100 if step == 60 else 1)  # somebody forgot to divide
            loss = F.cross_entropy(model(batch), y[at : at + 50])
            optimizer.zero_grad()
            loss.backward()
            norms.append(clip_grad_norm(model.parameters(), max_norm).item())
            optimizer.step()
            with torch.no_grad():
                losses.append(F.cross_entropy(model(x[1500:]), y[1500:]).item())
        return losses, norms

    figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.4, 4.4), sharex=True)
    for max_norm, colour, words in ((math.inf, ORANGE, "not clipped"), (1.0, BLUE, "clipped to 1")):
        losses, norms = run(max_norm)
        upper.plot(range(1, 121), losses, color=colour, label=words)
        lower.plot(range(1, 121), norms, color=colour)
    lower.axhline(1.0, color=MUTED, linewidth=1, linestyle=":")
    upper.set(ylabel="held-out loss", yscale="log", xlim=(1, 120))
    lower.set(xlabel="step", ylabel="gradient norm", yscale="log")
    upper.legend(loc="upper left")
    return figure


def half() -> Figure:
    """Sizes of the gradients inside a small network that learns to tell noise, against what float16 can hold."""
    x = F.interpolate(2 * digits()[0] - 1, scale_factor=4, mode="bilinear")  # (1797, 1, 32, 32)
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for width in (1, 8, 8):
        layers += [nn.Conv2d(width, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU()]
    model = nn.Sequential(*layers, nn.Conv2d(8, 1, 3, padding=1)).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    inside: list[Tensor] = []
    for step in range(101):
        if step == 100:  # the gradients of what flows between the layers, which is where half precision is used
            for layer in model:
                layer.register_full_backward_hook(lambda layer, into, out: inside.extend(out))
        image = x[16 * step : 16 * step + 16]
        noise = torch.randn_like(image)
        loss = F.mse_loss(model(((image + noise) / 2**0.5).requires_grad_()), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    exponents = torch.cat([one.flatten().abs().log2() for one in inside]).numpy()
    small, lost = (exponents < -14).mean(), (exponents < -25).mean()  # half of 2⁻²⁴ is rounded to zero
    assert small > 0.99 and 0.005 < lost < 0.02 and (exponents + 16 < -25).mean() < 1e-3, (small, lost)
    figure, axes = plt.subplots()
    bins = np.arange(-35, 18, 0.5)
    top = 1.35 * np.histogram(exponents, bins)[0].max()
    for shift, colour, words in ((0, ORANGE, "as they are"), (16, BLUE, "loss times 65536")):
        axes.hist(exponents + shift, bins=bins, color=colour)
        axes.text(-18 + shift, 0.78 * top, words, color=colour, ha="center", va="bottom")
    for exponent in (-24, -14, 16):
        axes.axvline(exponent, color=INK, linewidth=1, linestyle=":")
    for middle, words in ((-28.5, "zero"), (-19, "fewer digits"), (1, "all eleven bits"), (17.5, "inf")):
        axes.text(middle, top, words, ha="center", va="top", color=MUTED)
    axes.set(xlabel="size of a gradient", yticks=[], xlim=(-33, 19), ylim=(0, top))
    axes.set_xticks([-24, -14, 0, 16], ["$2^{-24}$", "$2^{-14}$", "1", "$2^{16}$"])
    axes.spines["left"].set_visible(False)
    return figure
