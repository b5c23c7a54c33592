"""One exercise on trial: what the checks call, what came back, and what the reference says to it."""

from __future__ import annotations

import contextlib
import copy
import inspect
import types
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from grader.judge.compare import Disagreement, Tolerance, difference, largest, plain

Scenario = Callable[..., Any]


class LearnerError(Exception):
    """The learner's code raised. `frames` are the learner's own lines, as text."""

    def __init__(self, kind: str, text: str, frames: str = ""):
        super().__init__(f"{kind}: {text}" if text else kind)
        self.kind, self.text, self.frames = kind, text, frames


class LearnerStopped(BaseException):
    """The learner's process is no more. Not an Exception: hypothesis must not go looking for a smaller way to hang."""


class LearnerTimeout(LearnerStopped):
    """A call did not return in time."""


class LearnerDied(LearnerStopped):
    """The learner's process ended in the middle of a call."""


class Impl(Protocol):
    """The learner's side of the wall."""

    def call(self, what: str | Scenario, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run a public name, or a scenario on the learner's module; plain data back. Raises LearnerError and kin."""
        ...

    def answer(self, planned: Planned) -> Any:
        """The same for a call that was announced when the exercise began, where calls are."""
        raise AssertionError("no calls were announced")


@dataclass(frozen=True)
class Call:
    """What a check asked for."""

    what: str | Scenario
    args: tuple
    kwargs: dict[str, Any] = field(default_factory=dict)

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

    def magnitude(self, result: Any) -> float:
        """The size of the numbers involved: the result's, and the arguments' as far as they are of order one."""
        return max(largest(result), min(1.0, largest((self.args, self.kwargs))))

    def named_arguments(self, module: types.ModuleType) -> dict[str, Any]:
        """The arguments under the names that the reference's (or the scenario's) signature gives them."""
        target = getattr(module, self.what, None) if isinstance(self.what, str) else self.what
        placed = self.args if isinstance(self.what, str) else (None, *self.args)
        try:
            bound = inspect.signature(target).bind(*placed, **self.kwargs)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return {f"argument {i}": value for i, value in enumerate(self.args, start=1)} | self.kwargs
        skip = 0 if isinstance(self.what, str) else 1
        return dict(list(bound.arguments.items())[skip:])


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


@dataclass
class Trial:
    """What the fixtures of one check share. The last piece of evidence serves the sentence, all of it the diagnosis."""

    impl: Impl
    reference: types.ModuleType
    evidence: list[Evidence] = field(default_factory=list)
    refuted: tuple[Exception, Evidence | None] | None = None
    """The last example that failed, while hypothesis looks for a smaller one."""
    foreseen: deque[Planned] = field(default_factory=deque)
    """The calls that a plan expects next."""

    @property
    def last(self) -> Evidence | None:
        """The call made last."""
        return self.evidence[-1] if self.evidence else None

    def run(self, call: Call) -> tuple[Any, Planned | None]:
        """What the learner's code makes of a call, and the plan's entry for it where there is one."""
        planned = self.foreseen.popleft() if self.foreseen and call.repeats(self.foreseen[0].call) else None
        self.evidence.append(Evidence(call, None))
        try:
            if planned:
                result = plain(self.impl.answer(planned))
            else:
                result = plain(self.impl.call(call.what, call.args, call.kwargs))
        except LearnerError as error:
            self.evidence[-1] = Evidence(call, error, planned)
            raise
        self.evidence[-1] = Evidence(call, result, planned)
        return result, planned

    def witness(self, calls: Iterable[Planned]) -> None:
        """Have the answers to planned calls as evidence, whatever they are."""
        self.foreseen = deque(calls)
        while self.foreseen:
            with contextlib.suppress(LearnerError, Disagreement):
                self.run(self.foreseen[0].call)

    def exact(self, call: Call) -> Any:
        """The reference in float64, or None where it cannot or need not be run so."""
        if not _has_single(call.args) and not _has_single(call.kwargs):
            return None
        torch.set_default_dtype(torch.float64)
        try:
            return call.on(self.reference, double=True)
        except Exception:  # a scenario that insists on float32; conditioning is then not known
            return None
        finally:
            torch.set_default_dtype(torch.float32)


class Learner:
    """The learner's module as a check sees it: `learner.<name>(…)` calls across the wall, plain data comes back."""

    def __init__(self, trial: Trial):
        self._trial = trial

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._trial.run(Call(name, args, kwargs))[0]

    def run(self, scenario: Scenario, *args: Any, **kwargs: Any) -> Any:
        """Ship `scenario(impl, *args)` and run it on the learner's module."""
        return self._trial.run(Call(scenario, args, kwargs))[0]


class Both:
    """The learner's and the reference's module, side by side."""

    def __init__(self, trial: Trial):
        self._trial = trial

    def agree(
        self,
        what: str | Scenario,
        *args: Any,
        rtol: float | None = None,
        atol: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run a name or a scenario on both, on separate copies of the arguments; Disagreement unless they agree.

        Returns the learner's result. Tolerances: see compare.py; a wider one wants a comment.
        """
        call, got, want = self._answers(what, args, kwargs)
        if difference(got, want, Tolerance(rtol, atol)) is None:
            return got
        # Only a difference makes it worth asking how large the numbers are and how well conditioned.
        tolerance = Tolerance(rtol, atol, call.magnitude(want))
        if problem := difference(got, want, tolerance, self._trial.exact(call)):
            raise Disagreement(problem)
        return got

    def answers(self, what: str | Scenario, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The learner's result and the reference's, for a check that compares them in its own way."""
        return self._answers(what, args, kwargs)[1:]

    def _answers(self, what: str | Scenario, args: tuple, kwargs: dict[str, Any]) -> tuple[Call, Any, Any]:
        call = Call(what, args, kwargs)
        got, planned = self._trial.run(call)
        return call, got, planned.want if planned else call.on(self._trial.reference)


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


def _leaves(value: Any) -> Any:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield value
        return
    for one in value:
        yield from _leaves(one)


def _has_single(value: Any) -> bool:
    return any(getattr(leaf, "dtype", None) in (torch.float32, np.float32) for leaf in _leaves(value))


def _double(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
        return value.double()
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value.astype(np.float64)
    if isinstance(value, torch.nn.Module):
        return value.double()
    if isinstance(value, dict):
        return {key: _double(one) for key, one in value.items()}
    return type(value)(_double(one) for one in value) if type(value) in (list, tuple) else value
