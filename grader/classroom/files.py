"""A class run's own folder, and names that are safe to use as a file's."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.curriculum import CourseError
from grader.ground.files import clear_unfinished
from grader.ground.text import printable

_LONGEST = 100


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make `folder`, keep other runs out of it, and clear away what a killed one left half written.

    Raises CourseError when another run is at work there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CourseError(f"{folder} cannot be written: {error.strerror}.") from None
    try:
        with suppress(ImportError):  # Windows
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise CourseError(
                    f"Another run is grading into {folder}; wait for it, or choose another --out."
                ) from None
        clear_unfinished(folder)
        yield
    finally:
        os.close(lock)


def readable(path: Path) -> str:
    """The text of a file of the course. Raises CourseError when it is not there, or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CourseError(f"{path} cannot be read ({reason}); a built unit needs it.") from None


def student_id(name: str) -> str:
    """The id of the student whose submission is called `name`: the name itself wherever it is safe.

    The id is a file name, a database key and a line on a screen. A name with control characters, of more than 100
    characters or with blanks at its ends is mended, and gets a digest of the original so that two names never
    become one student.
    """
    safe = printable(name).strip()
    while len(safe.encode()) > _LONGEST:
        safe = safe[:-1]
    if safe == unicodedata.normalize("NFC", name):
        return safe
    return f"{safe}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"
