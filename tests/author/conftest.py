"""A copy of the small course that a test may spoil."""

import shutil
from pathlib import Path

import pytest

from grader.curriculum import Course


@pytest.fixture
def tmp_course(mini_course: Course, tmp_path: Path) -> Course:
    shutil.copytree(mini_course.root, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    return Course(tmp_path / "course")
