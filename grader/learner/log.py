"""The progress log: what happened in a workspace, one event a line.

The log, `.course/progress.jsonl`, is append-only, each append fsynced. Its order is that of its times, so lines that
git merged from two machines, in any order and doubled, mean the same. A line that cannot be read (torn by a power cut,
edited by hand) is passed over and counted; an id, a kind or an outcome of a newer course is taken as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal

from grader.curriculum import CourseError
from grader.judge import Outcome, Unknown, outcome

SCHEMA = 1

Kind = Literal["verdict", "hint", "solution", "reset", "acceptance", "milestone"]


@dataclass(frozen=True)
class Event:
    """One line of the log. `exercise` is the id of what it is about: an exercise; for an acceptance a project; for a
    milestone its phase. A verdict and an acceptance have a `verdict`, and of an exercise in parts it says each by its
    name; a passed one of before there were parts counts for all.

    `code` is the fingerprint of the exercise's own code, `file` the digest of the file that held it: as long as that
    is the same, so is the code. `source_sha256` names the whole submission that was judged.
    """

    time: str
    kind: Kind
    exercise: str
    verdict: Outcome | Unknown | None = None
    parts: Mapping[str, Outcome | Unknown] | None = None
    code: str | None = None
    file: str | None = None
    source_sha256: str | None = None
    seed: int | None = None
    checker: str | None = None
    rung: int | None = None

    @classmethod
    def now(cls, kind: Kind, exercise: str, **fields: Any) -> Event:
        return cls(datetime.now(UTC).isoformat(timespec="microseconds"), kind, exercise, **fields)

    @cached_property
    def moment(self) -> datetime:
        moment = datetime.fromisoformat(self.time)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def line(self) -> str:
        fields = {key: value for key, value in asdict(self).items() if value is not None}
        return json.dumps({"schema": SCHEMA, **fields}, ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> Event | None:
        """The event a line holds; None if it holds none that this version understands."""
        try:
            fields = json.loads(line)
            if not isinstance(fields, dict) or fields.pop("schema", None) != SCHEMA:
                return None
            if fields.get("kind") in ("verdict", "acceptance"):
                fields["verdict"] = outcome(_text(fields["verdict"]))
            if "parts" in fields:
                fields["parts"] = {name: outcome(_text(word)) for name, word in fields["parts"].items()}
            event = cls(**{key: fields[key] for key in fields.keys() & cls.__dataclass_fields__.keys()})
            return event if (_text(event.exercise), _text(event.kind), event.moment) else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


class Log:
    """The append-only log at `path`."""

    def __init__(self, path: Path):
        self.path = path

    def append(self, events: Iterable[Event]) -> None:
        """Write the events as whole lines, on disk when this returns. Several processes may append at once.

        A last line that was torn is closed first, so that it can take nothing of ours with it.
        """
        text = "".join(f"{event.line()}\n" for event in events)
        if not text:
            return
        with self._open("ab+") as stream, _locked(stream):
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                text = text if stream.read(1) == b"\n" else f"\n{text}"
            stream.write(text.encode("utf-8", "replace"))
            stream.flush()
            os.fsync(stream.fileno())

    def read(self) -> tuple[list[Event], int]:
        """All events by time, and how many lines could not be read. A missing log is an empty one."""
        if not self.path.exists():
            return [], 0
        with self._open("rb") as stream:
            lines = [line for line in stream.read().decode("utf-8", "replace").split("\n") if line.strip()]
        events = [event for event in map(Event.read, lines) if event]
        return sorted(events, key=lambda event: event.moment), len(lines) - len(events)

    @contextlib.contextmanager
    def _open(self, mode: str) -> Iterator[IO[bytes]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, mode) as stream:
                yield stream
        except OSError as error:
            raise CourseError(
                f"The progress log {self.path} cannot be opened ({error.strerror}): mend or move it."
            ) from None


@contextlib.contextmanager
def _locked(stream: IO[bytes]) -> Iterator[None]:
    """Hold the file for one append, so that healing a torn line cannot cut into another process's."""
    try:
        import fcntl
    except ImportError:  # Windows: appends of this size are whole, and a torn line is only passed over
        yield
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)
