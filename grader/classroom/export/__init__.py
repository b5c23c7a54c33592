"""Grades for an LMS, from a finished class run and its gradebook.

What a person entered in formgrader counts, and late penalties are taken off, as in `nbgrader export`. A unit is a
column. Each format is a file of this package. Whom the roster does not know, or knows without what the LMS knows them
by, is not in what is written, and is named.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.classroom.enrolled import Enrolled, Roster
from grader.classroom.export.canvas import Canvas
from grader.classroom.export.format import Format, Grades, table
from grader.classroom.export.moodle import Moodle
from grader.classroom.export.spreadsheet import Spreadsheet
from grader.classroom.gradebook import require_nbgrader, sqlite, unit_scores
from grader.classroom.pseudonyms import behind
from grader.classroom.report import spreadsheet_text
from grader.curriculum import Course, CourseError, Unit
from grader.ground.files import write_text
from grader.ground.text import printable

_KINDS: tuple[Format, ...] = (Spreadsheet(), Canvas(), Moodle())

FORMATS = tuple(kind.name for kind in _KINDS)

COLUMNS = tuple(header for kind in _KINDS for header in (*kind.known_by, *kind.also_reads))
"""The columns of a roster that formats read."""


@dataclass(frozen=True)
class Export:
    """What was written: `students` of the run are in `path`; `unmatched` are not, each with the reason; `absent` are
    enrolled and not in the run. `by` is the column that finds all of them, where the LMS looks in one, else "".
    `advice` are lines for the instructor, who is to import it."""

    path: Path
    units: tuple[Unit, ...]
    students: tuple[str, ...]
    unmatched: dict[str, str]
    absent: tuple[str, ...]
    by: str
    advice: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "file": str(self.path),
            "units": [unit.id for unit in self.units],
            "students": list(self.students),
            "unmatched": self.unmatched,
            "absent": list(self.absent),
            "by": self.by,
        }


def export(
    course: Course,
    run: Path,
    format: str,
    roster: Roster | None = None,
    *,
    gradebook: str | None = None,
    names: Path | None = None,
    to: Path | None = None,
) -> Export:
    """Write the grades of the class run in `run` to `to`, by default `run/export-<format>.csv`.

    Students of an anonymous run go by their pseudonyms; with a roster and `names`, the table of them, by their names.

    Raises CourseError, and writes nothing, for another format, a folder without a finished run, a gradebook that is not
    there, a missing roster, a roster in which two students are the LMS's same, and a run of which nobody is matched.
    """
    kind = _kind(format, roster)
    require_nbgrader()
    units, ids = _finished(course, run)
    points = unit_scores(gradebook or sqlite(run / "gradebook.db"), units, ids)
    if roster is not None and names is not None:
        students = behind(names)
        points = {students.get(id, id): theirs for id, theirs in points.items()}
    found = _match(kind, sorted(points), roster)
    if not found.students:
        first = min(points)
        raise CourseError(
            f"None of the {len(points)} students in {run} can be matched: {first} {found.unmatched[first]}."
        )
    _all_different(kind, found.students)
    grades = Grades(units, found.students, points)
    return Export(
        path=write_text(to or run / f"export-{format}.csv", table(kind.rows(grades))),
        units=units,
        students=tuple(student.id for student in found.students),
        unmatched=dict(sorted(found.unmatched.items())),
        absent=tuple(id for id in roster or () if id not in points),
        by=found.by,
        advice=tuple(kind.advice(units, found.by)),
    )


def _kind(format: str, roster: Roster | None) -> Format:
    for kind in _KINDS:
        if kind.name == format:
            if kind.needs_roster and roster is None:
                raise CourseError(f"How {kind.title} knows the students, a roster must say: add --roster FILE.")
            return kind
    raise CourseError(f"There is no export format {format!r}; choose one of {', '.join(FORMATS)}.")


def _finished(course: Course, run: Path) -> tuple[tuple[Unit, ...], list[str]]:
    """The units and the students of a finished run: grades.csv is written last, and its head names the units."""
    try:
        with (run / "grades.csv").open(encoding="utf-8", newline="") as file:
            head, *rows = [*csv.reader(file)] or [[]]
        listed = {row[0] for row in rows if row}  # a verdict may be of somebody who has left
        ids = sorted(path.stem for path in (run / "verdicts").glob("*.json") if spreadsheet_text(path.stem) in listed)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise CourseError(
            f"{run} holds no finished class run; `course grade SUBMISSIONS --out {run}` makes one."
        ) from None
    units = tuple(unit for unit in course.curriculum.built if unit.id in head)
    if not units or not ids:
        raise CourseError(f"{run} holds a class run without units or students of this course; grade it anew.")
    return units, ids


@dataclass(frozen=True)
class _Match:
    """Whom the LMS will find, by which column if it looks in one; and whom it will not, each with the reason."""

    students: tuple[Enrolled, ...]
    unmatched: dict[str, str]
    by: str = ""


def _match(kind: Format, ids: Sequence[str], roster: Roster | None) -> _Match:
    students: list[Enrolled] = []
    unmatched: dict[str, str] = {}
    for id in ids:
        student = Enrolled(id) if roster is None else roster.get(id)
        if student is None:
            unmatched[id] = "is not in the roster"
        elif not any(kind.keys(student).values()):
            unmatched[id] = f"has none of {', '.join(kind.keys(student))} in the roster"
        else:
            students.append(student)
    found = _Match(tuple(students), unmatched)
    return _in_one_column(kind, found) if kind.looks_in_one_column and students else found


def _in_one_column(kind: Format, found: _Match) -> _Match:
    """The same, without those who are not in the column that finds the most."""
    filled = Counter(header for student in found.students for header, key in kind.keys(student).items() if key)
    by = max(kind.keys(found.students[0]), key=lambda header: filled[header])
    lost = {student.id: f"has no {by} in the roster" for student in found.students if not kind.keys(student)[by]}
    students = tuple(student for student in found.students if student.id not in lost)
    return _Match(students, found.unmatched | lost, by)


def _all_different(kind: Format, students: Sequence[Enrolled]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for student in students:
        for header, key in kind.keys(student).items():
            if key and (other := seen.setdefault((header, key), student.id)) != student.id:
                raise CourseError(
                    f"In the roster {other} and {student.id} have the same {header}, {printable(key)}; "
                    "mend one of them."
                )
