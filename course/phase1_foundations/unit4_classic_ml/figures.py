"""Pictures of unit 1.4, classic machine learning, drawn by the course's own reference."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.polynomial.legendre import legvander
from sklearn.datasets import load_breast_cancer

from phase1_foundations.unit2_linear_algebra import ridge_solve
from phase1_foundations.unit4_classic_ml import (
    best_gini_split,
    binary_cross_entropy,
    hinge_loss,
    logistic_regression_fit,
    precision_recall_f1,
    stratified_split,
)
from style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE, RED


@cache
def _noisy_curve() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(x_train, y_train, x_val, y_val): points on a wave, with noise."""
    rng = np.random.default_rng(15)
    x = np.linspace(-0.97, 0.97, 15), np.sort(rng.uniform(-0.97, 0.97, 60))
    y = [np.sin(3.2 * one) + 0.25 * rng.normal(size=one.shape) for one in x]
    return x[0], y[0], x[1], y[1]


def _polynomial(degree: int, lam: float = 0.0) -> tuple[np.ndarray, float, float]:
    """The fitted coefficients, and the root mean squared error in training and in validation."""
    x, y, x_val, y_val = _noisy_curve()
    w = ridge_solve(legvander(x, degree), y, lam)
    errors = [np.sqrt(((legvander(a, degree) @ w - b) ** 2).mean()) for a, b in ((x, y), (x_val, y_val))]
    return w, float(errors[0]), float(errors[1])


def overfitting() -> Figure:
    """Too stiff, about right, too flexible."""
    x, y, x_val, y_val = _noisy_curve()
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.9), sharey=True)
    fine = np.linspace(-0.97, 0.97, 300)
    for place, degree in zip(axes, (1, 3, 14), strict=True):
        w, train, val = _polynomial(degree)
        place.plot(fine, legvander(fine, degree) @ w, color=BLUE)
        place.plot(x, y, "o", color=INK, markersize=4.5)
        place.plot(x_val[::3], y_val[::3], "o", markerfacecolor="none", markeredgecolor=ORANGE, markersize=5)
        place.set_title(f"degree {degree}\ntraining {train:.2f}\nvalidation {val:.2f}", fontsize=10)
        place.set(xticks=[], yticks=[], ylim=(-2, 2))
    return figure


def validation_curve() -> Figure:
    """The two errors against the degree of the polynomial."""
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    degrees = np.arange(15)
    errors = np.array([_polynomial(int(degree))[1:] for degree in degrees])
    axes.semilogy(degrees[:-1], errors[:-1, 0], "o-", color=INK)  # the last one is 0
    axes.semilogy(degrees, errors[:, 1], "o-", color=ORANGE)
    best = int(errors[:, 1].argmin())
    axes.axvline(best, color=FAINT, zorder=0)
    axes.text(13.3, errors[-2, 0], "training", ha="left", va="center", color=INK)
    axes.text(10.2, 0.62, "validation", ha="right", va="bottom", color=ORANGE)
    axes.set(xlabel="degree of the polynomial", ylabel="error", xlim=(-0.4, 15.2), xticks=[0, best, 5, 10, 14])
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1.0, 2.0], labels=["0.05", "0.1", "0.2", "0.5", "1", "2"])
    axes.minorticks_off()
    return figure


@cache
def _tumours() -> dict[str, np.ndarray]:
    """Two measurements of each tumour, standardised by the training rows; label 1 is malignant."""
    data = load_breast_cancer()
    y = 1 - data.target
    train, val, _ = stratified_split(y, (0.6, 0.2, 0.2), np.random.default_rng(0))
    x = data.data[:, [0, 1]]
    x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
    return {"x": x[train], "y": y[train], "x_val": x[val], "y_val": y[val]}


def downhill() -> Figure:
    """The border of a logistic regression on its way."""
    data = _tumours()
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.9), sharex=True, sharey=True)
    across, up = np.meshgrid(np.linspace(-2.6, 4, 120), np.linspace(-2.6, 3.6, 100))
    plane = np.stack([across.ravel(), up.ravel()], axis=1)
    for place, steps in zip(axes, (1, 10, 1000), strict=True):
        w, b = logistic_regression_fit(data["x"], data["y"], 1.0, 0.5, steps)
        for label, colour in ((0, BLUE), (1, RED)):
            some = data["x"][data["y"] == label][:70]
            place.plot(*some.T, "o", color=colour, markersize=2.6, alpha=0.55, markeredgewidth=0)
        p = 1 / (1 + np.exp(-(plane @ w + b)))
        levels = {0.1: MUTED, 0.5: INK, 0.9: MUTED}
        place.contour(
            across, up, p.reshape(across.shape), list(levels), colors=list(levels.values()), linewidths=[1, 2, 1]
        )
        loss = binary_cross_entropy(1 / (1 + np.exp(-(data["x"] @ w + b))), data["y"])
        place.set_title(f"{steps} step{'s' * (steps > 1)}\nloss {loss:.2f}", fontsize=10)
        place.set(xticks=[], yticks=[], xlim=(-2.6, 4), ylim=(-2.6, 3.6))
    axes[0].set(xlabel="radius", ylabel="texture")
    return figure


def losses() -> Figure:
    """What one row costs, by how far its score is on the right side."""
    margin = np.linspace(-3, 3, 241)
    one = np.array([1])
    hinge = [hinge_loss(np.array([m]), one) for m in margin]
    cross = [binary_cross_entropy(np.array([1 / (1 + np.exp(-m))]), one) for m in margin]
    figure, axes = plt.subplots(figsize=(6.4, 3.3))
    axes.axvline(0, color=FAINT, linewidth=1)
    axes.plot([-3, 0], [1, 1], color=MUTED)
    axes.plot([0, 3], [0, 0], color=MUTED)
    axes.plot(margin, cross, color=BLUE)
    axes.plot(margin, hinge, color=ORANGE)
    axes.text(-2.0, 3.15, "hinge", color=ORANGE, ha="left", va="bottom")
    axes.text(-2.95, 1.95, "cross-entropy", color=BLUE, ha="left", va="top")
    axes.text(-2.95, 1.06, "wrong or right", color=MUTED, ha="left", va="bottom")
    axes.set(xlabel="t · score:  wrong side  |  right side", ylabel="cost", xlim=(-3, 3), ylim=(-0.1, 4))
    return figure


def gini() -> Figure:
    """One feature of two classes, and the impurity that each threshold leaves."""
    data = load_breast_cancer()
    y = 1 - data.target
    train, _, _ = stratified_split(y, (0.6, 0.2, 0.2), np.random.default_rng(0))
    x, y = 1000 * data.data[train, 7], y[train]
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.4, 4.2), sharex=True, height_ratios=(1, 1.5))
    for label, colour, name, at in ((0, BLUE, "benign", -8), (1, RED, "malignant", 110)):
        above.hist(x[y == label], np.arange(0, 205, 5), color=colour, alpha=0.6)
        above.text(at, 27, name, color=colour, ha="left", va="bottom")
    values = np.unique(x)
    middle = (values[:-1] + values[1:]) / 2
    left = np.array([[(y[x <= m] == label).sum() for label in (0, 1)] for m in middle])
    right = np.bincount(y) - left
    costs = sum(side.sum(1) - (side**2).sum(1) / side.sum(1) for side in (left, right)) / len(y)
    threshold = best_gini_split(x, y)
    below.plot(middle, costs, color=INK, linewidth=1.5)
    for place in (above, below):
        place.axvline(threshold, color=GREEN, linestyle="--", linewidth=1.4)
    below.text(threshold + 3, 0.42, f"x ≤ {threshold:.0f}?", color=GREEN, va="center")
    above.set(ylabel="rows", yticks=[0, 20, 40])
    below.set(xlabel="concave points of the outline, × 1000", ylabel="weighted impurity", ylim=(0, 0.5))
    return figure


def trade_off() -> Figure:
    """Precision, recall and F1 on validation rows, by the probability from which on an alarm is given."""
    data = _tumours()
    w, b = logistic_regression_fit(data["x"], data["y"], 1.0, 0.5, 1000)
    p = 1 / (1 + np.exp(-(data["x_val"] @ w + b)))
    thresholds = np.linspace(0.02, 0.98, 193)
    curves = np.array([precision_recall_f1(data["y_val"], (p > t).astype(np.int64)) for t in thresholds])
    figure, axes = plt.subplots(figsize=(6.4, 3.3))
    for curve, colour, name, at in zip(
        curves.T, (BLUE, ORANGE, INK), ("precision", "recall", "F1"), (3, 3, 3), strict=True
    ):
        axes.plot(thresholds, curve, color=colour, linewidth=1.6, drawstyle="steps-mid")
        axes.text(0.985, curve[-at], name, color=colour, ha="left", va="center")
    axes.set(xlabel="alarm from this probability on", ylabel="score", xlim=(0, 1.13), ylim=(0, 1.03))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
    return figure
