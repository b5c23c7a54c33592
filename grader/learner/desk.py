"""Judging a workspace: what is meant, the verdict, and its place in the log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from grader.curriculum import Course, CourseError, Exercise, Phase, Unit
from grader.judge import Outcome
from grader.learner import source, told
from grader.learner.log import Event
from grader.learner.road import Missing, Road, in_words
from grader.learner.workspace import Workspace

if TYPE_CHECKING:
    from grader.judge import ExerciseVerdict, Judge, Verdict


def current(course: Course, workspace: Workspace, road: Road) -> Unit:
    """The unit someone is on: of the files changed and not passed the one saved last, else what is next.

    Raises CourseError when all that is built is passed.
    """
    touched = [unit for unit in course.curriculum.built if road.waiting(unit) and not workspace.untouched(unit, course)]
    if touched:
        return max(touched, key=lambda unit: workspace.file(unit).stat().st_mtime)
    if upcoming := road.next:
        return course.curriculum.unit(upcoming.id)
    raise CourseError("Everything that is built is passed. `course status` shows what is coming.")


def admit(course: Course, workspace: Workspace, project: Unit) -> None:
    """Raises CourseError, naming what is left, unless the project is open and its own exercises have passed."""
    if project.coming:
        raise CourseError(f"{project.number.upper()} {project.title} is coming: it cannot be trained yet.")
    road = Road(course, workspace)
    missing = road.missing(project, exactly=True)
    if own := road.waiting(project):
        missing += (Missing(project, 0, tuple(own)),)
    if missing:
        raise CourseError(
            f"{project.number.upper()} trains with your own code, and opens with {in_words(missing, sys.maxsize)}. "
            f"`course check {' '.join(each.unit.number for each in missing)}` judges them."
        )


def complete(course: Course, workspace: Workspace, phase: Phase) -> None:
    """Raises CourseError, naming what is left, unless all that is built up to the end of the phase has passed."""
    if left := Road(course, workspace).left(phase):
        raise CourseError(
            f"The milestone of phase {phase.number} runs your own code up to here, of which these have to pass first: "
            f"{', '.join(f'{unit.number} {unit.title}' for unit in left)}. "
            f"`course check {' '.join(unit.number for unit in left)}` judges them."
        )


def exercises(course: Course, found: Iterable[Unit | Exercise]) -> list[Exercise]:
    """The exercises that these ids stand for, each once. Raises CourseError for a unit still coming."""
    wanted: dict[str, Exercise] = {}
    for thing in found:
        if isinstance(thing, Unit) and thing.coming:
            raise CourseError(f"{thing.number} {thing.title} is coming: there is nothing to check yet.")
        for exercise in (thing,) if isinstance(thing, Exercise) else thing.exercises:
            wanted[exercise.id] = exercise
    return list(wanted.values())


def check(
    course: Course,
    workspace: Workspace,
    wanted: Sequence[Exercise],
    judge: Judge,
    *,
    profile: str = "check",
    seed: int = 0,
    meanwhile: Callable[[], None] = lambda: None,
) -> Verdict:
    """Judge these exercises of the workspace and record what was found; `meanwhile` is called while the judge works.

    Raises CourseError.
    """
    from grader.judge import Submission

    units = {exercise.id: course.curriculum.unit(exercise.unit_id) for exercise in wanted}
    for unit in dict.fromkeys(units.values()):
        if not workspace.file(unit).exists():
            raise CourseError(f"{unit.address}.py is missing: `course reset {unit.id}` puts a fresh stub there.")
    submission = Submission.read(workspace.root)
    sources = {key: submission.sources.get(unit.address, b"") for key, unit in units.items()}
    texts = {key: data.decode("utf-8", "replace") for key, data in sources.items()}
    codes: dict[str, str | None] = {}

    def wait() -> None:
        codes.update((each.id, source.fingerprint(texts[each.id], each.names)) for each in wanted)
        meanwhile()

    ids = [exercise.id for exercise in wanted]
    verdict = judge.check(submission, ids, profile=profile, seed=seed, meanwhile=wait)
    if not verdict.exercises:
        raise CourseError("Nothing was judged, which is an error of the course: `course doctor` may say why.")
    judged = {key: one for key, one in verdict.exercises.items() if one.could_be_judged}
    if any(_idle(one) for one in judged.values()):  # worth a line only where there was something before
        before = {event.exercise for event in workspace.log.read()[0]}
        judged = {key: one for key, one in judged.items() if not _idle(one) or key in before}
    events = [
        Event.now(
            "verdict",
            key,
            verdict=one.verdict,
            parts={part.name: part.verdict for part in one.parts} or None,
            code=codes[key],
            file=source.digest(texts[key]),
            source_sha256=verdict.source_sha256,
            seed=verdict.seed,
            checker=verdict.checker,
        )
        for key, one in judged.items()
    ]
    workspace.log.append(events)
    told.keep(workspace, verdict.exercises)
    return verdict


def _idle(judged: ExerciseVerdict) -> bool:
    """Whether there is nothing to tell of it: not a part of it was attempted."""
    return judged.verdict == Outcome.NOT_ATTEMPTED and not judged.points
