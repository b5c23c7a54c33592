"""Project P1: the learner's VAE on handwritten digits. Runs only in the training process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course.data.digits import Digits, load
from grader.ground.files import replacing
from grader.training import pictures
from grader.training.fit import Emit, Task, pack, stream
from grader.training.learner_code import LearnerError, Workspace
from grader.training.settings import Settings

ADDRESS = "projects/p1_digit_vae"
UNIT = "phase3_generative/unit3_vae"
SAMPLES = 500
WALKS = ((0, 6), (1, 7), (2, 3), (4, 9), (8, 5), (7, 2))


class Objective(nn.Module):
    """The learner's ELBO of their two networks, one module so that accelerate can wrap it as a whole."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, elbo: Any, beta: float):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self._elbo, self._beta = elbo, beta

    def forward(self, x: Tensor, eps: Tensor) -> Tensor:
        return self._elbo(x, self.encoder, self.decoder, eps, beta=self._beta)


class DigitVae(Task):
    """Adam on the mean of the learner's ELBO, the rate falling linearly to zero over the second half.

    Each time an image is seen its pixels are drawn anew, white with probability brightness (stochastic binarisation);
    the held-out images are drawn once for all (`Digits.held_binary`).
    """

    def __init__(self, settings: Settings, workspace: Workspace):
        self.settings, self.workspace = settings, workspace
        self.project = workspace.load(ADDRESS, ("Encoder", "Decoder", "interpolate"))
        self.unit = workspace.load(
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
            raise LearnerError(f"A batch of {settings.batch} is more than the {len(self.digits.x)} images there are.")
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
        return self.workspace.guard()

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

    @torch.no_grad()
    def finish(self, out: Path, accelerator: Any, emit: Emit) -> dict[str, float]:
        """Weights, samples and pictures, each whole or absent; returns the closing figures."""
        self.model.to(accelerator.device).eval()
        with replacing(out / "model.safetensors") as file:
            file.write_bytes(pack(self.model.state_dict()))

        emit("stage", text="sampling from the prior")
        with self.guard():
            z = torch.randn(SAMPLES, self.settings.latent, generator=stream(self.settings.seed, 3))
            samples = self._decode(z)
            figures = {**self.evaluate(), "iwae_50": self._iwae(k=50)}
        with replacing(out / "samples.npz") as file:
            np.savez_compressed(file, z=z.numpy(), x=np.round(samples * 255).astype(np.uint8))

        emit("stage", text="drawing the samples, the walks and the map of codes")
        with self.guard():
            drawn = {
                "samples": pictures.grid(samples[:112], columns=14),
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
            raise LearnerError("The encoder's means are not finite, so there is no map to draw.")
        flat = TSNE(init="pca", perplexity=30, max_iter=500, random_state=0).fit_transform(mu)
        return pictures.scatter(flat, self.digits.held_y[:count], self.digits.held_x[:count] / 255)

    # Small things -----------------------------------------------------------------------------------------------------

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _on_device(self, x: Tensor) -> Tensor:
        return x.to(self._device)

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
                raise LearnerError(f"Encoder returned {_what(encoded)}; a pair (mu, logvar) is needed.")
            _expect("mu of Encoder", encoded[0], (3, latent))
            _expect("logvar of Encoder", encoded[1], (3, latent))
            _expect("Decoder", self.decoder(eps), (3, pixels))
            value = self.model(x, eps)
            _expect("elbo", value, (3,), "one value in nats for each image of the batch")
            if not value.requires_grad:
                raise LearnerError(
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
        raise LearnerError(f"{name} returned {_what(value)}; shape {shape} is needed{meaning and ': ' + meaning}.")
    if not torch.isfinite(value).all():
        raise LearnerError(f"{name} returned {'nan' if torch.isnan(value).any() else 'infinity'} for ordinary input.")
