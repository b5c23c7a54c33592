"""Project P1: the learner's VAE on handwritten digits, and what their run is accepted by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn

from course.data.digits import Digits, load
from course.projects.p1_digit_vae import pictures
from grader.curriculum import CourseError
from grader.ground.files import replacing
from grader.training import settings
from grader.training.gates import Control, Threshold, Unmeasurable
from grader.training.learner_code import LearnerFault, LearnerModules
from grader.training.messages import Say
from grader.training.settings import Preset
from grader.training.task import Task as BaseTask
from grader.training.task import stream

ADDRESS = "projects/p1_digit_vae"
UNIT = "phase3_generative/unit3_vae"
SAMPLES, SHOWN = 500, 112
WALKS = ((0, 6), (1, 7), (2, 3), (4, 9), (8, 5), (7, 2))


@dataclass(frozen=True)
class Settings(settings.Settings):
    """latent, hidden: sizes of the networks. beta: weight of the KL term; the acceptance is stated for 1."""

    data: str = "mnist10k"
    epochs: int = 12
    lr: float = 3e-3
    checkpoint_every: int = 90
    latent: int = 20
    hidden: int = 400
    beta: float = 1.0

    CHOICES: ClassVar = {"data": ("mnist10k", "mnist"), **settings.Settings.CHOICES}
    AT_LEAST_ONE: ClassVar = (*settings.Settings.AT_LEAST_ONE, "latent", "hidden")

    def validate(self) -> None:
        super().validate()
        if not 0 <= self.beta < float("inf"):
            raise CourseError(f"The setting beta is a number ≥ 0, not {self.beta}.")


# "cpu" is what the thresholds were measured with.
PRESETS = (
    Preset("cpu", "10,000 digits that ship with the course, 12 epochs, two CPU cores, no network", 0.5, Settings()),
    Preset(
        "gpu",
        "all 60,000 digits of MNIST (a 12 MB download), 100 epochs, one GPU",
        5.0,
        Settings(data="mnist", epochs=100, batch=200, lr=1e-3, checkpoint_every=1500),
    ),
    Preset(
        "smoke",
        "a rehearsal of 60 steps in seconds; not enough to be accepted",
        0.1,
        Settings(epochs=2, batch=300, hidden=64, checkpoint_every=20),
    ),
)


class Objective(nn.Module):
    """The learner's ELBO of their two networks, one module so that accelerate can wrap it as a whole."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, elbo: Any, beta: float):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self._elbo, self._beta = elbo, beta

    def forward(self, x: Tensor, eps: Tensor) -> Tensor:
        return self._elbo(x, self.encoder, self.decoder, eps, beta=self._beta)


class Task(BaseTask):
    """Adam on the mean of the learner's ELBO, the rate falling linearly to zero over the second half.

    Each time an image is seen its pixels are drawn anew, white with probability brightness (stochastic binarisation);
    the held-out images are drawn once for all (`Digits.held_binary`).
    """

    not_finite = (
        "an overflow, a log of 0, or a KL term that it pays to let grow; "
        "look at the sign of each term and at every exp and log."
    )

    def __init__(self, settings: Settings, modules: LearnerModules):
        self.settings, self.modules = settings, modules
        self.project = modules.load(ADDRESS, ("Encoder", "Decoder", "interpolate"))
        self.unit = modules.load(
            UNIT,
            (
                "elbo",
                "reparameterize",
                "kl_diag_gaussian",
                "bernoulli_log_likelihood",
                "iwae_bound",
                "latent_manifold_grid",
            ),
        )
        self.digits: Digits = load(settings.data, settings.data_dir)
        if settings.batch > len(self.digits.x):
            raise LearnerFault(f"A batch of {settings.batch} is more than the {len(self.digits.x)} images there are.")
        self.data_sha256 = self.digits.sha256
        self.steps_per_epoch = len(self.digits.x) // settings.batch
        self.steps = settings.epochs * self.steps_per_epoch
        self._held = torch.from_numpy(self.digits.held_binary)
        torch.manual_seed(settings.seed)
        with self.guard():
            self.encoder = self.project.Encoder(latent=settings.latent, hidden=settings.hidden)
            self.decoder = self.project.Decoder(latent=settings.latent, hidden=settings.hidden)
            self.model = Objective(self.encoder, self.decoder, self.unit.elbo, settings.beta)
        self._rehearse()

    def guard(self) -> AbstractContextManager[None]:
        return self.modules.guard()

    def describe(self) -> dict[str, Any]:
        return {"name": self.settings.data, "train": len(self.digits.x), "held_out": len(self.digits.held_x)}

    # Training -----------------------------------------------------------------------------------------------------

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        epoch, position = divmod(step, self.steps_per_epoch)
        size = self.settings.batch
        order = torch.randperm(len(self.digits.x), generator=stream(self.settings.seed, 0, epoch))
        x = torch.from_numpy(self.digits.x[order[position * size : (position + 1) * size].numpy()])
        rng = stream(self.settings.seed, 1, step)
        binary = torch.rand(x.shape, generator=rng) < x / 255
        return binary.float(), torch.randn(size, self.settings.latent, generator=rng)

    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        return -model(*batch).mean()

    def rate(self, step: int) -> float:
        return min(1.0, 2 * (1 - step / self.steps))

    def readout(self, loss: float) -> dict[str, float]:
        return {"elbo": -loss}

    def evaluate(self) -> dict[str, float]:
        """The learner's own figures on the held-out images, with one fixed sample of z for each."""
        x, eps = self._on_device(self._held), self._noise(1, len(self._held))[0]
        elbo = self.unit.elbo(x, self.encoder, self.decoder, eps)
        kl = self.unit.kl_diag_gaussian(*self.encoder(x))
        return {"elbo": float(elbo.mean()), "kl": float(kl.mean()), "reconstruction": float((elbo + kl).mean())}

    # What is left behind --------------------------------------------------------------------------------------------

    def draw_samples(self, picture: Path) -> None:
        """The first codes of samples.npz, decoded."""
        pictures.write(pictures.grid(self._decode(self._prior()[:SHOWN]), columns=14), picture)

    def finish(self, out: Path, accelerator: Any, say: Say) -> dict[str, float]:
        """Samples and pictures; the figures are the learner's own."""
        say("stage", text="sampling from the prior")
        with self.guard():
            z = self._prior()
            samples = self._decode(z)
            figures = {**self.evaluate(), "iwae_50": self._iwae(k=50)}
        with replacing(out / "samples.npz") as file:
            np.savez_compressed(file, z=z.numpy(), x=np.round(samples * 255).astype(np.uint8))

        say("stage", text="drawing the samples, the walks and the map of codes")
        with self.guard():
            drawn = {
                "samples": pictures.grid(samples[:SHOWN], columns=14),
                "reconstructions": self._draw_reconstructions(),
                "interpolation": self._draw_walks(),
                "tsne": self._draw_tsne(),
            }
            if self.settings.latent == 2:
                drawn["manifold"] = self._draw_manifold()
        for name, figure in drawn.items():
            pictures.write(figure, out / f"{name}.png")
        for tracker in accelerator.trackers:
            layout = {"dataformats": "NHWC"} if tracker.name == "tensorboard" else {}
            tracker.log_images({"samples": samples[:64].reshape(-1, 28, 28, 1)}, step=self.steps, **layout)
        return figures

    def _iwae(self, k: int) -> float:
        """The importance-weighted bound of up to 1,000 held-out images with k samples each, in nats."""
        x = self._on_device(self._held[:1000] if self.settings.data == "mnist" else self._held)
        mu, logvar = self.encoder(x)
        log_w = []
        for eps in self._noise(k, len(x)):
            z = self.unit.reparameterize(mu, logvar, eps)
            # log N(z; 0, I) − log N(z; μ, σ²); the constants cancel, and (z − μ)/σ is eps.
            ratio = 0.5 * (eps**2 + logvar - z**2).sum(1)
            log_w.append(self.unit.bernoulli_log_likelihood(self.decoder(z), x) + ratio)
        return float(self.unit.iwae_bound(torch.stack(log_w)).mean())

    def _draw_reconstructions(self) -> pictures.Figure:
        chosen = [int(i) for digit in range(10) for i in np.flatnonzero(self.digits.held_y == digit)[:2]][:20]
        mu, _ = self.encoder(self._on_device(self._held[chosen]))
        rebuilt = self._decode(mu)
        grey = self.digits.held_x[chosen] / 255
        return pictures.rows([grey, self._held[chosen].numpy(), rebuilt], ["held-out", "as 0 and 1", "decoded"])

    def _draw_walks(self) -> pictures.Figure:
        walks = []
        for pair in WALKS:
            ends = [int(np.flatnonzero(self.digits.held_y == digit)[3]) for digit in pair]
            mu, _ = self.encoder(self._on_device(self._held[ends]))
            middle = self._decode(self.project.interpolate(mu[0], mu[1], 11))
            grey = self.digits.held_x[ends] / 255
            walks.append(np.concatenate([grey[:1], middle, grey[1:]]))
        return pictures.walks(np.stack(walks))

    def _draw_manifold(self) -> pictures.Figure:
        """The learner's grid of a plane of codes, decoded: Kingma & Welling 2013, figure 4."""
        side = 20
        return pictures.grid(self._decode(self.unit.latent_manifold_grid(side)), columns=side, gap=0)

    def _draw_tsne(self) -> pictures.Figure:
        from sklearn.manifold import TSNE

        count = min(len(self._held), 2000)
        mu = self._codes(self._held[:count]).numpy()
        if not np.isfinite(mu).all():
            raise LearnerFault("The encoder's means are not finite, so there is no map to draw.")
        flat = TSNE(init="pca", perplexity=30, max_iter=500, random_state=0).fit_transform(mu)
        return pictures.scatter(flat, self.digits.held_y[:count], self.digits.held_x[:count] / 255)

    # Small things -----------------------------------------------------------------------------------------------------

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _on_device(self, x: Tensor) -> Tensor:
        return x.to(self._device)

    def _prior(self) -> Tensor:
        """The codes of the samples that a run keeps, (SAMPLES, latent), on the CPU."""
        return torch.randn(SAMPLES, self.settings.latent, generator=stream(self.settings.seed, 3))

    def _noise(self, *shape: int) -> Tensor:
        return self._on_device(torch.randn(*shape, self.settings.latent, generator=stream(self.settings.seed, 4)))

    def _codes(self, x: Tensor) -> Tensor:
        return self.encoder(self._on_device(x))[0].float().cpu()

    def _decode(self, z: Tensor) -> np.ndarray:
        """Probabilities of white, (N, 784) in [0, 1]."""
        return torch.sigmoid(self.decoder(self._on_device(z))).float().cpu().numpy()

    def _rehearse(self) -> None:
        """One small pass through everything that the run will ask for, so that what is wrong shows before it begins."""
        x, eps = self.batch(0)
        x, eps = x[:3], eps[:3]
        latent, pixels = self.settings.latent, x.shape[1]
        with self.guard():
            encoded = self.encoder(x)
            if not isinstance(encoded, tuple) or len(encoded) != 2:
                raise LearnerFault(f"Encoder returned {_what(encoded)}; a pair (mu, logvar) is needed.")
            _expect("mu of Encoder", encoded[0], (3, latent))
            _expect("logvar of Encoder", encoded[1], (3, latent))
            _expect("Decoder", self.decoder(eps), (3, pixels))
            value = self.model(x, eps)
            _expect("elbo", value, (3,), "one value in nats for each image of the batch")
            if not value.requires_grad:
                raise LearnerFault(
                    "elbo returned values without gradient, so there is nothing to train; is it detached or in no_grad?"
                )
            with torch.no_grad():
                _expect("reparameterize", self.unit.reparameterize(*encoded, eps), (3, latent))
                _expect("kl_diag_gaussian", self.unit.kl_diag_gaussian(*encoded), (3,))
                _expect("bernoulli_log_likelihood", self.unit.bernoulli_log_likelihood(self.decoder(eps), x), (3,))
                _expect("iwae_bound", self.unit.iwae_bound(torch.zeros(2, 3)), (3,))
                _expect("latent_manifold_grid", self.unit.latent_manifold_grid(4), (16, 2))
                _expect("interpolate", self.project.interpolate(eps[0], eps[1], 4), (4, latent))


def _what(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _expect(name: str, value: object, shape: tuple[int, ...], meaning: str = "") -> None:
    if not isinstance(value, Tensor) or tuple(value.shape) != shape:
        raise LearnerFault(f"{name} returned {_what(value)}; shape {shape} is needed{meaning and ': ' + meaning}.")
    if not torch.isfinite(value).all():
        raise LearnerFault(f"{name} returned {'nan' if torch.isnan(value).any() else 'infinity'} for ordinary input.")


# The acceptance -----------------------------------------------------------------------------------------------------

# Nats are those of an image of 784 pixels. What the thresholds rest on is measured in calibration.json: five seeds of
# the reference with the cpu preset, three of each control.
GATES = {
    "elbo": Threshold(
        "held-out ELBO",
        "nats",
        -114.0,
        None,
        "reference −109.3 to −108.4 over 5 seeds; exp(logvar) as std −121; average image −205",
    ),
    "kl": Threshold(
        "KL of the codes to the prior",
        "nats",
        20.0,
        32.0,
        "reference 23.6 to 24.5; exp(logvar) as std 17; collapse 0",
    ),
    "active": Threshold("latent dimensions in use", "", 15, None, "reference 20 of 20; collapse 0"),
    "knn": Threshold(
        "digits told apart by 5 nearest codes",
        "",
        0.90,
        None,
        "reference 0.95; collapse 0.28; KL sign flipped 0.19",
    ),
    "decoded": Threshold(
        "samples that your decoder makes of their codes", "", SAMPLES, None, "all 500 that a run keeps"
    ),
    "novel": Threshold(
        "distance of samples to the nearest training image",
        "",
        0.10,
        None,
        "reference 0.18; held-out digits 0.17; copies 0",
    ),
    "pictures": Threshold("pictures", "", 3, None, "samples, interpolation and t-SNE"),
}

CONTROLS = {
    "mean over pixels": Control(
        "the likelihood is averaged over pixels, so the KL term outweighs it",
        UNIT,
        "(x * log_p_one + (1 - x) * log_p_zero).flatten(1).sum(1)",
        "(x * log_p_one + (1 - x) * log_p_zero).flatten(1).mean(1)",
    ),
    "KL sign flipped": Control("the KL term is added", UNIT, "- beta * kl_diag_gaussian", "+ beta * kl_diag_gaussian"),
    "exp(logvar) as std": Control(
        "the variance is taken for the standard deviation", UNIT, "torch.exp(0.5 * logvar)", "torch.exp(logvar)"
    ),
}


def measure(run: Path, record: Mapping[str, Any]) -> dict[str, float]:
    """The learner's weights in the reference's networks, by the reference's bound, on the held-out images."""
    from phase3_generative import unit3_vae as vae

    encoder, decoder = _networks(run, record)
    digits = load(record["data"]["name"], record["circumstances"].get("data_dir", ""))
    with torch.no_grad():
        x = torch.from_numpy(digits.held_binary)
        mu, logvar = encoder(x)
        rng = torch.Generator().manual_seed(0)
        draws = [vae.elbo(x, encoder, decoder, torch.randn(mu.shape, generator=rng)).double().mean() for _ in range(10)]
        return {
            "elbo": float(torch.stack(draws).mean()),
            "kl": float(vae.kl_diag_gaussian(mu, logvar).double().mean()),
            # Burda et al. 2016, section 5.2: a unit is active if the variance of its mean over the data exceeds 0.01
            "active": float((mu.var(0) > 0.01).sum()),
            "knn": _knn(encoder(torch.from_numpy(digits.x > 127).float())[0], digits.y, mu, digits.held_y),
            **_samples(run, decoder, digits),
            "pictures": float(sum(_is_png(run / f"{name}.png") for name in ("samples", "interpolation", "tsne"))),
        }


def _networks(run: Path, record: Mapping[str, Any]) -> tuple[nn.Module, nn.Module]:
    """The reference's encoder and decoder with the weights of a run. Raises Unmeasurable."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from grader.judge.terms.scenarios import load_weights
    from projects import p1_digit_vae as reference

    try:
        state = load_file(run / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise Unmeasurable(f"The weights of {run} cannot be read: {error}") from None
    latent, hidden = record["settings"]["latent"], record["settings"]["hidden"]
    encoder, decoder = reference.Encoder(784, hidden, latent), reference.Decoder(latent, hidden, 784)
    try:
        for network, name in ((encoder, "encoder."), (decoder, "decoder.")):
            load_weights(network, {key.removeprefix(name): state[key].float() for key in state if key.startswith(name)})
    except ValueError as error:
        raise Unmeasurable(f"The networks of {run} are not those of the statement: {error}") from None
    return encoder, decoder


def _knn(train: Tensor, labels: np.ndarray, held: Tensor, truth: np.ndarray, k: int = 5) -> float:
    """Share of held-out codes whose k nearest training codes name the right digit by majority."""
    votes = torch.from_numpy(labels)[torch.cdist(held, train).topk(k, largest=False).indices]
    return float((nn.functional.one_hot(votes, 10).sum(1).argmax(1) == torch.from_numpy(truth)).double().mean())


def _samples(run: Path, decoder: nn.Module, digits: Digits) -> dict[str, float]:
    """How many samples are what the decoder makes of their codes, and how far off the nearest training image is."""
    try:
        with np.load(run / "samples.npz", allow_pickle=False) as archive:
            z, x = torch.from_numpy(archive["z"]).float(), torch.from_numpy(archive["x"]).float() / 255
        # a brightness is kept to 1/255; half precision on a GPU costs a few of these more
        decoded = float(((torch.sigmoid(decoder(z)) - x).abs().amax(1) < 0.04).sum())
        nearest = torch.cdist(x, torch.from_numpy(digits.x).float() / 255).amin(1) / math.sqrt(x.shape[1])
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, IndexError, EOFError, BadZipFile):
        return {"decoded": 0.0, "novel": math.nan}  # whatever stands in that file, it is not samples
    return {"decoded": decoded, "novel": float(nearest.median())}


def _is_png(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8) == b"\x89PNG\r\n\x1a\n"
    except OSError:
        return False
