"""A training loop that can be killed at any moment and goes on as if it had not been.

The randomness of step t is a function of the seed and of t, so a checkpoint is the weights, the optimiser's state and
the number t.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from grader.curriculum import CourseError
from grader.training import checkpoint
from grader.training.checkpoint import RunState
from grader.training.learner_code import LearnerFault
from grader.training.messages import Say
from grader.training.settings import Settings
from grader.training.task import Task, stream

LOG_EVERY = 10


class Interrupted(CourseError):
    """The run was asked to stop, and has kept everything up to the last step."""


class Fit:
    """One run of a task in the folder `out`, from its checkpoint if it has one of this identity.

    identity: digest of all that decides the outcome; a checkpoint of another identity is not read.
    """

    def __init__(
        self, task: Task, settings: Settings, accelerator: Accelerator, out: Path, identity: str, say: Say
    ) -> None:
        self.task, self.settings, self.accelerator = task, settings, accelerator
        self.out, self.identity, self.say = out, identity, say
        self.state = RunState()
        optimizer = torch.optim.Adam(task.model.parameters(), lr=settings.lr)
        saved = checkpoint.read(self._checkpoint_file, identity)
        if saved is not None:
            self.state = saved.state
            task.model.load_state_dict(saved.model)
        self.model, self.optimizer = accelerator.prepare(task.model, optimizer)
        if saved is not None:
            self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": saved.optimizer})
            if accelerator.scaler is not None and saved.scaler:
                accelerator.scaler.load_state_dict(saved.scaler)
        self._began, self._spent = 0.0, self.state.seconds

    def run(self) -> RunState:
        """Train to the last step, and leave the model on its device.

        Raises LearnerFault if the loss stops being a finite number, Interrupted on SIGINT or SIGTERM.
        """
        steps = self.task.steps
        _start_logs(self.accelerator, self.settings, self.state.step)
        self.say(
            "start",
            step=self.state.step,
            steps=steps,
            device=str(self.accelerator.device),
            processes=self.accelerator.num_processes,
        )
        self._began = time.monotonic()
        with _signals(self.accelerator) as stop:
            for step in range(self.state.step, steps):
                if stop.is_set():
                    self._checkpoint(step)
                    raise Interrupted(f"Stopped at step {step} of {steps}; run it again and it goes on from there.")
                loss, done = self._step(step), step + 1
                at_checkpoint = done % self.settings.checkpoint_every == 0 or done == steps
                at_epoch = done % self.task.steps_per_epoch == 0 or done == steps
                if done % LOG_EVERY == 0 or at_checkpoint or at_epoch:
                    self._read_out(loss, done)
                if at_epoch:
                    self._end_epoch(done)
                if at_checkpoint:
                    self._checkpoint(done)
        return self.state

    def _step(self, step: int) -> Tensor:
        batch = [_share(part, self.accelerator).to(self.accelerator.device) for part in self.task.batch(step)]
        # Whatever else in the learner's modules draws random numbers is a function of the step as well.
        torch.manual_seed(stream(self.settings.seed, 2, step).initial_seed())
        self.optimizer.param_groups[0]["lr"] = self.settings.lr * self.task.rate(step)
        with self.task.guard():
            loss = self.task.loss(self.model, *batch)
            self.optimizer.zero_grad()
            self.accelerator.backward(loss)
        self.optimizer.step()
        return loss.detach()

    def _read_out(self, loss: Tensor, done: int) -> None:
        value = float(self.accelerator.reduce(loss, reduction="mean"))
        if not math.isfinite(value):
            raise LearnerFault(f"The loss is {value} at step {done}: {self.task.not_finite}")
        readout = self.task.readout(value)
        self.say("step", step=done, steps=self.task.steps, **readout)
        self.accelerator.log({f"train/{name}": number for name, number in readout.items()}, step=done)

    def _end_epoch(self, done: int) -> None:
        epoch = -(-done // self.task.steps_per_epoch)
        figures: dict[str, float] = {}
        if self.accelerator.is_main_process:
            pictures = self.out / "epochs"
            pictures.mkdir(exist_ok=True)
            with self.task.guard(), torch.no_grad():
                figures = self.task.evaluate()
                self.task.draw_samples(pictures / f"{epoch:03}.png")
            self.state.history.append({"step": done, **figures})
            self.accelerator.log({f"held-out/{name}": number for name, number in figures.items()}, step=done)
        self.say("epoch", epoch=epoch, step=done, **figures)

    def _checkpoint(self, step: int) -> None:
        self.state.step = step
        self.state.seconds = round(self._spent + time.monotonic() - self._began, 2)
        if self.accelerator.is_main_process:
            checkpoint.write(
                self._checkpoint_file, self.identity, self.accelerator, self.model, self.optimizer, self.state
            )

    @property
    def _checkpoint_file(self) -> Path:
        return self.out / "checkpoint.safetensors"


def _share(part: Tensor, accelerator: Accelerator) -> Tensor:
    """This process's slice of a batch: the batch does not depend on how many processes share it."""
    share: Tensor = part.chunk(accelerator.num_processes)[accelerator.process_index]
    return share


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
