"""Judges one exercise of one submission: asks the learner's code what the plan asks, and says what came of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import pytest
from hypothesis.errors import HypothesisException

from grader.curriculum import Exercise, Unit
from grader.ground.text import clean
from grader.judge.terms.calls import Evidence, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout
from grader.judge.terms.verdict import CheckResult, ExerciseVerdict, Outcome
from grader.judge.trial.bank import Mistake
from grader.judge.trial.diagnosis import diagnose
from grader.judge.trial.fixtures import Trial
from grader.judge.trial.plans import Example, Plan
from grader.judge.trial.running import Runner
from grader.judge.trial.sentence import check_name, repro, sentence
from grader.judge.wall.session import Session

OUTPUT_CHARACTERS = 16_384
"""How much of what the learner's code printed goes into a verdict."""

REPRO_CHARACTERS = 20_000

EVIDENCE = 24
"""Calls of a check that the diagnosis looks at."""

Failure = tuple[BaseException, Evidence | None]
"""Why a check did not pass, and what was asked last."""


@dataclass(frozen=True)
class Judgement:
    """One exercise of one submission, by the course's own checks or by the hidden ones: `items`, and their plan."""

    unit: Unit
    exercise: Exercise
    items: list[pytest.Function]
    plan: Plan
    learner: Session
    runner: Runner

    def verdict(self) -> ExerciseVerdict:
        try:
            self.learner.start_exercise(self.plan.calls)
        except (LearnerError, LearnerStopped) as error:
            return self._not_imported(error)
        trials, failures = self._ask()
        first = next((item for item in self.items if item.nodeid in failures), None)
        if first and self.learner.alive and not self.plan.hurried:
            failures[first.nodeid] = self._smaller(first, trials[first.nodeid], failures[first.nodeid])
        judged = [item for item in self.items if item.nodeid in trials]
        results = [self._result(item, failures.get(item.nodeid)) for item in judged]
        if first is None:
            return self._passed(results)
        mistake = _named_mistake(trials, first.nodeid, self.plan)
        return self._failed(results, failures[first.nodeid], mistake)

    def _ask(self) -> tuple[dict[str, Trial], dict[str, Failure]]:
        """The trials of the checks, as far as they came, and the failures among them, by node id."""
        trials: dict[str, Trial] = {}
        failures: dict[str, Failure] = {}
        for item in self.items:
            trial = trials[item.nodeid] = Trial(self.learner, self.plan.reference)
            if failure := _first_failure(self.plan.examples[item.nodeid], trial):
                failures[item.nodeid] = failure
                if self.plan.hurried or isinstance(failure[0], LearnerStopped):
                    break  # what hangs or dies once would do so in every check
        return trials, failures

    def _smaller(self, item: pytest.Function, trial: Trial, failure: Failure) -> Failure:
        """The failure of a check for the smallest input that hypothesis finds in the learner's time.

        It draws what the plan holds, up to the input that fails, for which the learner's answers are known by now.
        """
        trial.foreseen = deque(call for example in self.plan.examples[item.nodeid] for call in example.calls)
        error = self.runner.run(item, trial, self.plan.profile, self.plan.seed)
        if error is None:
            return failure
        if isinstance(error, LearnerStopped):
            return trial.refuted or failure
        return error, trial.last

    def _result(self, item: pytest.Function, failure: Failure | None) -> CheckResult:
        name = check_name(item.name)
        if failure is None:
            return CheckResult(name, True)
        claim = (item.obj.__doc__ or "").strip().split("\n\n")[0]
        return CheckResult(name, False, sentence(self.exercise.name, name, claim, *failure, self.plan.reference))

    def _passed(self, results: list[CheckResult]) -> ExerciseVerdict:
        points = self.exercise.points
        return ExerciseVerdict("passed", points, points, checks=tuple(results), output=self._printed())

    def _not_imported(self, error: BaseException) -> ExerciseVerdict:
        message = sentence(self.exercise.name, "the file is imported", "", error, None, self.plan.reference)
        results = [CheckResult(check_name(item.name), False, message) for item in self.items]
        return self._failed(results, (error, None), None)

    def _failed(self, results: list[CheckResult], failure: Failure, mistake: Mistake | None) -> ExerciseVerdict:
        error, last = failure
        message = next(result.message for result in results if not result.passed)
        return ExerciseVerdict(
            _outcome(error),
            0,
            self.exercise.points,
            message=f"{message}\n  {mistake.sentence}" if mistake else message,
            diagnosis=mistake.name if mistake else None,
            see=f"{self.unit.address}#{mistake.see}" if mistake else None,
            repro=clean(repro(last.call, self.unit.module), REPRO_CHARACTERS) if last else None,
            checks=tuple(results),
            output=self._printed(),
        )

    def _printed(self) -> str:
        return clean(self.learner.printed(), OUTPUT_CHARACTERS)


def _first_failure(examples: list[Example], trial: Trial) -> Failure | None:
    """Why a check does not pass. What the learner's code makes of its other inputs is evidence all the same."""
    failure: Failure | None = None
    for example in examples:
        try:
            if failure is None:
                example.run(trial)
            else:
                trial.witness(example.calls)
        except HypothesisException:  # with this learner's answers, not an input to be used
            continue
        except LearnerStopped as error:
            return failure or (error, trial.last)
        except Exception as error:
            failure = error, trial.last
    return failure


def _named_mistake(trials: dict[str, Trial], first: str, plan: Plan) -> Mistake | None:
    """The known mistake that explains everything that was asked, or else all that the first failing check asked."""
    everything = [evidence for trial in trials.values() for evidence in _sample(trial.evidence)]
    if mistake := diagnose(everything, plan.reference, plan.variants):
        return mistake
    # A learner may have made two mistakes; then the one that explains the first failing check is worth saying.
    return diagnose(_sample(trials[first].evidence), plan.reference, plan.variants)


def _sample(evidence: list[Evidence]) -> list[Evidence]:
    """The first calls of a check, the last, and some between; of those that never came back nothing can be learnt."""
    returned = [call for call in evidence if call.result is not None]
    if len(returned) <= EVIDENCE:
        return returned
    some = EVIDENCE // 3
    between = returned[some:-some]
    return returned[:some] + between[:: len(between) // some + 1] + returned[-some:]


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, LearnerTimeout):
        return "timed out"
    return "crashed" if isinstance(error, LearnerError | LearnerDied) else "failed"
