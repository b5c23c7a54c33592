"""What a verdict is measured against: the same checks under plain pytest, and under `nbgrader autograde`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from grader.curriculum import Course, Exercise, Unit

CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'bench'\nc.Execute.timeout = 600\n"


def pytest_command(course: Course, unit: Unit, exercises: Sequence[Exercise], learner: str, profile: str) -> list[str]:
    """Plain pytest on these exercises of the files in the folder `learner`; `profile` says how many examples."""
    text = course.checks(unit).read_text(encoding="utf-8")
    classes = [re.search(rf'@exercise\("{one.name}"\)\nclass (\w+)', text)[1] for one in exercises]
    checks = [f"{course.checks(unit)}::{name}" for name in classes]
    options = ["-q", "-p", "no:cacheprovider", f"--hypothesis-profile={profile}", "--learner", learner]
    return [sys.executable, "-m", "pytest", *options, *checks]


class NbgraderClass:
    """An nbgrader course with one assignment: a cell for the unit's file, and a test cell for each exercise."""

    def __init__(self, root: Path, course: Course, unit: Unit, exercises: Sequence[Exercise], profile: str):
        self.root, self.course, self.unit, self.exercises, self.profile = root, course, unit, exercises, profile
        (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
        self._write(root / "source" / unit.id, course.stub(unit).read_text(encoding="utf-8"))
        self.run("generate_assignment", unit.id)

    def hand_in(self, student: str, text: str) -> None:
        self._write(self.root / "submitted" / student / self.unit.id, text)

    def autograde(self) -> None:
        """Grade whatever was handed in."""
        shutil.rmtree(self.root / "autograded", ignore_errors=True)
        self.run("autograde", self.unit.id, "--force")

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        path = os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ["PATH"]]
        )  # nbgrader starts alembic by name
        subprocess.run(command, cwd=self.root, check=True, capture_output=True, env={**os.environ, "PATH": path})

    def _write(self, folder: Path, text: str) -> None:
        cells = [_cell("answer", text, grade=False, solution=True)]
        for one in self.exercises:
            words = pytest_command(self.course, self.unit, [one], "handed_in", self.profile)[3:]
            test = (
                "import pathlib, pytest\n"
                f"file = pathlib.Path('handed_in/{self.unit.address}.py')\n"
                "file.parent.mkdir(parents=True, exist_ok=True)\n"
                "file.write_text(In[1])\n"
                f"assert pytest.main({words!r}) == 0"
            )
            cells.append(_cell(one.name, test, grade=True, points=one.points))
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=cells), folder / f"{self.unit.id}.ipynb")


def _cell(grade_id: str, source: str, *, grade: bool, solution: bool = False, points: int = 0) -> nbformat.NotebookNode:
    about = {"grade_id": grade_id, "grade": grade, "solution": solution, "locked": grade, "task": False}
    about |= {"schema_version": 3} | ({"points": points} if grade else {})
    return new_code_cell(source, metadata={"nbgrader": about})
