"""A learner's workspace: a folder laid out like exercises/, with `.course/` for what the course remembers.

phase2_deep_learning/unit4_attention.py    the learner's work
.course/workspace.json                     the marker: schema, course, version
.course/progress.jsonl                     the log (grader.learner.log)
.course/verdicts.json                      what was last said of each exercise (grader.learner.told)
.course/stubs/                             the stubs as they were handed out: what `update` compares with
.course/kept/<time>/                       work that `reset` and `update` put aside
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from grader.curriculum import Course, CourseError, Exercise, Milestone, Unit
from grader.ground.files import write_text
from grader.learner import source
from grader.learner.log import Event, Log

SCHEMA = 1
_ROOMS = ("course", "exercises", "solutions", "grader", "site", "tests")


class UnreadableMarker(CourseError):
    """.course/workspace.json is there and cannot be read. `update` mends it."""


@dataclass(frozen=True)
class Changes:
    """What a command did to the files of a workspace, as paths relative to it."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Workspace:
    root: Path

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The workspace that `start` lies in. Raises CourseError if there is none."""
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / ".course" / "workspace.json").exists():
                return cls(folder)
        raise CourseError(f"{start} is not in a workspace: `course init DIR` makes one; then run this inside it.")

    @classmethod
    def create(cls, root: Path, course: Course) -> tuple[Workspace, Changes]:
        """Write what a workspace at `root` still lacks. A file that is there already is never overwritten."""
        root = root.expanduser().absolute()
        if course.root in (
            resolved := root.resolve(),
            *(resolved.parents if _in_room(resolved, course) else ()),
        ):
            raise CourseError(f"{root} belongs to the course itself: choose your own, as in `course init ~/diffusion`.")
        workspace, changes = cls(root), Changes()
        if workspace._marker.exists():
            workspace.opens(course)
        with _filesystem(root):
            for name, text in workspace._furniture(course).items():
                workspace._add(name, text, changes)
            for unit in course.curriculum.built:
                stub = _stub(course, unit)
                if workspace._add(f"{unit.address}.py", stub, changes):
                    write_text(workspace._pristine(unit), stub)
            workspace._add(".course/progress.jsonl", "", changes)
            workspace._add(".course/workspace.json", _marker_text(course), changes)
        return workspace, changes

    def opens(self, course: Course) -> str | None:
        """Whether this course can work here. None, or one line about an older workspace.

        Raises CourseError if the marker is unreadable, or written by a newer course than this one.
        """
        try:
            marker = json.loads(self._marker.read_bytes())
            schema, version = int(marker["schema"]), str(marker["version"])
        except (OSError, ValueError, TypeError, KeyError):
            raise UnreadableMarker(f"{self._marker} cannot be read; `course update` writes it anew.") from None
        mine = course.curriculum.version
        if schema > SCHEMA or _order(version) > _order(mine):
            raise CourseError(
                f"This workspace was made by course {version}, newer than the {mine} installed here: "
                "install that version, then try again."
            )
        if _order(version) < _order(mine):
            return f"This workspace is from course {version}; `course update` brings the stubs of {mine}."
        return None

    @cached_property
    def log(self) -> Log:
        return Log(self.root / ".course" / "progress.jsonl")

    @property
    def told(self) -> Path:
        """Where is kept what was last said of each exercise."""
        return self.root / ".course" / "verdicts.json"

    def file(self, unit: Unit) -> Path:
        return self.root / f"{unit.address}.py"

    def picture(self, milestone: Milestone) -> Path:
        """Where a milestone's picture is kept: beside the phase's files."""
        return self.root / f"{milestone.address}.png"

    def text(self, unit: Unit) -> str | None:
        """The learner's file of this unit; None if it is missing or unreadable, which judging will say."""
        try:
            return self.file(unit).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def line(self, exercise: Exercise, unit: Unit) -> int | None:
        """The line (from 1) on which the learner's file begins the exercise; None if it does not."""
        text = self.text(unit)
        return source.line(text, exercise.name) if text is not None else None

    def untouched(self, unit: Unit, course: Course) -> bool:
        """Whether the learner's file is missing or still the stub."""
        text = self.text(unit)
        return text is None or text in (_text(self._pristine(unit)), _text(course.stub(unit)))

    def reset(self, found: Unit | Exercise, course: Course, *, now: datetime | None = None) -> Changes:
        """Put the stub of a unit or one exercise back. The learner's file is kept aside, and the log told."""
        unit = course.curriculum.unit(found.unit_id) if isinstance(found, Exercise) else found
        if unit.coming:
            raise CourseError(f"{unit.number} {unit.title} is coming: there is nothing to reset yet.")
        stub, mine, changes = _stub(course, unit), self.text(unit), Changes()
        fresh, exercises = stub, unit.exercises
        if isinstance(found, Exercise):
            exercises = (found,)
            if mine is not None:
                fresh = mine
                try:
                    parts = source.definitions(stub)
                    for name in found.names:
                        fresh = source.replace(fresh, name, parts[name], f"{unit.address}.py")
                except source.DoesNotParse as error:
                    raise CourseError(f"{error} To start the whole file afresh: `course reset {unit.id}`.") from None
        with _filesystem(self.file(unit)):
            if mine is not None and mine != fresh:
                changes.kept.append(self._keep(unit, now))
            if mine != fresh:
                write_text(self.file(unit), fresh)
                changes.written.append(f"{unit.address}.py")
            if fresh == stub:
                write_text(self._pristine(unit), stub)
        self.log.append([Event.now("reset", exercise.id) for exercise in exercises])
        return changes

    def update(self, course: Course, *, now: datetime | None = None) -> Changes:
        """Bring this course's stubs and furniture, leaving every line that the learner wrote as it is."""
        with contextlib.suppress(UnreadableMarker):
            self.opens(course)
        changes = Changes()
        with _filesystem(self.root):
            for name, text in self._furniture(course).items():
                self._add(name, text, changes)
            for unit in course.curriculum.built:
                self._update_unit(unit, course, changes, now)
            write_text(self._marker, _marker_text(course))
        return changes

    def _update_unit(self, unit: Unit, course: Course, changes: Changes, now: datetime | None) -> None:
        path, new, mine = f"{unit.address}.py", _stub(course, unit), self.text(unit)
        base = _text(self._pristine(unit))
        if mine is None or mine == base:
            merged = new
        elif base is None:
            # Nothing tells what the learner changed in it: it is all theirs.
            changes.notes.append(f"{path}: left as it is; compare with the new stub by `course reset {unit.id}`.")
            return
        else:
            try:
                merged = source.merge(base, mine, new, path)
            except source.DoesNotParse as error:
                changes.notes.append(f"{error} Left as it is; mend it and run `course update` again.")
                return
        if merged != mine:
            if mine is not None and mine != base:
                changes.kept.append(self._keep(unit, now))
            write_text(self.file(unit), merged)
            changes.written.append(path)
        if base != new:
            write_text(self._pristine(unit), new)

    @property
    def _marker(self) -> Path:
        return self.root / ".course" / "workspace.json"

    def _pristine(self, unit: Unit) -> Path:
        return self.root / ".course" / "stubs" / f"{unit.address}.py"

    def _keep(self, unit: Unit, now: datetime | None) -> str:
        """Copy the learner's file into .course/kept/<time>/, never onto an earlier copy."""
        stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        for suffix in ("", *(f".{number}" for number in range(1, 1000))):
            kept = self.root / ".course" / "kept" / f"{stamp}{suffix}" / f"{unit.address}.py"
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(self.file(unit).read_bytes())
                return kept.relative_to(self.root).as_posix()
        raise CourseError(f"{self.root / '.course' / 'kept'} holds too many copies of one second; try again.")

    def _add(self, name: str, text: str, changes: Changes) -> bool:
        path = self.root / name
        if path.exists() or path.is_symlink():
            return False
        write_text(path, text)
        changes.written.append(name)
        return True

    def _furniture(self, course: Course) -> dict[str, str]:
        editor = {
            "python.analysis.extraPaths": ["."],
            "python.defaultInterpreterPath": sys.executable,
            "files.exclude": {"**/__pycache__": True},
        }
        return {
            "README.md": _readme(course),
            ".gitignore": "__pycache__/\nruns/\n",
            # Progress made on two machines merges by itself: the log is a set of lines.
            ".gitattributes": ".course/progress.jsonl merge=union\n",
            ".vscode/settings.json": json.dumps(editor, indent=4) + "\n",
        }


def _in_room(folder: Path, course: Course) -> bool:
    return any(folder.is_relative_to(course.root / room) for room in _ROOMS)


def _marker_text(course: Course) -> str:
    marker = {"schema": SCHEMA, "course": course.curriculum.title, "version": course.curriculum.version}
    return json.dumps(marker, indent=2) + "\n"


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _stub(course: Course, unit: Unit) -> str:
    try:
        return course.stub(unit).read_text(encoding="utf-8")
    except OSError:
        remedy = f"reinstall it, or in a clone run `course author stub {unit.id}`"
        raise CourseError(f"The course lacks the stub of {unit.number} {unit.title}: {remedy}.") from None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


@contextlib.contextmanager
def _filesystem(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CourseError(f"{error.filename or path} cannot be written: {error.strerror}.") from None


def _readme(course: Course) -> str:
    return f"""# {course.curriculum.title}: my workspace

Open this folder in your editor and a terminal beside it.

    course next       where you are and what to write
    course watch      judges on every save; h for a hint, n for the next exercise, q to stop
    course status     the whole road
    course check 2.4  judges one unit (or an exercise, or a project) now
    course serve      the lessons, with your progress, in the browser

Each file holds one unit. Replace `raise NotImplementedError(…)` by your own code; keep the names and
signatures. Your progress is the text file `.course/progress.jsonl`; keep this folder in git and it travels
with you.
"""
