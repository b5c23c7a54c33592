"""`course`, run in this process, in a workspace of a small course and with its one warm judge."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main
from grader.curriculum import Course, default_course
from grader.judge import Judge
from grader.learner import Workspace

# This one has a project and a unit that is coming; its judge is never asked.
WITH_PROJECT = Path(__file__).parent.parent / "learner" / "mini"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def course_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COURSE_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run


def _enter(course: Course, root: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    workspace, _ = Workspace.create(root, course)
    monkeypatch.setenv("COURSE_HOME", str(course.root))
    default_course.cache_clear()
    monkeypatch.chdir(root)
    return workspace


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Course, Workspace]]:
    """A workspace of the small course with a project; nothing is judged in it."""
    course = Course(shutil.copytree(WITH_PROJECT, tmp_path / "course"))
    yield course, _enter(course, tmp_path / "work", monkeypatch)
    default_course.cache_clear()


@pytest.fixture
def judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mini_course: Course, mini_judge: Judge
) -> Iterator[tuple[Course, Workspace]]:
    """A workspace of the course that the shared judge judges."""
    monkeypatch.setattr(Judge, "resident", lambda course, on_start=None: contextlib.nullcontext(mini_judge))
    yield mini_course, _enter(mini_course, tmp_path / "work", monkeypatch)
    default_course.cache_clear()
