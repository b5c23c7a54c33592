"""The progress log, and what follows from it: what is passed, what is open, what comes next.

The log, `.course/progress.jsonl`, is append-only: one event a line, fsynced. Its order is that of its
times, so lines that git merged from two machines, in any order and doubled, mean the same. A line that
cannot be read (torn by a power cut, from a newer course, edited by hand) is passed over and counted; an id
the course no longer knows is ignored.

What counts as passed: an exercise is passed while its own code, and what that uses in the same file, is
what a passing verdict was given to. Comments, layout and docstrings do not matter. Once edited, it reads
`passed, edited since`: it keeps its place on the road, but opens no gate until it has been judged again.
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
from typing import IO, TYPE_CHECKING, Any, Literal

from grader.curriculum import Course, CourseError, Exercise, Phase, Unit
from grader.learner import source

if TYPE_CHECKING:
    from grader.learner.workspace import Workspace

SCHEMA = 1
PASSED = "passed"
EDITED = "passed, edited since"
NOT_ATTEMPTED = "not attempted"
VERDICTS = (PASSED, "failed", "crashed", "timed out", NOT_ATTEMPTED)

Kind = Literal["verdict", "hint", "solution", "reset"]


@dataclass(frozen=True)
class Event:
    """One line of the log. `exercise` is the id of an exercise, or of a project whose training was judged.

    `code` is the fingerprint of the exercise's own code, `file` the digest of the file that held it: as long as that
    is the same, so is the code. `source_sha256` names the whole submission that was judged.
    """

    time: str
    kind: Kind
    exercise: str
    verdict: str | None = None
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
            event = cls(**{key: fields[key] for key in fields.keys() & cls.__dataclass_fields__.keys()})
            readable = event.moment and isinstance(event.exercise, str) and isinstance(event.kind, str)
        except (ValueError, TypeError, RecursionError, OverflowError):
            return None
        verdict_known = event.verdict in VERDICTS if event.kind == "verdict" else True
        return event if readable and verdict_known else None


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


class Road:
    """Where a learner stands: the curriculum, the log and the files as they are now, put together once."""

    def __init__(self, course: Course, workspace: Workspace):
        self.curriculum = course.curriculum
        self.events, self.unreadable = workspace.log.read()
        self._history: dict[str, list[Event]] = {}
        for event in self.events:
            if event.kind == "reset":
                self._history[event.exercise] = []
            elif event.kind == "verdict":
                self._history.setdefault(event.exercise, []).append(event)
        self.verdicts: dict[str, str] = {}
        for unit in self.curriculum.built:
            judged = any(self._history.get(exercise.id) for exercise in unit.exercises)
            text = workspace.text(unit) if judged else None
            file = source.digest(text) if text is not None else None
            for exercise in unit.exercises:
                self.verdicts[exercise.id] = self._verdict(exercise, text, file)

    def _verdict(self, exercise: Exercise, text: str | None, file: str | None) -> str:
        history = self._history.get(exercise.id, [])
        if not history:
            return NOT_ATTEMPTED
        known = [event.code for event in history if event.file == file and event.code] if file else []
        now = known[-1] if known else source.fingerprint(text, exercise.names) if text is not None else None
        for event in reversed(history):
            if now is not None and event.code == now:
                return event.verdict or NOT_ATTEMPTED
        last = history[-1].verdict or NOT_ATTEMPTED
        return EDITED if last == PASSED else last

    def passed(self, unit: Unit) -> bool:
        """Whether it opens what needs it: all exercises passed as they are now, a project trained too."""
        return not unit.coming and not self.waiting(unit) and (unit.kind == "unit" or self.trained(unit))

    def left(self, phase: Phase) -> list[Unit]:
        """The units of a phase, and of those before it, that are built and not passed."""
        units = [unit for one in self.curriculum.phases if one.number <= phase.number for unit in one.units]
        return [unit for unit in units if not (unit.coming or self.passed(unit))]

    def waiting(self, unit: Unit) -> list[Exercise]:
        """The exercises of a unit that no passing verdict stands for as they are now."""
        return [exercise for exercise in unit.exercises if self.verdicts[exercise.id] != PASSED]

    def trained(self, project: Unit) -> bool:
        """Whether a training run of the project has been accepted."""
        return any(event.verdict == PASSED for event in self._history.get(project.id, ()))

    def ever_passed(self, exercise: Exercise) -> bool:
        """Whether any version of it has passed, before a reset too."""
        return any(event.verdict == PASSED for event in self.events if event.exercise == exercise.id)

    def hints_taken(self, exercise: Exercise) -> int:
        """The highest rung of the ladder that has been shown."""
        rungs = [event.rung for event in self.events if event.kind == "hint" and event.exercise == exercise.id]
        return max((rung for rung in rungs if isinstance(rung, int)), default=0)

    def locked_by(self, unit: Unit) -> list[Unit]:
        return [needed for needed in self.curriculum.prerequisites(unit) if not self.passed(needed)]

    def state(self, unit: Unit) -> Literal["passed", "open", "locked", "coming"]:
        if unit.coming:
            return "coming"
        if self.passed(unit):
            return "passed"
        return "locked" if self.locked_by(unit) else "open"

    @property
    def next(self) -> Exercise | Unit | None:
        """The first thing to do: an exercise, or a project that is written and waits to be trained.

        A project comes as soon as the units it needs are passed. None when all that is built is passed.
        """
        order = list(self.curriculum.units)
        for project in self.curriculum.projects:
            needed = [order.index(unit) for unit in self.curriculum.prerequisites(project)]
            order.insert(max(needed, default=-1) + 1, project)
        for unit in order:
            if self.state(unit) == "open":
                waiting = self.waiting(unit)
                return min(waiting, key=lambda one: self.verdicts[one.id] == EDITED) if waiting else unit
        return None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: {"schema": 1, "units": {id: …}, "projects": {id: …}, "next": id or null,
        "unreadable_lines": n}.

        A unit is {"number", "title", "state", "passed", "total", "points", "max_points", "exercises": {id:
        verdict}, "locked_by": [ids]}; `passed` counts those edited since. A project has "trained" besides.
        """
        upcoming = self.next
        return {
            "schema": SCHEMA,
            "units": {unit.id: self._entry(unit) for unit in self.curriculum.units},
            "projects": {unit.id: self._entry(unit) for unit in self.curriculum.projects},
            "next": upcoming.id if upcoming else None,
            "unreadable_lines": self.unreadable,
        }

    def _entry(self, unit: Unit) -> Mapping[str, Any]:
        standing = [exercise for exercise in unit.exercises if self.verdicts[exercise.id] in (PASSED, EDITED)]
        state = self.state(unit)
        entry = {
            "number": unit.number,
            "title": unit.title,
            "state": state,
            "passed": len(standing),
            "total": len(unit.exercises),
            "points": sum(exercise.points for exercise in standing),
            "max_points": unit.points,
            "exercises": {exercise.id: self.verdicts[exercise.id] for exercise in unit.exercises},
            "locked_by": [needed.id for needed in self.locked_by(unit)] if state == "locked" else [],
        }
        return {**entry, "trained": self.trained(unit)} if unit.kind == "project" else entry


def road(course: Course, workspace: Workspace) -> dict[str, Any]:
    """Where the learner stands, as plain data: see Road.to_dict."""
    return Road(course, workspace).to_dict()
