"""What a course holds for its judge: the checks that pytest finds, by exercise, and what goes with a unit's checks.

A unit of which something is missing or wrong is `broken`: it cannot be judged, and stops no other one.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import types
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import cloudpickle
import pytest

from grader.curriculum import Course, Unit
from grader.curriculum.uses import outline
from grader.judge.trial.attempts import untouched
from grader.judge.trial.bank import Mistake, mistakes_in
from grader.judge.trial.plugin import unit_of
from grader.judge.trial.running import Runner
from grader.judge.wall.zygote import JudgeError


def collect(collection: Collection, plugin: object) -> None:
    """Have pytest collect the checks of a collection's units; the plugin has its run loop then."""
    course = collection.course
    checks = [str(path) for path in map(course.checks, collection.units) if path.is_file()]
    checks += [str(path) for path in map(course.hidden_checks, collection.units) if path]
    options = ["--import-mode=importlib", "--noconftest", "--continue-on-collection-errors", "-p", "no:cacheprovider"]
    options += ["-p", "no:terminal", "-p", "no:faulthandler", "-c", os.devnull, f"--rootdir={course.root}"]
    options += ["--assert=plain"]  # a check says in words what is wrong
    # Which plugins are installed here, and how somebody likes their pytest, is nothing to a verdict.
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "", "PYTEST_ADDOPTS": ""}
    pytest.main([*options, *checks], plugins=[collection, plugin])


class Collection:
    """A course's checks and what goes with them; a plugin of the pytest that collects.

    `runner` runs the checks. `items` are the checks by exercise id and part; `hidden` are an instructor's, of an
    exercise as a whole. All else is by unit id. Stubs are there for every unit; checks, references and mistakes, which
    import what they need, for those that ask for the libraries `imports`.
    """

    def __init__(self, course: Course, imports: tuple[str, ...] = ()):
        self.course, self.runner = course, Runner()
        self.units = [unit for unit in course.curriculum.built if unit.imports == imports]
        self.items: dict[tuple[str, str], list[pytest.Function]] = defaultdict(list)
        self.hidden: dict[str, list[pytest.Function]] = defaultdict(list)
        self.broken: dict[str, str] = {}
        self.stubs: dict[str, bytes] = {}
        self.references: dict[str, types.ModuleType] = {}
        self.mistakes: dict[str, list[Mistake]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Take down what cannot be collected: by the file's path, for node ids are not told outside the course."""
        report = yield
        if report.failed and collector.path.suffix == ".py":
            unit = unit_of(self.course, collector.path)
            self.broken[unit.id] = str(report.longrepr).strip().splitlines()[-1]
        return report

    def prepare(self, items: list[pytest.Item]) -> None:
        """Take in the checks that pytest collected, and all else that a verdict needs."""
        for item in items:
            self._take(item)
        for unit in self.course.curriculum.built:
            try:
                self._prepare_unit(unit)
            except Exception as error:
                self.broken.setdefault(unit.id, f"{type(error).__name__}: {error}")

    def _take(self, item: pytest.Item) -> None:
        unit = unit_of(self.course, item.path)
        checks = getattr(item, "cls", None)
        of = {exercise.name: exercise for exercise in unit.exercises}.get(getattr(checks, "exercise", ""))
        if not isinstance(item, pytest.Function) or of is None:
            self.broken[unit.id] = f"{item.nodeid} belongs to no exercise of {unit.id}"
            return
        if item.path != self.course.checks(unit):
            self.hidden[of.id].append(item)
        else:
            part = getattr(checks, "part", None) or of.name
            if part not in {each.name for each in of.parts}:
                self.broken[unit.id] = f"{item.nodeid} belongs to no part of {of.id}"
                return
            self.items[of.id, part].append(item)
        self.runner.observe(item)
        cloudpickle.register_pickle_by_value(item.module)

    def _prepare_unit(self, unit: Unit) -> None:
        self.stubs[unit.id] = self.course.stub(unit).read_bytes()  # first: later units ask for it
        untouched(unit.exercises, self.stubs[unit.id], self.stubs[unit.id])  # which it remembers
        outline(self.course, unit)  # which it remembers, too
        if unit not in self.units:
            return
        self.references[unit.id] = importlib.import_module(unit.module)
        for exercise in unit.exercises:
            for part in exercise.parts:
                if not self.items[exercise.id, part.name]:
                    which = exercise.id if part.name == exercise.name else f"{part.name!r} of {exercise.id}"
                    raise JudgeError(f"no check belongs to {which}; zero checks are an error, never a pass")
        hidden = self.course.hidden_checks(unit)
        if hidden and not any(self.hidden[exercise.id] for exercise in unit.exercises):
            raise JudgeError(f"{hidden} holds no checks; zero checks are an error, never a pass")
        self.mistakes[unit.id] = list(mistakes_in(_load(self.course.mistakes(unit), f"mistakes.{unit.module}")))


def _load(path: Path, name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise JudgeError(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
