"""The instructor's roster: who is enrolled, how the LMS knows them, when their work is due.

A roster is a CSV with a header line: the export of the class's own LMS (a Canvas gradebook, Moodle's grader report)
with one column more, `student_id`, the name under which the student hands in. Headers are compared without regard
to case, blanks and underscores; columns that are not listed here are passed over.

- `student_id`: required; the student's folder or file name among the submissions.
- `name` (or Canvas's `Student`, or Moodle's `First name` and `Last name`) and `email` (or Moodle's `Email address`).
- Canvas: `ID`, `SIS User ID`, `SIS Login ID`, `Section`. Moodle: `Username`, `ID number`.
- `due`: ISO 8601, such as 2026-10-01 (the end of that day) or 2026-10-01T18:00; in this machine's time zone unless
  the cell names one. `due UNIT` says it for one unit. An empty cell means that the work is never late.
- `extension`, `extension UNIT`: days that this student has more, such as 2 or 0.5.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from grader.classroom.files import student_id
from grader.curriculum import Course, CourseError, Unit, UnknownId
from grader.ground.text import printable

MAX_ROSTER_BYTES = 16 << 20
MAX_EXTENSION_DAYS = 10_000


@dataclass(frozen=True)
class Enrolled:
    """A student of the roster. A text that the roster does not give is "".

    `id` is the student's everywhere else: verdicts, feedback, gradebook. `due` and `extension` are by unit id, or by
    "" for every unit that has none of its own; dates carry a time zone.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""
    moodle_username: str = ""
    moodle_id_number: str = ""
    due: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    extension: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))

    def due_for(self, unit: Unit) -> datetime | None:
        """When this student's work on a unit is due, the extension included; None if it is never late."""
        due = self.due.get(unit.id, self.due.get(""))
        return due and due + self.extension.get(unit.id, self.extension.get("", timedelta()))


Roster = Mapping[str, Enrolled]
"""The enrolled by student id, in the file's order."""

_TEXTS = {
    "name": "name",
    "student": "name",
    "email": "email",
    "emailaddress": "email",
    "id": "canvas_id",
    "sisuserid": "sis_user_id",
    "sisloginid": "sis_login_id",
    "section": "section",
    "username": "moodle_username",
    "idnumber": "moodle_id_number",
}
"""The field that a column fills."""
_COLUMNS = {"studentid", "firstname", "lastname", *_TEXTS}


def read_roster(path: Path, course: Course) -> Roster:
    """Read a roster.

    Raises CourseError, one line that names the file's line, when it cannot be read, has no column `student_id`, has a
    student or a header twice, or a date, an extension or a unit that cannot be understood.
    """
    rows = _rows(path)
    at, header = next(rows, (1, []))
    where = f"{path}, line {at}"
    columns: dict[str, int] = {}
    dated: dict[tuple[str, str], int] = {}
    for index, name in enumerate(header):
        known: dict[Any, int]
        key: Any
        if match := re.fullmatch(r"(due|extension)(?:[\s:]+(.+))?", name, re.IGNORECASE):
            known, key = dated, (match[1].lower(), _unit(course, match[2], where))
        elif (key := re.sub(r"[\s_]", "", name).lower()) in _COLUMNS:
            known = columns
        else:
            continue
        if key in known:
            raise CourseError(f"{where}: the column {printable(name)} is there twice; keep one of them.")
        known[key] = index
    if "studentid" not in columns:
        raise CourseError(
            f"{where}: there is no column student_id; add it, with the names under which students hand in."
        )

    roster: dict[str, Enrolled] = {}
    lines: dict[str, int] = {}
    for line, cells in rows:
        where = f"{path}, line {line}"
        if len(cells) > len(header):
            raise CourseError(f"{where}: there are {len(cells)} cells under {len(header)} headers; mend that line.")
        cells += [""] * (len(header) - len(cells))
        row = {key: cells[index] for key, index in columns.items() if cells[index]}
        if not row or row.get("student") == "Points Possible":  # Canvas has lines that are nobody's
            continue
        if "studentid" not in row:
            raise CourseError(f"{where}: there is no student_id; every student needs one.")
        if (one := student_id(row["studentid"])) in roster:
            raise CourseError(f"{where}: {one} is on line {lines[one]} already; a student has one line.")
        texts = {"name": f"{row.get('firstname', '')} {row.get('lastname', '')}".strip()}
        texts |= {field: row[key] for key, field in _TEXTS.items() if key in row}
        dates = {key: cells[index] for key, index in dated.items() if cells[index]}
        due = {unit: _moment(cell, where) for (kind, unit), cell in dates.items() if kind == "due"}
        extension = {unit: _days(cell, where) for (kind, unit), cell in dates.items() if kind == "extension"}
        roster[one] = Enrolled(one, **texts, due=due, extension=extension)
        lines[one] = line
    if not roster:
        raise CourseError(f"{path} lists no students; write one line for each.")
    return roster


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
