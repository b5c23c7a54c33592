"""What turns ordinary pytest + hypothesis files into checks: `@exercise`, the fixtures, the profiles.

The service loads it around the walled judge. Plain `pytest course --learner PATH` loads it too, through
course/conftest.py, and then runs the learner's files in this one process, for debugging.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from hypothesis import HealthCheck, Phase, settings

from grader.curriculum import Course, Unit, default_course
from grader.judge.terms import compare, scenarios
from grader.judge.terms.calls import Call, Impl
from grader.judge.terms.compare import plain
from grader.judge.terms.failure import Names
from grader.judge.terms.profiles import EXAMPLES
from grader.judge.trial import strategies
from grader.judge.trial.fixtures import Both, Learner, Trial

for _name, _examples in EXAMPLES.items():
    settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        database=None,
        derandomize=False,  # the judge seeds every run itself
        # The explain phase would make a wrong submission cost twenty times a right one.
        phases=(Phase.explicit, Phase.generate, *([] if _name == "mutants" else [Phase.shrink])),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def exercise(name: str, *, part: str | None = None, returns: Names = ()) -> Callable[[type], type]:
    """Mark a class of checks as those of one exercise of the unit, or of one of its parts.

    `returns` names the values of the tuple that the exercise's function returns, as its docstring does.
    """

    def mark(checks: type) -> type:
        checks.exercise, checks.part, checks.returns = name, part, returns  # type: ignore[attr-defined]
        return checks

    return mark


@pytest.fixture
def learner(trial: Trial) -> Learner:
    return Learner(trial)


@pytest.fixture
def both(trial: Trial) -> Both:
    return Both(trial)


def open_rooms(course: Course) -> None:
    """Let references import one another by address, and scenarios travel by value.

    Hidden checks written before version 0.2 import what they draw from, and compare with, by its name of then.
    """
    for module in (compare, scenarios, strategies):
        sys.modules.setdefault(f"grader.judge.{module.__name__.rpartition('.')[2]}", module)
    if (solutions := str(course.solutions)) not in sys.path:
        sys.path.insert(0, solutions)
    cloudpickle.register_pickle_by_value(scenarios)


def unit_of(course: Course, checks: Path) -> Unit:
    """The unit whose checks lie in this file."""
    for unit in course.curriculum.built:
        if checks in (course.checks(unit), course.hidden_checks(unit)):
            return unit
    raise pytest.UsageError(f"{checks} is not the checks file of a unit in curriculum.toml")


# --------------------------------------------------------------------------------- plain pytest, in one process


class InProcess(Impl):
    """The learner's module without a wall."""

    def __init__(self, module: types.ModuleType):
        self.module = module

    def call(self, call: Call) -> Any:
        asked = getattr(self.module, call.what) if isinstance(call.what, str) else partial(call.what, self.module)
        return plain(asked(*call.args, **call.kwargs))


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """In one process: the learner's file from --learner, beside the reference. The service puts its own here."""
    course = default_course()
    unit = unit_of(course, request.path)
    path = Path(request.config.getoption("--learner")) / f"{unit.address}.py"
    spec = importlib.util.spec_from_file_location(f"learner.{unit.module}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise pytest.UsageError(f"there is no {path}; --learner wants a folder laid out like a workspace")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their annotations up
    spec.loader.exec_module(module)
    return Trial(InProcess(module), importlib.import_module(unit.module))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--learner", default="exercises", help="folder with the learner's files, like a workspace")


def pytest_configure(config: pytest.Config) -> None:
    open_rooms(default_course())
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("author")
