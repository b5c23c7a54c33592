"""What more than one command prints."""

from __future__ import annotations

from grader.cli import render
from grader.cli.out import Out
from grader.curriculum import Course, CourseError, Exercise, Unit
from grader.curriculum.lesson import Hint, Lesson
from grader.learner import Road, Workspace


def show_task(out: Out, course: Course, workspace: Workspace, road: Road, thing: Exercise | Unit) -> None:
    """What to do next, whatever it is."""
    if isinstance(thing, Unit):
        out.print(render.heading(thing, "project"))
        out.print(f"\n  All its code has passed. Train it:  course train {thing.id}")
        return
    unit = course.curriculum.unit(thing.unit_id)
    line = workspace.line(thing, unit)
    where = f"{unit.address}.py" + (f":{line}" if line else "")
    try:
        rungs = len(Lesson.read(course, unit).ladder(thing))
    except CourseError:
        rungs = 0
    out.print(render.task(course.curriculum, thing, where, (min(road.hints_taken(thing), rungs), rungs)))


def show_ahead(out: Out, road: Road, unit: Unit) -> None:
    """What opens the first that waits for this unit, if any does."""
    waiting = (each for each in road.curriculum.built if road.state(each) == "locked" and unit in road.locked_by(each))
    if ahead := next(waiting, None):
        out.print(render.dim(f"\n  {render.number(ahead)} opens with {road.opens_with(ahead)}"))


def show_hint(out: Out, exercise: Exercise, hint: Hint) -> None:
    title = f": {hint.title}" if hint.title else ""
    out.print(f"{exercise.name} · hint {hint.number} of {hint.of}{title}", style="bold", soft_wrap=True)
    out.print(render.markdown(hint.body))
    if hint.number == hint.of:
        out.print(render.dim(f"That is the last one. course solution {exercise.id} --reveal shows the reference."))
