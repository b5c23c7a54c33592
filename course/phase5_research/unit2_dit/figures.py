"""Pictures of unit 5.2, diffusion transformers, drawn by the course's own references."""

from functools import cache

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_sample_image
from torch import Tensor

from phase2_deep_learning.unit4_attention import TransformerBlock, patchify
from phase4_diffusion.unit1_ddpm import NoiseSchedule, ddpm_loss, p_sample
from phase5_research.unit2_dit import DiT, DiTBlock, dit_gflops, sincos_pos_embed_2d, unpatchify
from style import BLUE, CYCLE, MUTED, ORANGE

# A DiT small enough to train while the picture is made, on scikit-learn's 8×8 digits. In float64, so that another
# processor's roundings do not show in the picture.
STEPS, T = 1500, 200


@cache
def trained() -> tuple[DiT, NoiseSchedule]:
    torch.manual_seed(0)
    data = load_digits()
    x, y = torch.tensor(data.images / 8 - 1)[:, None], torch.tensor(data.target)
    schedule, model = NoiseSchedule(T, "cosine"), DiT(8, 2, 1, 48, 3, 4, 10).double()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0)
    rate = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, STEPS)
    for _ in range(STEPS):
        batch, t = torch.randint(len(x), (64,)), torch.randint(T, (64,))

        def noise(xt: Tensor, t: Tensor, labels: Tensor = y[batch]) -> Tensor:
            return model(xt, t, labels)[:, :1]

        loss = ddpm_loss(schedule, noise, x[batch], t, torch.randn(64, 1, 8, 8, dtype=x.dtype))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return model.eval(), schedule


@torch.no_grad()
def sample(model: DiT, schedule: NoiseSchedule, labels: Tensor, scale: float) -> Tensor:
    """(B, 1, 8, 8), one image for each label, by ancestral sampling with guidance, always from the same noise."""
    rng = torch.Generator().manual_seed(1)
    size = (len(labels), 1, 8, 8)
    both = torch.cat([labels, torch.full_like(labels, 10)])
    x = torch.randn(size, generator=rng, dtype=torch.float64)
    for step in reversed(range(T)):
        t = torch.full_like(labels, step)
        out = model.forward_with_cfg(torch.cat([x, x]), torch.cat([t, t]), both, scale)
        noise = torch.randn(size, generator=rng, dtype=torch.float64)
        x = p_sample(schedule, out[: len(labels), :1], x, t, noise)
    return x


def samples() -> Figure:
    """Digits of every class, without guidance and with two strengths of it, from the same noise."""
    scales = (1.0, 2.0, 4.0)
    figure, axes = plt.subplots(len(scales), 10, figsize=(6.4, 2.3))
    for row, scale in zip(axes, scales, strict=True):
        for axis, image in zip(row, sample(*trained(), torch.arange(10), scale), strict=True):
            axis.imshow(image[0], cmap="gray_r", vmin=-1, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
        row[0].set_ylabel(f"s = {scale:g}", rotation=0, ha="right", va="center")
    return figure


def identity() -> Figure:
    """How far a stack of untrained blocks moves its tokens, with adaLN-Zero and without."""
    torch.manual_seed(0)
    depth, dim = 28, 64
    x, c = torch.randn(4, 16, dim, dtype=torch.float64), torch.randn(4, dim, dtype=torch.float64)
    plain = [TransformerBlock(dim, 4).double() for _ in range(depth)]
    zero = [DiTBlock(dim, 4).double() for _ in range(depth)]
    moved: dict[str, list[float]] = {"plain": [0.0], "zero": [0.0]}
    a = b = x
    with torch.no_grad():
        for plain_block, zero_block in zip(plain, zero, strict=True):
            a, b = plain_block(a), zero_block(b, c)
            moved["plain"].append(((a - x).norm() / x.norm()).item())
            moved["zero"].append(((b - x).norm() / x.norm()).item())
    figure, axis = plt.subplots(figsize=(6.4, 2.9))
    axis.plot(moved["plain"], color=ORANGE, label="pre-norm blocks of unit 2.4")
    axis.plot(moved["zero"], color=BLUE, label="DiT blocks, adaLN-Zero")
    axis.set(xlabel="blocks passed", ylabel="‖out − in‖ / ‖in‖", xticks=range(0, depth + 1, 7))
    axis.legend(loc="upper left")
    return figure


def neighbours() -> Figure:
    """How alike the position vectors of an 8×8 grid are to those of three of its cells."""
    table = sincos_pos_embed_2d(64, 8)
    alike = (table @ table.T / 32).unflatten(1, (8, 8))
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.4))
    for axis, (row, column) in zip(axes, ((1, 1), (3, 5), (7, 2)), strict=True):
        axis.imshow(alike[8 * row + column], cmap="viridis", vmin=0.5, vmax=1)
        axis.plot(column, row, "o", color=ORANGE)
        axis.set(xticks=[], yticks=[], title=f"row {row}, column {column}")
        axis.spines[:].set_visible(False)
    return figure


def broken() -> Figure:
    """A photograph cut into patches and put together again: rightly, and with the axes of a token mixed up."""
    photo = torch.tensor(load_sample_image("flower.jpg") / 255.0)[40:360:5, 200:520:5].permute(2, 0, 1)[None]
    p, c = 8, 3
    tokens = patchify(photo, p)  # (1, 64, c·p·p), channels first
    last = tokens.unflatten(-1, (c, p * p)).transpose(-2, -1).flatten(-2)  # channels last
    sideways = last.unflatten(-1, (p, p, c)).transpose(-3, -2).flatten(-3)
    columns = last.unflatten(1, (8, 8)).transpose(1, 2).flatten(1, 2)
    pictures = {"right": last, "channels first": tokens, "p and p swapped": sideways, "rows and columns": columns}
    figure, axes = plt.subplots(1, 4, figsize=(6.4, 2.0))
    for axis, (title, one) in zip(axes, pictures.items(), strict=True):
        axis.imshow(unpatchify(one, p, c)[0].permute(1, 2, 0))
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=10)
        axis.spines[:].set_visible(False)
    return figure


def gflops() -> Figure:
    """Gflops of the paper's four sizes at its three patch sizes, for latents of 32×32×4."""
    sizes = {"S": (384, 12), "B": (768, 12), "L": (1024, 24), "XL": (1152, 28)}
    figure, axis = plt.subplots(figsize=(6.4, 3.3))
    for (name, (dim, depth)), colour in zip(sizes.items(), CYCLE, strict=False):
        counts = [dit_gflops(32, patch, 4, dim, depth) for patch in (8, 4, 2)]
        axis.plot((16, 64, 256), counts, "o-", color=colour, label=f"DiT-{name}")
        axis.annotate(f"{counts[-1]:.1f}", (256, counts[-1]), (6, 0), textcoords="offset points", va="center")
    axis.plot((16, 64, 256), [1.0 * n / 16 for n in (16, 64, 256)], color=MUTED, lw=1, ls="--", label="∝ tokens")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set(xlabel="tokens (p = 8, 4, 2)", ylabel="Gflops for one image", xlim=(14, 420), xticks=(16, 64, 256))
    axis.set_xticklabels(["16", "64", "256"])
    axis.legend(loc="upper left", ncols=2)
    return figure
