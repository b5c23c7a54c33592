"""What a released notebook asks of its kernel: `%load_ext grader.classroom.notebook`, and `check(...)` in test cells.

The extension does two things. It remembers each cell that ran without error, so that `check` can hand exactly that
code to the judge, the same one that `course check` and `course grade` ask. And it lets a notebook import earlier
units by their address (`from phase1_foundations.unit3_calculus_probability import logsumexp`) by opening the course's
references where the learner has no file of their own.

What this cannot promise, under `nbgrader autograde` or any other runner of notebooks:

- The verdict is made behind the judge's wall, but the points reach nbgrader through the kernel in which the student's
  code runs. Code that sets out to forge `check` can forge the points. `course grade` on the same `submitted/` folder
  reads the notebook without running it in a kernel and cannot be forged so; take its marks where marks matter.
- Where the judge cannot be started, the test cell raises, and nbgrader takes that for zero points.
- nbgrader runs student code as you, with your files in reach. `course grade` confines it.
- Whoever can install the course can read its references: they lie in the package, and earlier ones are imported from
  there. The notebook hides nothing. A reference that is copied is for a person to notice.

For a correct and for an untouched notebook, both give the same points.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import tempfile
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.curriculum import Course, CourseError, Exercise, default_course
from grader.curriculum.lesson import place
from grader.judge import ExerciseVerdict, Judge, Submission


class Cells:
    """The cells of one kernel that ran without error, each at the place where it first ran."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self.checking = False

    def remember(self, result: Any) -> None:
        """IPython's `post_run_cell`. Front ends that name their cells have a cell replaced when it runs again."""
        checked, self.checking = self.checking, False
        if result.success and not checked:
            source = result.info.raw_cell
            self.sources[getattr(result.info, "cell_id", None) or source] = source

    def notebook(self, unit: str) -> str:
        """What ran, as the text of a notebook of this unit."""
        cells: list[dict[str, Any]] = [
            {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
            for source in self.sources.values()
        ]
        metadata = {"zero_to_diffusion": {"unit": unit}}
        return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells})


class Rooms:
    """Finds the course's references, for units that are nowhere else on the path."""

    def __init__(self, course: Course):
        self.references = {unit.module: course.reference(unit) for unit in course.curriculum.built}
        self.packages = {module.rpartition(".")[0] for module in self.references}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in self.references:
            return importlib.util.spec_from_file_location(name, self.references[name])
        if name in self.packages:
            package = ModuleSpec(name, None, is_package=True)
            package.submodule_search_locations = []
            return package
        return None


_cells = Cells()


def load_ipython_extension(shell: Any) -> None:
    """IPython's hook for `%load_ext`; IPython itself sees to it that it runs once in a kernel."""
    shell.events.register("post_run_cell", _cells.remember)
    sys.meta_path.append(Rooms(default_course()))
    threading.Thread(target=_start_the_judge, daemon=True).start()


def _start_the_judge() -> None:
    """Ask for nothing, so that the judge warms up while the first cells run. The first check tells if it cannot."""
    with contextlib.suppress(CourseError):
        Judge.resident(default_course()).check(Submission({}), [])


def check(exercise_id: str, *, profile: str = "check", seed: int = 0) -> float:
    """Judge one exercise on the cells run so far, print the verdict, and return the points.

    As the last line of an nbgrader test cell, the number shown is the cell's score. `profile` and `seed` are the
    judge's: how thoroughly, and on which inputs.
    Raises CourseError for an unknown exercise.
    """
    _cells.checking = True
    course = default_course()
    exercise = course.curriculum.find(exercise_id)
    if not isinstance(exercise, Exercise):
        raise CourseError(f"{exercise_id!r} is a whole unit; name one exercise, such as {exercise.exercises[0].id}.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{exercise.unit_id}.ipynb"
        path.write_text(_cells.notebook(exercise.unit_id), encoding="utf-8")
        submission = Submission.read(path)
    verdict = Judge.resident(course).check(submission, [exercise.id], profile=profile, seed=seed)
    show(exercise, verdict.exercises[exercise.id])
    return float(verdict.exercises[exercise.id].points)


def show(exercise: Exercise, one: ExerciseVerdict) -> None:
    """Print a verdict below the cell that asked for it."""
    print(f"{exercise.name}: {one.verdict}, {one.points} of {one.max_points} points")
    for part in one.parts:
        print(f"  {part.name}: {part.verdict}, {part.points} of {part.max_points}")
    if one.message:
        print(one.message)
    for cause in one.causes:
        if cause.section and (section := place(default_course(), cause.section)):
            print(f"  Read again: {section}")
