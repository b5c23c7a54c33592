"""A course of three small units and a project, and a judge that goes by words in the learner's file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.curriculum import Course
from grader.judge import ExerciseVerdict, Submission, Verdict
from grader.learner import Workspace

MINI = Path(__file__).parent / "mini"

collect_ignore = ["mini"]  # its checks are the judge's to run


class WordJudge:
    """Stands for the judge: an exercise's verdict is what a comment `# <name> is <verdict>` in its file says."""

    def __init__(self, course: Course):
        self.course = course
        self.asked: list[list[str]] = []

    def check(
        self,
        submission: Submission,
        targets: list[str],
        profile: str = "check",
        seed: int = 0,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Verdict:
        meanwhile()
        self.asked.append(list(targets))
        exercises = {}
        for target in targets:
            exercise = self.course.curriculum.find(target)
            unit = self.course.curriculum.unit(target)
            text = submission.sources[unit.address].decode()
            said = re.search(rf"# {exercise.name} is (passed|failed|crashed|timed out)", text)
            outcome = said[1] if said else "not attempted"
            points = exercise.points if outcome == "passed" else 0
            exercises[target] = ExerciseVerdict(outcome, points, exercise.points)
        return Verdict(exercises, submission.sha256, "words", seed, profile, True)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(shutil.copytree(MINI, tmp_path / "course"))


@pytest.fixture
def workspace(course: Course, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "work", course)[0]


@pytest.fixture
def judge(course: Course) -> WordJudge:
    return WordJudge(course)


@pytest.fixture
def write(course: Course, workspace: Workspace) -> Callable[..., None]:
    """Write a unit's file: its reference, with a comment for each verdict, as in `write("sums", total="passed")`."""

    def put(key: str, text: str | None = None, **verdicts: str) -> None:
        unit = course.curriculum.unit(key)
        body = course.reference(unit).read_text() if text is None else text
        lines = [f"# {name} is {verdict}" for name, verdict in verdicts.items()]
        workspace.file(unit).write_text("\n".join([*lines, body]))

    return put
