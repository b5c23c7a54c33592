"""Judges a unit of one submission: exercise by exercise, part by part, and hidden checks last."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.curriculum import Exercise, Part, Unit
from grader.ground.text import clean
from grader.judge.terms.outcome import Outcome
from grader.judge.terms.verdict import ExerciseVerdict, PartVerdict
from grader.judge.trial.collection import Collection
from grader.judge.trial.helpers import Helpers
from grader.judge.trial.judgement import Judgement
from grader.judge.trial.plans import Plan, Plans
from grader.judge.wall.lent import Loan
from grader.judge.wall.session import Session

OUTPUT_CHARACTERS = 16_384
"""How much of what the learner's code printed goes into a verdict."""


@dataclass(frozen=True)
class Sitting:
    """A unit of a submission behind the wall. `idle` are the definitions in its file that are still the stub's."""

    unit: Unit
    idle: set[str]
    learner: Session
    collection: Collection
    plans: Plans
    profile: str
    seed: int
    helpers: Helpers
    another: Callable[[Mapping[str, Loan]], Session]
    """The same submission in another process, with this lent."""

    def verdicts(self, exercises: Sequence[Exercise]) -> dict[str, ExerciseVerdict]:
        """The verdicts on these exercises of the unit, by id; ends the learner's process. Raises JudgeError."""
        try:
            verdicts = {exercise.id: self._verdict(exercise) for exercise in exercises}
            verdicts |= {exercise.id: self._blamed(exercise, verdicts) for exercise in exercises}
            # When all others are done: what is known of hidden inputs by then, no other result can tell.
            for exercise in exercises:
                if self.collection.hidden[exercise.id] and _whole(seen := verdicts[exercise.id]):
                    verdicts[exercise.id] = seen.and_hidden(self._hidden(exercise), exercise.name)
            return verdicts
        finally:
            self.learner.close()

    def _verdict(self, exercise: Exercise) -> ExerciseVerdict:
        parts: dict[str, PartVerdict] = {}
        for part in exercise.parts:
            if part.of in self.idle:
                parts[part.name] = PartVerdict(part.name, Outcome.NOT_ATTEMPTED, 0, part.points)
            else:
                lacking = [other for other in exercise.parts if other.name in part.needs]
                lacking = [other for other in lacking if parts[other.name].verdict != Outcome.PASSED]
                parts[part.name] = self._judgement(exercise, part, lacking).verdict()
        return ExerciseVerdict.of(list(parts.values()), self._printed())

    def _blamed(self, exercise: Exercise, verdicts: Mapping[str, ExerciseVerdict]) -> ExerciseVerdict:
        """The verdict, with the helpers without which the exercise would pass."""
        verdict = verdicts[exercise.id]
        if self.profile == "mutants" or verdict.verdict not in (Outcome.FAILED, Outcome.CRASHED):
            return verdict
        self.learner.put_away()
        gc.collect()  # exceptions hold on to answers, and those may be large
        right = {key for key, other in verdicts.items() if other.verdict == Outcome.PASSED}

        def passes(lent: Mapping[str, Loan]) -> bool:
            session = self.another(lent)
            try:
                return all(
                    replace(self._judgement(exercise, part, ()), learner=session).passes()
                    for part in exercise.parts
                    if part.of not in self.idle
                )
            finally:
                session.close()

        blamed = self.helpers.to_blame(self.unit, exercise, right, passes)
        if not blamed:
            return verdict
        ids = [self.helpers.exercise_of(one).id for one in blamed]
        return verdict.because_of(list(dict.fromkeys(ids)), self.helpers.cause(blamed), exercise.name)

    def _hidden(self, exercise: Exercise) -> ExerciseVerdict:
        """The verdict by an instructor's checks on the exercise as a whole."""
        whole = Part(exercise.name, exercise.points, exercise.name)
        items, plan = self.collection.hidden[exercise.id], self._plan(exercise, None)
        judgement = Judgement(self.unit, exercise, whole, items, plan, self.learner, self.collection.runner)
        return ExerciseVerdict.of([judgement.verdict()], self._printed())

    def _judgement(self, exercise: Exercise, part: Part, lacking: Sequence[Part]) -> Judgement:
        items, plan = self.collection.items[exercise.id, part.name], self._plan(exercise, part)
        return Judgement(self.unit, exercise, part, items, plan, self.learner, self.collection.runner, lacking)

    def _plan(self, exercise: Exercise, part: Part | None) -> Plan:
        return self.plans.of(exercise.id, part.name if part else None, self.profile, self.seed)

    def _printed(self) -> str:
        return clean(self.learner.printed(), OUTPUT_CHARACTERS)


def _whole(verdict: ExerciseVerdict) -> bool:
    """Whether hidden checks can be asked: what hung would hang again, and what is not written cannot answer."""
    outcomes = {verdict.verdict, *(part.verdict for part in verdict.parts)}
    return outcomes.isdisjoint({Outcome.TIMED_OUT, Outcome.NOT_ATTEMPTED})
