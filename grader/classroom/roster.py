"""The instructor's roster: who is enrolled, how the LMS knows them, when their work is due.

A roster is a CSV with a header line: the export of the class's own LMS (a Canvas gradebook, Moodle's grader report)
with one column more, `student_id`, the name under which the student hands in. Headers are compared without regard
to case, blanks and underscores; columns that are not listed here are passed over.

- `student_id`: required; the student's folder or file name among the submissions.
- `name` (or Canvas's `Student`, or Moodle's `First name` and `Last name`) and `email` (or Moodle's `Email address`).
- What the class's LMS knows students by: the columns that the formats of grader/classroom/export read.
- `due`: ISO 8601, such as 2026-10-01 (the end of that day) or 2026-10-01T18:00; in this machine's time zone unless
  the cell names one. `due UNIT` says it for one unit. An empty cell means that the work is never late.
- `extension`, `extension UNIT`: days that this student has more, such as 2 or 0.5.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from grader.classroom.enrolled import Enrolled, Roster, column
from grader.classroom.export import COLUMNS
from grader.classroom.files import student_id
from grader.curriculum import Course, CourseError, UnknownId
from grader.ground.text import printable

MAX_ROSTER_BYTES = 16 << 20
MAX_EXTENSION_DAYS = 10_000

_NAME, _EMAIL = ("name", "student"), ("email", "emailaddress")
_LMS = frozenset(map(column, COLUMNS))
_READ = {"studentid", "firstname", "lastname", *_NAME, *_EMAIL, *_LMS}


def read_roster(path: Path, course: Course) -> Roster:
    """Read a roster.

    Raises CourseError, one line that names the file's line, when it cannot be read, has no column `student_id`, has a
    student or a header twice, or a date, an extension or a unit that cannot be understood.
    """
    rows = _rows(path)
    at, names = next(rows, (1, []))
    header = _header(course, names, f"{path}, line {at}")
    roster: dict[str, Enrolled] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        where = f"{path}, line {line}"
        if (student := _student(header, cells, where)) is None:
            continue
        if student.id in roster:
            raise CourseError(f"{where}: {student.id} is on line {lines[student.id]} already; a student has one line.")
        roster[student.id] = student
        lines[student.id] = line
    if not roster:
        raise CourseError(f"{path} lists no students; write one line for each.")
    return roster


@dataclass
class _Header:
    """Where things stand in a line: texts by `column`, dates and extensions also by unit id, "" for all units."""

    width: int
    texts: dict[str, int] = field(default_factory=dict)
    due: dict[str, int] = field(default_factory=dict)
    extension: dict[str, int] = field(default_factory=dict)


def _header(course: Course, names: Sequence[str], where: str) -> _Header:
    header = _Header(len(names))
    for place, name in enumerate(names):
        if match := re.fullmatch(r"(due|extension)(?:[\s:]+(.+))?", name, re.IGNORECASE):
            known = header.due if match[1].lower() == "due" else header.extension
            key = _unit(course, match[2], where)
        elif column(name) in _READ:
            known, key = header.texts, column(name)
        else:
            continue
        if key in known:
            raise CourseError(f"{where}: the column {printable(name)} is there twice; keep one of them.")
        known[key] = place
    if "studentid" not in header.texts:
        raise CourseError(
            f"{where}: there is no column student_id; add it, with the names under which students hand in."
        )
    return header


def _student(header: _Header, cells: list[str], where: str) -> Enrolled | None:
    """The student of a line; None if it is nobody's."""
    if len(cells) > header.width:
        raise CourseError(f"{where}: there are {len(cells)} cells under {header.width} headers; mend that line.")
    cells += [""] * (header.width - len(cells))
    texts = {key: cells[place] for key, place in header.texts.items() if cells[place]}
    if not texts or texts.get("student") == "Points Possible":  # Canvas has lines that are nobody's
        return None
    if "studentid" not in texts:
        raise CourseError(f"{where}: there is no student_id; every student needs one.")
    both = f"{texts.get('firstname', '')} {texts.get('lastname', '')}".strip()
    return Enrolled(
        id=student_id(texts["studentid"]),
        name=_last(texts, _NAME) or both,
        email=_last(texts, _EMAIL),
        lms={key: text for key, text in texts.items() if key in _LMS},
        due={unit: _moment(cells[place], where) for unit, place in header.due.items() if cells[place]},
        extension={unit: _days(cells[place], where) for unit, place in header.extension.items() if cells[place]},
    )


def _last(texts: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((texts[key] for key in reversed(keys) if key in texts), "")


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, stripped cells) of each row, whatever a spreadsheet made of the file: a mark, `;`, tabs."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ROSTER_BYTES + 1)
    except OSError as error:
        raise CourseError(f"The roster {path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_ROSTER_BYTES:
        raise CourseError(f"The roster {path} is larger than {MAX_ROSTER_BYTES >> 20} MiB; that is no class.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CourseError(f"{path}, line {line}: this is not UTF-8; save it as “CSV UTF-8”.") from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise CourseError(f"{path}, line {reader.line_num}: this is no CSV ({error}).") from None


def _unit(course: Course, name: str | None, where: str) -> str:
    if name is None:
        return ""
    try:
        return course.curriculum.unit(name).id
    except UnknownId as error:
        raise CourseError(f"{where}: {error}") from None


def _moment(cell: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(cell)
        if re.fullmatch(r"[\dW-]+", cell):  # a date alone
            moment = datetime.combine(moment, time(23, 59, 59))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CourseError(
            f"{where}: {printable(cell)!r} is no date; write it like 2026-10-01 or 2026-10-01T18:00."
        ) from None


def _days(cell: str, where: str) -> timedelta:
    try:
        if abs(days := float(cell)) <= MAX_EXTENSION_DAYS:
            return timedelta(days=days)
    except ValueError:
        pass
    raise CourseError(f"{where}: {printable(cell)!r} is no number of days; write an extension like 2 or 0.5.")
