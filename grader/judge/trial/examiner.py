"""Judges submissions: plans what a course's checks will ask, and asks it of learner after learner.

pytest finds the checks (collection.py). A check runs under hypothesis on the reference when its plan is made
(plans.py), then on the plan's inputs for each submission (judgement.py), and under hypothesis once more where that
makes a failing input smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pytest
import torch

from grader.curriculum import Course, Exercise, Unit
from grader.curriculum.uses import Definition
from grader.judge.terms.verdict import ExerciseVerdict, Verdict
from grader.judge.terms.version import checker_version
from grader.judge.trial.attempts import untouched
from grader.judge.trial.collection import Collection, collect
from grader.judge.trial.helpers import Helpers
from grader.judge.trial.lending import lent, mentioned
from grader.judge.trial.plans import Plans
from grader.judge.trial.sitting import Sitting
from grader.judge.wall.lent import Loan
from grader.judge.wall.session import Session
from grader.judge.wall.zygote import JudgeError, Sandbox


class Examiner:
    """The judge of those units of a course that ask for the libraries `imports`, which are in its sandbox.

    Once it is prepared with what `collect` found, it can be asked for verdicts.
    """

    def __init__(self, course: Course, sandbox: Sandbox, imports: tuple[str, ...] = ()):
        self.course, self.sandbox = course, sandbox
        self._collection = Collection(course, imports)
        self._plans = Plans(self._collection)
        self._checker = checker_version(course)

    def collect(self, plugin: object) -> None:
        """Have pytest collect the course's checks; the plugin has its run loop then."""
        collect(self._collection, plugin)

    def prepare(self, items: list[pytest.Item]) -> None:
        """Take in the checks that pytest collected, and all else that a verdict needs."""
        self._collection.prepare(items)
        torch.autograd.backward(torch.nn.functional.layer_norm(torch.ones(2, 2, requires_grad=True), (2,)).sum())

    def foresee(self, sources: dict[str, bytes], targets: Sequence[str], profile: str, seed: int) -> None:
        """Make the plans that this submission will need: what a process has before it forks, all its children have."""
        for unit in self.course.curriculum.built:
            source = sources.get(unit.address)
            if unit.id in self._collection.broken or source in (None, self._collection.stubs[unit.id]):
                continue
            for exercise in (exercise for exercise in unit.exercises if exercise.id in targets):
                for part in exercise.parts:
                    self._plans.of(exercise.id, part.name, profile, seed)
                if self._collection.hidden[exercise.id]:
                    self._plans.of(exercise.id, None, profile, seed)

    def judge(
        self, sources: dict[str, bytes], sha256: str, notes: list[str], targets: list[str], profile: str, seed: int
    ) -> Verdict:
        """The verdict on the exercises whose ids are `targets`. Raises JudgeError."""
        verdicts: dict[str, ExerciseVerdict] = {}
        idle: dict[str, set[str]] = {}  # what is not attempted, by id of the units so far
        for unit in self.course.curriculum.built:
            if len(verdicts) == len(targets):
                break
            idle[unit.id] = untouched(unit.exercises, sources.get(unit.address), self._collection.stubs[unit.id])
            wanted = [exercise for exercise in unit.exercises if exercise.id in targets]
            if not wanted:
                continue
            verdicts |= {exercise.id: ExerciseVerdict.not_attempted(exercise.points) for exercise in wanted}
            attempted = [exercise for exercise in wanted if not idle[unit.id].issuperset(exercise.names)]
            loans = self._lent(unit, attempted, idle)
            another = partial(self._learner, unit, sources)
            helpers = Helpers(self.course, dict(idle))
            sitting = Sitting(
                unit=unit,
                idle=idle[unit.id],
                learner=another(loans),
                collection=self._collection,
                plans=self._plans,
                profile=profile,
                seed=seed,
                helpers=helpers,
                another=another,
            )
            verdicts |= sitting.verdicts(attempted)
            borrowed = self._borrowed(unit, sources.get(unit.address, b""), idle[unit.id], loans)
            notes = [*notes, *self._left_out(attempted, profile, seed), *borrowed]
        return Verdict(verdicts, sha256, self._checker, seed, profile, self.sandbox.confined, tuple(notes))

    def _lent(self, unit: Unit, attempted: list[Exercise], idle: dict[str, set[str]]) -> dict[str, Loan]:
        """What the course lends for these exercises of a unit: for what of them is written, and so is judged."""
        names = {name for exercise in attempted for name in exercise.names} - idle[unit.id]
        judged = {Definition(unit.id, name) for name in names}
        return lent(self.course, judged, idle) if judged else {}

    def _learner(self, unit: Unit, sources: dict[str, bytes], loans: Mapping[str, Loan]) -> Session:
        """The submission behind the wall, with a unit's file as its entry. Raises JudgeError for a broken unit."""
        if unit.id in self._collection.broken:
            raise JudgeError(f"unit {unit.id} cannot be judged: {self._collection.broken[unit.id]}")
        return Session(
            self.sandbox,
            sources,
            dict(loans),
            unit.module,
            scratch=unit.scratch,
            seconds=unit.seconds,
            memory=unit.memory,
        )

    def _left_out(self, attempted: list[Exercise], profile: str, seed: int) -> list[str]:
        """A note for each exercise with an input that the reference itself does not pass."""
        return [
            f"{exercise.id}: an input was left out that the course's own solution does not pass."
            for exercise in attempted
            if any(self._plans.of(exercise.id, part.name, profile, seed).unsound for part in exercise.parts)
        ]

    def _borrowed(self, unit: Unit, source: bytes, idle: set[str], loans: Mapping[str, Loan]) -> list[str]:
        """A note on what was lent that the submission's file of this unit uses, if it uses any."""
        if not loans:
            return []
        used = mentioned(unit, source, idle)
        parts = []
        for lender in map(self.course.curriculum.unit, loans):
            if names := [name for name in loans[lender.address].names if f"{lender.module}.{name}" in used]:
                parts.append(f"{', '.join(names)} ({lender.number})")
        if not parts:
            return []
        return [f"{unit.id} builds on {', '.join(parts)}, not attempted yet: the course lent its own."]
