"""Pictures of unit 1.2, linear algebra, drawn by the course's own reference."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_sample_image

from phase1_foundations.unit1_python import make_grid
from phase1_foundations.unit2_linear_algebra import low_rank_approx, pca, power_iteration
from style import BLUE, FAINT, INK, MUTED, ORANGE


@cache
def _photograph() -> np.ndarray:
    """Scikit-learn's photograph of the Summer Palace in grey, (134, 192), 0 to 255."""
    grey = load_sample_image("china.jpg").mean(axis=2)[:402, :576]
    return grey.reshape(134, 3, 192, 3).mean(axis=(1, 3))


def _show(axes: Axes, picture: np.ndarray, title: str) -> None:
    # Whole numbers, so that another processor's roundings do not show in the picture.
    axes.imshow(np.clip(picture.round(), 0, 255), vmin=0, vmax=255, interpolation="none")
    axes.set_title(title)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def compression() -> Figure:
    """A photograph from fewer and fewer numbers."""
    photo = _photograph()
    figure, axes = plt.subplots(2, 2, figsize=(6.4, 4.7))
    for place, r in zip(axes.flat, (3, 9, 27, None), strict=True):
        if r is None:
            _show(place, photo, f"all {photo.size:,} numbers")
        else:
            b, c = low_rank_approx(photo, r)
            _show(place, b @ c, f"rank {r}: {(b.size + c.size) / photo.size:.0%}")
    return figure


def spectrum() -> Figure:
    """The singular values of a photograph, and of the same pixels in random order."""
    photo = _photograph()
    shuffled = np.random.default_rng(0).permutation(photo.ravel()).reshape(photo.shape)
    figure, axes = plt.subplots()
    for picture, colour, name, at in (
        (photo, BLUE, "the photograph", (40, 90)),
        (shuffled, ORANGE, "its pixels, shuffled", (60, 2.2e3)),
    ):
        axes.semilogy(np.arange(1, 135), np.linalg.svd(picture, compute_uv=False), color=colour)
        axes.text(*at, name, color=colour, ha="right" if colour == BLUE else "left", va="bottom")
    axes.set(xlabel="number of the singular value", ylabel="its size", xlim=(0, 135))
    return figure


def stretching() -> Figure:
    """What a symmetric matrix does to a circle, and where power iteration goes."""
    a = np.array([[2.0, 1.0], [1.0, 2.0]])
    angles = np.linspace(0, 2 * np.pi, 361)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    figure, (before, after) = plt.subplots(1, 2, figsize=(6.4, 3.5), sharex=True, sharey=True)
    for axes, shape, colour, lengths in ((before, circle, BLUE, (1, 1)), (after, a @ circle, ORANGE, (3, 1))):
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.axvline(0, color=FAINT, linewidth=1)
        axes.plot(*shape, color=colour)
        for length, direction in zip(lengths, ((1, 1), (-1, 1)), strict=True):
            end = length * np.array(direction) / np.sqrt(2)
            axes.annotate("", end, (0, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.6})
        axes.set(aspect="equal", xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    start = np.array([1.0, -0.8])
    for n in range(5):
        v = start / np.linalg.norm(start) if n == 0 else power_iteration(a, n, start)[1]
        before.plot(*v, "o", color=MUTED, markersize=5)
        before.text(*(1.28 * v), str(n), color=MUTED, ha="center", va="center", fontsize=9)
    before.set_title("v")
    after.set_title("A v")
    after.text(2.25, 1.55, "× 3", ha="left")
    after.text(-0.8, 0.9, "× 1", ha="right")
    return figure


def digits() -> Figure:
    """The mean digit, the first components, and every digit by two numbers."""
    data = load_digits()
    components, _, z = pca(data.data, 2)
    turn = np.sign(components[:, 20])  # a component's sign is free; this makes the picture the same everywhere
    figure, axes = plt.subplots(figsize=(6.4, 4.4))
    for label in range(10):
        one = data.target == label
        axes.scatter(*(z[one][:40] * turn).T, s=0)  # only for the limits
        for point in (z[one] * turn)[:40]:
            axes.text(*point, str(label), color=plt.cm.tab10(label), fontsize=8, ha="center", va="center")
    axes.set(xlabel="along the first component", ylabel="along the second")
    return figure


def components() -> Figure:
    """The mean of the digits and their first eleven components, as pictures."""
    data = load_digits().data
    found, _, _ = pca(data, 11)
    found = found * np.sign(found[np.arange(11), abs(found).argmax(1)])[:, None]
    pictures = np.concatenate([data.mean(0, keepdims=True) / 16, 0.5 + found])
    whole = make_grid(pictures.reshape(-1, 1, 8, 8).astype(np.float32), nrow=12, padding=1, pad_value=1.0)[0]
    figure, axes = plt.subplots(figsize=(6.4, 0.75))
    _show(axes, 255 * whole, "")
    return figure
