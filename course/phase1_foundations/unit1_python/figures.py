"""Pictures of unit 1.1, Python and NumPy, drawn by the course's own reference."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits, load_sample_image

from phase1_foundations.unit1_python import brighten, from_uint8, make_grid, pairwise_sq_dists, to_uint8
from style import BLUE, FAINT, INK, MUTED, ORANGE


def _flower(step: int) -> np.ndarray:
    """Scikit-learn's photograph of a dahlia, every `step`-th pixel of it, (H, W, 3) uint8."""
    return load_sample_image("flower.jpg")[::step, ::step]


def _show(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture, vmin=0, vmax=255 if picture.dtype == np.uint8 else 1, interpolation="none")
    axes.set_title(title)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def pixels() -> Figure:
    """A photograph, and a corner of it as the numbers that it is."""
    grey = _flower(4).mean(axis=2).round().astype(np.uint8)
    top, left, size = 38, 74, 8
    figure, (whole, part) = plt.subplots(1, 2, figsize=(6.4, 3.2), width_ratios=[1.35, 1])
    _show(whole, grey, f"{grey.shape[0]} × {grey.shape[1]} pixels")
    whole.add_patch(Rectangle((left - 0.5, top - 0.5), size, size, fill=False, edgecolor=ORANGE, linewidth=2))
    corner = grey[top : top + size, left : left + size]
    _show(part, corner, f"[{top}:{top + size}, {left}:{left + size}]")
    for (row, column), value in np.ndenumerate(corner):
        part.text(column, row, str(value), ha="center", va="center", fontsize=8, color="white" if value < 130 else INK)
    return figure


def wrapping() -> Figure:
    """The same sum on bytes, which wrap around, and on floats that are clipped."""
    photo = _flower(5)
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 1.9))
    _show(axes[0], photo, "the photograph")
    _show(axes[1], photo + np.uint8(100), "bytes + 100")
    _show(axes[2], brighten(photo / 255, 100 / 255), "brighten")
    return figure


def _table(
    axes: Axes, left: float, top: float, values: np.ndarray, colour: str, ghost: np.ndarray | None = None
) -> None:
    """Numbers in boxes; those of `ghost` are only there by broadcasting, and paler."""
    for (row, column), value in np.ndenumerate(values):
        pale = ghost is not None and ghost[row, column]
        axes.add_patch(
            Rectangle(
                (left + column, top - row - 1), 1, 1,
                facecolor=colour, alpha=0.08 if pale else 0.25, edgecolor="none",
            )
        )  # fmt: skip
        axes.add_patch(Rectangle((left + column, top - row - 1), 1, 1, fill=False, edgecolor=FAINT))
        axes.text(
            left + column + 0.5, top - row - 0.5, f"{value:g}", ha="center", va="center", color=MUTED if pale else INK
        )


def broadcasting() -> Figure:
    """(3, 1) minus (1, 4): both are stretched to (3, 4) without a copy."""
    x, y = np.array([[1.0], [5.0], [9.0]]), np.array([[0.0, 2.0, 4.0, 6.0]])
    stretched_x, stretched_y = np.broadcast_arrays(x, y)
    rows, columns = np.indices((3, 4))
    figure, axes = plt.subplots(figsize=(6.4, 2.0))
    _table(axes, 0, 3, stretched_x, BLUE, columns > 0)
    _table(axes, 5.5, 3, stretched_y, ORANGE, rows > 0)
    _table(axes, 11, 3, x - y, MUTED)
    for at, sign in ((4.75, "−"), (10.25, "=")):
        axes.text(at, 1.5, sign, ha="center", va="center", fontsize=18)
    for at, words in ((2, "x[:, None]  (3, 1)"), (7.5, "y[None, :]  (1, 4)"), (13, "(3, 4)")):
        axes.text(at, 3.25, words, ha="center", va="bottom")
    axes.set(xlim=(-0.2, 15.2), ylim=(-0.1, 3.9), aspect="equal")
    axes.axis("off")
    return figure


def distances() -> Figure:
    """All distances between sixty digits, by kind."""
    data = load_digits()
    chosen = np.concatenate([np.flatnonzero(data.target == label)[:15] for label in (0, 1, 4, 6)])
    x = data.data[chosen]
    figure, axes = plt.subplots(figsize=(4.6, 4.0))
    picture = axes.imshow(pairwise_sq_dists(x, x), cmap="viridis", interpolation="none")
    middle = [7, 22, 37, 52]
    axes.set_xticks(middle, [f"“{label}”" for label in (0, 1, 4, 6)])
    axes.set_yticks(middle, [f"“{label}”" for label in (0, 1, 4, 6)])
    figure.colorbar(picture, label="squared distance", shrink=0.85)
    return figure


def grid() -> Figure:
    """Twenty-four digits as one picture: bytes to [-1, 1], a grid, and back to bytes."""
    images = (load_digits().images[:24, :, :, None] * 15.9375).astype(np.uint8)
    whole = make_grid(from_uint8(images), nrow=12, padding=1, pad_value=0.0)
    figure, axes = plt.subplots(figsize=(6.4, 1.3))
    _show(axes, to_uint8(whole[None])[0, :, :, 0], "")
    return figure
