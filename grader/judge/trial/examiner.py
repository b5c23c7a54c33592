"""Judges submissions: collects a course's checks once, plans what they will ask, and asks it of learner after learner.

pytest finds the checks. A check runs under hypothesis on the reference when its plan is made, then on the plan's inputs
for each submission, and under hypothesis once more where that makes a failing input smaller.
"""

from __future__ import annotations

import functools
import gc
import importlib
import importlib.util
import inspect
import marshal
import os
import sys
import types
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import hypothesis
import pytest
import torch
from hypothesis import Verbosity, is_hypothesis_test, settings
from hypothesis.errors import HypothesisException

from grader.curriculum import Course, Exercise, Unit
from grader.ground.text import clean
from grader.judge.terms.calls import Evidence, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout
from grader.judge.terms.verdict import CheckResult, ExerciseVerdict, Outcome, Verdict
from grader.judge.terms.version import checker_version
from grader.judge.trial.attempts import untouched
from grader.judge.trial.bank import Mistake, mistakes_in, with_mistake
from grader.judge.trial.diagnosis import diagnose
from grader.judge.trial.fixtures import Trial
from grader.judge.trial.plans import FIXTURES, Example, Plan, Rehearsal
from grader.judge.trial.plugin import unit_of
from grader.judge.trial.sentence import check_name, repro, sentence
from grader.judge.wall.session import Session
from grader.judge.wall.zygote import JudgeError, Sandbox

OUTPUT_CHARACTERS = 16_384
"""How much of what the learner's code printed goes into a verdict."""

EVIDENCE = 24
"""Calls of a check that the diagnosis looks at."""

PLANS_KEPT = 2
"""Combinations of profile and seed whose plans stay in memory."""

Failure = tuple[BaseException, Evidence | None]
"""Why a check did not pass, and what was asked last."""


def collect(course: Course, *plugins: object) -> None:
    """Have pytest collect the course's checks; one of the plugins has its run loop then."""
    built = course.curriculum.built
    checks = [str(path) for path in map(course.checks, built) if path.is_file()]
    checks += [str(path) for path in map(course.hidden_checks, built) if path]
    options = ["--import-mode=importlib", "--noconftest", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
    options += ["-p", "no:terminal", "-p", "no:faulthandler", "-c", os.devnull, f"--rootdir={course.root}"]
    options += ["--assert=plain"]  # a check says in words what is wrong
    # Which plugins are installed here, and how somebody likes their pytest, is nothing to a verdict.
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "", "PYTEST_ADDOPTS": ""}
    pytest.main([*options, *checks], plugins=plugins)


class Examiner:
    def __init__(self, course: Course, sandbox: Sandbox):
        self.course, self.sandbox = course, sandbox
        self.checker = checker_version(course)
        # By exercise id, and whether they are the hidden ones.
        self.items: dict[tuple[str, bool], list[pytest.Item]] = defaultdict(list)
        self.broken: dict[str, str] = {}  # unit id → why it cannot be judged
        self.references: dict[str, types.ModuleType] = {}
        self.stubs: dict[str, bytes] = {}  # by unit id
        self.lendable: dict[str, bytes] = {}  # compiled references, by unit id
        self.plans: dict[tuple[str, int], dict[tuple[str, bool], Plan]] = {}  # by profile and seed, as the items
        self._rehearsal: tuple[Plan, pytest.Item] | None = None  # and the check at it
        self._trial: Trial | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and (path := self.course.root / report.nodeid.split("::")[0]).suffix == ".py":
            self.broken[unit_of(self.course, path).id] = str(report.longrepr).strip().splitlines()[-1]

    # ------------------------------------------------------------------------------------------------- preparation

    def prepare(self, items: list[pytest.Item]) -> None:
        """Take in the checks that pytest collected, and all else that a verdict needs."""
        for item in items:
            unit = unit_of(self.course, item.path)
            name = getattr(getattr(item, "cls", None), "exercise", None)
            if name not in {exercise.name for exercise in unit.exercises}:
                self.broken[unit.id] = f"{item.nodeid} belongs to no exercise of {unit.id}"
                continue
            self.items[f"{unit.id}/{name}", item.path != self.course.checks(unit)].append(item)
            self._observe(item)
            cloudpickle.register_pickle_by_value(item.module)  # type: ignore[attr-defined]
        for unit in self.course.curriculum.built:
            try:
                self._prepare_unit(unit)
            except Exception as error:
                self.broken.setdefault(unit.id, f"{type(error).__name__}: {error}")
        torch.nn.functional.layer_norm(torch.ones(2, 2, requires_grad=True), (2,)).sum().backward()

    def _prepare_unit(self, unit: Unit) -> None:
        self.stubs[unit.id] = self.course.stub(unit).read_bytes()  # first: later units ask for it
        untouched(unit.exercises, self.stubs[unit.id], self.stubs[unit.id])  # which it remembers
        self.references[unit.id] = importlib.import_module(unit.module)
        text = self.course.reference(unit).read_text(encoding="utf-8")
        self.lendable[unit.id] = marshal.dumps(compile(text, f"{unit.address}.py", "exec", optimize=2))
        for exercise in unit.exercises:
            if not self.items[exercise.id, False]:
                raise JudgeError(f"no check belongs to {exercise.id}; zero checks are an error, never a pass")
        if (path := self.course.hidden_checks(unit)) and not any(self.items[one.id, True] for one in unit.exercises):
            raise JudgeError(f"{path} holds no checks; zero checks are an error, never a pass")
        _load(self.course.mistakes(unit), f"mistakes.{unit.module}")

    def _observe(self, item: pytest.Item) -> None:
        """Be there whenever the check runs, be it called by pytest or by hypothesis."""
        function = item.obj.__func__  # type: ignore[attr-defined]
        if is_hypothesis_test(function):
            function.hypothesis.inner_test = self._observed(function.hypothesis.inner_test)
        else:
            if not hasattr(function, "__wrapped__"):  # several items share a parametrized check
                setattr(item.cls, item.originalname, self._observed(function))  # type: ignore[attr-defined]
            item.obj = getattr(item.instance, item.originalname)  # type: ignore[attr-defined]

    def _observed(self, check: Callable[..., None]) -> Callable[..., None]:
        """The check: rehearsed while a plan is made, else leaving a trace of the last input that fails."""

        @functools.wraps(check)
        def run(*args: Any, **kwargs: Any) -> None:
            if self._rehearsal is not None:
                plan, item = self._rehearsal
                own = {"self": kwargs.pop("self")} if "self" in kwargs else {}
                return plan.rehearse(item.nodeid, functools.partial(check, *args, **own), kwargs)
            try:
                check(*args, **kwargs)
            except HypothesisException:  # an input that is not to be used
                raise
            except Exception as error:
                assert self._trial
                self._trial.refuted = error, self._trial.last
                raise

        return run

    # ------------------------------------------------------------------------------------------------------- plans

    def foresee(self, sources: dict[str, bytes], targets: Sequence[str], profile: str, seed: int) -> None:
        """Make the plans that this submission will need: what a process has before it forks, all its children have."""
        for target in targets:
            unit = self.course.curriculum.unit(target)
            if unit.id not in self.broken and sources.get(unit.address) not in (None, self.stubs[unit.id]):
                self.plan(target, profile, seed)
                if self.items[target, True]:
                    self.plan(target, profile, seed, hidden=True)

    def plan(self, exercise_id: str, profile: str, seed: int, hidden: bool = False) -> Plan:
        plans = self.plans[profile, seed] = self.plans.pop((profile, seed), {})  # used last, forgotten last
        for forgotten in list(self.plans)[:-PLANS_KEPT]:
            del self.plans[forgotten]
        if (exercise_id, hidden) not in plans:
            plans[exercise_id, hidden] = self._plan(exercise_id, profile, seed, hidden)
            gc.freeze()  # the children's collections need not look at any of this
        return plans[exercise_id, hidden]

    def _plan(self, exercise_id: str, profile: str, seed: int, hidden: bool) -> Plan:
        unit = self.course.curriculum.unit(exercise_id)
        reference = self.references[unit.id]
        known = mistakes_in(sys.modules[f"mistakes.{unit.module}"])
        variants = [(one, with_mistake(reference, one)) for one in known if f"{unit.id}/{one.exercise}" == exercise_id]
        plan = Plan(reference, variants, profile, seed)
        for item in self.items[exercise_id, hidden]:
            self._rehearsal = plan, item
            try:
                error = self._run(item, Trial(Rehearsal(plan), reference), profile, seed)
            finally:
                self._rehearsal = None
            if (why := plan.unsound.get(item.nodeid)) and (hidden or profile == "author"):
                why = f"drawn from seed {seed} ({why})"
                raise JudgeError(f"{item.nodeid} fails on the reference itself for some input, {why}")
            if error or not plan.examples[item.nodeid]:
                raise JudgeError(f"{item.nodeid} has no input that the reference passes ({error!r})")
        return plan

    def _run(self, item: pytest.Item, trial: Trial, profile: str, seed: int) -> BaseException | None:
        """Run a check, under hypothesis if it is one of its tests; what it raised."""
        check = item.obj  # type: ignore[attr-defined]
        if is_hypothesis_test(check.__func__):
            vars(check.__func__).pop("_hypothesis_internal_settings_applied", None)  # which may be done once
            quiet = settings(settings.get_profile(profile), verbosity=Verbosity.quiet)
            hypothesis.seed(seed)(quiet(check.__func__))
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        fixtures = {name: FIXTURES[name](trial) for name in inspect.signature(check).parameters if name in FIXTURES}
        self._trial = trial
        try:
            check(**parameters, **fixtures)
        except (Exception, LearnerStopped) as error:
            return error
        finally:
            self._trial = None
        return None

    # --------------------------------------------------------------------------------------------------- judgement

    def judge(
        self, sources: dict[str, bytes], sha256: str, notes: list[str], targets: list[str], profile: str, seed: int
    ) -> Verdict:
        exercises: dict[str, ExerciseVerdict] = {}
        idle: dict[str, set[str]] = {}
        for unit in self.course.curriculum.built:
            if len(exercises) == len(targets):
                break
            lent = self._lent(idle)
            idle[unit.id] = untouched(unit.exercises, sources.get(unit.address), self.stubs[unit.id])
            if wanted := [exercise for exercise in unit.exercises if exercise.id in targets]:
                if unit.id in self.broken:
                    raise JudgeError(f"unit {unit.id} cannot be judged: {self.broken[unit.id]}")
                code = {one.address: self.lendable[one.id] for one in lent}
                own = {address: text for address, text in sources.items() if address not in code}
                learner = Session(self.sandbox, own, code, unit.module)
                try:
                    for exercise in wanted:
                        exercises[exercise.id] = (
                            ExerciseVerdict("not attempted", 0, exercise.points)
                            if exercise.name in idle[unit.id]
                            else self._judge_exercise(unit, exercise, profile, seed, learner)
                        )
                    # When all others are done: what is known of hidden inputs by then, no other result can tell.
                    for exercise in wanted:
                        one = exercises[exercise.id]
                        if self.items[exercise.id, True] and one.verdict not in ("not attempted", "timed out"):
                            hidden = self._judge_exercise(unit, exercise, profile, seed, learner, hidden=True)
                            exercises[exercise.id] = one.and_hidden(hidden, exercise.name)
                finally:
                    learner.close()
                notes += [
                    f"{one.id}: an input was left out that the course's own solution does not pass."
                    for one in wanted
                    if one.name not in idle[unit.id] and self.plan(one.id, profile, seed).unsound
                ]
                if borrowed := [one.id for one in lent if one.module.encode() in sources.get(unit.address, b"")]:
                    names = ", ".join(borrowed)
                    notes.append(f"{unit.id} builds on {names}, not attempted yet: the course lent its own.")
        return Verdict(exercises, sha256, self.checker, seed, profile, self.sandbox.confined, tuple(notes))

    def _lent(self, idle: dict[str, set[str]]) -> list[Unit]:
        """Earlier units of which the submission holds nothing, or the untouched stub: their imports must still work."""
        units = map(self.course.curriculum.unit, idle)
        return [unit for unit in units if unit.id in self.lendable and len(idle[unit.id]) == len(unit.exercises)]

    def _judge_exercise(
        self, unit: Unit, exercise: Exercise, profile: str, seed: int, learner: Session, hidden: bool = False
    ) -> ExerciseVerdict:
        """By the course's own checks, or by the hidden ones."""
        items, plan = self.items[exercise.id, hidden], self.plan(exercise.id, profile, seed, hidden)
        trials: dict[str, Trial] = {}  # by check, as far as they came
        failures: dict[str, Failure] = {}
        try:
            learner.start_exercise(plan.calls)
        except (LearnerError, LearnerStopped) as error:
            message = sentence(exercise.name, "the file is imported", "", error, None, plan.reference)
            results = [CheckResult(check_name(item.name), False, message) for item in items]
            return _failed(unit, exercise, results, (error, None), None, learner)
        for item in items:
            trial = trials[item.nodeid] = Trial(learner, plan.reference)
            if failure := _first_failure(plan.examples[item.nodeid], trial):
                failures[item.nodeid] = failure
                if plan.hurried or isinstance(failure[0], LearnerStopped):
                    break  # what hangs or dies once would do so in every check
        first = next((item for item in items if item.nodeid in failures), None)
        if first and learner.alive and not plan.hurried:
            failures[first.nodeid] = self._smaller(first, plan, trials[first.nodeid], failures[first.nodeid])
        judged = [item for item in items if item.nodeid in trials]
        results = [_result(exercise, item, failures.get(item.nodeid), plan.reference) for item in judged]
        if first is None:
            printed = clean(learner.printed(), OUTPUT_CHARACTERS)
            return ExerciseVerdict("passed", exercise.points, exercise.points, checks=tuple(results), output=printed)
        telling = _sample(trials[first.nodeid].evidence)
        everything = [one for trial in trials.values() for one in _sample(trial.evidence)]
        # A learner may have made two mistakes; then the one that explains the first failing check is worth saying.
        mistake = diagnose(everything, plan.reference, plan.variants) or diagnose(
            telling, plan.reference, plan.variants
        )
        return _failed(unit, exercise, results, failures[first.nodeid], mistake, learner)

    def _smaller(self, item: pytest.Item, plan: Plan, trial: Trial, failure: Failure) -> Failure:
        """The failure of a check for the smallest input that hypothesis finds in the learner's time.

        It draws what the plan holds, up to the input that fails, for which the learner's answers are known by now.
        """
        trial.foreseen = deque(call for example in plan.examples[item.nodeid] for call in example.calls)
        error = self._run(item, trial, plan.profile, plan.seed)
        if error is None:
            return failure
        return trial.refuted or failure if isinstance(error, LearnerStopped) else (error, trial.last)


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


def _result(exercise: Exercise, item: pytest.Item, failure: Failure | None, reference: types.ModuleType) -> CheckResult:
    name = check_name(item.name)
    if failure is None:
        return CheckResult(name, True)
    claim = (item.obj.__doc__ or "").strip().split("\n\n")[0]  # type: ignore[attr-defined]
    return CheckResult(name, False, sentence(exercise.name, name, claim, *failure, reference))


def _failed(
    unit: Unit,
    exercise: Exercise,
    results: list[CheckResult],
    failure: Failure,
    mistake: Mistake | None,
    learner: Session,
) -> ExerciseVerdict:
    error, last = failure
    message = next(one.message for one in results if not one.passed)
    return ExerciseVerdict(
        _outcome(error),
        0,
        exercise.points,
        message=f"{message}\n  {mistake.sentence}" if mistake else message,
        diagnosis=mistake.name if mistake else None,
        see=f"{unit.address}#{mistake.see}" if mistake else None,
        repro=clean(repro(last.call, unit.module), 20_000) if last else None,
        checks=tuple(results),
        output=clean(learner.printed(), OUTPUT_CHARACTERS),
    )


def _sample(evidence: list[Evidence]) -> list[Evidence]:
    """The first calls of a check, the last, and some between; of those that never came back nothing can be learnt."""
    returned = [one for one in evidence if one.result is not None]
    if len(returned) <= EVIDENCE:
        return returned
    some = EVIDENCE // 3
    between = returned[some:-some]
    return returned[:some] + between[:: len(between) // some + 1] + returned[-some:]


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, LearnerTimeout):
        return "timed out"
    return "crashed" if isinstance(error, LearnerError | LearnerDied) else "failed"


def _load(path: Path, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise JudgeError(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
