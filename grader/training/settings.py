"""What a run can be told, and the presets of each project. Knows no torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from importlib.util import find_spec
from typing import Any

from grader.curriculum import CourseError, Unit

# Fields that change where and how a run happens, but not what it computes: a run resumes across a change of these.
CIRCUMSTANCES = frozenset({"device", "processes", "log", "checkpoint_every", "data_dir"})


@dataclass(frozen=True)
class Settings:
    """Settings every project has, and those of the digit VAE.

    batch: images of one step over all devices together
    latent, hidden: sizes of the networks
    beta: weight of the KL term; the acceptance is stated for 1
    precision: "auto" leaves it to `accelerate config`, else "no", "bf16" or "fp16"
    device: "auto" takes an accelerator if there is one, "cpu" never does
    processes: devices to train on; each step's batch is shared out among them
    log: "tensorboard", "wandb" or "none"
    checkpoint_every: steps between checkpoints
    data_dir: where a downloaded data set is kept; empty for the user's cache folder
    """

    data: str = "mnist10k"
    epochs: int = 12
    batch: int = 100
    lr: float = 3e-3
    latent: int = 20
    hidden: int = 400
    beta: float = 1.0
    seed: int = 0
    precision: str = "auto"
    device: str = "auto"
    processes: int = 1
    log: str = "tensorboard"
    checkpoint_every: int = 90
    data_dir: str = ""

    def identity(self) -> dict[str, Any]:
        """The settings that decide what comes out."""
        return {name: value for name, value in asdict(self).items() if name not in CIRCUMSTANCES}

    def with_overrides(self, overrides: Mapping[str, object]) -> Settings:
        """A copy with some settings replaced; text is read as the setting's type. Raises CourseError in one line."""
        types = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changed: dict[str, Any] = {}
        for key, value in overrides.items():
            name = key.replace("-", "_")
            if name not in types:
                nearest = difflib.get_close_matches(name, types, n=1)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(types)}."
                raise CourseError(f"There is no setting {key!r}; {hint}")
            try:
                changed[name] = types[name](str(value))
            except ValueError:
                kind = {int: "a whole number", float: "a number"}[types[name]]
                raise CourseError(f"The setting {name} is {kind}, not {value!r}.") from None
        settings = replace(self, **changed)
        settings._validate()
        return settings

    def _validate(self) -> None:
        for name in ("epochs", "batch", "latent", "hidden", "processes", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise CourseError(f"The setting {name} is at least 1, not {getattr(self, name)}.")
        if not 0 < self.lr < 1:
            raise CourseError(f"The setting lr lies between 0 and 1, not at {self.lr}.")
        if not 0 <= self.beta < float("inf"):
            raise CourseError(f"The setting beta is a number ≥ 0, not {self.beta}.")
        if not 0 <= self.seed < 2**32:
            raise CourseError(f"The setting seed is a whole number from 0 to 2³² − 1, not {self.seed}.")
        if self.batch % self.processes:
            raise CourseError(f"A batch of {self.batch} cannot be shared out evenly among {self.processes} processes.")
        for name, known in {
            "data": ("mnist10k", "mnist"),
            "precision": ("auto", "no", "bf16", "fp16"),
            "device": ("auto", "cpu"),
            "log": ("tensorboard", "wandb", "none"),
        }.items():
            if getattr(self, name) not in known:
                raise CourseError(f"The setting {name} is one of {', '.join(known)}, not {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Preset:
    """A named choice of settings. `minutes` is a rough duration on the machine that `summary` speaks of."""

    name: str
    summary: str
    minutes: float
    settings: Settings


# project id -> its presets, the default first. "cpu" is what the acceptance thresholds were measured with.
PROJECTS: dict[str, tuple[Preset, ...]] = {
    "digit-vae": (
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
    ),
}


def presets(project: Unit | str) -> tuple[Preset, ...]:
    """The presets of a project, the default first. Raises CourseError if the project cannot be trained."""
    known = PROJECTS.get(key := project if isinstance(project, str) else project.id)
    if known is None:
        raise CourseError(f"{key!r} has nothing to train; {', '.join(PROJECTS)} has.")
    return known


def choose(project: Unit | str, preset: str, overrides: Mapping[str, object]) -> Settings:
    """The settings of a preset after the overrides. Raises CourseError in one line."""
    by_name = {known.name: known.settings for known in presets(project)}
    if preset not in by_name:
        raise CourseError(f"There is no preset {preset!r}; choose one of {', '.join(by_name)}.")
    return by_name[preset].with_overrides(overrides)


def require_packages(log: str = "none") -> None:
    """Raises CourseError if a package is missing without which nothing can be trained, or logged to `log`."""
    wanted = ["accelerate", "filelock", "matplotlib", "safetensors", "sklearn", "torch", "torchvision"]
    wanted += ["tensorboard"] if log == "tensorboard" else []
    if missing := [name for name in wanted if find_spec(name) is None]:
        raise CourseError(f"Training needs {', '.join(missing)}: `pip install 'zero-to-diffusion[projects]'`.")
    if log == "wandb" and find_spec("wandb") is None:
        raise CourseError("Logging to Weights & Biases needs wandb; `pip install wandb`, or leave out the setting log.")
