"""The picture on the home page: noise becomes a word, by the code that units 4.1 and 4.4 ask for.

And the one of the guide to the inside: the platform's rooms, with the arrows that its imports draw.
"""

import ast
from pathlib import Path as FilePath

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

import grader
from phase4_diffusion.unit1_ddpm import NoiseSchedule, p_sample
from phase4_diffusion.unit4_guidance import gmm_eps
from style import INK, MUTED, PHASES


def _word(text: str, n: int, rng: np.random.Generator) -> torch.Tensor:
    """(n, 2) points inside the letters, each axis with mean 0 and variance 1."""
    outline = TextPath((0, 0), text, size=1, prop={"weight": "bold"})
    (left, low), (right, high) = outline.get_extents().get_points()
    points = rng.uniform((left, low), (right, high), (40 * n, 2))
    # Letters with holes are several loops: a point is inside if it lies in an odd number of them.
    loops = [Path(vertices) for vertices in outline.to_polygons(closed_only=True)]
    inside = sum(loop.contains_points(points).astype(int) for loop in loops) % 2 == 1
    chosen = points[inside][:n]
    return torch.tensor((chosen - chosen.mean(0)) / chosen.std(0))


def noise_to_word() -> Figure:
    rng = np.random.default_rng(0)
    means = _word("diffusion", 1500, rng)
    weights, var = torch.full((len(means),), 1 / len(means)).double(), torch.full((len(means),), 2e-4).double()
    schedule = NoiseSchedule(200, "cosine")
    x = torch.tensor(rng.normal(size=(1200, 2)))
    shown = {}
    for step in reversed(range(200)):
        if step in (199, 19):
            shown[step + 1] = x
        t = torch.full((len(x),), step)
        eps = gmm_eps(x, t, weights, means, var, schedule.alphas_cumprod.double())
        x = p_sample(schedule, eps, x, t, torch.tensor(rng.normal(size=x.shape)))
    shown[0] = x

    figure, axes = plt.subplots(3, 1, figsize=(6.4, 4.8), sharex=True, sharey=True)
    hue = np.digitize(x[:, 0], np.quantile(x[:, 0], (0.2, 0.4, 0.6, 0.8)))
    for ax, (step, points) in zip(axes, shown.items(), strict=True):
        for index, colour in enumerate(PHASES):
            # A dot is a line of no length with round ends: a third of the file of a scatter plot.
            ends = points[torch.tensor(hue == index)].repeat_interleave(2, 0).numpy()
            dots = Path(ends, np.resize([Path.MOVETO, Path.LINETO], len(ends)))
            dots.should_simplify = False
            ax.add_patch(PathPatch(dots, fill=False, edgecolor=colour, linewidth=2.4, capstyle="round", alpha=0.8))
        ax.set(xlim=(-1.95, 1.95), ylim=(-2, 2.3), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_ylabel(f"t = {step}", rotation=0, ha="right", va="center", color=MUTED)
    return figure


# Where each room stands, (x, floor), and what it is for in a few words.
ROOMS = {
    "ground": (1.5, 0, "text, files, cores"),
    "curriculum": (1.5, 1, "model, paths, lessons"),
    "judge.terms": (1.5, 2, "submission, call, verdict"),
    "judge.wall": (1.5, 3, "the learner's process"),
    "judge.trial": (1.5, 4, "checks; what is decided"),
    "judge.door": (1.5, 5, "client and service"),
    "training": (0.0, 6, "runs projects"),
    "learner": (3.0, 6, "workspace, log, road"),
    "classroom": (1.0, 6, "a whole class"),
    "author": (2.0, 6, "the gates"),
    "web": (3.0, 7, "the site, live"),
    "cli": (1.5, 8, "what people type"),
}


def _room(module: str) -> str:
    """The room that a module of the platform lies in, without `grader.`; the judge's face is its door."""
    _, first, *rest = [*module.split("."), ""]
    if first != "judge":
        return first
    return f"judge.{rest[0]}" if f"judge.{rest[0]}" in ROOMS else "judge.door"


def _arrows() -> set[tuple[str, str]]:
    """(from, to) for every two rooms of which one imports something of the other, inside a function or not."""
    found: set[tuple[str, str]] = set()
    home = FilePath(grader.__file__).parent
    for path in sorted(home.rglob("*.py")):
        here = ".".join(path.relative_to(home.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader."):
                found.add((_room(here), _room(node.module or "")))
    return {(start, end) for start, end in found if start != end and {start, end} <= set(ROOMS)}


def _telling(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that do not follow from others: without those from a room to what a room below it stands on, too."""

    def leads(start: str, end: str) -> bool:
        return any(to == end or leads(to, end) for begin, to in arrows if begin == start)

    return {(a, b) for a, b in arrows if not any(leads(c, b) for begin, c in arrows if begin == a and c != b)}


def rooms() -> Figure:
    figure, ax = plt.subplots(figsize=(6.4, 6.8))
    ax.set(xlim=(-0.5, 3.5), ylim=(-0.35, 8.35))
    ax.set_axis_off()
    frame = {"boxstyle": "round,pad=0,rounding_size=0.1", "facecolor": "#f4f5f8", "linewidth": 0}
    ax.add_patch(FancyBboxPatch((0.6, 1.6), 1.8, 3.8, **frame))
    ax.text(0.68, 5.18, "judge", fontsize=9, color=MUTED)
    head = {"arrowstyle": "-|>", "mutation_scale": 11, "shrinkA": 0, "shrinkB": 1, "color": MUTED, "linewidth": 1.2}
    for start, end in sorted(_telling(set(_arrows()))):
        (x0, y0, _), (x1, y1, _) = ROOMS[start], ROOMS[end]
        passes_by = x0 < x1 and y0 - y1 > 2  # then it comes in from the left
        target = (x1 - 0.46, y1) if passes_by else (x1, y1 + 0.27)
        ax.add_patch(FancyArrowPatch((x0, y0 - 0.27), target, **head))
    for name, (x, y, purpose) in ROOMS.items():
        box = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "white", "edgecolor": PHASES[y // 2]}
        ax.add_patch(FancyBboxPatch((x - 0.46, y - 0.27), 0.92, 0.54, **box))
        ax.text(x, y + 0.09, name.removeprefix("judge."), ha="center", va="center", fontweight="bold", color=INK)
        ax.text(x, y - 0.13, purpose, ha="center", va="center", fontsize=8, color=MUTED)
    return figure
