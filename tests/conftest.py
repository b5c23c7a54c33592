"""What all tests share: the small course, and one warm judge for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from grader.curriculum import Course
from grader.judge import Judge

settings.register_profile("tests", deadline=None, derandomize=True, database=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def mini_course() -> Course:
    """A course on another subject."""
    return Course(Path(__file__).parent / "mini_course")


@pytest.fixture(scope="session")
def mini_judge(mini_course: Course) -> Iterator[Judge]:
    with Judge(mini_course) as judge:
        yield judge
