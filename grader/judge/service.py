"""The trusted side: a warm pytest session that forks one child for every submission it is asked to judge.

`pytest.main` collects all checks once; its run loop then waits here for requests on a Unix socket. The forked child
runs the checks of one submission against a Session behind the wall and answers with a verdict.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import importlib.util
import marshal
import os
import selectors
import signal
import socket
import sys
import time
import traceback
import types
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import hypothesis
import numpy as np
import pytest
import torch
from _pytest.runner import runtestprotocol
from hypothesis import is_hypothesis_test, settings
from hypothesis.errors import HypothesisException

from grader.curriculum import Course, Exercise, Unit
from grader.judge import confine, framing
from grader.judge.attempts import untouched
from grader.judge.bank import Mistake, mistakes_in, with_mistake
from grader.judge.diagnosis import Variant, diagnose
from grader.judge.plugin import open_rooms, unit_of
from grader.judge.sentence import check_name, repro, sentence
from grader.judge.session import JudgeError, Sandbox, Session
from grader.judge.text import clean
from grader.judge.trial import Both, Evidence, Learner, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout, Trial
from grader.judge.verdict import CheckResult, ExerciseVerdict, Outcome, Verdict
from grader.judge.version import checker_version

MEMORY_BYTES, CPU_SECONDS = 4 << 30, 60
"""What one verdict may take on this side: memory, and processor time an exercise. Hostile replies aim at both."""

OUTPUT_CHARACTERS = 16_384
"""How much of what the learner's code printed goes into a verdict."""

EVIDENCE_PER_CHECK = 16
"""Calls of a check that the diagnosis looks at: its first half and its last."""


class Service:
    """A pytest plugin: provides the checks' fixtures, and replaces the run loop by one that waits for submissions."""

    def __init__(self, course: Course, sandbox: Sandbox, listener: socket.socket, idle_seconds: float):
        self.course, self.sandbox, self.listener, self.idle_seconds = course, sandbox, listener, idle_seconds
        self.checker = checker_version(course)
        self.items: dict[str, list[pytest.Item]] = defaultdict(list)  # by exercise id
        self.broken: dict[str, str] = {}  # unit id → why it cannot be judged
        self.references: dict[str, types.ModuleType] = {}
        self.variants: dict[str, list[Variant]] = defaultdict(list)  # by exercise id
        self.lendable: dict[str, bytes] = {}  # compiled references, by unit id
        self.trial: Trial | None = None
        self.failure: BaseException | None = None

    # ------------------------------------------------------------------------------------------ fixtures and hooks

    @pytest.fixture(name="learner")
    def learner_fixture(self) -> Learner:
        assert self.trial
        return Learner(self.trial)

    @pytest.fixture(name="both")
    def both_fixture(self) -> Both:
        assert self.trial
        return Both(self.trial)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and (path := self.course.root / report.nodeid.split("::")[0]).suffix == ".py":
            self.broken[unit_of(self.course, path).id] = str(report.longrepr).strip().splitlines()[-1]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> None:
        if call.excinfo is not None and self.failure is None:
            self.failure = call.excinfo.value

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._prepare(session.items)
        self._serve()
        return True

    # ------------------------------------------------------------------------------------------------- preparation

    def _prepare(self, items: list[pytest.Item]) -> None:
        for item in items:
            unit = unit_of(self.course, item.path)
            name = getattr(getattr(item, "cls", None), "exercise", None)
            if name not in {exercise.name for exercise in unit.exercises}:
                self.broken[unit.id] = f"{item.nodeid} belongs to no exercise of {unit.id}"
                continue
            self.items[f"{unit.id}/{name}"].append(item)
            if is_hypothesis_test(function := item.obj.__func__):  # type: ignore[attr-defined]
                function.hypothesis.inner_test = self._remembering(function.hypothesis.inner_test)
            cloudpickle.register_pickle_by_value(item.module)  # type: ignore[attr-defined]
        for unit in self.course.curriculum.built:
            try:
                self._prepare_unit(unit)
            except Exception as error:
                self.broken.setdefault(unit.id, f"{type(error).__name__}: {error}")
        torch.nn.functional.layer_norm(torch.ones(2, 2, requires_grad=True), (2,)).sum().backward()

    def _remembering(self, check: Callable[..., None]) -> Callable[..., None]:
        """The check, leaving a trace of each example that fails: looking for a smaller one may take too long."""

        @functools.wraps(check)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                check(*args, **kwargs)
            except HypothesisException:  # an example that is not to be used
                raise
            except Exception as error:
                if self.trial is not None:
                    self.trial.refuted = error, self.trial.last
                raise

        return run

    def _prepare_unit(self, unit: Unit) -> None:
        reference = importlib.import_module(unit.module)
        self.references[unit.id] = reference
        self.course.stub(unit).read_bytes()
        text = self.course.reference(unit).read_text(encoding="utf-8")
        self.lendable[unit.id] = marshal.dumps(compile(text, f"{unit.address}.py", "exec", optimize=2))
        for exercise in unit.exercises:
            if not self.items[exercise.id]:
                raise JudgeError(f"no check belongs to {exercise.id}; zero checks are an error, never a pass")
        for mistake in mistakes_in(_load(self.course.mistakes(unit), f"mistakes.{unit.module}")):
            self.variants[f"{unit.id}/{mistake.exercise}"].append((mistake, with_mistake(reference, mistake)))

    # ------------------------------------------------------------------------------------------------ the run loop

    def _serve(self) -> None:
        np.random.seed(0)
        gc.collect()
        gc.freeze()  # the children's collections need not look at any of this
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        children: set[int] = set()
        last, parent = time.monotonic(), os.getppid()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.listener, selectors.EVENT_READ)
            while True:
                ready = waiting.select(timeout=1.0)
                children -= {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0]}
                if children or ready:
                    last = time.monotonic()
                if self.sandbox.process.poll() is not None:
                    return  # without its sandbox the service is of no use; the next client starts another
                idle = time.monotonic() - last
                if idle > self.idle_seconds if self.idle_seconds else os.getppid() != parent:
                    return
                if ready:
                    connection, _ = self.listener.accept()
                    connection.setblocking(True)
                    pid = os.fork()
                    if pid == 0:
                        self._answer(connection)
                    connection.close()
                    children.add(pid)

    def _answer(self, connection: socket.socket) -> None:
        """In the forked child: judge what the connection asks for, answer, and be gone."""
        try:
            self.listener.close()
            request = framing.receive(connection)
            confine.limit_memory_and_time(MEMORY_BYTES, CPU_SECONDS * max(1, len(request["targets"])))
            try:
                answer: dict[str, Any] = {"verdict": self.judge(**request).to_dict()}
            except JudgeError as error:
                answer = {"error": str(error)}
            except BaseException:
                answer = {"error": f"the judge failed: {traceback.format_exc(limit=-3)}"}
            framing.send(connection, answer)
        finally:
            os._exit(0)

    # --------------------------------------------------------------------------------------------------- judgement

    def judge(
        self, sources: dict[str, bytes], sha256: str, notes: list[str], targets: list[str], profile: str, seed: int
    ) -> Verdict:
        for item in (item for target in targets for item in self.items[target]):
            function = item.obj.__func__  # type: ignore[attr-defined]
            if is_hypothesis_test(function):
                hypothesis.seed(seed)(settings.get_profile(profile)(function))
        exercises: dict[str, ExerciseVerdict] = {}
        idle: dict[str, set[str]] = {}
        for unit in self.course.curriculum.built:
            if len(exercises) == len(targets):
                break
            lent = self._lent(idle)
            idle[unit.id] = untouched(unit.exercises, sources.get(unit.address), self.course.stub(unit).read_bytes())
            if wanted := [exercise for exercise in unit.exercises if exercise.id in targets]:
                exercises |= self._judge_unit(unit, wanted, sources, lent, idle[unit.id])
                if borrowed := [
                    earlier for earlier in lent if earlier.module.encode() in sources.get(unit.address, b"")
                ]:
                    names = ", ".join(earlier.id for earlier in borrowed)
                    notes.append(f"{unit.id} builds on {names}, not attempted yet: the course lent its own.")
        return Verdict(exercises, sha256, self.checker, seed, profile, self.sandbox.confined, tuple(notes))

    def _lent(self, idle: dict[str, set[str]]) -> list[Unit]:
        """Earlier units of which the submission holds nothing, or the untouched stub: their imports must still work."""
        units = map(self.course.curriculum.unit, idle)
        return [unit for unit in units if unit.id in self.lendable and len(idle[unit.id]) == len(unit.exercises)]

    def _judge_unit(
        self, unit: Unit, wanted: list[Exercise], sources: dict[str, bytes], lent: list[Unit], idle: set[str]
    ) -> dict[str, ExerciseVerdict]:
        if unit.id in self.broken:
            raise JudgeError(f"unit {unit.id} cannot be judged: {self.broken[unit.id]}")
        own = {address: text for address, text in sources.items() if address not in {one.address for one in lent}}
        learner = Session(self.sandbox, own, {one.address: self.lendable[one.id] for one in lent}, unit.module)
        verdicts = {}
        try:
            for exercise in wanted:
                if exercise.name in idle:
                    verdicts[exercise.id] = ExerciseVerdict("not attempted", 0, exercise.points)
                else:
                    verdicts[exercise.id] = self._judge_exercise(unit, exercise, learner)
        finally:
            learner.close()
        return verdicts

    def _judge_exercise(self, unit: Unit, exercise: Exercise, learner: Session) -> ExerciseVerdict:
        reference = self.references[unit.id]
        everything: list[Evidence] = []
        telling: list[Evidence] = []  # of the first check that did not pass
        results: list[CheckResult] = []
        first: BaseException | None = None
        last: Evidence | None = None
        try:
            learner.start_exercise()
        except (LearnerError, LearnerStopped) as error:
            message = sentence(exercise.name, "the file is imported", "", error, None, reference)
            results = [CheckResult(check_name(item.name), False, message) for item in self.items[exercise.id]]
            first = error
        for item in self.items[exercise.id] if first is None else ():
            self.trial = Trial(learner, reference)
            self.failure = None
            runtestprotocol(item, nextitem=None, log=False)
            everything += _sample(self.trial.evidence)
            message = ""
            stopped = isinstance(self.failure, LearnerStopped)
            if self.failure is not None:
                asked = self.trial.last
                if stopped and self.trial.refuted:
                    self.failure, asked = self.trial.refuted
                claim = (item.obj.__doc__ or "").strip().split("\n\n")[0]
                message = sentence(exercise.name, check_name(item.name), claim, self.failure, asked, reference)
                if first is None:
                    first, last, telling = self.failure, asked, _sample(self.trial.evidence)
            results.append(CheckResult(check_name(item.name), self.failure is None, message))
            if stopped:
                break  # what hangs or dies once would do so in every check
        printed = clean(learner.printed(), OUTPUT_CHARACTERS)
        if first is None:
            return ExerciseVerdict("passed", exercise.points, exercise.points, checks=tuple(results), output=printed)
        # A learner may have made two mistakes; then the one that explains the first failing check is worth saying.
        known = self.variants[exercise.id]
        mistake = diagnose(everything, reference, known) or diagnose(telling, reference, known)
        return ExerciseVerdict(
            _outcome(first),
            0,
            exercise.points,
            message=_with_diagnosis(next(one.message for one in results if not one.passed), mistake),
            diagnosis=mistake.name if mistake else None,
            see=f"{unit.address}#{mistake.see}" if mistake else None,
            repro=clean(repro(last.call, unit.module), 20_000) if last else None,
            checks=tuple(results),
            output=printed,
        )


def _sample(evidence: list[Evidence]) -> list[Evidence]:
    """The first and the last calls of a check; of calls that never came back there is nothing to learn."""
    returned = [one for one in evidence if one.result is not None]
    half = EVIDENCE_PER_CHECK // 2
    return returned if len(returned) <= 2 * half else returned[:half] + returned[-half:]


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, LearnerTimeout):
        return "timed out"
    return "crashed" if isinstance(error, LearnerError | LearnerDied) else "failed"


def _with_diagnosis(message: str, mistake: Mistake | None) -> str:
    return f"{message}\n  {mistake.sentence}" if mistake else message


def _load(path: Path, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise JudgeError(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Listen on an inherited socket until idle for long enough (0: until the parent is gone)."""
    parser = argparse.ArgumentParser(prog="python -m grader.judge.service")
    parser.add_argument("course", type=Path)
    parser.add_argument("descriptor", type=int)
    parser.add_argument("--idle", type=float, default=900.0)
    parser.add_argument("--unconfined", action="store_true")
    options = parser.parse_args()
    course = Course(options.course)
    # Before anything of the course is imported: the sandbox starts from a clean interpreter.
    sandbox = Sandbox(confined=confine.can_confine() and not options.unconfined)
    torch.set_num_threads(1)
    open_rooms(course)
    listener = socket.socket(fileno=options.descriptor)
    service = Service(course, sandbox, listener, options.idle)
    checks = [str(path) for unit in course.curriculum.built if (path := course.checks(unit)).is_file()]
    arguments = ["--import-mode=importlib", "--noconftest", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:terminal", "-p", "no:faulthandler", "-c", os.devnull, f"--rootdir={course.root}"]
    pytest.main([*arguments, *checks], plugins=[service])
    sandbox.close()


if __name__ == "__main__":
    main()
