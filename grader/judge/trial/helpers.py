"""Whether an exercise fails only because of others of the learner's own that it calls.

They are put out of the way one by one: the same calls once more, with the course's own slice in a helper's place
(lending.py). What is judged so earns nothing; it says where to look first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass

from grader.curriculum import Course, Exercise, Unit
from grader.curriculum.uses import Definition, answers, used
from grader.judge.terms.failure import Cause
from grader.judge.trial.lending import lent
from grader.judge.wall.lent import Loan

AT_MOST = 4
"""Times that an exercise is asked once more: a wrong submission is to cost little more than a right one."""

Passes = Callable[[Mapping[str, Loan]], bool]
"""Whether the exercise passes when this is lent."""


@dataclass(frozen=True)
class Helpers:
    """What a submission's exercises call of its own. `idle` holds the names that are not attempted, by unit id."""

    course: Course
    idle: Mapping[str, Set[str]]

    def to_blame(
        self, unit: Unit, exercise: Exercise, right: Collection[str], passes: Passes
    ) -> tuple[Definition, ...]:
        """The helpers without which the exercise passes; those of the exercises `right`, by id, are above suspicion."""
        own = {Definition(unit.id, name) for name in exercise.names}
        suspects = [one for one in sorted(used(self.course, own) - own) if self._attempted(one, right)]
        own -= {Definition(unit.id, name) for name in self.idle[unit.id]}
        if not suspects or not passes(self._lent(own, suspects)):
            return ()
        if len(suspects) == 1:
            return tuple(suspects)
        alone = [one for one in suspects[: AT_MOST - 1] if passes(self._lent(own, [one]))]
        return tuple(alone or suspects)

    def exercise_of(self, one: Definition) -> Exercise:
        """The exercise that a definition belongs to. Raises StopIteration for what is none's."""
        return next(each for each in self.course.curriculum.unit(one.unit).exercises if one.name in each.names)

    def _attempted(self, one: Definition, right: Collection[str]) -> bool:
        unit = self.course.curriculum.unit(one.unit)
        if one.unit not in self.idle or one.name not in answers(unit) - self.idle[one.unit]:
            return False
        return self.exercise_of(one).id not in right

    def _lent(self, own: set[Definition], helpers: Iterable[Definition]) -> dict[str, Loan]:
        """What is lent anyway, and the helpers."""
        instead = {key: {*names, *(one.name for one in helpers if one.unit == key)} for key, names in self.idle.items()}
        return lent(self.course, own, instead)

    def cause(self, blamed: Collection[Definition]) -> Cause:
        names = [f"`{one.name}` ({self.course.curriculum.unit(one.unit).number})" for one in blamed]
        words = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        sentence = f"With the course's own {words} in place of yours this passes: look there first."
        return Cause("a helper", sentence)
