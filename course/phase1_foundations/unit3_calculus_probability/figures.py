"""Pictures of unit 1.3, calculus and probability, drawn by the course's own reference."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from phase1_foundations.unit3_calculus_probability import (
    bayes_posterior,
    gaussian_kl,
    gaussian_log_prob,
    gaussian_posterior,
    numerical_gradient,
)
from style import BLUE, GREEN, INK, MUTED, ORANGE


def posterior() -> Figure:
    """The lesson's thermometer: a guess, a reading, and what is left to believe."""
    guess, reading = (20.0, 4.0), (24.0, 1.0)
    both = gaussian_posterior(*guess, *reading)
    degrees = np.linspace(13, 30, 341)
    figure, axes = plt.subplots()
    for (mean, var), colour, name, at, side in (
        (guess, BLUE, "guess (prior)", (17.7, 0.19), "right"),
        (reading, ORANGE, "reading (likelihood)", (25.0, 0.32), "left"),
        (both, GREEN, "posterior", (22.4, 0.44), "right"),
    ):
        density = np.exp(gaussian_log_prob(degrees, np.array(mean), np.array(var)))
        axes.plot(degrees, density, color=colour)
        axes.fill_between(degrees, density, color=colour, alpha=0.12, linewidth=0)
        axes.text(*at, f"{name}\nmean {mean:g}, variance {var:g}", color=colour, ha=side, va="top")
    axes.set(xlabel="temperature in °C", ylabel="density", xlim=(13, 30), ylim=(0, None))
    return figure


def step_size() -> Figure:
    """The error of a slope against the step, for e^x at x = 1."""
    x = np.ones(1)
    steps = np.logspace(0, -14, 57)

    def f(z: np.ndarray) -> float:
        return float(np.exp(z).sum())

    one_sided = [abs((f(x + h) - f(x)) / h - np.e) / np.e for h in steps]
    central = [abs(numerical_gradient(f, x, h)[0] - np.e) / np.e for h in steps]
    figure, axes = plt.subplots()
    axes.loglog(steps, one_sided, color=ORANGE, label="one-sided")
    axes.loglog(steps, central, color=BLUE, label="central")
    axes.axvline(1e-5, color=MUTED, linewidth=1, linestyle=":")
    axes.text(1.4e-5, 2, "h = 1e-5", color=MUTED, va="top", ha="right")
    axes.text(0.5, 1e-10, "too coarse:\nthe curve bends", color=INK, va="center", fontsize=10)
    axes.text(1e-11, 1e-10, "too fine:\nrounding takes over", color=INK, ha="center", va="center", fontsize=10)
    axes.set(xlabel="step h", ylabel="relative error", xlim=(1, 1e-14), ylim=(1e-12, 10))
    axes.legend(loc="upper right")
    return figure


def gaussian() -> Figure:
    """Three Gaussians of one mean, as densities and as log-densities."""
    x = np.linspace(-5, 5, 401)
    figure, (left, right) = plt.subplots(1, 2)
    for deviation, colour in ((0.5, BLUE), (1.0, GREEN), (2.0, ORANGE)):
        log_density = gaussian_log_prob(x, np.zeros(1), np.array([deviation**2]))
        left.plot(x, np.exp(log_density), color=colour)
        right.plot(x, log_density, color=colour, label=f"σ = {deviation:g}")
    left.set(xlabel="x", ylabel="density", xlim=(-5, 5), ylim=(0, 0.85))
    right.set(xlabel="x", ylabel="log-density", xlim=(-5, 5), ylim=(-12, 0.5))
    right.legend(loc="lower center", handlelength=1.2, borderaxespad=0.2)
    return figure


def bayes() -> Figure:
    """A common and a rare class with one measurement, and what Bayes' rule makes of it."""
    x = np.linspace(-3, 6, 361)
    log_lik = gaussian_log_prob(x[:, None], np.array([0.0, 3.0]), np.ones(2))
    log_prior = np.log([0.9, 0.1])
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(6.4, 4.2))
    for joint, colour in zip(np.exp(log_prior + log_lik).T, (BLUE, ORANGE), strict=True):
        above.plot(x, joint, color=colour)
        above.fill_between(x, joint, color=colour, alpha=0.12, linewidth=0)
    above.text(1.0, 0.3, "common: 90 %", color=BLUE)
    above.text(3.6, 0.06, "rare: 10 %", color=ORANGE)
    above.set(ylabel="prior × likelihood", xlim=(-3, 6), ylim=(0, None))
    even = bayes_posterior(np.log([0.5, 0.5]), log_lik)[:, 1]
    rare = bayes_posterior(log_prior, log_lik)[:, 1]
    below.plot(x, even, color=MUTED, linewidth=1.5, linestyle="--")
    below.plot(x, rare, color=ORANGE)
    below.axhline(0.5, color=MUTED, linewidth=1, linestyle=":")
    below.text(0.95, 0.6, "if both were\nequally common", color=MUTED, ha="right", va="center", fontsize=10)
    below.text(2.75, 0.6, "p(rare | x)", color=ORANGE, va="center")
    below.set(xlabel="measurement x", ylabel="posterior", ylim=(0, 1.03), yticks=(0, 0.5, 1))
    return figure


def kl_is_not_symmetric() -> Figure:
    """KL in both directions between N(0, 1) and a Gaussian of another width."""
    deviation = np.linspace(0.3, 4, 200)
    zero = np.zeros_like(deviation)
    figure, axes = plt.subplots()
    there = gaussian_kl(zero, zero, zero, 2 * np.log(deviation))
    back = gaussian_kl(zero, 2 * np.log(deviation), zero, zero)
    axes.plot(deviation, there, color=BLUE)
    axes.plot(deviation, back, color=ORANGE)
    axes.text(3.95, 0.15, "KL( N(0, 1) ‖ N(0, σ²) )", color=BLUE, ha="right")
    axes.text(2.8, 3.2, "KL( N(0, σ²) ‖ N(0, 1) )", color=ORANGE, ha="right", va="center")
    axes.set(xlabel="σ", ylabel="nats", xlim=(0.3, 4), ylim=(0, 4))
    axes.axvline(1, color=MUTED, linewidth=1, linestyle=":")
    return figure
