"""What a part's checks will ask, known before there is a submission: inputs drawn, the reference's answers noted.

Inputs depend on the checks, the profile and the seed alone. So every submission that is judged under one seed can be
asked the same things, all at once; hypothesis comes back in when an answer is wrong, to look for a smaller input.
"""

from __future__ import annotations

import copy
import functools
import gc
import types
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DataObject, SearchStrategy

from grader.curriculum import Unit
from grader.judge.terms.calls import Call, Impl, LearnerError, Planned, same
from grader.judge.trial.bank import with_mistake
from grader.judge.trial.collection import Collection
from grader.judge.trial.diagnosis import Variant
from grader.judge.trial.fixtures import FIXTURES, Trial
from grader.judge.wall.session import message
from grader.judge.wall.zygote import JudgeError

PLANS_KEPT = 2
"""Combinations of profile and seed whose plans stay in memory."""


@dataclass(frozen=True, eq=False)
class Example:
    """One input of a check, and the calls that the check makes for it."""

    check: Callable[..., None]
    inputs: dict[str, Any]
    fixtures: list[str]
    spoiled: bool
    """Whether the check changes its inputs; each run then gets its own."""
    calls: list[Planned]

    def run(self, trial: Trial) -> None:
        """The check on this input; raises whatever the check raises."""
        trial.foreseen = deque(self.calls)
        inputs = copy.deepcopy(self.inputs) if self.spoiled else self.inputs
        self.check(**inputs, **{name: FIXTURES[name](trial) for name in self.fixtures})


@dataclass
class Plan:
    """The examples of a part's checks, by node id, and all calls in the order in which they will be made.

    `unsound` says of checks that the reference itself did not pass on some input what was wrong; it judges nobody.
    """

    reference: types.ModuleType
    variants: list[Variant]
    profile: str
    seed: int
    calls: list[Planned] = field(default_factory=list)
    examples: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    unsound: dict[str, str] = field(default_factory=dict)

    @property
    def hurried(self) -> bool:
        """Whether it is enough to know that something is wrong."""
        return self.profile == "mutants"

    def rehearse(self, check_id: str, check: Callable[..., None], given: dict[str, Any]) -> None:
        """Run a check on the reference, once, with the inputs and fixtures given, and note what it asks."""
        began = len(self.calls)
        fixtures = [name for name in given if name in FIXTURES]
        inputs = {name: _recorded(value) for name, value in given.items() if name not in FIXTURES}
        kept = copy.deepcopy(inputs)
        trial = Trial(Rehearsal(self), self.reference)
        try:
            check(**inputs, **{name: FIXTURES[name](trial) for name in fixtures})
        except HypothesisException:  # an input that is not to be used
            del self.calls[began:]
            raise
        except Exception as error:
            del self.calls[began:]
            said = str(error).partition("\n")[0]  # what pytest writes below names addresses
            self.unsound.setdefault(check_id, f"{type(error).__name__}: {said}")
        else:
            spoiled = not same(inputs, kept)
            inputs = kept if spoiled else inputs
            self.examples[check_id].append(Example(check, inputs, fixtures, spoiled, self.calls[began:]))


class Rehearsal(Impl):
    """The reference in the learner's place."""

    def __init__(self, plan: Plan):
        self.plan = plan

    def call(self, call: Call) -> Any:
        sent = message(call)  # before anybody can change the arguments
        want: Any
        try:
            want = call.on(self.plan.reference)
        except Exception as error:
            want = LearnerError(type(error).__name__, str(error))
        self.plan.calls.append(Planned(len(self.plan.calls), call, sent, want))
        if isinstance(want, LearnerError):
            raise want
        return copy.deepcopy(want)


class Plans:
    """The plans of a course's exercises under the profiles and seeds asked for last, each made when first asked for."""

    def __init__(self, collection: Collection):
        self._collection = collection
        # By profile and seed; and then by exercise id and part, which is None for the hidden checks.
        self._kept: dict[tuple[str, int], dict[tuple[str, str | None], Plan]] = {}
        self._variants: dict[str, list[Variant]] = {}  # by exercise id

    def of(self, exercise_id: str, part: str | None, profile: str, seed: int) -> Plan:
        """The plan for the checks of a part, or for the hidden ones of the whole exercise.

        Raises JudgeError where none can be made.
        """
        plans = self._kept[profile, seed] = self._kept.pop((profile, seed), {})  # used last, forgotten last
        for forgotten in list(self._kept)[:-PLANS_KEPT]:
            del self._kept[forgotten]
        if (exercise_id, part) not in plans:
            plans[exercise_id, part] = self._make(exercise_id, part, profile, seed)
            gc.freeze()  # the children's collections need not look at any of this
        return plans[exercise_id, part]

    def _make(self, exercise_id: str, part: str | None, profile: str, seed: int) -> Plan:
        unit = self._collection.course.curriculum.unit(exercise_id)
        plan = Plan(self._collection.references[unit.id], self._known(unit, exercise_id), profile, seed)
        hidden = part is None
        for item in self._collection.hidden[exercise_id] if part is None else self._collection.items[exercise_id, part]:
            self._rehearse(item, plan, hidden)
        return plan

    def _known(self, unit: Unit, exercise_id: str) -> list[Variant]:
        """The exercise's known mistakes, each in a reference of its own."""
        if exercise_id not in self._variants:
            reference, mistakes = self._collection.references[unit.id], self._collection.mistakes[unit.id]
            own = [mistake for mistake in mistakes if f"{unit.id}/{mistake.exercise}" == exercise_id]
            self._variants[exercise_id] = [(mistake, with_mistake(reference, mistake)) for mistake in own]
        return self._variants[exercise_id]

    def _rehearse(self, item: pytest.Function, plan: Plan, hidden: bool) -> None:
        """Have a check draw its inputs, and the plan note what it asks for each of them."""
        trial = Trial(Rehearsal(plan), plan.reference)
        rehearsed = functools.partial(plan.rehearse, item.nodeid)
        error = self._collection.runner.run(item, trial, plan.profile, plan.seed, stand_in=rehearsed)
        if (why := plan.unsound.get(item.nodeid)) and (hidden or plan.profile == "author"):
            why = f"drawn from seed {plan.seed} ({why})"
            raise JudgeError(f"{item.nodeid} fails on the reference itself for some input, {why}")
        if error or not plan.examples[item.nodeid]:
            raise JudgeError(f"{item.nodeid} has no input that the reference passes ({error!r})")


class Recorded:
    """The `data` of a check that draws as it goes. A copy draws the same once more."""

    def __init__(self, data: DataObject):
        self.data, self.values = data, []  # type: DataObject, list[Any]

    def draw(self, strategy: SearchStrategy, label: Any = None) -> Any:
        value = self.data.draw(strategy, label)
        self.values.append(copy.deepcopy(value))
        return value

    def __deepcopy__(self, memo: dict[int, Any]) -> Replayed:
        return Replayed(self.values)


class Replayed:
    def __init__(self, values: list[Any]):
        self.values, self._next = values, 0

    def draw(self, strategy: SearchStrategy, label: Any = None) -> Any:
        self._next += 1
        return copy.deepcopy(self.values[self._next - 1])

    def __deepcopy__(self, memo: dict[int, Any]) -> Replayed:
        return Replayed(self.values)


def _recorded(value: Any) -> Any:
    """What a check may change: what a strategy samples from is one object for all who draw it."""
    return Recorded(value) if isinstance(value, DataObject) else copy.deepcopy(value)
