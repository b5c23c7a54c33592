"""Who is in the class: the entries of a folder of submissions, listed at once and read one by one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.classroom.files import student_id
from grader.curriculum import Course, CourseError, Unit
from grader.ground.text import printable
from grader.judge import Submission, SubmissionError
from grader.judge.terms.submission import MAX_FILE_BYTES

NAMES = ".names.csv"
"""What the table of pseudonyms is called, after the folder whose students go by them."""

_LEFT_BY_SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A student and the names of what was handed in, in the class's folder. Of more than one none is taken."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """What a student handed in, or the one line that says why it cannot be read."""

    submission: Submission
    problem: str | None = None


def list_class(course: Course, folder: Path, leave_out: Path | None = None) -> tuple[list[Entry], list[str]]:
    """The students of `folder`, ordered by id, and the names of entries that are no submissions. Reads no file.

    Every entry is a student: a folder laid out like a workspace, one of nbgrader's `submitted/` tree
    (`<student>/<assignment>/<notebook>.ipynb`), a .zip of either, an .ipynb or a .py. Hidden files and what operating
    systems leave behind are nobody's, nor is `leave_out`. A lone .py file is of the unit whose file name its own ends
    with (`ada_unit4_attention.py` is ada's). Raises CourseError when the folder itself cannot be listed.
    """
    try:
        with os.scandir(folder) as scanned:
            kinds = sorted((entry.name, entry.is_file(follow_symlinks=False)) for entry in scanned)
    except OSError as error:
        raise CourseError(f"The submissions folder {folder} cannot be read: {error.strerror}.") from None
    left_out = leave_out.resolve() if leave_out else None
    inside = left_out is not None and left_out.parent == folder.resolve()
    ours = {left_out.name, f"{left_out.name}{NAMES}"} if left_out and inside else set()
    found: dict[str, list[str]] = {}
    ignored = []
    for name, is_file in kinds:
        if name.startswith(".") or name in _LEFT_BY_SYSTEMS:
            ignored.append(printable(name))
        elif name not in ours:
            owner = name
            if is_file:
                owner = _owner_and_unit(course, name)[0] if name.endswith(".py") else PurePosixPath(name).stem
            found.setdefault(student_id(owner), []).append(name)
    return [Entry(id, tuple(names)) for id, names in sorted(found.items())], ignored


def read_work(course: Course, folder: Path, entry: Entry, units: Sequence[Unit] = ()) -> Work:
    """Read what a student of `folder` handed in. Links are not followed; never raises for what a student did.

    A lone .py file whose name does not say its unit is of the one unit in `units`.
    """
    if not entry.names:
        return Work(Submission({}))
    if len(entry.names) > 1:
        names = ", ".join(map(printable, entry.names))
        return Work(Submission({}), f"Two or more entries are this student's ({names}); keep one of them.")
    path = folder / entry.names[0]
    try:
        if path.suffix != ".py" or path.is_symlink() or not path.is_file():
            return Work(_placed(course, Submission.read(path, course)))
        unit = _owner_and_unit(course, path.name)[1] or (units[0] if len(units) == 1 else None)
        if unit is None:
            raise SubmissionError(f"{path.name} does not say which unit it is: name it like ada_unit4_attention.py.")
        return Work(Submission({unit.address: _source(path)}))
    except SubmissionError as error:
        # Feedback goes to the student: where the class lies on the instructor's machine is not theirs to know.
        return Work(Submission({}), printable(str(error).replace(f"{folder}{os.sep}", "")))


def _owner_and_unit(course: Course, name: str) -> tuple[str, Unit | None]:
    stem = PurePosixPath(name).stem
    for unit in course.curriculum.built:
        file_name = PurePosixPath(unit.address).name
        if stem.endswith(file_name):
            return stem.removesuffix(file_name).rstrip(" _-") or stem, unit
    return stem, None


def _source(path: Path) -> bytes:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise SubmissionError(f"{path.name} is larger than {MAX_FILE_BYTES >> 10} KiB.")
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
