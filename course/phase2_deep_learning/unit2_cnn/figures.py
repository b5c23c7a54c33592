"""Pictures of unit 2.2, convolutional networks, drawn by the course's own reference."""

from functools import cache

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from course.data.digits import load
from phase2_deep_learning.unit1_neural_networks import cross_entropy, linear_backward
from phase2_deep_learning.unit2_cnn import (
    BasicBlock,
    SmallResNet,
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    im2col,
    max_pool2d,
)
from style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE

# In float64 throughout, so that another processor's roundings do not show in a picture.
KERNELS, SIDE, STEPS = 8, 5, 600
DEPTH, DEEP_STEPS, WINDOW = 12, 200, 10


@cache
def train() -> tuple[Tensor, Tensor, float]:
    """A convolution, a pooling and a linear layer, trained on MNIST without autograd: kernels, biases, accuracy."""
    digits = load("mnist10k")
    rng = torch.Generator().manual_seed(0)

    def pictures(flat):
        return torch.tensor(flat / 255.0).reshape(-1, 1, 28, 28)

    w = torch.randn(KERNELS, 1, SIDE, SIDE, generator=rng, dtype=torch.float64) / (3 * SIDE)
    b = torch.zeros(KERNELS, dtype=torch.float64)
    head = torch.randn(10, KERNELS * 14 * 14, generator=rng, dtype=torch.float64) / (KERNELS * 14 * 14) ** 0.5
    for _ in range(STEPS):
        batch = torch.randint(len(digits.x), (32,), generator=rng).numpy()
        x = pictures(digits.x[batch])
        seen = conv2d(x, w, b, padding=SIDE // 2)
        pooled, mask = max_pool2d(seen.clamp(min=0), 2)
        flat = pooled.flatten(1).numpy()
        _, dscores = cross_entropy(flat @ head.numpy().T, digits.y[batch])
        dflat, dhead, _ = linear_backward(dscores, flat, head.numpy())
        dpooled = torch.from_numpy(dflat).reshape(pooled.shape).repeat_interleave(2, 2).repeat_interleave(2, 3)
        _, dw, db = conv2d_backward(dpooled * mask * (seen > 0), x, w, 1, SIDE // 2)
        for parameter, gradient in ((w, dw), (b, db), (head, torch.from_numpy(dhead))):
            parameter -= 0.1 * gradient
    pooled, _ = max_pool2d(conv2d(pictures(digits.held_x), w, b, padding=SIDE // 2).clamp(min=0), 2)
    right = (pooled.flatten(1) @ head.T).argmax(1) == torch.from_numpy(digits.held_y)
    return w, b, right.double().mean().item()


def bare(axes: Axes, picture: Tensor, **options: object) -> None:
    axes.imshow(picture.numpy(), **options)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)


def features() -> Figure:
    """A held-out digit, the eight kernels learned by hand-written gradients, and what each makes of the digit."""
    w, b, _ = train()
    digits = load("mnist10k")
    digit = torch.tensor(digits.held_x[digits.held_y == 5][3] / 255.0).reshape(1, 1, 28, 28)
    seen = conv2d(digit, w, b, padding=SIDE // 2)[0].clamp(min=0)
    figure = plt.figure(figsize=(6.4, 2.7))
    grid = figure.add_gridspec(3, 6, width_ratios=(2.2, *[1] * 5))
    bare(figure.add_subplot(grid[:, 0]), digit[0, 0])
    strongest = seen.flatten(1).sum(1).argsort(descending=True)[:5]
    for column, kernel in enumerate(strongest, start=1):
        size = w[kernel].abs().max().item()
        bare(figure.add_subplot(grid[0, column]), w[kernel, 0], cmap="PuOr", vmin=-size, vmax=size)
        bare(figure.add_subplot(grid[1:, column]), seen[kernel])
    return figure


def windows() -> Figure:
    """The lesson's smallest example: a picture of 3 × 3 and its four windows of 2 × 2 as columns."""
    x = torch.arange(1.0, 10).reshape(1, 1, 3, 3)
    columns = im2col(x, 2)[0]
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.6))
    colours = (BLUE, ORANGE, GREEN, MUTED)
    for axes, table in ((left, x[0, 0]), (right, columns)):
        axes.imshow(torch.zeros_like(table).numpy(), cmap="Greys", vmin=0, vmax=1)
        for i, row in enumerate(table.tolist()):
            for j, number in enumerate(row):
                axes.text(j, i, f"{number:g}", ha="center", va="center", fontsize=13)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    for place, colour in enumerate(colours):
        i, j = divmod(place, 2)
        inset = 0.06 * (place + 1)
        left.add_patch(
            Rectangle((j - 0.5 + inset, i - 0.5 + inset), 2 - 2 * inset, 2 - 2 * inset, fill=False, ec=colour, lw=2)
        )
        right.add_patch(Rectangle((place - 0.44, -0.44), 0.88, 3.88, fill=False, ec=colour, lw=2))
    left.set_title("x")
    right.set_title("im2col(x, 2)")
    return figure


def sees() -> Figure:
    """Which pixels one number of the last layer depends on: conv2d_backward, once for every layer."""
    figure, rows = plt.subplots(2, 3, figsize=(6.4, 4.4))
    for row, stride in zip(rows, (1, 2), strict=True):
        for layers, axes in enumerate(row, start=1):
            sizes = [31]
            for _ in range(layers):
                sizes.append((sizes[-1] - 3) // stride + 1)
            gradient = torch.zeros(1, 1, sizes[-1], sizes[-1])
            gradient[0, 0, sizes[-1] // 2, sizes[-1] // 2] = 1
            for size in reversed(sizes[:-1]):
                gradient, _, _ = conv2d_backward(
                    gradient, torch.zeros(1, 1, size, size), torch.ones(1, 1, 3, 3), stride, 0
                )
            found = gradient[0, 0] > 0
            bare(axes, found.double(), cmap="Blues", vmin=0, vmax=1.4)
            side = int(found.any(0).sum())
            axes.set_title(f"{layers} layer{'s' * (layers > 1)}: {side} × {side}")
        row[0].set_ylabel(f"stride {stride}")
    return figure


def checkerboard() -> Figure:
    """What a transposed convolution of a flat picture looks like, with stamps of 3 × 3 and of 4 × 4."""
    figure, panels = plt.subplots(1, 2, figsize=(6.4, 3.2))
    for axes, k in zip(panels, (3, 4), strict=True):
        out = conv_transpose2d(torch.ones(1, 1, 6, 6), torch.ones(1, 1, k, k), 2, 1)[0, 0]
        axes.imshow(out.numpy(), cmap="Blues", vmin=0, vmax=5)
        for i, row in enumerate(out.tolist()):
            for j, number in enumerate(row):
                axes.text(j, i, f"{number:g}", ha="center", va="center", fontsize=9)
        axes.set(title=f"{k} × {k} stamps, 2 apart", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


class PlainBlock(BasicBlock):
    """A BasicBlock without its shortcut."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def losses(depth: int, plain: bool) -> list[float]:
    """The loss at every step of a network of 8 channels on scikit-learn's digits."""
    data = load_digits()
    x, y = torch.tensor(data.images / 16)[:, None], torch.tensor(data.target)
    torch.manual_seed(0)
    model = SmallResNet((8,), depth, 10, channels=1).double()
    for block in model.blocks:
        block.__class__ = PlainBlock if plain else BasicBlock
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    found = []
    for _ in range(DEEP_STEPS):
        batch = torch.randint(len(x), (64,))
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def depth() -> Figure:
    """The same blocks with and without shortcuts, shallow and deep."""
    figure, panels = plt.subplots(1, 2, sharey=True)
    for axes, plain in zip(panels, (True, False), strict=True):
        for blocks, colour in ((2, BLUE), (DEPTH, ORANGE)):
            smooth = torch.tensor(losses(blocks, plain)).unfold(0, WINDOW, 1).mean(1)
            axes.semilogy(range(WINDOW, DEEP_STEPS + 1), smooth, color=colour, label=f"{2 * blocks + 2} layers")
        axes.set(title="plain" if plain else "with shortcuts", xlabel="step", xlim=(0, DEEP_STEPS))
    panels[0].set_ylabel("training loss")
    panels[0].legend(loc="lower left")
    panels[0].tick_params(labelcolor=INK)
    return figure
