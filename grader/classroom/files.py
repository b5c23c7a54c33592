"""Files that are written whole or not at all, and names that are safe to use as one."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from grader.curriculum import CourseError

_LONGEST = 100
_JOINERS = "\u200c\u200d"  # invisible, and needed to spell names in several scripts
_UNFINISHED = ".writing-"


@contextmanager
def writing(path: Path, *, binary: bool = False, mode: int = 0o644) -> Iterator[IO[Any]]:
    """A file beside `path` (of text, or of bytes) that takes its name at the end, so that a reader and a killed run see
    the old file or the new one.

    Raises CourseError when the place cannot be written, a full disk included.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
        try:
            bare = os.fdopen(handle, "wb")
            with bare if binary else io.TextIOWrapper(bare, encoding="utf-8", newline="\n") as file:
                yield file
            os.chmod(beside, mode)
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from None


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path`, as `writing` does."""
    with writing(path) as file:
        file.write(text)
    return path


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, as `writing` does."""
    with writing(path, binary=True) as file:
        file.write(data)
    return path


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
        for path in folder.rglob(f"{_UNFINISHED}*"):
            path.unlink(missing_ok=True)
        yield
    finally:
        os.close(lock)


def printable(text: str) -> str:
    """The text with control, formatting, surrogate and unassigned characters replaced, in Unicode's composed form."""
    return "".join(
        "_" if unicodedata.category(one)[0] == "C" and one not in _JOINERS else one
        for one in unicodedata.normalize("NFC", text)
    )


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
