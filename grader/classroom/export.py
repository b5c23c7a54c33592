"""Grades for an LMS, from a finished class run and its gradebook.

What a person entered in formgrader counts, and late penalties are taken off, as in `nbgrader export`. A unit is a
column.

- `csv`: for a spreadsheet: student, name, email, units, sum. Needs no roster.
- `canvas`: what Canvas's gradebook imports (github.com/instructure/canvas-lms, lib/gradebook_importer.rb): Student,
  ID, SIS User ID, SIS Login ID, Section, then assignments, and a second line with their points. A column whose title
  Canvas does not know becomes a new assignment.
- `moodle`: what Moodle's CSV import maps (docs.moodle.org/en/Grade_import): Username, ID number, Email address, then
  grade items.

Whom the roster does not know, or knows without what the LMS knows them by, is not in the file, and is named.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.classroom.gradebook import require_nbgrader, sqlite, unit_scores
from grader.classroom.report import spreadsheet_text
from grader.classroom.roster import Enrolled, Roster
from grader.curriculum import Course, CourseError, Unit
from grader.ground.files import write_text
from grader.ground.text import printable

FORMATS = ("csv", "canvas", "moodle")

_KNOWN_BY: dict[str, Callable[[Enrolled], dict[str, str]]] = {
    "csv": lambda one: {"student_id": one.id},
    "canvas": lambda one: {"ID": one.canvas_id, "SIS User ID": one.sis_user_id, "SIS Login ID": one.sis_login_id},
    "moodle": lambda one: {
        "Username": one.moodle_username,
        "ID number": one.moodle_id_number,
        "Email address": one.email,
    },
}
"""What an LMS finds a student by, by its column's header."""


@dataclass(frozen=True)
class Export:
    """What was written: `students` of the run are in `path`; `unmatched` are not, each with the reason; `absent` are
    enrolled and not in the run. `by` is the column that Moodle is to find students by, for other formats ""."""

    path: Path
    units: tuple[Unit, ...]
    students: tuple[str, ...]
    unmatched: dict[str, str]
    absent: tuple[str, ...]
    by: str

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
    if format not in FORMATS:
        raise CourseError(f"There is no export format {format!r}; choose one of {', '.join(FORMATS)}.")
    if roster is None and format != "csv":
        raise CourseError(f"How {format.capitalize()} knows the students, a roster must say: add --roster FILE.")
    require_nbgrader()
    units, ids = _finished(course, run)
    scores = unit_scores(gradebook or sqlite(run / "gradebook.db"), units, ids)
    if roster is not None and names is not None:
        behind = _behind(names)
        scores = {behind.get(id, id): its for id, its in scores.items()}
        ids = sorted(scores)

    enrolled, unmatched = [], {}
    for id in ids:
        one = Enrolled(id) if roster is None else roster.get(id)
        if one is None:
            unmatched[id] = "is not in the roster"
        elif not any(_KNOWN_BY[format](one).values()):
            unmatched[id] = f"has none of {', '.join(_KNOWN_BY[format](one))} in the roster"
        else:
            enrolled.append(one)
    by = ""
    if format == "moodle" and enrolled:  # Moodle looks in one column for all of them
        has = Counter(name for one in enrolled for name, value in _KNOWN_BY[format](one).items() if value)
        by = max(_KNOWN_BY[format](enrolled[0]), key=lambda name: has[name])
        unmatched |= {one.id: f"has no {by} in the roster" for one in enrolled if not _KNOWN_BY[format](one)[by]}
        enrolled = [one for one in enrolled if one.id not in unmatched]
    if not enrolled:
        raise CourseError(f"None of the {len(ids)} students in {run} can be matched: {ids[0]} {unmatched[ids[0]]}.")
    _all_different(format, enrolled)

    path = to or run / f"export-{format}.csv"
    write_text(path, _WRITERS[format](units, enrolled, scores))
    absent = tuple(id for id in roster or () if id not in scores)
    return Export(path, units, tuple(one.id for one in enrolled), dict(sorted(unmatched.items())), absent, by)


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


def _behind(names: Path) -> dict[str, str]:
    """The student behind each pseudonym of an anonymous run; nobody where there is no table."""
    try:
        with names.open(encoding="utf-8", newline="") as file:
            return {row["pseudonym"]: row["student"] for row in csv.DictReader(file)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, csv.Error):
        raise CourseError(f"{names} is no table of pseudonyms; put the one of that class run there.") from None


def _all_different(format: str, enrolled: Sequence[Enrolled]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for one in enrolled:
        for header, value in _KNOWN_BY[format](one).items():
            if value and (other := seen.setdefault((header, value), one.id)) != one.id:
                raise CourseError(
                    f"In the roster {other} and {one.id} have the same {header}, {printable(value)}; mend one of them."
                )


Grades = dict[str, dict[str, float]]


def _csv(units: Sequence[Unit], enrolled: Sequence[Enrolled], grades: Grades) -> str:
    rows: list[list[str]] = [["student_id", "name", "email", *(unit.id for unit in units), "points", "max_points"]]
    most = sum(unit.points for unit in units)
    for one in enrolled:
        points = [grades[one.id][unit.id] for unit in units]
        who = [spreadsheet_text(text) for text in (one.id, one.name, one.email)]
        rows.append([*who, *map(_number, points), _number(sum(points)), _number(most)])
    return _table(rows)


def _canvas(units: Sequence[Unit], enrolled: Sequence[Enrolled], grades: Grades) -> str:
    rows: list[list[str]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *map(_title, units)],
        ["    Points Possible", "", "", "", "", *(_number(unit.points) for unit in units)],
    ]
    for one in enrolled:
        who = [spreadsheet_text(one.name or one.id), one.canvas_id, one.sis_user_id, one.sis_login_id, one.section]
        rows.append([*who, *(_number(grades[one.id][unit.id]) for unit in units)])
    return _table(rows)


def _moodle(units: Sequence[Unit], enrolled: Sequence[Enrolled], grades: Grades) -> str:
    rows: list[list[str]] = [["Username", "ID number", "Email address", *map(_title, units)]]
    for one in enrolled:
        points = (_number(grades[one.id][unit.id]) for unit in units)
        rows.append([one.moodle_username, one.moodle_id_number, one.email, *points])
    return _table(rows)


_WRITERS = {"csv": _csv, "canvas": _canvas, "moodle": _moodle}


def _title(unit: Unit) -> str:
    return f"{unit.number} {unit.title}"


def _number(points: float) -> str:
    return f"{round(points, 2):g}"  # two decimals are what the LMSs keep


def _table(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
