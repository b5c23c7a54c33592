"""A training loop that can be killed at any moment and goes on as if it had not been.

The randomness of step t is a function of the seed and of t, so a checkpoint is the weights, the optimiser's state and
the number t. It is one safetensors file, which carries no code and is replaced in one move.
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from grader.curriculum import CourseError
from grader.ground.files import replacing
from grader.training.learner_code import LearnerError
from grader.training.settings import Settings

LOG_EVERY = 10

Emit = Callable[..., None]


class Task(ABC):
    """What a project trains: a model, its batches and what to measure on the way."""

    model: nn.Module
    steps: int
    steps_per_epoch: int

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

    def evaluate(self) -> dict[str, float]:
        """Figures on held-out data, at the end of each epoch."""
        return {}

    @abstractmethod
    def guard(self) -> AbstractContextManager[None]:
        """Goes around everything that may run the learner's code."""


@dataclass
class Progress:
    """How far a run has come: steps done, seconds spent, and the held-out figures epoch by epoch."""

    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Interrupted(CourseError):
    """The run was asked to stop, and has kept everything up to the last step."""


def stream(seed: int, *position: int) -> torch.Generator:
    """A CPU generator for one position of a run; different positions give independent streams."""
    entropy = np.random.SeedSequence([seed, *position]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(entropy[0]) << 31 ^ int(entropy[1]))


def fit(task: Task, settings: Settings, accelerator: Accelerator, path: Path, identity: str, emit: Emit) -> Progress:
    """Train from the checkpoint at `path`, or from the beginning, to the last step, and leave the model on its device.

    identity: digest of all that decides the outcome; a checkpoint of another identity is not read.
    Raises LearnerError if the loss stops being a finite number, Interrupted on SIGINT or SIGTERM.
    """
    progress = Progress()
    optimizer = torch.optim.Adam(task.model.parameters(), lr=settings.lr)
    saved = _read(path, identity)
    if saved is not None:
        progress = saved.progress
        task.model.load_state_dict(saved.model)
    model, optimizer = accelerator.prepare(task.model, optimizer)
    if saved is not None:
        optimizer.load_state_dict({**optimizer.state_dict(), "state": saved.optimizer})
        if accelerator.scaler is not None and saved.scaler:
            accelerator.scaler.load_state_dict(saved.scaler)
    _start_logs(accelerator, settings, progress.step)
    emit(
        "start",
        step=progress.step,
        steps=task.steps,
        device=str(accelerator.device),
        processes=accelerator.num_processes,
    )

    began, spent = time.monotonic(), progress.seconds

    def checkpoint(step: int) -> None:
        progress.step, progress.seconds = step, round(spent + time.monotonic() - began, 2)
        if accelerator.is_main_process:
            _write(path, identity, accelerator, model, optimizer, progress)

    with _signals(accelerator) as stop:
        for step in range(progress.step, task.steps):
            if stop.is_set():
                checkpoint(step)
                raise Interrupted(f"Stopped at step {step} of {task.steps}; run it again and it goes on from there.")
            batch = [_share(part, accelerator).to(accelerator.device) for part in task.batch(step)]
            # Whatever else in the learner's modules draws random numbers is a function of the step as well.
            torch.manual_seed(stream(settings.seed, 2, step).initial_seed())
            optimizer.param_groups[0]["lr"] = settings.lr * task.rate(step)
            with task.guard():
                loss = task.loss(model, *batch)
                optimizer.zero_grad()
                accelerator.backward(loss)
            optimizer.step()

            done = step + 1
            at_checkpoint = done % settings.checkpoint_every == 0 or done == task.steps
            at_epoch = done % task.steps_per_epoch == 0 or done == task.steps
            if done % LOG_EVERY == 0 or at_checkpoint or at_epoch:
                value = float(accelerator.reduce(loss.detach(), reduction="mean"))
                if not math.isfinite(value):
                    raise LearnerError(
                        f"The loss is {value} at step {done}: an overflow, a log of 0, or a KL term that it pays to "
                        "let grow; look at the sign of each term and at every exp and log."
                    )
                readout = task.readout(value)
                emit("step", step=done, steps=task.steps, **readout)
                accelerator.log({f"train/{name}": number for name, number in readout.items()}, step=done)
            if at_epoch:
                figures: dict[str, float] = {}
                if accelerator.is_main_process:
                    with task.guard(), torch.no_grad():
                        figures = task.evaluate()
                    progress.history.append({"step": done, **figures})
                    accelerator.log({f"held-out/{name}": number for name, number in figures.items()}, step=done)
                emit("epoch", epoch=-(-done // task.steps_per_epoch), step=done, **figures)
            if at_checkpoint:
                checkpoint(done)
    return progress


def _share(part: Tensor, accelerator: Accelerator) -> Tensor:
    """This process's slice of a batch: the batch does not depend on how many processes share it."""
    return part.chunk(accelerator.num_processes)[accelerator.process_index]


@contextmanager
def _signals(accelerator: Accelerator) -> Iterator[threading.Event]:
    """SIGINT and SIGTERM set the event, so that a step is finished before anything is written; a second ends the run.

    Several processes would see a signal at different steps and then wait for one another, so there it ends the run.
    """
    stop = threading.Event()
    if accelerator.num_processes > 1:
        yield stop
        return

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start_logs(accelerator: Accelerator, settings: Settings, step: int) -> None:
    """Open the log; what an interrupted run logged after its last checkpoint is dropped."""
    options = {
        "tensorboard": {"purge_step": step + 1},
        "wandb": {"resume": "allow", "dir": str(accelerator.project_dir)},
    }
    config = settings.identity() if settings.log == "wandb" else None
    accelerator.init_trackers("tensorboard" if settings.log == "tensorboard" else "zero-to-diffusion", config, options)


def pack(tensors: dict[str, Tensor], header: dict[str, str] | None = None) -> bytes:
    """The content of a safetensors file."""
    # cloned, for a file holds each tensor by itself, even where the learner's modules share memory
    return save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, header)


# The checkpoint: tensors "model.<name>" and "optimizer.<index>.<name>", everything else as JSON in the header.


@dataclass(frozen=True)
class _Saved:
    progress: Progress
    model: dict[str, Tensor]
    optimizer: dict[int, dict[str, Tensor]]
    scaler: dict[str, Any]


def _write(
    path: Path, identity: str, accelerator: Accelerator, model: nn.Module, optimizer: Any, progress: Progress
) -> None:
    tensors = {f"model.{name}": value for name, value in accelerator.unwrap_model(model).state_dict().items()}
    for index, entries in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in entries.items()}
    scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else {}
    header = {"identity": identity, "progress": json.dumps(vars(progress)), "scaler": json.dumps(scaler)}
    with replacing(path) as temporary:
        temporary.write_bytes(pack(tensors, header))


def _read(path: Path, identity: str) -> _Saved | None:
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        if header["identity"] != identity:
            return None
        model: dict[str, Tensor] = {}
        optimizer: dict[int, dict[str, Tensor]] = {}
        for key in file.keys():  # noqa: SIM118  (not a dict)
            kind, _, name = key.partition(".")
            if kind == "model":
                model[name] = file.get_tensor(key)
            else:
                index, _, entry = name.partition(".")
                optimizer.setdefault(int(index), {})[entry] = file.get_tensor(key)
    return _Saved(Progress(**json.loads(header["progress"])), model, optimizer, json.loads(header["scaler"]))
