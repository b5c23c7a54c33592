"""What every run can be told, and how a project's presets are chosen from. Knows no torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from importlib.util import find_spec
from typing import Any, ClassVar, Self

from grader.curriculum import CourseError

# Fields that change where and how a run happens, but not what it computes: a run resumes across a change of these.
CIRCUMSTANCES = frozenset({"device", "processes", "log", "checkpoint_every", "data_dir"})


@dataclass(frozen=True)
class Settings:
    """Settings every project has. A project's own are a subclass, which names its data and gives other defaults.

    data: name of the data set
    batch: examples of one step over all devices together
    precision: "auto" leaves it to `accelerate config`, else "no", "bf16" or "fp16"
    device: "auto" takes an accelerator if there is one, "cpu" never does
    processes: devices to train on; each step's batch is shared out among them
    log: "tensorboard", "wandb" or "none"
    checkpoint_every: steps between checkpoints
    data_dir: where a downloaded data set is kept; empty for the user's cache folder
    """

    data: str = ""
    epochs: int = 1
    batch: int = 100
    lr: float = 1e-3
    seed: int = 0
    precision: str = "auto"
    device: str = "auto"
    processes: int = 1
    log: str = "tensorboard"
    checkpoint_every: int = 100
    data_dir: str = ""

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "precision": ("auto", "no", "bf16", "fp16"),
        "device": ("auto", "cpu"),
        "log": ("tensorboard", "wandb", "none"),
    }
    AT_LEAST_ONE: ClassVar[tuple[str, ...]] = ("epochs", "batch", "processes", "checkpoint_every")

    def identity(self) -> dict[str, Any]:
        """The settings that decide what comes out."""
        return {name: value for name, value in asdict(self).items() if name not in CIRCUMSTANCES}

    def circumstances(self) -> dict[str, Any]:
        """The others."""
        return {name: value for name, value in asdict(self).items() if name in CIRCUMSTANCES}

    def with_overrides(self, overrides: Mapping[str, object]) -> Self:
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
        settings.validate()
        return settings

    def validate(self) -> None:
        """Raises CourseError in one line. A project adds what its own settings have to be."""
        for name in self.AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise CourseError(f"The setting {name} is at least 1, not {getattr(self, name)}.")
        if not 0 < self.lr < 1:
            raise CourseError(f"The setting lr lies between 0 and 1, not at {self.lr}.")
        if not 0 <= self.seed < 2**32:
            raise CourseError(f"The setting seed is a whole number from 0 to 2³² − 1, not {self.seed}.")
        if self.batch % self.processes:
            raise CourseError(f"A batch of {self.batch} cannot be shared out evenly among {self.processes} processes.")
        for name, known in self.CHOICES.items():
            if getattr(self, name) not in known:
                raise CourseError(f"The setting {name} is one of {', '.join(known)}, not {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Preset:
    """A named choice of settings. `minutes` is a rough duration on the machine that `summary` speaks of."""

    name: str
    summary: str
    minutes: float
    settings: Settings


def choose(presets: Sequence[Preset], name: str, overrides: Mapping[str, object]) -> Settings:
    """The settings of a preset after the overrides. Raises CourseError in one line."""
    by_name = {preset.name: preset.settings for preset in presets}
    if name not in by_name:
        raise CourseError(f"There is no preset {name!r}; choose one of {', '.join(by_name)}.")
    return by_name[name].with_overrides(overrides)


def require_packages(log: str = "none") -> None:
    """Raises CourseError if a package is missing without which nothing can be trained, or logged to `log`."""
    wanted = ["accelerate", "filelock", "matplotlib", "safetensors", "sklearn", "torch", "torchvision"]
    wanted += ["tensorboard"] if log == "tensorboard" else []
    if missing := [name for name in wanted if find_spec(name) is None]:
        raise CourseError(f"Training needs {', '.join(missing)}: `pip install 'zero-to-diffusion[projects]'`.")
    if log == "wandb" and find_spec("wandb") is None:
        raise CourseError("Logging to Weights & Biases needs wandb; `pip install wandb`, or leave out the setting log.")
