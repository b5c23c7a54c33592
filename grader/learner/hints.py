"""What a learner may ask for, and is recorded: the hints of a lesson, and the reference."""

from __future__ import annotations

from grader.curriculum import Course, CourseError, Exercise
from grader.curriculum.course import BEGIN, END
from grader.curriculum.lesson import Hint, Lesson
from grader.learner import source
from grader.learner.log import Event
from grader.learner.road import Road
from grader.learner.workspace import Workspace


def take_hint(course: Course, workspace: Workspace, exercise: Exercise) -> Hint:
    """The next rung, recorded; the last one again once all are taken. Raises CourseError if there is none."""
    rungs = _ladder(course, exercise)
    if not rungs:
        raise CourseError(f"The lesson has no hints for {exercise.id}.")
    rung = rungs[min(Road(course, workspace).hints_taken(exercise), len(rungs) - 1)]
    workspace.log.append([Event.now("hint", exercise.id, rung=rung.number)])
    return rung


def taken_hints(course: Course, workspace: Workspace, exercise: Exercise) -> list[Hint]:
    """The rungs seen before."""
    return _ladder(course, exercise)[: Road(course, workspace).hints_taken(exercise)]


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
    return "\n".join(line for line in text.splitlines() if line.strip() not in (BEGIN, END))


def _ladder(course: Course, exercise: Exercise) -> list[Hint]:
    return Lesson.read(course, course.curriculum.unit(exercise.unit_id)).ladder(exercise)
