"""Who is in the class: the entries of a folder of submissions, each read into memory once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.classroom.files import printable, student_id
from grader.curriculum import Course, CourseError, Unit
from grader.judge import Submission, SubmissionError
from grader.judge.submission import MAX_FILE_BYTES

_LEFT_BY_SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"}


@dataclass(frozen=True)
class Entry:
    """A student and what was handed in, or the one line that says why it cannot be read."""

    id: str
    submission: Submission
    problem: str | None = None


def read_class(
    course: Course, folder: Path, units: Sequence[Unit] = (), leave_out: Path | None = None
) -> tuple[list[Entry], list[str]]:
    """The students of `folder`, ordered by id, and the names of entries that are no submissions.

    Every entry is a student: a folder laid out like a workspace, one of nbgrader's `submitted/` tree
    (`<student>/<assignment>/<notebook>.ipynb`), a .zip of either, an .ipynb or a .py. Hidden files and what operating
    systems leave behind are nobody's, nor is `leave_out`. Links are not followed. A lone .py file is of the unit
    whose file name its own ends with (`ada_unit4_attention.py` is ada's), else of the one unit in `units`.

    What cannot be read becomes that student's `problem`. Raises CourseError when the folder itself cannot be listed.
    """
    try:
        paths = [Path(entry.path) for entry in os.scandir(folder)]
    except OSError as error:
        raise CourseError(f"The submissions folder {folder} cannot be read: {error.strerror}.") from None
    found: dict[str, list[tuple[Path, Entry]]] = {}
    ignored = []
    for path in sorted(paths):
        if path.name.startswith(".") or path.name in _LEFT_BY_SYSTEMS:
            ignored.append(printable(path.name))
        elif leave_out is None or path.resolve() != leave_out.resolve():
            entry = _read_entry(course, path, units)
            found.setdefault(entry.id, []).append((path, entry))
    return [_one(same) for _, same in sorted(found.items())], ignored


def _one(same: list[tuple[Path, Entry]]) -> Entry:
    if len(same) == 1:
        return same[0][1]
    names = ", ".join(printable(path.name) for path, _ in same)
    return Entry(same[0][1].id, Submission({}), f"Two or more entries are this student's ({names}); keep one of them.")


def _read_entry(course: Course, path: Path, units: Sequence[Unit]) -> Entry:
    is_file = path.is_file() and not path.is_symlink()
    name = path.stem if is_file else path.name
    try:
        if is_file and path.suffix == ".py":
            name, unit = _owner_and_unit(course, path, units)
            if unit is None:
                raise SubmissionError(
                    f"{path.name} does not say which unit it is: name it like ada_unit4_attention.py."
                )
            submission = Submission({unit.address: _source(path)})
        else:
            submission = _placed(course, Submission.read(path, course))
        return Entry(student_id(name), submission)
    except SubmissionError as error:
        # Feedback goes to the student: where the class lies on the instructor's machine is not theirs to know.
        return Entry(student_id(name), Submission({}), printable(str(error).replace(f"{path.parent}{os.sep}", "")))


def _owner_and_unit(course: Course, path: Path, units: Sequence[Unit]) -> tuple[str, Unit | None]:
    for unit in course.curriculum.built:
        file_name = PurePosixPath(unit.address).name
        if path.stem.endswith(file_name):
            return path.stem.removesuffix(file_name).rstrip(" _-") or path.stem, unit
    return path.stem, units[0] if len(units) == 1 else None


def _source(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise SubmissionError(f"{path.name} is larger than {MAX_FILE_BYTES >> 20} MiB.")
    return data


def _placed(course: Course, submission: Submission) -> Submission:
    """Files that lie at no address of the course but are named like one unit's file, put at that unit's address."""
    addresses = {PurePosixPath(unit.address).name: unit.address for unit in course.curriculum.built}
    sources = dict(submission.sources)
    for where in submission.sources:
        address = addresses.get(PurePosixPath(where).name, where)
        if address not in sources:
            sources[address] = sources.pop(where)
    return replace(submission, sources=sources)
