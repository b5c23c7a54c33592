"""The pictures of a run: ink on white, large enough to read on a phone. Arrays in, matplotlib figures out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patheffects import withStroke

from grader.ground.files import replacing

SIDE = 28
INK, MUTED = "#1c2330", "#5c6675"
# One colour a digit: ten hues of similar weight on white; neighbours in the map differ most.
DIGITS = ("#3b5bdb", "#d6336c", "#0c8599", "#e8590c", "#6741d9", "#2b8a3e", "#ae3ec9", "#7c4a1e", "#b08900", "#495057")
PAPER = LinearSegmentedColormap.from_list("paper", ["#ffffff", "#8d99ae", INK])


def write(figure: Figure, path: Path) -> None:
    """Save as PNG, whole or not at all; the same figure gives the same bytes."""
    with replacing(path) as file:
        figure.savefig(file, dpi=160, metadata={"Software": None})


def grid(images: np.ndarray, columns: int, gap: int = 3) -> Figure:
    """images: (N, 784) in [0, 1], filled in row by row."""
    return _show(_tile(images, columns, gap))


def rows(parts: Sequence[np.ndarray], names: Sequence[str]) -> Figure:
    """Rows of images under one another, each (N, 784), with its name at the left."""
    columns = len(parts[0])
    figure = _show(_tile(np.concatenate(list(parts)), columns, 3), left=0.11)
    for position, name in enumerate(names):
        figure.text(0.1, 1 - (position + 0.5) / len(names), name, ha="right", va="center", fontsize=7, color=MUTED)
    return figure


def walks(frames: np.ndarray) -> Figure:
    """frames: (W, S + 2, 784): a real image, S decoded codes, a real image. The real ones stand apart."""
    count, length, _ = frames.shape
    strip = _tile(frames.reshape(count * length, -1), length, 3)
    cell, room = SIDE + 3, 14
    wide = np.zeros((strip.shape[0], strip.shape[1] + 2 * room))
    wide[:, :cell] = strip[:, :cell]
    wide[:, cell + room : -cell - room] = strip[:, cell:-cell]
    wide[:, -cell:] = strip[:, -cell:]
    figure = _show(wide)
    for x in (cell + room / 2, wide.shape[1] - cell - room / 2):
        figure.axes[0].axvline(x - 0.5, color="#d9dee6", linewidth=1)
    return figure


def scatter(points: np.ndarray, labels: np.ndarray, images: np.ndarray) -> Figure:
    """A map of codes: points (N, 2) coloured by digit, with the images themselves wherever there is room for one."""
    figure = Figure(figsize=(6.4, 6.4))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_axis_off()
    colours = np.array(DIGITS)[labels]
    axes.scatter(points[:, 0], points[:, 1], s=9, c=colours, alpha=0.35, linewidths=0)
    low, high = points.min(0), points.max(0)
    margin = 0.04 * (high - low)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])

    unit = (points - low) / (high - low)
    centres = {digit: np.median(unit[labels == digit], axis=0) for digit in np.unique(labels)}
    taken: list[np.ndarray] = []
    for index, place in enumerate(unit):
        crowded = any(np.hypot(*(place - other)) < 0.034 for other in taken)
        if not crowded and all(np.hypot(*(place - centre)) > 0.04 for centre in centres.values()):
            taken.append(place)
            axes.add_artist(AnnotationBbox(_stamp(images[index], DIGITS[labels[index]]), points[index], frameon=False))
    for digit, centre in centres.items():
        x, y = low + centre * (high - low)
        name = axes.text(x, y, str(digit), color=DIGITS[digit], fontsize=26, fontweight="bold", zorder=9)
        name.set(ha="center", va="center", path_effects=[withStroke(linewidth=5, foreground="white")])
    return figure


def _stamp(image: np.ndarray, colour: str) -> OffsetImage:
    """The image as a transparent print in one colour."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    print_ = np.empty((SIDE, SIDE, 4))
    print_[..., :3] = red, green, blue
    print_[..., 3] = image.reshape(SIDE, SIDE)
    return OffsetImage(print_, zoom=0.3, interpolation="bilinear")


def _tile(images: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """Images (N, 784) in a table of `columns`, with `gap` white pixels between and half of them around."""
    lines = -(-len(images) // columns)
    cell = SIDE + gap
    table = np.zeros((lines * cell, columns * cell))
    for index, image in enumerate(images):
        top, left = index // columns * cell + gap // 2, index % columns * cell + gap // 2
        table[top : top + SIDE, left : left + SIDE] = image.reshape(SIDE, SIDE)
    return table


def _show(table: np.ndarray, left: float = 0.0) -> Figure:
    """An array in [0, 1] as ink on white, at a whole number of screen pixels for each of its own."""
    height, width = table.shape
    zoom = max(2, round(1024 * (1 - left) / width))
    figure = Figure(figsize=(width * zoom / (1 - left) / 160, height * zoom / 160), dpi=160)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left, 0, 1 - left, 1))
    axes.set_axis_off()
    axes.imshow(table, cmap=PAPER, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return figure
