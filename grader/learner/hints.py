"""What a learner may ask for: the hints of a lesson, its section on an exercise, and the reference."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from grader.curriculum import Course, CourseError, Exercise
from grader.learner import source
from grader.learner.log import Event
from grader.learner.road import Road
from grader.learner.workspace import Workspace

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(\{[^}]*\})?\s*$")
_ID = re.compile(r"#([\w-]+)")
_RUNG = re.compile(r'^\?\?\?\+?\s+tip\s+"(?:Hint\s+\d+\s*[:.]\s*)?(.*)"\s*$')
_FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True)
class Hint:
    """Rung `number` (from 1) of `of`; `body` is Markdown."""

    number: int
    of: int
    title: str
    body: str


def section(course: Course, exercise: Exercise) -> str:
    """The lesson's section on the exercise as Markdown, without its heading and hints; "" if it has none."""
    kept, hidden = [], False
    for line in _section(course, exercise):
        hidden = bool(_RUNG.match(line)) or (hidden and (not line.strip() or line.startswith("    ")))
        if not hidden:
            kept.append(line)
    return "\n".join(kept).strip()


def ladder(course: Course, exercise: Exercise) -> list[Hint]:
    """The hints of the exercise, in order: the `??? tip` blocks of its section."""
    rungs: list[tuple[str, list[str]]] = []
    inside = False
    for line in _section(course, exercise):
        if rung := _RUNG.match(line):
            rungs.append((rung[1], []))
            inside = True
        elif inside and (not line.strip() or line.startswith("    ")):
            rungs[-1][1].append(line)
        else:
            inside = False
    return [
        Hint(number, len(rungs), title, textwrap.dedent("\n".join(lines)).strip())
        for number, (title, lines) in enumerate(rungs, start=1)
    ]


def take_hint(course: Course, workspace: Workspace, exercise: Exercise) -> Hint:
    """The next rung, recorded; the last one again once all are taken. Raises CourseError if there is none."""
    rungs = ladder(course, exercise)
    if not rungs:
        raise CourseError(f"The lesson has no hints for {exercise.id}.")
    rung = rungs[min(Road(course, workspace).hints_taken(exercise), len(rungs) - 1)]
    workspace.log.append([Event.now("hint", exercise.id, rung=rung.number)])
    return rung


def taken_hints(course: Course, workspace: Workspace, exercise: Exercise) -> list[Hint]:
    """The rungs seen before."""
    return ladder(course, exercise)[: Road(course, workspace).hints_taken(exercise)]


def solution(course: Course, workspace: Workspace, exercise: Exercise, *, reveal: bool = False) -> str:
    """The reference of an exercise, recorded. Raises CourseError before it has passed, unless `reveal`."""
    if not (reveal or Road(course, workspace).ever_passed(exercise)):
        raise CourseError(
            f"{exercise.id} has not passed yet: `course hint {exercise.id}` helps, and "
            f"`course solution {exercise.id} --reveal` shows it all the same (recorded)."
        )
    unit = course.curriculum.unit(exercise.unit_id)
    try:
        parts = source.definitions(course.reference(unit).read_text(encoding="utf-8"))
        text = "\n\n".join(parts[name] for name in exercise.names)
    except (OSError, KeyError):
        raise CourseError(f"The course lacks the reference of {exercise.id}: reinstall it.") from None
    workspace.log.append([Event.now("solution", exercise.id)])
    marks = ("### BEGIN SOLUTION", "### END SOLUTION")
    return "\n".join(line for line in text.splitlines() if line.strip() not in marks)


def place(course: Course, see: str) -> str | None:
    """`lesson 2.4, “Why the square root”` for a verdict's `see` (`address#anchor`); None if that leads nowhere."""
    address, _, anchor = see.partition("#")
    try:
        unit = course.curriculum.unit(address)
        lines = course.lesson(unit).read_text(encoding="utf-8").splitlines()
    except (CourseError, OSError):
        return None
    for line in lines:
        if heading := _HEADING.match(line):
            ids = [given[1] for given in _ID.finditer(heading[3] or "")] or [_slug(heading[2])]
            if anchor in ids:
                return f"lesson {unit.number}, “{heading[2]}”"
    return None


def _slug(heading: str) -> str:
    """The id that Python-Markdown's table of contents gives a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def _section(course: Course, exercise: Exercise) -> list[str]:
    """The lines below the exercise's own heading, up to the next heading of its level or above."""
    unit = course.curriculum.unit(exercise.unit_id)
    try:
        lines = course.lesson(unit).read_text(encoding="utf-8").splitlines()
    except OSError:
        raise CourseError(f"The course lacks the lesson of {unit.number} {unit.title}: reinstall it.") from None
    found: list[str] = []
    level, fenced = 0, False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading and level and len(heading[1]) <= level:
            break
        if level:
            found.append(line)
        elif heading and heading[2].strip("`") == exercise.name:
            level = len(heading[1])
    return found
