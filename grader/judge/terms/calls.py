"""What a check asks of the learner's module, what came back, and what is known of it before it is asked."""

from __future__ import annotations

import copy
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch

from grader.judge.terms.compare import Tolerance, largest, plain
from grader.judge.terms.failure import Frame
from grader.judge.terms.scenarios import arguments_afterwards, refusal

Scenario = Callable[..., Any]


class LearnerError(Exception):
    """The learner's code raised. `frames` are the learner's own lines, the innermost last."""

    def __init__(self, kind: str, text: str, frames: tuple[Frame, ...] = ()):
        super().__init__(f"{kind}: {text}" if text else kind)
        self.kind, self.text, self.frames = kind, text, frames

    @property
    def not_written(self) -> bool:
        """Whether it is the stub that raised: its line is still there. A library may raise the same of its own."""
        innermost = self.frames[-1].code if self.frames else ""
        return self.kind == "NotImplementedError" and innermost.startswith("raise NotImplementedError")


class LearnerStopped(BaseException):
    """The learner's process is no more. Not an Exception: hypothesis must not go looking for a smaller way to hang."""


class LearnerTimeout(LearnerStopped):
    """A call did not return in time."""


class LearnerDied(LearnerStopped):
    """The learner's process ended in the middle of a call."""


class Impl(Protocol):
    """The learner's side of the wall."""

    def call(self, call: Call) -> Any:
        """Run a public name, or a scenario on the learner's module; plain data back. Raises LearnerError and kin."""
        ...

    def answer(self, planned: Planned) -> Any:
        """The same for a call that was announced when the exercise began, where calls are."""
        raise AssertionError("no calls were announced")


@dataclass(frozen=True)
class Call:
    """What a check asked for."""

    what: str | Scenario
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    asked: Tolerance = field(default=Tolerance(), compare=False)
    """What the check that makes it allows, where it says so."""

    def on(self, module: types.ModuleType, double: bool = False) -> Any:
        """Run it on a module of the trusted side, on copies of the arguments."""
        args, kwargs = copy.deepcopy((self.args, self.kwargs))
        if double:
            args, kwargs = _double(args), _double(kwargs)
        if isinstance(self.what, str):
            return plain(getattr(module, self.what)(*args, **kwargs))
        return plain(self.what(module, *args, **kwargs))

    def repeats(self, other: Call) -> bool:
        """Whether both ask for the same, to the bit."""
        return self.what == other.what and same((self.args, self.kwargs), (other.args, other.kwargs))

    def tolerance(self, result: Any) -> Tolerance:
        """What the check allows for a result, and the size of the numbers that are involved in this one."""
        return replace(self.asked, magnitude=self.magnitude(result))

    def magnitude(self, result: Any) -> float:
        """The size of the numbers involved: the result's, and the arguments' as far as they are of order one."""
        return max(largest(result), min(1.0, largest((self.args, self.kwargs))))

    def named_arguments(self, module: types.ModuleType) -> dict[str, Any]:
        """The arguments under the names that the reference's (or the scenario's) signature gives them."""
        what, args = self.what, self.args
        if what in (arguments_afterwards, refusal):  # a call like any other, of which something else is asked
            what, args = args[0], args[1:]
        try:
            if isinstance(what, str):
                target: Any = getattr(module, what, None)
                return inspect.signature(target).bind(*args, **self.kwargs).arguments
            bound = inspect.signature(what).bind(None, *args, **self.kwargs)
            return dict(list(bound.arguments.items())[1:])  # the first one is the module
        except (TypeError, ValueError):
            return {f"argument {i}": value for i, value in enumerate(args, start=1)} | self.kwargs


@dataclass(frozen=True, eq=False)
class Planned:
    """A call that will be made: its place among an exercise's, the words that ask for it, the reference's answer."""

    place: int
    call: Call
    message: bytes
    want: Any


@dataclass(frozen=True, eq=False)
class Evidence:
    """One call and what came of it: plain data, or the LearnerError it raised. `planned` knows what should have."""

    call: Call
    result: Any
    planned: Planned | None = None


def same(one: Any, other: Any) -> bool:
    """Whether two structures of plain data hold the same, to the bit, in the same layout."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, torch.Tensor):
        alike = one.dtype == other.dtype and one.shape == other.shape and one.stride() == other.stride()
        return alike and one.requires_grad == other.requires_grad and torch.equal(one, other)
    if isinstance(one, torch.Generator):
        return torch.equal(one.get_state(), other.get_state())
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.strides == other.strides and np.array_equal(one, other)
    try:
        return bool(one == other)
    except Exception:  # what cannot be compared may differ
        return False


def _double(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
        return value.double()
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float64)
    if isinstance(value, torch.nn.Module):
        return value.double()
    if isinstance(value, dict):
        return {key: _double(inner) for key, inner in value.items()}
    return type(value)(_double(inner) for inner in value) if type(value) in (list, tuple) else value
