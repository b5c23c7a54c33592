"""What a check is given: the learner's module, the reference beside it, and the trial that both of them share."""

from __future__ import annotations

import contextlib
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from grader.judge.terms.calls import Call, Evidence, Impl, LearnerError, Planned, Scenario
from grader.judge.terms.compare import Disagreement, Tolerance, difference, plain


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
            result = plain(self.impl.answer(planned) if planned else self.impl.call(call))
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

    def named_arguments(self, name: str, *args: Any) -> dict[str, Any]:
        """The arguments of a call of this name, as the statement calls them."""
        return Call(name, args).named_arguments(self._trial.reference)

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
        call = Call(what, args, kwargs, Tolerance(rtol, atol))
        got, want = self._answers(call)
        if difference(got, want, call.asked) is None:
            return got
        # Only a difference makes it worth asking how large the numbers are and how well conditioned.
        if found := difference(got, want, call.tolerance(want), self._trial.exact(call)):
            raise Disagreement(found, (got, want))
        return got

    def answers(self, what: str | Scenario, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The learner's result and the reference's, for a check that compares them in its own way."""
        return self._answers(Call(what, args, kwargs))

    def _answers(self, call: Call) -> tuple[Any, Any]:
        got, planned = self._trial.run(call)
        return got, planned.want if planned else call.on(self._trial.reference)


FIXTURES: dict[str, Callable[[Trial], Learner | Both]] = {"learner": Learner, "both": Both}
"""What a check is given beside its inputs."""


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        yield value
        return
    for inner in value:
        yield from _leaves(inner)


def _has_single(value: Any) -> bool:
    return any(getattr(leaf, "dtype", None) in (torch.float32, np.float32) for leaf in _leaves(value))
