"""Results and submissions of the small course's class."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.classroom import Graded
from grader.classroom.gradebook import record
from grader.curriculum import Course
from grader.judge import ExerciseVerdict, Verdict


@pytest.fixture
def graded(mini_course: Course) -> Callable[..., Graded]:
    """A student's result on both units: every exercise failed but those named, which passed."""

    def make(student: str, *passed: str, **fields) -> Graded:
        exercises = {
            one.id: ExerciseVerdict("passed", one.points, one.points)
            if one.name in passed
            else ExerciseVerdict("failed", 0, one.points, message=f"{one.name} is wrong")
            for one in mini_course.curriculum.exercises
        }
        verdict = Verdict(exercises, "0" * 64, "checker", 1, "grade", True)
        return Graded(student, verdict, **{"submitted": frozenset({"averages", "spread"}), **fields})

    return make


@pytest.fixture(scope="session")
def answers(mini_course: Course) -> dict[str, str]:
    """The references' text by unit id."""
    return {unit.id: mini_course.reference(unit).read_text("utf-8") for unit in mini_course.curriculum.built}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that we created; nbgrader stamps a new one by starting alembic, which takes seconds."""
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    record(f"sqlite:///{path}", [], [])
    return path


@pytest.fixture
def url(tmp_path: Path, empty: Path) -> str:
    """A gradebook of this test's own."""
    return f"sqlite:///{shutil.copy(empty, tmp_path / 'class.db')}"
