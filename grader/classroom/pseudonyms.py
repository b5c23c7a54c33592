"""Names for students that tell nothing, the same ones in every run."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable
from pathlib import Path

from grader.curriculum import CourseError
from grader.ground.files import writing

HEADER = ["student", "pseudonym"]


def pseudonyms(path: Path, students: Iterable[str]) -> dict[str, str]:
    """The table at `path`: each student's pseudonym. Those who are not in it get one, and a line there.

    They are drawn by chance, so only the table leads back to a student. It is written readable for its owner alone.
    Raises CourseError when it cannot be read or written.
    """
    known = _table(path, "mend it or, if nobody needs the old ones, delete it")
    taken = set(known.values())
    for student in students:
        if student not in known:
            while (drawn := f"student-{secrets.token_hex(3)}") in taken:
                pass
            known[student] = drawn
            taken.add(drawn)
    with writing(path, mode=0o600) as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *sorted(known.items())])
    return known


def behind(path: Path) -> dict[str, str]:
    """The student behind each pseudonym of the table at `path`; nobody where there is none. Raises CourseError."""
    known = _table(path, "put the one of that class run there")
    return {pseudonym: student for student, pseudonym in known.items()}


def _table(path: Path, remedy: str) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
            if header != HEADER:
                raise ValueError(header)
            return {student: pseudonym for student, pseudonym in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, csv.Error):
        raise CourseError(f"{path} is no table of pseudonyms; {remedy}.") from None
