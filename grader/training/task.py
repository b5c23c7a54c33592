"""What the engine asks of a project's `Task`. Runs only in the training process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from grader.training.messages import Say


class Task(ABC):
    """What a project trains: a model, its batches, and what to measure and to draw on the way.

    It is made by `Task(settings, modules)`: the project's own settings and the learner's modules. Making it should try
    everything that the run will ask of the learner's code once, so that what is wrong shows before the run begins.

    model: whose parameters are trained, and saved as model.safetensors
    steps, steps_per_epoch: how long
    data_sha256: digest of the data, a part of what makes two runs the same
    not_finite: what to look at when the loss is no finite number, the end of a sentence
    """

    model: nn.Module
    steps: int
    steps_per_epoch: int
    data_sha256: str
    not_finite: str = "an overflow, or a log of 0; look at the sign of each term and at every exp and log."

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The data in a few plain values for run.json: their name, how many are trained on and held out."""

    @abstractmethod
    def guard(self) -> AbstractContextManager[None]:
        """Goes around everything that may run the learner's code."""

    @abstractmethod
    def batch(self, step: int) -> tuple[Tensor, ...]:
        """The whole batch of a step, on the CPU: a function of the seed and the step alone."""

    @abstractmethod
    def loss(self, model: nn.Module, *batch: Tensor) -> Tensor:
        """The mean loss of (a device's share of) a batch, a scalar; `model` is `self.model`, perhaps wrapped."""

    def rate(self, step: int) -> float:
        """What the learning rate is multiplied with at a step."""
        return 1.0

    def readout(self, loss: float) -> dict[str, float]:
        """The loss in the terms in which people follow it."""
        return {"loss": loss}

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Figures on held-out data, at the end of each epoch."""

    @abstractmethod
    def draw_samples(self, picture: Path) -> None:
        """Draw what the model makes now, at the end of each epoch, as a PNG: whole or not at all, within a second.

        From the same noise each time, so that one sees it grow; the same model gives the same bytes.
        """

    @abstractmethod
    def finish(self, out: Path, accelerator: Accelerator, say: Say) -> dict[str, float]:
        """Leave samples and pictures in the run's folder, each whole or absent; returns the closing figures.

        The model is in evaluation mode and gradients are off.
        """


def stream(seed: int, *position: int) -> torch.Generator:
    """A CPU generator for one position of a run; different positions give independent streams."""
    high, low = np.random.SeedSequence([seed, *position]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed((int(high) << 31) ^ int(low))
