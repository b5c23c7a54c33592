"""The end of phase 2: three networks learn to read digits, and a fourth lays out a map of them to walk on.

Run it by `course milestone deep-learning`.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course.data.digits import load
from phase1_foundations.unit1_python import make_grid, minibatches
from phase1_foundations.unit2_linear_algebra import pca
from phase2_deep_learning.unit1_neural_networks import adam_step, cross_entropy, gelu_tanh, linear_backward
from phase2_deep_learning.unit2_cnn import SmallResNet
from phase2_deep_learning.unit3_pytorch import EMA, ArrayDataset, evaluate
from phase2_deep_learning.unit4_attention import ViT
from phase2_deep_learning.unit5_training import LossScaler, cosine_warmup_lr
from phase2_deep_learning.unit6_autoencoders import (
    ConvAutoencoder,
    knn_probe,
    reconstruction_loss,
    slerp,
    tsne_affinities,
)

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class NumpyNetwork:
    """Two linear layers with a GELU between them: forwards, backwards and Adam, all of it NumPy (2.1)."""

    def __init__(self, d: int, h: int, o: int, rng: np.random.Generator):
        self.weights = [
            rng.standard_normal((h, d)) / d**0.5,
            np.zeros(h),
            rng.standard_normal((o, h)) / h**0.5,
            np.zeros(o),
        ]
        self.states = [(np.zeros_like(p), np.zeros_like(p), 0) for p in self.weights]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        w1, b1, w2, b2 = self.weights
        h, slope = gelu_tanh(x @ w1.T + b1)
        return h @ w2.T + b2, h, slope

    def step(self, x: np.ndarray, y: np.ndarray, lr: float) -> None:
        logits, h, slope = self.forward(x)
        _, dlogits = cross_entropy(logits, y)
        dh, dw2, db2 = linear_backward(dlogits, h, self.weights[2])
        _, dw1, db1 = linear_backward(dh * slope, x, self.weights[0])
        for i, g in enumerate((dw1, db1, dw2, db2)):
            self.weights[i], self.states[i] = adam_step(self.weights[i], g, self.states[i], lr, (0.9, 0.999), 1e-8)


def train(
    model: nn.Module,
    loss_of: Callable[[nn.Module, Tensor, Tensor], Tensor],
    data: ArrayDataset,
    passes: int,
    lr: float,
    after_each_pass: Callable[[nn.Module], None] = lambda averaged: None,
) -> nn.Module:
    """Warm-up, cosine, a scaled loss, clipped gradients (2.5). Returns the average of the weights on the way (2.3)."""
    loader = DataLoader(data, batch_size=100, shuffle=True, generator=torch.Generator().manual_seed(0))
    model, steps = model.to(DEVICE), passes * len(loader)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    ema, averaged, scaler, step = EMA(model, 0.95), copy.deepcopy(model), LossScaler(1024.0), 0
    for _ in range(passes):
        for x, y in loader:
            for group in optimizer.param_groups:
                group["lr"] = cosine_warmup_lr(step, steps // 10, steps, lr)
            with torch.autocast(DEVICE, torch.float16, enabled=DEVICE == "cuda"):
                loss = loss_of(model, x.to(DEVICE), y.to(DEVICE))
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_and_step(optimizer, max_norm=1.0)
            scaler.update()
            ema.update(model)
            step += 1
        ema.copy_to(averaged)
        after_each_pass(averaged)
    return averaged


def main(picture: Path) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    digits = load("mnist10k")
    x, held_x = ((rows / 255.0).astype(np.float32).reshape(-1, 1, 28, 28) for rows in (digits.x, digits.held_x))
    data, held = ArrayDataset(x, digits.y), ArrayDataset(held_x, digits.held_y)
    held_batches = DataLoader(held, batch_size=500)
    print(f"{len(data)} digits to learn from, {len(held)} held out, on {DEVICE}")

    curves: dict[str, list[float]] = {"NumPy network": [], "ResNet": [], "ViT": []}

    def note(name: str, accuracy: float) -> None:
        curves[name].append(accuracy)
        print(f"  {name}, pass {len(curves[name])}: {accuracy:.1%} of the held-out digits")

    network = NumpyNetwork(784, 128, 10, rng)
    for _ in range(6):
        for rows in minibatches(len(data), 100, rng):
            network.step(x[rows].reshape(-1, 784).astype(np.float64), digits.y[rows], 3e-3)
        guess = network.forward(held_x.reshape(-1, 784).astype(np.float64))[0].argmax(axis=1)
        note("NumPy network", float((guess == digits.held_y).mean()))
    for name, model, passes, lr in (
        ("ResNet", SmallResNet((8, 16, 32), 1, 10, channels=1), 3, 5e-3),
        ("ViT", ViT(28, 7, 64, 3, 4, 10, channels=1), 8, 2e-3),
    ):
        train(
            model,
            lambda model, x, y: F.cross_entropy(model(x), y),
            data,
            passes,
            lr,
            lambda averaged, name=name: note(name, evaluate(averaged, held_batches)["accuracy"]),
        )

    autoencoder = train(
        ConvAutoencoder(1, 16), lambda model, x, y: reconstruction_loss(x, model(x)[1], "bce"), data, 6, 4e-3
    )
    with torch.no_grad():
        z, held_z = (autoencoder.encode(torch.from_numpy(rows).to(DEVICE)).cpu() for rows in (x, held_x))
        guess = knn_probe(z, torch.from_numpy(digits.y), held_z, 5)
        right = float((guess == torch.from_numpy(digits.held_y)).float().mean())
        print(f"the autoencoder, who was told no label: {right:.1%} by the five nearest codes")
        frames = walk(autoencoder, held_z, digits.held_y)
    print("laying out the map …")
    draw(frames, curves, arrange(held_z.double().numpy()), digits.held_y, right).savefig(picture, dpi=160)


def walk(autoencoder: ConvAutoencoder, z: Tensor, y: np.ndarray) -> np.ndarray:
    """From a 0 to a 1, from there to a 2, … and from a 9 back to the 0: (10 · 12, 1, 28, 28)."""
    centres = [z[y == digit].mean(0) for digit in range(10)]
    stops = [z[(z - centre).square().sum(1).argmin()] for centre in centres]
    t, path = torch.linspace(0, 1, 13)[:-1], []
    for here, there in zip(stops, [*stops[1:], stops[0]], strict=True):
        length = (1 - t) * here.norm() + t * there.norm()  # slerp knows directions; lengths are carried along
        path.append(slerp(here, there, t) * length[:, None])
    return torch.sigmoid(autoencoder.decode(torch.cat(path).to(DEVICE))).cpu().numpy()


def arrange(z: np.ndarray) -> np.ndarray:
    """Points in the plane whose neighbours are those of z (N, D): t-SNE, downhill by autograd. Returns (N, 2)."""
    p = torch.from_numpy(tsne_affinities(z, 30.0)).float()
    _, variance, along = pca(z, 2)
    places = torch.from_numpy(along / variance[0] ** 0.5).float().requires_grad_()
    optimizer = torch.optim.Adam([places], lr=0.2)
    for step in range(300):
        q = 1 / (1 + (places[:, None] - places).square().sum(-1))
        q = q * (1 - torch.eye(len(z)))
        pull = 12 if step < 100 else 1  # early exaggeration: clusters find together first
        loss = -(pull * p * (q / q.sum()).clamp(min=1e-12).log()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return places.detach().numpy()


def draw(frames: np.ndarray, curves: dict[str, list[float]], places: np.ndarray, y: np.ndarray, right: float) -> Figure:
    figure = Figure(figsize=(9, 12.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(7.6, 5))
    axes = top.add_subplot()
    axes.set_title("A walk through latent space: from 0 to 9, and home", fontsize=15, fontweight="bold")
    axes.imshow(make_grid(frames.astype(np.float32), 12, 1, 0.0)[0], cmap="magma", vmin=0, vmax=1)
    axes.set_axis_off()

    left, middle = bottom.subplots(1, 2, width_ratios=(4, 5))
    left.set_title("Held-out digits read rightly")
    for name, accuracies in curves.items():
        left.plot(range(1, len(accuracies) + 1), accuracies, marker="o", markersize=4, label=name)
        left.annotate(f"{accuracies[-1]:.1%}", (len(accuracies), accuracies[-1]), (5, -3), textcoords="offset points")
    left.axhline(right, color="gray", linestyle=":", label=f"codes without labels, {right:.1%}")
    left.set(xlabel="passes over the data", ylim=(0.88, 1.0), xlim=(0.7, 9.4))
    left.legend(loc="lower right", fontsize=8)
    left.spines[["top", "right"]].set_visible(False)

    middle.set_title("The map that the autoencoder made, labels unseen")
    middle.scatter(*places.T, c=y, cmap="tab10", s=9, alpha=0.6, linewidths=0)
    colours = matplotlib.colormaps["tab10"].colors
    for digit in range(10):
        across, up = np.median(places[y == digit], axis=0)
        spot = {"boxstyle": "circle", "facecolor": "white", "edgecolor": colours[digit], "linewidth": 2}
        middle.text(across, up, str(digit), fontsize=13, fontweight="bold", ha="center", va="center", bbox=spot)
    middle.set_axis_off()
    return figure
