"""One hand-in judged where another platform runs us: what Gradescope's and GitHub's sides have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.classroom.submissions import Entry, read_work
from grader.curriculum import Course, CourseError, Unit
from grader.judge import Judge, SubmissionError, Verdict
from grader.judge.wall import confine


def judged(
    course: Course, folder: Path, units: Sequence[Unit], *, seed: int, profile: str, unconfined: bool
) -> Verdict:
    """The verdict on every exercise of `units` for the files of `folder`, at their addresses or not.

    Raises SubmissionError when the folder cannot be read, JudgeUnavailable when the judge cannot work, and CourseError
    on a kernel that cannot confine, unless `unconfined` allows it.
    """
    if not (wall := confine.can_confine()) and not unconfined:
        raise CourseError(
            "This machine's kernel cannot confine what students wrote; release with --unconfined to judge without."
        )
    work = read_work(course, folder.parent, Entry("", (folder.name,)), units)
    if work.problem:
        raise SubmissionError(work.problem)
    exercises = [exercise.id for unit in units for exercise in unit.exercises]
    with Judge(course, unconfined=not wall) as judge:
        return judge.check(work.submission, exercises, profile=profile, seed=seed)
