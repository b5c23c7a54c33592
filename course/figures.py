"""The picture on the home page: noise becomes a word, by the code that units 4.1 and 4.4 ask for."""

import numpy as np
import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from phase4_diffusion.unit1_ddpm import NoiseSchedule, p_sample
from phase4_diffusion.unit4_guidance import gmm_eps
from style import MUTED, PHASES


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
