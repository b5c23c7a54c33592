"""Programs of the course that run on somebody's code: a project's and a milestone's `program.py`.

A milestone's program has `main(picture)`, which leaves a picture at that path. A project's has what `ProjectProgram`
lists. Neither imports the learner's modules or the references by itself but in `main`, `Task` and `measure`: whose code
that is, is decided by the process that loads the program.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from grader.curriculum import Course, CourseError, Milestone, Unit
from grader.training.gates import Control, Threshold
from grader.training.learner_code import LearnerModules
from grader.training.settings import Preset

if TYPE_CHECKING:
    from grader.training.task import Task  # which imports torch


class ProjectProgram(Protocol):
    """What a project's program defines.

    PRESETS: `smoke` (seconds), `cpu` (what the gates are stated for) and perhaps `gpu`, each with the project's own
        Settings, a subclass of `grader.training.settings.Settings`; the default comes first
    Task: made of the settings and the learner's modules
    GATES: by a short name, what is asked of each figure
    measure: the figures of the gates, from what a finished run left in a folder and its run.json. It runs with the
        course's own references on the path and never loads the learner's code, nor anything that could carry code.
        Raises Unmeasurable.
    CONTROLS: by name, references with one thing wrong that a gate has to stop
    """

    PRESETS: tuple[Preset, ...]
    Task: Callable[[Any, LearnerModules], Task]
    GATES: Mapping[str, Threshold]
    measure: Callable[[Path, Mapping[str, Any]], Mapping[str, float]]
    CONTROLS: Mapping[str, Control]


def load(course: Course, of: Unit | Milestone) -> ModuleType:
    """Import the program of a project or a milestone as `course.<address>.program`. Raises CourseError."""
    path = course.program(of)
    if not path.is_file():
        raise CourseError(f"{of.title!r} has no program: {path} is missing.")
    module = importlib.import_module(f"course.{of.address.replace('/', '.')}.program")
    found = Path(module.__file__ or "?").resolve()
    if found != path.resolve():
        raise CourseError(f"{path} is hidden by {found}; another package of your Python is called course.")
    return module


def load_project(course: Course, project: Unit) -> ProjectProgram:
    """The program of a project. Raises CourseError if it has none, or one that lacks something."""
    if not course.program(project).is_file():
        able = [other.id for other in course.curriculum.projects if course.program(other).is_file()]
        raise CourseError(f"{project.id!r} has nothing to train; {', '.join(able) or 'no project'} has.")
    module = load(course, project)
    if lacking := [name for name in ProjectProgram.__annotations__ if not hasattr(module, name)]:
        raise CourseError(f"{course.program(project)} defines no {', '.join(lacking)}.")
    return cast(ProjectProgram, module)


def put_on_path(code: Path, course: Course) -> None:
    """Make `code` (a workspace, or the references) importable by address, and the course as `course.…` after it."""
    sys.path[:0] = [str(code.resolve()), str(course.root.resolve())]
