"""Judges a part of one submission's exercise: asks the learner's code what the plan asks, and says what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis.errors import HypothesisException

from grader.curriculum import Exercise, Part, Unit
from grader.ground.text import clean
from grader.judge.terms.calls import Evidence, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout
from grader.judge.terms.compare import Disagreement, difference, plain
from grader.judge.terms.failure import Cause, Frame, Names, Sure
from grader.judge.terms.outcome import Outcome
from grader.judge.terms.sentence import sentence
from grader.judge.terms.verdict import CheckResult, PartVerdict
from grader.judge.trial.account import Claim, failure
from grader.judge.trial.bank import Mistake
from grader.judge.trial.diagnosis import diagnose
from grader.judge.trial.exceptions import explain
from grader.judge.trial.fixtures import Trial
from grader.judge.trial.kinds import kind
from grader.judge.trial.leaves import differs, pairs
from grader.judge.trial.plans import Example, Plan
from grader.judge.trial.relations import relation
from grader.judge.trial.repro import repro
from grader.judge.trial.running import Runner
from grader.judge.wall.session import Session

REPRO_CHARACTERS = 20_000

ANOTHER_EACH_TIME = Cause(
    "another each time",
    "The same call gives another result the second time: something random is drawn here that was to come as an "
    "argument, or something is kept from one call to the next.",
)

EVIDENCE = 24
"""Calls of a check that the diagnosis looks at."""

Refusal = tuple[BaseException, Evidence | None]
"""Why a check did not pass, and what was asked last."""


@dataclass(frozen=True)
class Judgement:
    """A part of an exercise, by the course's own checks or by hidden ones: `items`, and their plan.

    `lacking` are the parts that it needs and that have not passed.
    """

    unit: Unit
    exercise: Exercise
    part: Part
    items: list[pytest.Function]
    plan: Plan
    learner: Session
    runner: Runner
    lacking: Sequence[Part] = ()

    def verdict(self) -> PartVerdict:
        try:
            self.learner.start_exercise(self.plan.calls)
        except (LearnerError, LearnerStopped) as error:
            return self._not_imported(error)
        trials, refusals = self._ask()
        first = next((item for item in self.items if item.nodeid in refusals), None)
        if first and self.learner.alive and not self.plan.hurried:
            refusals[first.nodeid] = self._smaller(first, trials[first.nodeid], refusals[first.nodeid])
        if first is None:
            return self._passed()
        judged = [item for item in self.items if item.nodeid in trials]
        return self._refused(judged, refusals, self._causes(trials, first, refusals[first.nodeid]))

    def passes(self) -> bool:
        """Whether nothing is refused. Ends at the first thing that is: what would be said of it is not asked."""
        try:
            self.learner.start_exercise(self.plan.calls)
            return all(_accepted(example, Trial(self.learner, self.plan.reference)) for example in self._examples)
        except (LearnerError, LearnerStopped):
            return False

    @property
    def _examples(self) -> Iterator[Example]:
        return (example for item in self.items for example in self.plan.examples[item.nodeid])

    def _ask(self) -> tuple[dict[str, Trial], dict[str, Refusal]]:
        """The trials of the checks, as far as they came, and what was refused among them, by node id."""
        trials: dict[str, Trial] = {}
        refusals: dict[str, Refusal] = {}
        for item in self.items:
            trial = trials[item.nodeid] = Trial(self.learner, self.plan.reference)
            if refusal := _first_refusal(self.plan.examples[item.nodeid], trial):
                refusals[item.nodeid] = refusal
                if self.plan.hurried or isinstance(refusal[0], LearnerStopped):
                    break  # what hangs or dies once would do so in every check
        return trials, refusals

    def _smaller(self, item: pytest.Function, trial: Trial, refusal: Refusal) -> Refusal:
        """The refusal of a check for the smallest input that hypothesis finds in the learner's time.

        It draws what the plan holds, up to the input that fails, for which the learner's answers are known by now.
        """
        trial.foreseen = deque(call for example in self.plan.examples[item.nodeid] for call in example.calls)
        error = self.runner.run(item, trial, self.plan.profile, self.plan.seed)
        if error is None:
            return refusal
        if isinstance(error, LearnerStopped):
            return trial.refuted or refusal
        return error, trial.last

    def _causes(self, trials: dict[str, Trial], first: pytest.Function, refusal: Refusal) -> tuple[Cause, ...]:
        """What may be behind it, as far as it is known: a mistake of the bank, or else what can be seen without one."""
        everything = [evidence for trial in trials.values() for evidence in _sample(trial.evidence)]
        if mistake := diagnose(everything, self.plan.reference, self.plan.variants):
            return (self._cause(mistake, Sure.CERTAIN),)
        # A learner may have made two mistakes; then the one that explains the first failing check is worth saying.
        of_the_first = _sample(trials[first.nodeid].evidence)
        if mistake := diagnose(of_the_first, self.plan.reference, self.plan.variants):
            return (self._cause(mistake, Sure.LIKELY),)
        try:
            seen = self._seen(*refusal, of_the_first, Claim.of(first).returns)
        except Exception:  # an answer can be made to upset whoever looks into it; what it is worth stands without that
            return ()
        return (seen,) if seen else ()

    def _seen(self, error: BaseException, last: Evidence | None, asked: list[Evidence], names: Names) -> Cause | None:
        """What an exception means, what kind of thing came back, or what it has to do with the right one."""
        if isinstance(error, LearnerError):
            return None if error.not_written else explain(error)
        if last is None or not isinstance(error, Disagreement) or error.compared is None or error.difference is None:
            return None
        called = names if isinstance(last.call.what, str) else ()
        known = [(seen, seen.planned.want) for seen in asked if seen.planned and seen.call.what == last.call.what]
        place = next((pair.path for pair in pairs(*error.compared) if differs(pair, last)), ())
        if not error.difference.kind and (found := kind(known, place, called)):
            return found
        if self._changes(last):
            return ANOTHER_EACH_TIME
        return relation(known, place, called, lambda call: call.named_arguments(self.plan.reference))

    def _changes(self, last: Evidence) -> bool:
        """Whether the same call gives another result now."""
        try:
            again = plain(self.learner.call(last.call))
            return difference(again, last.result, last.call.tolerance(last.result)) is not None
        except (Exception, LearnerStopped):  # two answers of the learner's, neither of which need be comparable
            return False

    def _cause(self, mistake: Mistake, sure: Sure) -> Cause:
        return Cause(mistake.name, mistake.sentence, sure, f"{self.unit.address}#{mistake.see}", known=True)

    def _passed(self) -> PartVerdict:
        checks = tuple(CheckResult(Claim.of(item).check, True) for item in self.items)
        return PartVerdict(self.part.name, Outcome.PASSED, self.part.points, self.part.points, checks=checks)

    def _not_imported(self, error: BaseException) -> PartVerdict:
        told = failure(Claim("the file is imported", "", ()), error, None, self.plan.reference)
        if isinstance(error, LearnerError) and (cause := explain(error)):
            told = replace(told, causes=(cause,))
        message = sentence(self._name, told)
        checks = tuple(CheckResult(Claim.of(item).check, False, message) for item in self.items)
        return PartVerdict(self.part.name, self._outcome(error), 0, self.part.points, message, told, checks=checks)

    def _refused(
        self, judged: list[pytest.Function], refusals: dict[str, Refusal], causes: tuple[Cause, ...]
    ) -> PartVerdict:
        told = {
            item.nodeid: failure(Claim.of(item), *refusals[item.nodeid], self.plan.reference)
            for item in judged
            if item.nodeid in refusals
        }
        checks = [
            CheckResult(Claim.of(item).check, False, sentence(self._name, told[item.nodeid]))
            if item.nodeid in told
            else CheckResult(Claim.of(item).check, True)
            for item in judged
        ]
        first = next(iter(told))
        error, last = refusals[first]
        explained = replace(told[first], causes=(*self._comes_first, *causes))
        return PartVerdict(
            self.part.name,
            self._outcome(error),
            0,
            self.part.points,
            message=sentence(self._name, explained),
            failure=explained,
            repro=clean(repro(last.call, self.unit.module), REPRO_CHARACTERS) if last else None,
            checks=tuple(checks),
        )

    @property
    def _comes_first(self) -> tuple[Cause, ...]:
        """A part that this one needs and that is not right yet is named before anything else."""
        return tuple(
            Cause("needs an earlier part", f"It needs “{part.name}”, which has not passed yet: that comes first.")
            for part in self.lacking
        )

    @property
    def _name(self) -> str:
        """The part as it is spoken of: `to_uint8`, `DiT.forward`, `Value, backward on a chain`."""
        name, of = self.part.name, self.part.of
        if name == of:
            return name
        return f"{of}.{name}" if name.isidentifier() else f"{of}, {name}"

    def _outcome(self, error: BaseException) -> Outcome:
        if isinstance(error, LearnerTimeout):
            return Outcome.TIMED_OUT
        if isinstance(error, LearnerError) and error.not_written and self._is_own(error.frames[-1]):
            return Outcome.NOT_ATTEMPTED
        return Outcome.CRASHED if isinstance(error, LearnerError | LearnerDied) else Outcome.FAILED

    def _is_own(self, frame: Frame) -> bool:
        """Whether this line is the exercise's to write, and not in another one that it uses."""
        others = {name for other in self.unit.exercises if other != self.exercise for name in other.names}
        return frame.file == f"{self.unit.address}.py" and frame.function not in others


def _first_refusal(examples: list[Example], trial: Trial) -> Refusal | None:
    """Why a check does not pass. What the learner's code makes of its other inputs is evidence all the same."""
    refusal: Refusal | None = None
    for example in examples:
        try:
            if refusal is None:
                example.run(trial)
            else:
                trial.witness(example.calls)
        except HypothesisException:  # with this learner's answers, not an input to be used
            continue
        except LearnerStopped as error:
            return refusal or (error, trial.last)
        except Exception as error:
            refusal = error, trial.last
    return refusal


def _accepted(example: Example, trial: Trial) -> bool:
    try:
        example.run(trial)
    except HypothesisException:  # with this learner's answers, not an input to be used
        return True
    except (Exception, LearnerStopped):
        return False
    return True


def _sample(evidence: list[Evidence]) -> list[Evidence]:
    """The first calls of a check, the last, and some between; of those that never came back nothing can be learnt."""
    returned = [call for call in evidence if call.result is not None]
    if len(returned) <= EVIDENCE:
        return returned
    some = EVIDENCE // 3
    between = returned[some:-some]
    return returned[:some] + between[:: len(between) // some + 1] + returned[-some:]
