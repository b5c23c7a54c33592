"""An instructor's own checks: found in a folder, and tried on the course's own solutions before anybody is judged."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.classroom.judging import Judges
from grader.curriculum import Course, CourseError, Unit
from grader.ground.text import line
from grader.judge import Outcome, Submission
from grader.judge.door.client import JudgeUnavailable

MOST_SAID = 500
"""Characters of the judge's reason that go into our one line."""


def with_hidden_checks(course: Course, folder: Path, units: Sequence[Unit]) -> Course:
    """The course with the checks of `folder` besides its own.

    Raises CourseError when the folder cannot be read or has no checks of `units`, when a Python file in it is not where
    the course has the checks of a unit, or is no Python.
    """
    if not folder.is_dir():
        raise CourseError(
            f"{folder} is no folder; --checks wants one that is laid out like the course's own: <address>/checks.py."
        )
    course = replace(course, hidden=folder.resolve())
    assert course.hidden is not None
    theirs = {unit.id: path for unit in course.curriculum.built if (path := course.hidden_checks(unit))}
    example = course.checks(units[0]).relative_to(course.content)
    for path in sorted(course.hidden.rglob("*.py")):
        if path not in theirs.values():
            raise CourseError(
                f"{folder / path.relative_to(course.hidden)} is the checks of no unit of the course; "
                f"those of {units[0].id} would be {folder / example}."
            )
    for path in theirs.values():
        _readable(path)
    if not any(unit.id in theirs for unit in units):
        graded = ", ".join(unit.id for unit in units)
        raise CourseError(
            f"{folder} holds no checks of {graded}; put them at {folder / example}, or leave --checks out."
        )
    return course


def _readable(path: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(path.read_bytes(), path, "exec", dont_inherit=True)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    except SyntaxError as error:
        raise CourseError(f"{path}, line {error.lineno or 1}: {line(error.msg)}.") from None
    except ValueError as error:
        raise CourseError(f"{path} is no Python: {line(str(error))}.") from None


def try_out(course: Course, units: Sequence[Unit], judge: Judges, *, profile: str, seed: int) -> None:
    """Judge the course's own solutions by the hidden checks, as students' will be.

    Raises CourseError when a check belongs to no exercise, cannot run, or is not passed on these very inputs.
    """
    for unit in units:
        if course.hidden_checks(unit) is None:
            continue
        solution = Submission({unit.address: course.reference(unit).read_bytes()})
        try:
            verdict = judge.check(solution, [exercise.id for exercise in unit.exercises], profile=profile, seed=seed)
        except JudgeUnavailable as error:
            raise _unusable(str(error)) from None
        for exercise in unit.exercises:
            result = verdict.exercises[exercise.id]
            if result.verdict != Outcome.PASSED:
                raise _unusable(f"the course's own solution does not pass: {(result.hidden or result).message}")


def _unusable(reason: str) -> CourseError:
    return CourseError(f"The hidden checks cannot be used, so nobody was judged: {line(reason)[:MOST_SAID]}")
