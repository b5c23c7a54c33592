"""The loop of saving and checking: `happenings` says what went on, Watch what to do, a Screen shows it."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from grader.curriculum import Course, CourseError, Exercise, Unit
from grader.curriculum.lesson import Hint, Lesson
from grader.judge import Outcome, Tone, tone
from grader.learner import hints
from grader.learner.road import Road
from grader.learner.workspace import Changes, Workspace

if TYPE_CHECKING:
    from grader.judge import ExerciseVerdict, Verdict


# What arrow and function keys send.
_NO_CHARACTER = re.compile(r"\x1b(?:[\[O][0-?]*[ -/]*[@-~])?")


@dataclass(frozen=True)
class Saved:
    """Files were written."""

    paths: frozenset[Path]


@dataclass(frozen=True)
class Key:
    """A key was pressed."""

    char: str


class Screen(Protocol):
    """What the loop has to show."""

    def focus(self, exercise: Exercise | Unit, unit: Unit) -> None: ...
    def checking(self, unit: Unit) -> None: ...
    def verdict(self, unit: Unit, verdict: Verdict, focus: Exercise) -> None: ...
    def passed(self, exercise: Exercise, upcoming: Exercise | Unit | None) -> None: ...
    def finished(self) -> None: ...
    def hint(self, exercise: Exercise, hint: Hint) -> None: ...
    def lesson(self, unit: Unit, exercise: Exercise, section: str, path: Path) -> None: ...
    def road(self, road: Road) -> None: ...
    def confirm_reset(self, exercise: Exercise) -> None: ...
    def reset(self, exercise: Exercise, changes: Changes | None) -> None: ...
    def trouble(self, error: CourseError) -> None: ...
    def keys(self) -> None: ...


class Watch:
    """Judges on every save what is being worked on.

    The first save of a unit judges the whole of it, further ones the exercise in focus and whatever has not passed as
    it is now; after a save elsewhere it is the whole again.
    What is shown is the exercise in focus. When that one passes the loop pauses: the next exercise's verdict is not
    shown until it is asked for (`n`) or worked on.
    """

    def __init__(
        self,
        course: Course,
        workspace: Workspace,
        screen: Screen,
        judge: Callable[[list[Exercise]], Verdict],
        start: Exercise | Unit | None = None,
    ):
        self.course, self.workspace, self.screen, self.judge = course, workspace, screen, judge
        self.verdicts: list[Verdict] = []
        self._latest: dict[str, ExerciseVerdict] = {}  # of the unit that was saved last, by exercise id
        self._units = {workspace.file(unit).resolve(): unit for unit in course.curriculum.built}
        self._focus = start or self._road().next
        self._confirming: Exercise | None = None

    def run(self, happenings: Iterable[Saved | Key]) -> None:
        """Until `q`, or the end of what happens."""
        self._show_focus()
        for happening in happenings:
            if isinstance(happening, Key) and happening.char in "qQ" and not self._confirming:
                return
            try:
                if isinstance(happening, Saved):
                    self._saved(happening.paths)
                else:
                    self._pressed(happening.char)
            except CourseError as error:
                self.screen.trouble(error)
                self.screen.keys()

    def _road(self) -> Road:
        return Road(self.course, self.workspace)

    def _show_focus(self) -> None:
        if self._focus is None:
            self.screen.finished()
        else:
            self.screen.focus(self._focus, self.course.curriculum.unit(self._focus.id))
        self.screen.keys()

    def _saved(self, paths: frozenset[Path]) -> None:
        saved = [self._units[path] for path in sorted(paths) if path in self._units]
        if not saved:
            return
        self._confirming = None
        at = self.course.curriculum.unit(self._focus.id) if self._focus else None
        unit = at if at in saved else saved[0]
        self.screen.checking(unit)
        if saved != [unit]:  # what this unit imports may have changed too
            self._latest = {}
        before = self._road().verdicts
        verdict = self._judged(unit, before)
        focus = self._pick(unit, verdict, before)
        self._focus = focus
        self.screen.verdict(unit, verdict, focus)
        if verdict.exercises[focus.id].verdict == Outcome.PASSED:
            self.screen.passed(focus, self._upcoming())
        self.screen.keys()

    def _judged(self, unit: Unit, before: dict[str, str]) -> Verdict:
        """The verdict on the whole unit, of which as much is new as the save can have changed."""

        def due(exercise: Exercise) -> bool:
            return exercise == self._focus or exercise.id not in self._latest or before[exercise.id] != Outcome.PASSED

        verdict = self.judge([exercise for exercise in unit.exercises if due(exercise)] or list(unit.exercises))
        self.verdicts.append(verdict)
        known = self._latest | verdict.exercises
        self._latest = {exercise.id: known[exercise.id] for exercise in unit.exercises}
        return replace(verdict, exercises=self._latest)

    def _pick(self, unit: Unit, verdict: Verdict, before: dict[str, str]) -> Exercise:
        """The exercise that a save was about."""
        outcome = {exercise: verdict.exercises[exercise.id].verdict for exercise in unit.exercises}
        focus = self._focus if isinstance(self._focus, Exercise) and self._focus in outcome else None
        wrong = [exercise for exercise in unit.exercises if tone(outcome[exercise]) is Tone.WRONG]
        passed = [exercise for exercise in unit.exercises if outcome[exercise] == Outcome.PASSED]
        fresh = [exercise for exercise in passed if before[exercise.id] != Outcome.PASSED]
        if focus and (focus in wrong or focus in fresh):
            return focus
        still_open = [exercise for exercise in unit.exercises if outcome[exercise] != Outcome.PASSED]
        return [*wrong, *fresh, *([focus] if focus else []), *still_open, *unit.exercises][0]

    def _pressed(self, char: str) -> None:
        if self._confirming:
            exercise, self._confirming = self._confirming, None
            sure = char in "yY"
            self.screen.reset(exercise, self.workspace.reset(exercise, self.course) if sure else None)
            self.screen.keys()
            return
        actions: dict[str, Callable[[], None]] = {
            "n": self._next,
            "h": self._hint,
            "l": self._list,
            "o": self._lesson,
            "r": self._reset,
        }
        if action := actions.get(char.lower()):
            action()

    def _upcoming(self) -> Exercise | Unit | None:
        """What is left of the unit at hand, be it locked or not, and then what the road says."""
        road = self._road()
        left = road.waiting(self.course.curriculum.unit(self._focus.id)) if self._focus else []
        if self._focus in left:  # to be skipped for now
            left = left[left.index(self._focus) + 1 :]
        return left[0] if left else road.next

    def _next(self) -> None:
        self._focus = self._upcoming()
        self._show_focus()

    def _hint(self) -> None:
        exercise = self._exercise()
        self.screen.hint(exercise, hints.take_hint(self.course, self.workspace, exercise))
        self.screen.keys()

    def _list(self) -> None:
        self.screen.road(self._road())
        self.screen.keys()

    def _lesson(self) -> None:
        unit = self.course.curriculum.unit(self._exercise().unit_id) if self._focus else None
        if unit:
            exercise = self._exercise()
            section = Lesson.read(self.course, unit).statement(exercise)
            self.screen.lesson(unit, exercise, section, self.course.lesson(unit))
        self.screen.keys()

    def _reset(self) -> None:
        self._confirming = self._exercise()
        self.screen.confirm_reset(self._confirming)

    def _exercise(self) -> Exercise:
        if isinstance(self._focus, Exercise):
            return self._focus
        if self._focus is None:
            raise CourseError("Nothing is left to work on; `l` lists the road.")
        raise CourseError(f"{self._focus.title} waits to be trained: `course train {self._focus.id}`.")


def happenings(workspace: Workspace, course: Course) -> Iterator[Saved | Key]:
    """Saves of unit files and keys of the terminal, as they come. Saves while one is judged become one."""
    import watchfiles

    arrived: queue.Queue[Saved | Key] = queue.Queue()
    stop = threading.Event()
    files = {str(workspace.file(unit).resolve()) for unit in course.curriculum.built}

    def watch_files() -> None:
        changes = watchfiles.watch(
            workspace.root.resolve(),
            watch_filter=lambda change, path: change != watchfiles.Change.deleted and path in files,
            stop_event=stop,
            debounce=200,
            step=20,
            rust_timeout=500,
        )
        for batch in changes:
            arrived.put(Saved(frozenset(Path(path) for _, path in batch)))

    watcher = threading.Thread(target=watch_files, daemon=True)
    watcher.start()
    with _keys(arrived.put):
        try:
            while True:
                first = arrived.get()
                later = []
                while isinstance(first, Saved) and not arrived.empty():
                    other = arrived.get()
                    if isinstance(other, Saved):
                        first = Saved(first.paths | other.paths)
                    else:
                        later.append(other)
                yield first
                yield from later
        finally:
            stop.set()


@contextlib.contextmanager
def _keys(put: Callable[[Key], None]) -> Iterator[None]:
    """Gives each key to `put` as it is pressed, without Enter; the terminal is afterwards as before."""
    with _terminal() as read:

        def listen() -> None:
            with contextlib.suppress(OSError):  # the terminal was closed
                while text := read():
                    for char in _NO_CHARACTER.sub("", text).strip():
                        put(Key(char))

        threading.Thread(target=listen, daemon=True).start()
        yield


@contextlib.contextmanager
def _terminal() -> Iterator[Callable[[], str]]:
    """What reads the next keys from standard input: key by key from a terminal, else line by line."""
    if not sys.stdin.isatty():
        yield sys.stdin.readline
    elif sys.platform == "win32":
        import msvcrt

        yield msvcrt.getwch
    else:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)
        try:
            yield lambda: os.read(descriptor, 64).decode("utf-8", "ignore")
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
