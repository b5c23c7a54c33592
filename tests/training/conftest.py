"""One finished run of the reference, shared by the tests that only look at it."""

import shutil
from pathlib import Path

import pytest

from grader.curriculum import Course, Unit
from grader.training import Run, train

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="session")
def project(course: Course) -> Unit:
    return course.curriculum.unit("digit-vae")


@pytest.fixture(scope="session")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the reference's answers."""
    return shutil.copytree(
        ROOT / "solutions",
        tmp_path_factory.mktemp("learner") / "work space ü",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


@pytest.fixture(scope="session")
def smoke(course: Course, project: Unit, learner: Path) -> tuple[Run, list[dict]]:
    """A finished rehearsal in the default folder, and the events it reported."""
    events: list[dict] = []
    run = train(course, project, learner, "smoke", overrides={"device": "cpu"}, report=events.append)
    return run, events
