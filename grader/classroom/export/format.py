"""What a format of exported grades is. A new one is a file beside this, named in `_KINDS` of the package."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from grader.classroom.enrolled import Enrolled
from grader.curriculum import Unit


@dataclass(frozen=True)
class Grades:
    """What is exported: a column a unit, a line a student; `points` by student and unit id."""

    units: tuple[Unit, ...]
    students: tuple[Enrolled, ...]
    points: Mapping[str, Mapping[str, float]]

    def of(self, student: Enrolled) -> list[str]:
        """The student's points, in the order of the units."""
        return [number(self.points[student.id][unit.id]) for unit in self.units]


class Format(ABC):
    """A way to write grades down, for an LMS or a program."""

    name: ClassVar[str]
    """What it is asked for by."""

    title: ClassVar[str]
    """What people call it."""

    known_by: ClassVar[tuple[str, ...]] = ()
    """Columns of the roster by which it finds a student: one of them must be filled."""

    also_reads: ClassVar[tuple[str, ...]] = ()
    """Further columns of the roster that it takes over."""

    needs_roster: ClassVar[bool] = True

    looks_in_one_column: ClassVar[bool] = False
    """It finds all students by the same column, whichever that is."""

    def keys(self, student: Enrolled) -> dict[str, str]:
        """What the student is found by, by its column; "" where the roster does not say it."""
        return {header: student.cell(header) for header in self.known_by}

    @abstractmethod
    def rows(self, grades: Grades) -> Iterator[Sequence[str]]:
        """The lines of the file, its head included."""

    def advice(self, units: Sequence[Unit], by: str) -> Iterator[str]:
        """What the instructor has to know to import it. `by` is the column that finds all students, if one does."""
        yield from ()


def number(points: float) -> str:
    """Points as the LMSs keep them: with two decimals at most."""
    return f"{round(points, 2):g}"


def heading(unit: Unit) -> str:
    return f"{unit.number} {unit.title}"


def table(rows: Iterable[Sequence[str]]) -> str:
    """The lines as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
