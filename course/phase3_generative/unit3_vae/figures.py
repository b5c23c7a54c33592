"""Pictures of unit 3.3, variational autoencoders, drawn by the course's own reference."""

import math
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.distributions import Normal

from phase3_generative.unit3_vae import (
    bernoulli_log_likelihood,
    elbo,
    iwae_bound,
    kl_diag_gaussian,
    latent_manifold_grid,
    reparameterize,
)
from style import BLUE, CYCLE, INK, MUTED, ORANGE

# A VAE small enough to train while the picture is made, on scikit-learn's 8×8 digits. In float64, so that another
# processor's roundings do not show in the picture. ------------------------------------------------------------------


def _digits() -> tuple[Tensor, Tensor]:
    """(1797, 64) pixels in [0, 1], grey, and their classes (1797,)."""
    data = load_digits()
    return torch.tensor(data.data / 16), torch.tensor(data.target)


class DigitVAE(nn.Module):
    def __init__(self, z: int = 2, width: int = 128) -> None:
        super().__init__()
        self.to_moments = nn.Sequential(nn.Linear(64, width), nn.Tanh(), nn.Linear(width, 2 * z))
        self.decoder = nn.Sequential(nn.Linear(z, width), nn.Tanh(), nn.Linear(width, 64))

    def encoder(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mu, logvar = self.to_moments(x).chunk(2, 1)
        return mu, logvar


@cache
def train(z: int, average_pixels: bool, epochs: int) -> tuple[DigitVAE, list[float], list[float]]:
    """The model, and after every epoch log p(x|z) and the KL, in nats an image.

    `average_pixels` makes the mistake of the lesson: the mean over pixels beside the sum over latents.
    """
    torch.manual_seed(0)
    x, _ = _digits()
    model = DigitVAE(z).double()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    likelihoods, divergences = [], []
    for _ in range(epochs):
        for batch in x[torch.randperm(len(x))].split(100):
            eps = torch.randn(len(batch), z, dtype=torch.float64)
            if average_pixels:
                mu, logvar = model.encoder(batch)
                likelihood = bernoulli_log_likelihood(model.decoder(reparameterize(mu, logvar, eps)), batch) / 64
                objective = likelihood - kl_diag_gaussian(mu, logvar)
            else:
                objective = elbo(batch, model.encoder, model.decoder, eps)
            optimizer.zero_grad()
            (-objective.mean()).backward()
            optimizer.step()
        with torch.no_grad():
            mu, logvar = model.encoder(x)
            codes = reparameterize(mu, logvar, torch.randn_like(mu))
            likelihoods.append(bernoulli_log_likelihood(model.decoder(codes), x).mean().item())
            divergences.append(kl_diag_gaussian(mu, logvar).mean().item())
    return model, likelihoods, divergences


def manifold() -> Figure:
    """Where the encoder puts the digits, and what the decoder makes of the space between them."""
    model, *_ = train(z=2, average_pixels=False, epochs=60)
    x, labels = _digits()
    n = 12
    with torch.no_grad():
        mu, _ = model.encoder(x)
        images = torch.sigmoid(model.decoder(latent_manifold_grid(n).double()))
    # Row i·n + j of the grid is (q_i, q_j): i becomes the horizontal axis and j the vertical one, upwards.
    sheet = images.reshape(n, n, 8, 8).flip(1).permute(1, 2, 0, 3).reshape(8 * n, 8 * n)

    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.5))
    for digit in range(10):
        colour = (*CYCLE, INK, MUTED, "#7a4a21")[digit]
        codes = mu[labels == digit]
        left.plot(*codes[:60].T, "o", ms=2, mew=0, color=colour)
        left.annotate(
            str(digit), codes.mean(0).tolist(), color=colour, size=15, weight="bold", ha="center", va="center",
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip
    left.set(xlabel="z₁", ylabel="z₂", title="codes of digits", aspect="equal", xlim=(-3, 3), ylim=(-3, 3))
    right.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, interpolation="none")
    right.set(xticks=[], yticks=[], xlabel="z₁, 5 % to 95 %", ylabel="z₂, 5 % to 95 %", title="the decoded grid")
    right.spines[:].set_visible(False)
    return figure


# The example of the lesson: one pixel, one latent, decoder logit 2z, prior N(0, 1). -----------------------------------


def log_joint(z: Tensor) -> Tensor:
    """log p(x = 1, z) for z of any shape, one latent each."""
    logits = 2 * z.reshape(-1, 1)
    return (bernoulli_log_likelihood(logits, torch.ones_like(logits))).reshape(z.shape) + Normal(0.0, 1.0).log_prob(z)


def mean_elbo(mu: float, std: float) -> float:
    """The bound for q = N(mu, std²), its expectation over ε done by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    eps = torch.tensor(nodes)[:, None]
    moments = torch.full_like(eps, mu), torch.full_like(eps, 2 * math.log(std))
    values = elbo(torch.ones_like(eps), lambda x: moments, lambda z: 2 * z, eps)
    return float(values @ torch.tensor(weights)) / math.sqrt(2 * math.pi)


def two_posteriors() -> Figure:
    """The bound as a function of q, its gap to the evidence, and the best q beside the true posterior."""
    evidence = math.log(0.5)
    mus = np.linspace(-0.6, 1.9, 101)
    stds = {1.0: MUTED, 0.78: BLUE, 0.4: ORANGE}
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.4))
    for std, colour in stds.items():
        left.plot(mus, [mean_elbo(mu, std) for mu in mus], color=colour, label=f"σ = {std:g}")
    left.axhline(evidence, color=INK, lw=1, ls="--")
    left.annotate("log p(x) = −0.693", (-0.55, evidence + 0.02))
    left.set(xlabel="μ of q(z|x)", title="ELBO (nats)", ylim=(-1.6, -0.55))
    left.legend(loc="lower center")

    z = torch.linspace(-3, 4, 400)
    right.plot(z, Normal(0.0, 1.0).log_prob(z).exp(), color=MUTED, ls=":", label="prior p(z)")
    right.plot(z, (log_joint(z) - evidence).exp(), color=INK, label="posterior p(z|x)")
    best = max((mean_elbo(mu, std), mu, std) for mu in mus for std in np.linspace(0.6, 1, 41))
    right.plot(z, Normal(best[1], best[2]).log_prob(z).exp(), color=BLUE, label="best q(z|x)")
    right.set(xlabel="z", title="density", xlim=(-3, 4), ylim=(0, 0.75))
    right.legend(loc="upper center")
    return figure


def tighter() -> Figure:
    """The importance-weighted bound rises with K, for a good and for a poor q."""
    torch.manual_seed(0)
    counts = [1, 2, 4, 8, 16, 32, 64]
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    proposals = [(0.65, 0.78, BLUE, "good q: N(0.65, 0.78²)"), (-1.0, 0.7, ORANGE, "poor q: N(−1, 0.7²)")]
    for mu, std, colour, name in proposals:
        q = Normal(mu, std)
        z = q.sample((64, 40000))
        log_w = log_joint(z) - q.log_prob(z)
        axes.plot(counts, [iwae_bound(log_w[:k]).mean() for k in counts], "o-", color=colour, ms=4, label=name)
    axes.axhline(math.log(0.5), color=INK, lw=1, ls="--", label="log p(x)")
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(k) for k in counts])
    axes.set(xlabel="samples K", ylabel="bound (nats)")
    axes.legend(loc="lower right")
    return figure


def collapse() -> Figure:
    """Training with sums, and with a mean over pixels beside a sum over latents."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.4))
    for average, colour, name in [(False, BLUE, "sum over pixels"), (True, ORANGE, "mean over pixels")]:
        _, likelihoods, divergences = train(z=8, average_pixels=average, epochs=30)
        epochs = range(1, len(likelihoods) + 1)
        left.plot(epochs, divergences, color=colour, label=name)
        right.plot(epochs, likelihoods, color=colour, label=name)
    x, _ = _digits()
    mean = x.mean(0).clamp(1e-6, 1 - 1e-6)
    floor = bernoulli_log_likelihood(torch.logit(mean).expand_as(x), x).mean().item()
    right.axhline(floor, color=MUTED, lw=1, ls="--", label="the average image")
    left.set(xlabel="epoch", title="KL (nats an image)", ylim=(-0.2, None))
    right.set(xlabel="epoch", title="log p(x|z) (nats an image)", ylim=(-41, None))
    right.legend(loc="lower right")
    return figure
