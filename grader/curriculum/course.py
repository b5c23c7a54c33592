"""Where a course lies, and the one address that opens a unit in every room."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from grader.curriculum.model import Curriculum, Milestone, Unit


@dataclass(frozen=True)
class Course:
    """A course: a folder with course/curriculum.toml and the rooms beside it.

    `hidden` is a folder of an instructor's own checks, laid out like grader/checks; they judge besides the course's.
    """

    root: Path
    hidden: Path | None = None

    @cached_property
    def curriculum(self) -> Curriculum:
        return Curriculum.read(self.root / "course" / "curriculum.toml")

    def lesson(self, unit: Unit) -> Path:
        return self.root / "course" / f"{unit.address}.md"

    def program(self, milestone: Milestone) -> Path:
        return self.root / "course" / f"{milestone.address}.py"

    def stub(self, unit: Unit) -> Path:
        return self.root / "exercises" / f"{unit.address}.py"

    def reference(self, unit: Unit) -> Path:
        return self.root / "solutions" / f"{unit.address}.py"

    def checks(self, unit: Unit) -> Path:
        return self.root / "grader" / "checks" / _checks(unit)

    def hidden_checks(self, unit: Unit) -> Path | None:
        """The unit's hidden checks, where there are any."""
        path = self.hidden and self.hidden / _checks(unit)
        return path if path and path.is_file() else None

    def mistakes(self, unit: Unit) -> Path:
        return self.root / "grader" / "mistakes" / f"{unit.address}.py"


def _checks(unit: Unit) -> PurePosixPath:
    address = PurePosixPath(unit.address)
    return address.with_name(f"test_{address.name}.py")


@cache
def default_course() -> Course:
    """The course of $COURSE_HOME, else the clone this package lies in, else the one an installed wheel carries."""
    if home := os.environ.get("COURSE_HOME"):
        return Course(Path(home).expanduser().resolve())
    package = Path(__file__).resolve().parent.parent
    clone = package.parent
    return Course(clone if (clone / "course" / "curriculum.toml").is_file() else package / "home")
