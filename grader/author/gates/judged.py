"""The gates that ask the judge: what must pass does, what must not does not, and that within its time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from grader.author.bank import WrittenMistake, mistaken, mistakes
from grader.author.gates.finding import Finding, named
from grader.author.mutants import judge_mutants
from grader.author.sampling import WHOLE, Part
from grader.curriculum import Course, CourseError, Unit
from grader.curriculum.lesson import Lesson
from grader.judge import ExerciseVerdict, Judge, JudgeUnavailable, Outcome, Submission

MISTAKES_PER_EXERCISE = 3
JUDGING_SECONDS = 2.0
PROFILES = ("check", "grade", "author")
SEEDS = (0, 1)


def stub_and_reference(
    judge: Judge, unit: Unit, profiles: Sequence[str] = PROFILES, seeds: Sequence[int] = SEEDS
) -> Iterator[Finding]:
    """Gate 2: the untouched stub is not attempted, the reference passes, in every profile and with every seed."""
    course = judge.course
    for key, judged in judge.check(handed_in(course.stub(unit), unit)).exercises.items():
        if judged.verdict != Outcome.NOT_ATTEMPTED:
            yield Finding(2, unit.id, key, f"the untouched stub is judged {judged.verdict}")
    for profile, seed in product(profiles, seeds):
        try:
            verdict = judge.check(handed_in(course.reference(unit), unit), profile=profile, seed=seed)
        except JudgeUnavailable as error:
            yield Finding(2, unit.id, named(course, course.checks(unit)), f"cannot judge ({profile}): {error}")
            continue
        for key, judged in verdict.exercises.items():
            if judged.verdict != Outcome.PASSED:
                said = f"the reference {judged.verdict} ({profile}, seed {seed}):\n{judged.message}"
                yield Finding(2, unit.id, key, said)


def correct_variants(
    judge: Judge, unit: Unit, *, part: Part = WHOLE, seeds: Sequence[int] = SEEDS
) -> Iterator[Finding]:
    """Gate 2, too: correct solutions in other people's manner pass, whatever the seed."""
    course = judge.course
    for path, seed in product(part.of(course.variants(unit), lambda variant: variant.name), seeds):
        for key, judged in judge.check(handed_in(path, unit), seed=seed).exercises.items():
            if judged.verdict != Outcome.PASSED:
                said = f"{key} {judged.verdict} (seed {seed}):\n{judged.message}"
                yield Finding(2, unit.id, named(course, path), said)


def known_mistakes(judge: Judge, unit: Unit, *, part: Part = WHOLE, jobs: int = 1) -> Iterator[Finding]:
    """Gate 3: three or more for each exercise, each rejected, diagnosed as itself, and explained in the lesson.

    Only `part` of them is judged; the rest holds for all.
    """
    course = judge.course
    try:
        bank = list(mistakes(course, unit))
        anchors = {heading.anchor for heading in Lesson.read(course, unit).headings}
    except (OSError, SyntaxError, CourseError) as error:
        yield Finding(3, unit.id, named(course, course.mistakes(unit)), f"cannot be read: {error}")
        return
    yield from _written(course, unit, bank, anchors)
    names = {exercise.name for exercise in unit.exercises}
    chosen = part.of([wrong for wrong in bank if wrong.exercise in names], lambda wrong: wrong.name)
    sources = [
        mistaken(course, unit, wrong) for wrong in chosen
    ]  # not in the threads: ast.parse of 3.11 is unsafe there

    def judged(wrong: WrittenMistake, source: str) -> ExerciseVerdict:
        key = f"{unit.id}/{wrong.exercise}"
        return judge.check(Submission({unit.address: source.encode()}), [key]).exercises[key]

    with ThreadPoolExecutor(jobs) as pool:
        for wrong, verdict in zip(chosen, pool.map(judged, chosen, sources), strict=True):
            where = f"{named(course, course.mistakes(unit))}:{wrong.line}"
            if verdict.verdict == Outcome.PASSED:
                yield Finding(3, unit.id, where, f"{wrong.name} passes the checks of {wrong.exercise}")
            elif verdict.diagnosis != wrong.name:
                yield Finding(3, unit.id, where, f"{wrong.name} is diagnosed as {verdict.diagnosis or 'nothing known'}")
            if nameless := _nameless(verdict):
                yield Finding(3, unit.id, where, f"{wrong.name} differs {nameless}, which has no name: say `returns=`")


def _nameless(verdict: ExerciseVerdict) -> str:
    """The place of a difference that a verdict can only number, where the docstring has a name."""
    difference = verdict.failure and verdict.failure.difference
    return difference.where if difference and isinstance(next(iter(difference.path), ""), int) else ""


def _written(course: Course, unit: Unit, bank: list[WrittenMistake], anchors: set[str]) -> Iterator[Finding]:
    """What can be seen of a bank without judging: enough for each exercise, each of one, and each leads somewhere."""
    names = [exercise.name for exercise in unit.exercises]
    for exercise in unit.exercises:
        if (count := sum(wrong.exercise == exercise.name for wrong in bank)) < MISTAKES_PER_EXERCISE:
            yield Finding(
                3, unit.id, exercise.id, f"has {count} known mistakes; {MISTAKES_PER_EXERCISE} or more are wanted"
            )
    for wrong in bank:
        where = f"{named(course, course.mistakes(unit))}:{wrong.line}"
        if wrong.exercise not in names:
            yield Finding(3, unit.id, where, f"{wrong.name} belongs to {wrong.exercise!r}, no exercise of the unit")
        if wrong.see not in anchors:
            yield Finding(3, unit.id, where, f"{wrong.name} points to #{wrong.see}, which is no heading of the lesson")


def mutants_rejected(
    judge: Judge, unit: Unit, *, part: Part = WHOLE, seed: int = 0, jobs: int = 1
) -> Iterator[Finding]:
    """Gate 4: every mutant of the reference, or `part` of them, is rejected or listed as equivalent."""
    course = judge.course
    report = judge_mutants(judge, unit, part=part, seed=seed, jobs=jobs)
    for mutant in report.survivors:
        where = f"{named(course, course.reference(unit))}:{mutant.line}"
        yield Finding(4, unit.id, where, f"no check of {mutant.exercise} notices  {mutant.id}")
    for name in report.stale:
        yield Finding(
            4, unit.id, named(course, course.mistakes(unit)), f"EQUIVALENT lists what is rejected or gone: {name}"
        )


def prefixes(judge: Judge) -> Iterator[Finding]:
    """Gate 6: for every k, with units 1 … k solved and the rest untouched, the k-th passes, later ones wait.

    The earlier ones were the k-th before; what they import may only lie before them.
    """
    course, built = judge.course, judge.course.curriculum.built
    for k, unit in enumerate(built, start=1):
        files = {solved.address: course.reference(solved).read_bytes() for solved in built[:k]}
        files |= {untouched.address: course.stub(untouched).read_bytes() for untouched in built[k:]}
        try:
            verdict = judge.check(Submission(files), [later.id for later in built[k - 1 :]])
        except JudgeUnavailable as error:
            yield Finding(6, unit.id, unit.number, f"cannot be judged with the road solved up to here: {error}")
            continue
        for key, judged in verdict.exercises.items():
            wanted = Outcome.PASSED if key.startswith(f"{unit.id}/") else Outcome.NOT_ATTEMPTED
            if judged.verdict != wanted:
                said = f"is {judged.verdict} with the road solved up to {unit.number}; not {wanted}"
                yield Finding(6, unit.id, key, said)


def speed(judge: Judge, unit: Unit) -> Iterator[Finding]:
    """Gate 9: the unit is judged within two seconds, once warm. The only gate that looks at a clock."""
    submission = handed_in(judge.course.reference(unit), unit)
    judge.check(submission)
    began = time.perf_counter()
    judge.check(submission)
    if (took := time.perf_counter() - began) > JUDGING_SECONDS:
        yield Finding(9, unit.id, unit.id, f"judging took {took:.1f} s; {JUDGING_SECONDS:g} s is the limit")


def handed_in(path: Path, unit: Unit) -> Submission:
    """A file as a learner's hand-in of a unit."""
    return Submission({unit.address: path.read_bytes()})
