"""Pictures of unit 2.1, neural networks from scratch, drawn by the course's own reference."""

import math
from functools import cache
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from phase2_deep_learning.unit1_neural_networks import (
    Value,
    adam_step,
    cross_entropy,
    gelu_tanh,
    linear_backward,
)
from style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE

ARMS, PER_ARM, WIDTH, STEPS = 3, 80, 32, 400


@cache
def spirals() -> tuple[np.ndarray, np.ndarray]:
    """Three interleaved arms in the plane: points (N, 2) and classes (N,)."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(ARMS), PER_ARM)
    radius = np.tile(np.linspace(0.1, 1, PER_ARM), ARMS)
    angle = 2 * math.pi * y / ARMS + 4 * radius + rng.normal(scale=0.12, size=y.shape)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), y


def forward(weights: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Scores of a perceptron with GELU between its layers, and what backward will need: inputs and slopes."""
    kept = []
    slope = np.ones_like(x)
    for i in range(0, len(weights), 2):
        kept.append((x, slope))
        x = x @ weights[i].T + weights[i + 1]
        if i + 2 < len(weights):
            x, slope = gelu_tanh(x)
    return x, kept


@cache
def train() -> tuple[list[np.ndarray], list[float]]:
    """The lesson's network on the spirals: its weights, and the loss at every step."""
    x, y = spirals()
    rng = np.random.default_rng(1)
    sizes = [2, WIDTH, WIDTH, ARMS]
    weights: list[np.ndarray] = []
    for fan_in, fan_out in pairwise(sizes):
        weights += [rng.normal(size=(fan_out, fan_in)) / math.sqrt(fan_in), np.zeros(fan_out)]
    states = [(np.zeros_like(w), np.zeros_like(w), 0) for w in weights]
    losses = []
    for _ in range(STEPS):
        scores, kept = forward(weights, x)
        loss, dout = cross_entropy(scores, y)
        losses.append(float(loss))
        for i in reversed(range(0, len(weights), 2)):
            layer_input, slope = kept[i // 2]
            dx, dw, db = linear_backward(dout, layer_input, weights[i])
            dout = dx * slope
            for j, gradient in ((i, dw), (i + 1, db)):
                weights[j], states[j] = adam_step(weights[j], gradient, states[j], 0.01, (0.9, 0.999), 1e-8)
    return weights, losses


def spiral() -> Figure:
    """What the trained network believes about every point of the plane, and how the loss fell."""
    weights, losses = train()
    x, y = spirals()
    side = np.linspace(-1.25, 1.25, 160)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    classes = forward(weights, grid)[0].argmax(1).reshape(160, 160)
    colours = (BLUE, ORANGE, GREEN)
    figure, (plane, curve) = plt.subplots(1, 2, width_ratios=(1, 1))
    plane.imshow(classes, extent=(-1.25, 1.25, -1.25, 1.25), origin="lower", cmap=ListedColormap(colours), alpha=0.25)
    for arm, colour in enumerate(colours):
        plane.scatter(*x[y == arm].T, s=9, color=colour, linewidth=0)
    plane.set(xticks=[], yticks=[])
    plane.spines[:].set_visible(False)
    curve.semilogy(losses, color=INK)
    curve.axhline(math.log(3), color=MUTED, linewidth=1, linestyle=":")
    curve.text(STEPS, math.log(3) * 1.08, "guessing: log 3", color=MUTED, ha="right", va="bottom", fontsize=10)
    curve.set(xlabel="step", ylabel="cross-entropy in nats", ylim=(None, 2))
    return figure


def graph() -> Figure:
    """The lesson's smallest graph, with the numbers that Value computes."""
    a, b = Value(2), Value(3)
    c = a * b
    d = c + a
    out = d * c
    out.backward()
    places = {"a": (0, 1), "b": (0, 0), "c = a·b": (1, 0.2), "d = c + a": (2, 1), "out = d·c": (3, 0.55)}
    values = dict(zip(places, (a, b, c, d, out), strict=True))
    edges = (("a", 1, 0.2), ("b", 1, 0.2), ("a", 2, 1), ("c = a·b", 2, 1), ("c = a·b", 3, 0.55), ("d = c + a", 3, 0.55))
    figure, axes = plt.subplots(figsize=(6.4, 2.9))
    for start, to_x, to_y in edges:
        axes.annotate(
            "",
            (to_x - 0.33, to_y),
            (places[start][0] + 0.33, places[start][1]),
            arrowprops={"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.2},
        )
    for name, (at_x, at_y) in places.items():
        box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": FAINT}
        text = f"{name}\n{values[name].data:g}"
        axes.text(at_x, at_y, text, ha="center", va="center", bbox=box, fontsize=11)
        axes.text(
            at_x, at_y - 0.31, f"slope {values[name].grad:g}", ha="center", va="center", color=ORANGE, fontsize=11
        )
    axes.set(xlim=(-0.5, 3.5), ylim=(-0.45, 1.3))
    axes.axis("off")
    return figure


def gelu() -> Figure:
    """GELU and its slope; and how far the tanh form is from the exact one."""
    x = np.linspace(-4, 4, 401)
    y, slope = gelu_tanh(x)
    exact = 0.5 * x * (1 + np.array([math.erf(one / math.sqrt(2)) for one in x]))
    figure, (left, right) = plt.subplots(1, 2)
    left.plot(x, y, color=BLUE, label="GELU")
    left.plot(x, slope, color=ORANGE, label="its slope")
    left.axhline(1, color=MUTED, linewidth=1, linestyle=":")
    left.set(xlabel="x", ylim=(-0.4, 2.5), xlim=(-4, 4))
    left.legend(loc="upper left")
    right.plot(x, 1e4 * (y - exact), color=GREEN)
    right.set(xlabel="x", ylabel="tanh form − exact, ×10⁻⁴", xlim=(-4, 4))
    return figure


def bias_correction() -> Figure:
    """How far Adam moves under a constant gradient, with and without the correction."""
    betas = (0.9, 0.999)
    p, state, corrected, plain = np.zeros(1), (np.zeros(1), np.zeros(1), 0), [], []
    for _ in range(40):
        before = p
        p, state = adam_step(p, np.ones(1), state, 1.0, betas, 1e-8)
        corrected.append(float(before[0] - p[0]))
        plain.append(float(state[0][0] / math.sqrt(state[1][0])))
    figure, axes = plt.subplots()
    steps = range(1, 41)
    axes.plot(steps, plain, color=ORANGE, marker="o", markersize=3)
    axes.plot(steps, corrected, color=BLUE, marker="o", markersize=3)
    axes.text(12, plain[8] + 0.35, "m / √v as it is", color=ORANGE)
    axes.text(12, 1.2, "corrected: m̂ / √v̂", color=BLUE)
    axes.set(xlabel="step t", ylabel="step length ÷ learning rate", xlim=(0, 41), ylim=(0, 7.5))
    return figure


def valley() -> Figure:
    """Plain descent and Adam on a bowl that is fifty times as steep across as along."""
    curvature = np.array([1.0, 50.0])
    start = np.array([-1.8, 0.6])
    plain, adam = [start], [start]
    state = (np.zeros(2), np.zeros(2), 0)
    for _ in range(25):
        plain.append(plain[-1] - 0.035 * curvature * plain[-1])
        p, state = adam_step(adam[-1], curvature * adam[-1], state, 0.1, (0.9, 0.999), 1e-8)
        adam.append(p)
    across, up = np.meshgrid(np.linspace(-2.1, 0.6, 200), np.linspace(-0.75, 0.75, 200))
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    loss = 0.5 * (across**2 + 50 * up**2)
    axes.contour(across, up, loss, levels=[0.1, 0.5, 1.5, 4, 9, 16], colors=FAINT, linewidths=1)
    for path, colour in ((plain, ORANGE), (adam, BLUE)):
        axes.plot(*np.array(path).T, color=colour, linewidth=1.4, marker="o", markersize=3.5)
    axes.plot(0, 0, marker="+", color=INK, markersize=10)
    axes.text(-1.5, -0.55, "plain descent", color=ORANGE)
    axes.text(-1.2, 0.3, "Adam", color=BLUE)
    axes.set(xlabel="first parameter", ylabel="second parameter")
    return figure
