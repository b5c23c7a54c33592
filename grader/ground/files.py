"""Files that are written whole or not at all: a reader, and a run that is killed, see the old one or the new one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from grader.ground.errors import CourseError

_UNFINISHED = ".writing-"
_UMASK = os.umask(0o077)  # can only be asked for by setting it, which threads must not see: so once, here
os.umask(_UMASK)


@contextmanager
def replacing(path: Path, *, mode: int | None = None, durable: bool = False) -> Iterator[Path]:
    """A path beside `path`, of its suffix, for the block to write to; it takes the place of `path` if that succeeds.

    `mode` are its rights: by default those of the file that it replaces, or what the user's umask leaves. `durable`
    waits until it is on the disk, so that a power cut cannot take both. Raises CourseError when the place cannot be
    written; what the block raises leaves as it is.
    """
    import tempfile  # costs the start of every command

    with _in_one_line(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED, suffix=f"-{path.name}")
        os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with _in_one_line(path):
            os.chmod(beside, mode if mode is not None else _rights(path))  # mkstemp's is only its owner's to read
            if durable:
                with beside.open("rb") as file:
                    os.fsync(file.fileno())
            os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def writing(path: Path, *, binary: bool = False, mode: int | None = None) -> Iterator[IO[Any]]:
    """An open file (of text with `\\n` line ends, or of bytes) that becomes `path`, as `replacing` does."""
    with _in_one_line(path), replacing(path, mode=mode) as beside:
        kind: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": "\n"}
        with beside.open(**kind) as file:
            yield file


def write_text(path: Path, text: str) -> Path:
    """Write `text` to `path`, whole or not at all. Raises CourseError."""
    with writing(path) as file:
        file.write(text)
    return path


def write_bytes(path: Path, data: bytes) -> Path:
    """Write `data` to `path`, whole or not at all. Raises CourseError."""
    with writing(path, binary=True) as file:
        file.write(data)
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write a JSON document for people to read, whole or not at all, and on the disk. Raises CourseError."""
    with replacing(path, durable=True) as beside:
        beside.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_json(path: Path) -> Any:
    """The file's content, or None if it is missing or torn."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeDecodeError, json.JSONDecodeError):
        return None


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left half written below `folder`. Only for whoever has the folder to themselves."""
    for path in folder.rglob(f"{_UNFINISHED}*"):
        path.unlink(missing_ok=True)


def _rights(path: Path) -> int:
    return path.stat().st_mode if path.exists() else 0o666 & ~_UMASK


@contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from None
