"""Pictures of unit 2.3, PyTorch, drawn by the course's own reference."""

import io
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from phase2_deep_learning.unit3_pytorch import (
    EMA,
    ArrayDataset,
    evaluate,
    load_checkpoint,
    save_checkpoint,
    train_one_epoch,
)
from style import BLUE, GREEN, INK, MUTED, ORANGE

TRAINED_ON, BATCH = 1500, 64


class Perceptron(nn.Sequential):
    """64 pixels, a hidden layer of 64, ten scores. In float64, so that another processor's roundings do not show."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, 10))
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.double())


@cache
def datasets() -> tuple[ArrayDataset, ArrayDataset]:
    """scikit-learn's digits as uint8: to train on, and held out."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images, labels = (data.images[order] / 16 * 255).astype(np.uint8), data.target[order]
    return ArrayDataset(images[:TRAINED_ON], labels[:TRAINED_ON]), ArrayDataset(
        images[TRAINED_ON:], labels[TRAINED_ON:]
    )


@cache
def batches(shuffled: bool = True) -> list[tuple[Tensor, Tensor]]:
    return [tuple(batch) for batch in DataLoader(datasets()[0], BATCH, shuffle=shuffled)]


def average() -> Figure:
    """Held-out loss after every epoch: of the weights themselves, and of their moving average."""
    torch.manual_seed(0)
    train = DataLoader(datasets()[0], BATCH, shuffle=True)
    test = DataLoader(datasets()[1], 297)
    model, copy = Perceptron(), Perceptron()
    ema = EMA(model, 0.99)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    optimizer.register_step_post_hook(lambda *_: ema.update(model))
    own, averaged = [], []
    for _ in range(30):
        train_one_epoch(model, train, optimizer, F.cross_entropy, "cpu")
        ema.copy_to(copy)
        own.append(evaluate(model, test)["loss"])
        averaged.append(evaluate(copy, test)["loss"])
    figure, axes = plt.subplots()
    epochs = range(1, 31)
    axes.plot(epochs, own, color=ORANGE, label="the weights")
    axes.plot(epochs, averaged, color=BLUE, label="their average, decay 0.99")
    axes.set(xlabel="epoch", ylabel="held-out loss", xlim=(1, 30), ylim=(0, 0.5))
    axes.legend(loc="upper right")
    return figure


def one_line() -> Figure:
    """The same training three times: right, without zero_grad, and with the step before backward."""

    def no_zero(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
        total = 0.0
        for x, y in batches():
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        return total / TRAINED_ON

    def too_late(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
        total = 0.0
        for x, y in batches():
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            total += loss.item() * len(x)
        return total / TRAINED_ON

    def right(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
        return train_one_epoch(model, batches(), optimizer, F.cross_entropy, "cpu")

    figure, axes = plt.subplots()
    for run, colour, words in (
        (no_zero, ORANGE, "no zero_grad"),
        (too_late, GREEN, "zero_grad after backward"),
        (right, BLUE, "right"),
    ):
        torch.manual_seed(0)
        model = Perceptron()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = [run(model, optimizer) for _ in range(15)]
        axes.plot(range(1, 16), losses, color=colour)
        axes.text(15.2, losses[-1], words, color=colour, va="center")
    axes.set(xlabel="epoch", ylabel="training loss", xlim=(1, 15), ylim=(0, None))
    axes.tick_params(labelcolor=INK)
    return figure


def whole_loss(model: nn.Module) -> float:
    """Over all training examples."""
    return evaluate(model, batches())["loss"]


def steps(model: nn.Module, optimizer: torch.optim.Optimizer, first: int, last: int) -> list[float]:
    """The loss over all examples after each of these steps."""
    found = []
    for step in range(first, last):
        train_one_epoch(model, [batches()[step % len(batches())]], optimizer, F.cross_entropy, "cpu")
        found.append(whole_loss(model))
    return found


def resume() -> Figure:
    """A run that is stopped after 1200 steps: taken up with the optimiser's state, and with the weights alone."""
    stop, end = 1200, 1260
    torch.manual_seed(0)
    model = Perceptron()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for step in range(stop - 60):
        train_one_epoch(model, [batches()[step % len(batches())]], optimizer, F.cross_entropy, "cpu")
    before = steps(model, optimizer, stop - 60, stop)
    file = io.BytesIO()
    save_checkpoint(file, model, optimizer, stop)
    unbroken = steps(model, optimizer, stop, end)
    curves = []
    for complete in (True, False):
        file.seek(0)
        model = Perceptron()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
        start = load_checkpoint(file, model, optimizer)
        if not complete:
            optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
        curves.append(steps(model, optimizer, start, end))
    assert curves[0] == unbroken
    figure, axes = plt.subplots()
    axes.axvline(stop, color=MUTED, linewidth=1, linestyle=":")
    axes.plot(range(stop - 59, stop + 1), before, color=INK)
    for curve, colour, words in ((curves[1], ORANGE, "weights alone"), (curves[0], BLUE, "whole checkpoint")):
        axes.plot(range(stop, end + 1), [before[-1], *curve], color=colour, label=words)
    axes.set(xlabel="step", ylabel="training loss", xlim=(stop - 60, end), ylim=(0, None))
    axes.legend(loc="upper left")
    return figure
