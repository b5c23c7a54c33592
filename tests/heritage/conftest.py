"""What version 0.1 left behind, unpacked for each test, and `course` run in this process on it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.cli import main
from grader.curriculum import Course, default_course
from grader.judge import Judge

ARCHIVES = Path(__file__).with_name("version_0_1")


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[[str], Path]:
    """The folder that an archive of version_0_1/ holds, as it was left."""

    def unpacked(name: str) -> Path:
        with tarfile.open(ARCHIVES / f"{name}.tar.gz") as archive:
            archive.extractall(tmp_path / name, filter="data")
        return tmp_path / name

    return unpacked


class CourseCommand:
    """`course` in this process. Called with its words and the exit code that it has to end with, gives its stdout."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def enter(self, folder: Path, course: Course) -> None:
        """Type what follows in this folder, as somebody who has this course."""
        self._monkeypatch.setenv("COURSE_HOME", str(course.root))
        self._monkeypatch.chdir(folder)
        default_course.cache_clear()

    def __call__(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = self._capsys.readouterr()
        assert int(ended.value.code or 0) == code, said.err or said.out
        return said.out

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[CourseCommand]:
    yield CourseCommand(monkeypatch, capsys)
    default_course.cache_clear()


@pytest.fixture
def judge(mini_course: Course, mini_judge: Judge, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The shared warm judge: whoever starts one for the small course, or asks for the resident one, gets this."""
    enter, leave = Judge.__enter__, Judge.__exit__

    def entered(self: Judge) -> Judge:
        return mini_judge if self.course == mini_course else enter(self)

    def left(self: Judge, *error: Any) -> None:
        if self is not mini_judge:
            leave(self, *error)

    monkeypatch.setattr(Judge, "__enter__", entered)
    monkeypatch.setattr(Judge, "__exit__", left)
    monkeypatch.setattr(Judge, "resident", lambda course, on_start=None: mini_judge)
    return mini_judge
