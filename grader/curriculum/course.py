"""Where a course lies, and the one address that opens a unit in each of its three rooms. No other file knows a path.

course/<address>/        what the unit is: lesson, checks, mistakes, oracle, figures, variants; a project's program
exercises/<address>.py   the stub
solutions/<address>.py   the reference
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from grader.curriculum.model import Curriculum, Milestone, Unit

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
"""What the learner's part of a reference stands between; nbgrader's own words."""


@dataclass(frozen=True)
class Course:
    """A course: a folder with course/curriculum.toml and the rooms beside it.

    `hidden` is a folder of an instructor's own checks, laid out like course/; they judge besides the course's.
    """

    root: Path
    hidden: Path | None = None

    @cached_property
    def curriculum(self) -> Curriculum:
        return Curriculum.read(self.curriculum_file)

    @property
    def curriculum_file(self) -> Path:
        return self.content / "curriculum.toml"

    @property
    def content(self) -> Path:
        """The room of what the course is; import names of programs begin above it: `course.data.digits`."""
        return self.root / "course"

    @property
    def exercises(self) -> Path:
        """The room of stubs, laid out like a workspace."""
        return self.root / "exercises"

    @property
    def solutions(self) -> Path:
        """The room of references, laid out like a workspace and importable by address."""
        return self.root / "solutions"

    def stub(self, unit: Unit) -> Path:
        return self.exercises / f"{unit.address}.py"

    def reference(self, unit: Unit) -> Path:
        return self.solutions / f"{unit.address}.py"

    def folder(self, of: Unit | Milestone) -> Path:
        """All that belongs to a unit, a project or a milestone, but for its stub and its reference."""
        return self.content / of.address

    def lesson(self, of: Unit | Milestone) -> Path:
        return self.folder(of) / "index.md"

    def guide(self, name: str) -> Path:
        """A page that belongs to no unit: `guide/errors.md`."""
        return self.content / "guide" / f"{name}.md"

    def checks(self, unit: Unit) -> Path:
        return self.folder(unit) / "checks.py"

    def mistakes(self, unit: Unit) -> Path:
        return self.folder(unit) / "mistakes.py"

    def oracle(self, unit: Unit) -> Path:
        """Tests of the reference against independent libraries."""
        return self.folder(unit) / "oracle.py"

    def variants(self, unit: Unit) -> tuple[Path, ...]:
        """Correct solutions in other people's manner."""
        return tuple(sorted((self.folder(unit) / "variants").glob("*.py")))

    def figures(self, of: Unit) -> Path:
        """The script that draws the pictures; they lie beside it, in the folder of the same name."""
        return self.folder(of) / "figures.py"

    def program(self, of: Unit | Milestone) -> Path:
        """What a project or a milestone runs on the learner's code."""
        return self.folder(of) / "program.py"

    def calibration(self, project: Unit) -> Path:
        """What the thresholds of a project's gates rest on."""
        return self.folder(project) / "calibration.json"

    def data(self, name: str) -> Path:
        """A data set or a small model that ships with the course, for example `mnist10k.npz`."""
        return self.content / "data" / name

    def hidden_checks(self, unit: Unit) -> Path | None:
        """The unit's hidden checks, where there are any: `<address>/checks.py`, or as they lay before version 0.2."""
        if self.hidden is None:
            return None
        address = PurePosixPath(unit.address)
        places = address / "checks.py", address.with_name(f"test_{address.name}.py")
        return next((path for place in places if (path := self.hidden / place).is_file()), None)


@cache
def default_course() -> Course:
    """The course of $COURSE_HOME, else the clone this package lies in, else the one an installed wheel carries."""
    if home := os.environ.get("COURSE_HOME"):
        return Course(Path(home).expanduser().resolve())
    package = Path(__file__).resolve().parent.parent
    clone = Course(package.parent)
    return clone if clone.curriculum_file.is_file() else Course(package / "home")
