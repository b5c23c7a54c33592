"""What a gate says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.curriculum import Course, CourseError


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be. `where` is a path, with a line where there is one, or an exercise's id."""

    gate: int
    unit: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"gate {self.gate}  {self.where}: {self.message}"


def named(course: Course, path: Path) -> str:
    """A file of the course as a finding calls it."""
    return path.relative_to(course.root).as_posix()


def reported(gate: int, unit: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings and, should the gate come to no end (checks that cannot judge, a file missing), that as one more."""
    try:
        yield from findings
    except (CourseError, OSError, SyntaxError) as error:
        yield Finding(gate, unit, unit, f"cannot be run: {error}")
