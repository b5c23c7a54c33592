"""Files that are written whole or not at all, and names that are safe to use as one."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from pathlib import Path

from grader.curriculum import CourseError

_LONGEST = 100
_JOINERS = "\u200c\u200d"  # invisible, and needed to spell names in several scripts


def write_text(path: Path, text: str) -> Path:
    """Write beside `path`, then rename, so that a reader and a killed run see the old file or the new one.

    Raises CourseError when the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(beside, 0o644)
            os.replace(beside, path)
        except BaseException:
            os.unlink(beside)
            raise
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from None
    return path


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
