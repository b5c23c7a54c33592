"""A checkpoint: one safetensors file, which carries no code and is replaced in one move.

It holds the tensors `model.<name>` and `optimizer.<index>.<name>`, and everything else as JSON in the header.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from grader.ground.files import replacing


@dataclass
class RunState:
    """How far a run has come: steps done, seconds spent, and the held-out figures epoch by epoch."""

    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds. `scaler` is empty where no gradient was scaled."""

    state: RunState
    model: dict[str, Tensor]
    optimizer: dict[int, dict[str, Tensor]]
    scaler: dict[str, Any]


def pack(tensors: dict[str, Tensor], header: dict[str, str] | None = None) -> bytes:
    """The content of a safetensors file."""
    # cloned, for a file holds each tensor by itself, even where the learner's modules share memory
    return save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}, header)


def write(
    path: Path, identity: str, accelerator: Accelerator, model: nn.Module, optimizer: Any, state: RunState
) -> None:
    """identity: digest of all that decides the run's outcome."""
    tensors = {f"model.{name}": value for name, value in accelerator.unwrap_model(model).state_dict().items()}
    for index, entries in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in entries.items()}
    scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else {}
    header = {"identity": identity, "progress": json.dumps(vars(state)), "scaler": json.dumps(scaler)}
    with replacing(path, durable=True) as temporary:
        temporary.write_bytes(pack(tensors, header))


def read(path: Path, identity: str) -> Saved | None:
    """The checkpoint at `path`; None if there is none, or one of another identity."""
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
    return Saved(RunState(**json.loads(header["progress"])), model, optimizer, json.loads(header["scaler"]))
