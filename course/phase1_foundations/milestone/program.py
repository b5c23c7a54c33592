"""The end of phase 1: a Gaussian for every digit, which reads digits and writes them.

Run it by `course milestone foundations`.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from course.data.digits import load
from phase1_foundations.unit1_python import from_uint8, make_grid, minibatches, one_hot, pairwise_sq_dists
from phase1_foundations.unit2_linear_algebra import pca
from phase1_foundations.unit3_calculus_probability import bayes_posterior, gaussian_log_prob
from phase1_foundations.unit4_classic_ml import precision_recall_f1, stratified_split

DIGITS = range(10)


class GaussianDigits:
    """A Gaussian for each digit, in the k directions in which digits vary most (unit 1.2)."""

    def __init__(self, x: np.ndarray, y: np.ndarray, k: int):
        """x: (N, 784) float64. y: (N,) int64."""
        self.mean = x.mean(axis=0)
        self.components, _, z = pca(x, k)
        self.log_prior = np.log(one_hot(y, 10).mean(axis=0).astype(np.float64))
        # Seen along its own principal directions, a digit's coordinates are uncorrelated: k Gaussians of one dimension.
        self.centres = [z[y == digit].mean(axis=0) for digit in DIGITS]
        self.axes, self.variances = zip(*(pca(z[y == digit], k)[:2] for digit in DIGITS), strict=True)

    def encode(self, x: np.ndarray) -> np.ndarray:
        return (x - self.mean) @ self.components.T

    def read(self, x: np.ndarray) -> np.ndarray:
        """p(digit | picture), (N, 10), by Bayes' rule (unit 1.3)."""
        z = self.encode(x)
        along = [(z - self.centres[digit]) @ self.axes[digit].T for digit in DIGITS]
        log_lik = [gaussian_log_prob(along[digit], np.zeros(1), self.variances[digit]).sum(axis=1) for digit in DIGITS]
        return bayes_posterior(self.log_prior, np.stack(log_lik, axis=1))

    def write(self, digit: int, n: int, rng: np.random.Generator) -> np.ndarray:
        """n pictures of a digit that nobody has ever drawn, (n, 784): noise, stretched, turned and moved."""
        along = rng.standard_normal((n, len(self.components))) * np.sqrt(self.variances[digit])
        return (self.centres[digit] + along @ self.axes[digit]) @ self.components + self.mean


def main(picture: Path) -> None:
    rng = np.random.default_rng(0)
    digits = load("mnist10k")
    x = from_uint8(digits.x.reshape(-1, 28, 28, 1)).reshape(-1, 784).astype(np.float64)
    train, validation, test = stratified_split(digits.y, (0.6, 0.2, 0.2), rng)
    print(f"{len(train)} digits to learn from, {len(validation)} to choose with, {len(test)} to be asked once")

    def accuracy(model: GaussianDigits, rows: np.ndarray) -> float:
        return float((model.read(x[rows]).argmax(axis=1) == digits.y[rows]).mean())

    tried = {}
    for k in (2, 5, 10, 20, 40, 80):
        tried[k] = accuracy(GaussianDigits(x[train], digits.y[train], k), validation)
        print(f"  {k:2} directions: {tried[k]:.1%} of the validation set")
    best = max(tried, key=lambda k: tried[k])
    model = GaussianDigits(x[train], digits.y[train], best)
    posterior = model.read(x[test])
    guess, truth = posterior.argmax(axis=1), digits.y[test]
    print(f"{best} directions it is: {(guess == truth).mean():.1%} of the test set, by Gaussians alone")

    z = model.encode(x)
    nearest = [
        pairwise_sq_dists(z[test[batch]], z[train]).argmin(axis=1) for batch in minibatches(len(test), 500, rng, False)
    ]
    print(f"(its nearest neighbour would say {(digits.y[train][np.concatenate(nearest)] == truth).mean():.1%})")
    f1 = [precision_recall_f1((truth == digit).astype(int), (guess == digit).astype(int))[2] for digit in DIGITS]
    print(f"easiest digit: {np.argmax(f1)} (F1 {max(f1):.2f}), hardest: {np.argmin(f1)} (F1 {min(f1):.2f})")

    written = np.stack([model.write(digit, 8, rng) for digit in DIGITS], axis=1).reshape(-1, 784)
    wrong = np.flatnonzero(guess != truth)
    wrong = wrong[np.argsort(posterior[wrong, guess[wrong]])[::-1][:10]]
    names = [f"{truth[row]}, read as {guess[row]}" for row in wrong]
    draw(model, tried, written, x[test], truth, x[test][wrong], names).savefig(picture, dpi=160)


def draw(
    model: GaussianDigits,
    tried: dict[int, float],
    written: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    wrong: np.ndarray,
    names: list[str],
) -> Figure:
    figure = Figure(figsize=(9, 11.5), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=(8.6, 4.6, 2.2))
    axes = top.add_subplot()
    axes.set_title("Digits that nobody drew: noise through ten Gaussians", fontsize=15, fontweight="bold")
    show(axes, written, 10)

    left, right = middle.subplots(1, 2)
    left.set_title("What they are made of: principal directions")
    show(left, model.components[:24] / abs(model.components[:24]).max(axis=1, keepdims=True), 6)
    right.set_title("The test digits along the first two")
    z = model.encode(x)
    right.scatter(*z[:, :2].T, c=y, cmap="tab10", s=5, alpha=0.5, linewidths=0)
    for digit, (across, up, *_) in enumerate(model.centres):
        right.text(across, up, str(digit), fontsize=17, fontweight="bold", ha="center", va="center")
    right.set_xticks([])
    right.set_yticks([])

    bottom.suptitle("Read with most confidence, and wrong")
    for axes, image, name in zip(bottom.subplots(1, len(wrong)), wrong, names, strict=True):
        axes.set_xlabel(name.replace(", ", "\n"), fontsize=9)
        axes.imshow(image.reshape(28, 28), cmap="gray_r", vmin=-1, vmax=1)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure


def show(axes, images: np.ndarray, columns: int) -> None:
    grid = make_grid(images.reshape(-1, 1, 28, 28).astype(np.float32), columns, 2, -1.0)
    axes.imshow(grid[0], cmap="gray_r", vmin=-1, vmax=1)
    axes.set_axis_off()
