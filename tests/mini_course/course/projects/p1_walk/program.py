"""Project P1: drift and scale of a random walk, by gradient descent on the learner's density."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from course.data.walks import load
from matplotlib.figure import Figure
from torch import Tensor, nn

from grader.ground.files import replacing
from grader.training import settings
from grader.training.gates import Control, Threshold, Unmeasurable
from grader.training.learner_code import LearnerModules
from grader.training.messages import Say
from grader.training.settings import Preset
from grader.training.task import Task as BaseTask
from grader.training.task import stream

ADDRESS = "projects/p1_walk"


@dataclass(frozen=True)
class Settings(settings.Settings):
    """walks: how many are drawn."""

    data: str = "walks"
    epochs: int = 20
    lr: float = 0.02
    walks: int = 30

    CHOICES: ClassVar = {"data": ("walks",), **settings.Settings.CHOICES}
    AT_LEAST_ONE: ClassVar = (*settings.Settings.AT_LEAST_ONE, "walks")


PRESETS = (
    Preset("cpu", "2,000 steps, 20 epochs", 0.1, Settings()),
    Preset("smoke", "two epochs, not enough to be accepted", 0.1, Settings(epochs=2, lr=0.01)),
)


class Walk(nn.Module):
    def __init__(self, log_density: Any):
        super().__init__()
        self.drift, self.log_scale = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
        self._log_density = log_density

    def forward(self, steps: Tensor) -> Tensor:
        return self._log_density(steps, self.drift, self.log_scale)


class Task(BaseTask):
    def __init__(self, settings: Settings, modules: LearnerModules):
        self.settings, self.modules = settings, modules
        self.learned, self.held = map(torch.from_numpy, load())
        self.data_sha256 = hashlib.sha256(torch.cat([self.learned, self.held]).numpy().tobytes()).hexdigest()
        self.steps_per_epoch = len(self.learned) // settings.batch
        self.steps = settings.epochs * self.steps_per_epoch
        self.mean = modules.load("phase1_numbers/unit1_averages", ("mean",)).mean
        self.model = Walk(modules.load(ADDRESS, ("log_density",)).log_density)
        with self.guard(), torch.no_grad():
            self.model(self.batch(0)[0])

    def describe(self) -> dict[str, Any]:
        return {"name": self.settings.data, "train": len(self.learned), "held_out": len(self.held)}

    def guard(self) -> AbstractContextManager[None]:
        return self.modules.guard()

    def batch(self, step: int) -> tuple[Tensor]:
        rows = torch.randint(len(self.learned), (self.settings.batch,), generator=stream(self.settings.seed, 1, step))
        return (self.learned[rows],)

    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        return -model(*batch).mean()

    def rate(self, step: int) -> float:
        return min(1.0, 2 * (1 - step / self.steps))

    def readout(self, loss: float) -> dict[str, float]:
        return {"nats": loss}

    def evaluate(self) -> dict[str, float]:
        return {"nats": -self.mean(self.model(self.held.to(self.model.drift.device)).double().cpu().numpy())}

    def draw_samples(self, picture: Path) -> None:
        figure = Figure(figsize=(4, 3))
        figure.add_subplot().plot(np.cumsum(self._walks(), axis=1).T, color="black", linewidth=0.5)
        with replacing(picture) as file:
            figure.savefig(file, metadata={"Software": None})

    def finish(self, out: Path, accelerator: Any, say: Say) -> dict[str, float]:
        say("stage", text="walking")
        self.draw_samples(out / "walks.png")
        with self.guard():
            return {**self.evaluate(), "drift": float(self.model.drift)}

    def _walks(self) -> np.ndarray:
        """(walks, 50) steps, of the same noise each time."""
        noise = torch.randn(self.settings.walks, 50, generator=stream(self.settings.seed, 2))
        return (self.model.drift.cpu() + self.model.log_scale.cpu().exp() * noise).numpy()


# What they rest on is in calibration.json: five seeds of the reference, three of each control.
GATES = {
    "nats": Threshold("held-out steps", "nats", None, 0.70, "reference 0.68; spoiled 1.33 and more"),
    "drift": Threshold("drift", "", 0.25, 0.35, "reference 0.28 to 0.30; made with 0.3"),
    "scale": Threshold("scale", "", 0.45, 0.55, "reference 0.48 to 0.49; made with 0.5; scale as variance 0.12"),
}
CONTROLS = {
    "scale as variance": Control(
        "the scale is taken for the variance", ADDRESS, "exp(log_scale)", "exp(log_scale / 2)"
    ),
    "drift sign flipped": Control("the drift is added", ADDRESS, "(steps - drift)", "(steps + drift)"),
}


def measure(run: Path, record: Mapping[str, Any]) -> dict[str, float]:
    """The learner's two numbers in the reference's density, on the held-out steps."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from projects.p1_walk import log_density

    try:
        weights = load_file(run / "model.safetensors")
        drift, log_scale = weights["drift"], weights["log_scale"]
    except (OSError, KeyError, SafetensorError) as error:
        raise Unmeasurable(f"The weights of {run} cannot be read: {error}") from None
    nats = -log_density(torch.from_numpy(load()[1]), drift, log_scale).double().mean()
    return {"nats": float(nats), "drift": float(drift), "scale": float(log_scale.exp())}
