"""Pictures of unit 2.4, attention and transformers, drawn by the course's own reference."""

from functools import cache

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from phase2_deep_learning.unit4_attention import (
    ViT,
    patchify,
    scaled_dot_product_attention,
    sinusoidal_positional_encoding,
)
from style import BLUE, INK, MUTED, ORANGE

# A vision transformer small enough to train while the picture is made, on scikit-learn's 8×8 digits in patches of
# 2×2. In float64, so that another processor's roundings do not show in the picture.
STEPS, EVERY = 500, 25


@cache
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """1500 images (N, 1, 8, 8) in [0, 1] and their classes to train on, and 297 to test on."""
    data = load_digits()
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    x, y = torch.tensor(data.images / 16)[order, None], torch.tensor(data.target)[order]
    return x[:1500], y[:1500], x[1500:], y[1500:]


@cache
def train(positions: bool) -> tuple[ViT, list[float]]:
    """The model and its accuracy on the test images after every EVERY steps; without positions they stay zero."""
    torch.manual_seed(0)
    x, y, test_x, test_y = digits()
    model = ViT(8, 2, 32, 2, 4, 10, channels=1).double()
    if not positions:
        model.pos_embed.requires_grad_(False).zero_()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    accuracy = []
    for step in range(1, STEPS + 1):
        batch = torch.randint(len(x), (64,))
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % EVERY == 0:
            with torch.no_grad():
                accuracy.append((model(test_x).argmax(1) == test_y).double().mean().item())
    return model, accuracy


@torch.no_grad()
def weights_of_the_class_token(model: ViT, x: Tensor) -> Tensor:
    """(B, 4, 4): what the class token looks at in the last block, the mean over its heads."""
    tokens = torch.cat([model.cls_token.expand(len(x), -1, -1), model.patch_embed(x)], dim=1) + model.pos_embed
    for block in model.blocks[:-1]:
        tokens = block(tokens)
    last = model.blocks[-1]
    q, k, _ = (
        part.unflatten(-1, (last.attn.heads, -1)).transpose(1, 2)
        for part in last.attn.qkv(last.norm1(tokens)).chunk(3, dim=-1)
    )
    # With one-hot values the mix of the values is the weights themselves.
    weights = scaled_dot_product_attention(q, k, torch.eye(k.shape[-2], dtype=k.dtype))
    return weights.mean(1)[:, 0, 1:].unflatten(-1, (4, 4))


def class_attention() -> Figure:
    """Test digits above, and below them the share that each patch has in the class token's answer."""
    model, _ = train(positions=True)
    _, _, x, y = digits()
    chosen = torch.stack([(y == digit).nonzero()[0, 0] for digit in (0, 1, 3, 4, 6, 7)])
    weights = weights_of_the_class_token(model, x[chosen])
    figure, axes = plt.subplots(2, len(chosen), figsize=(6.4, 2.5))
    for column, image, weight in zip(axes.T, x[chosen, 0], weights, strict=True):
        column[0].imshow(image, cmap="gray_r", vmin=0, vmax=1)
        column[1].imshow(weight, cmap="Blues", vmin=0, vmax=weights.max())
        for axis in column:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
    axes[0, 0].set_ylabel("digit")
    axes[1, 0].set_ylabel("weights")
    return figure


def saturation() -> Figure:
    """How much the best of 16 keys gets, by the width of the head, with and without the division by √d."""
    widths = [2**i for i in range(11)]
    rng = torch.Generator().manual_seed(0)
    scaled, unscaled = [], []
    for d in widths:
        q = torch.randn(2000, 1, d, generator=rng, dtype=torch.float64)
        k = torch.randn(2000, 16, d, generator=rng, dtype=torch.float64)
        one_hot = torch.eye(16, dtype=torch.float64).expand(2000, 16, 16)
        scaled.append(scaled_dot_product_attention(q, k, one_hot).amax(-1).mean().item())
        # Stretching q by √d undoes the division.
        unscaled.append(scaled_dot_product_attention(q * d**0.5, k, one_hot).amax(-1).mean().item())
    figure, axis = plt.subplots(figsize=(6.4, 3.2))
    axis.plot(widths, unscaled, "o-", ms=4, color=ORANGE, label="softmax(q kᵀ)")
    axis.plot(widths, scaled, "o-", ms=4, color=BLUE, label="softmax(q kᵀ / √d)")
    axis.axhline(1 / 16, color=MUTED, lw=1, ls="--")
    axis.annotate("even shares, 1/16", (1, 1 / 16 + 0.02), color=MUTED)
    axis.set_xscale("log", base=2)
    axis.set(xlabel="d, the width of a head", ylabel="largest of 16 weights", ylim=(0, 1), xticks=widths[::2])
    axis.set_xticklabels([str(width) for width in widths[::2]])
    axis.legend(loc="upper left")
    axis.margins(x=0.03)
    return figure


def positions() -> Figure:
    """The encoding of 64 positions, and how alike two positions are by their distance."""
    encoding = sinusoidal_positional_encoding(64, 64)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.3))
    left.imshow(encoding, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    left.set(xlabel="column", ylabel="position")
    alike = encoding @ encoding.T / 32
    for position, colour in ((10, ORANGE), (32, BLUE)):
        right.plot(alike[position], color=colour, label=f"to position {position}")
        right.plot(position, 1, "o", color=colour)
    right.set(xlabel="position", title="similarity", ylim=(0, 1.08))
    right.legend(loc="lower right")
    return figure


def patches() -> Figure:
    """One digit cut in 2×2 patches, and the tokens that patchify makes of it."""
    _, _, x, y = digits()
    image = x[(y == 3).nonzero()[0, 0]]
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.6), width_ratios=(2, 1))
    left.imshow(image[0], cmap="gray_r", vmin=0, vmax=1)
    for cut in (1.5, 3.5, 5.5):
        left.axhline(cut, color=ORANGE)
        left.axvline(cut, color=ORANGE)
    for token in range(16):
        row, column = divmod(token, 4)
        corner = 2 * column - 0.4, 2 * row - 0.4
        outline = [withStroke(linewidth=3, foreground="white")]
        left.annotate(str(token), corner, color=BLUE, weight="bold", va="top", path_effects=outline)
    left.set(xticks=[], yticks=[], title="(1, 8, 8)")
    right.imshow(patchify(image[None], 2)[0], cmap="gray_r", vmin=0, vmax=1, aspect="auto")
    right.set(xticks=range(4), yticks=range(0, 16, 3), title="(16, 4)", ylabel="token")
    return figure


def bag_of_patches() -> Figure:
    """Accuracy on held-out digits while two equal models train, one of them without positions."""
    figure, axis = plt.subplots(figsize=(6.4, 3.2))
    steps = range(EVERY, STEPS + 1, EVERY)
    axis.plot(steps, train(positions=True)[1], color=BLUE, label="with learned positions")
    axis.plot(steps, train(positions=False)[1], color=ORANGE, label="without positions")
    axis.axhline(0.1, color=INK, lw=1, ls="--")
    axis.set(xlabel="training step", ylabel="accuracy, 297 unseen digits", ylim=(0, 1))
    axis.legend(loc="center right")
    return figure
