"""Grading a class: a thread for every core over one judge, each verdict on disk the moment it is known."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.classroom.files import printable, write_text
from grader.classroom.gradebook import record, require_nbgrader, shown, sqlite
from grader.classroom.report import ClassMistake, Graded, GradeReport, write_report
from grader.classroom.roster import Entry, read_class
from grader.curriculum import Course, CourseError, Unit
from grader.judge import ExerciseVerdict, Judge, Verdict, confine
from grader.judge.client import JudgeUnavailable
from grader.judge.version import checker_version

Progress = Callable[[Graded, int, int], None]
"""Called after each student with the result, how many are done, and how many there are."""


def grade(
    course: Course,
    submissions: Path,
    out: Path,
    *,
    units: Sequence[Unit] = (),
    jobs: int | None = None,
    seed: int | None = None,
    profile: str = "grade",
    gradebook: str | None = None,
    unconfined: bool = False,
    judge: Judge | None = None,
    progress: Progress | None = None,
) -> GradeReport:
    """Judge every student of the folder `submissions` and write verdicts, gradebook, CSV and feedback under `out`.

    Args:
        units: what is graded; by default every built unit for which at least one submission has a file.
        jobs: how many submissions are judged at a time; by default one a core.
        seed: what the inputs are drawn from; by default the one `out` was begun with, and a fresh secret one for a
            new `out`, so that no submission can be written for known inputs.
        profile: how many examples each check draws (see grader.judge).
        gradebook: SQLAlchemy URL of nbgrader's database; by default SQLite at out/gradebook.db.
        unconfined: run what students wrote with the rights of this process, without the kernel's wall. Without it a
            kernel that has no such wall is refused.
        judge: one that is warm already; by default a private one, started only if a verdict is needed.
        progress: called from this thread after each student.

    Writes `verdicts/<student>.json` at once after each judgement, then `gradebook.db`, `grades.csv`, `summary.md` and
    `feedback/<student>/feedback.{html,md}`. Running it again judges only those whose files, checker, seed or units
    changed; delete a student's verdict file to have that one judged anew. A submission that cannot be read gets
    "not attempted" and one line that says why, and the next is graded.

    Raises CourseError when there is nothing to grade, when nbgrader is missing, when the kernel cannot confine, or when
    `out` or the gradebook cannot be written.
    """
    require_nbgrader()
    if not unconfined and not confine.can_confine():
        raise CourseError(
            "This machine cannot confine what students wrote (`course doctor` says why); grade on Linux 5.13 or newer "
            "with Landlock, or add --unconfined to run it with your own rights."
        )
    address = shown(url := gradebook or sqlite(out / "gradebook.db"))
    entries, ignored = read_class(course, submissions, units, leave_out=out)
    if not entries:
        raise CourseError(f"{submissions} holds no submissions; put one folder, .zip, .ipynb or .py a student there.")
    units = tuple(units) or tuple(unit for unit in course.curriculum.built if _submitted(unit, entries))
    if not units:
        example = f"{entries[0].id}/{course.curriculum.built[0].address}.py"
        raise CourseError(f"No submission in {submissions} has a file of a built unit, such as {example}.")
    if coming := [unit.number for unit in units if unit.coming]:
        raise CourseError(f"Unit {', '.join(coming)} is still coming; it cannot be graded yet.")
    seed = _seed(out, seed)

    desk = _Desk(out, units, profile, seed, checker_version(course), not unconfined)
    students: list[Graded] = []
    with closing(
        desk.all(entries, nullcontext(judge) if judge else Judge(course, unconfined=unconfined), jobs or _cores())
    ) as results:
        for student in results:
            students.append(student)
            if progress:
                progress(student, len(students), len(entries))
    students.sort(key=lambda student: student.id)
    report = GradeReport(
        students=tuple(students),
        units=units,
        out=out,
        gradebook=address,
        scores=record(url, units, students),
        seed=seed,
        mistakes=_mistakes(students),
        ignored=tuple(ignored),
    )
    write_report(report)
    return report


@dataclass(frozen=True)
class _Desk:
    """Where one submission after another is judged, each with the same question."""

    out: Path
    units: tuple[Unit, ...]
    profile: str
    seed: int
    checker: str
    confined: bool

    def all(
        self, entries: Sequence[Entry], judge: AbstractContextManager[Judge], jobs: int
    ) -> Generator[Graded, None, None]:
        """Every entry's result as soon as it is known; the judge is entered only if one is needed."""
        rest = []
        for entry in entries:
            if known := self._known(entry):
                yield known
            else:
                rest.append(entry)
        if not rest:
            return
        # The judge leaves first, so that an interrupted run does not wait for what it was judging.
        with ThreadPoolExecutor(jobs) as pool, judge as warm:
            waiting = [pool.submit(self._judge, warm, entry) for entry in rest]
            try:
                yield from (judged.result() for judged in as_completed(waiting))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _known(self, entry: Entry) -> Graded | None:
        """The result that needs no judge: nothing readable was handed in, or the verdict on disk still holds."""
        submitted = self._submitted(entry)
        if entry.problem or not submitted:
            return Graded(entry.id, self._not_attempted(entry), submitted, entry.problem)
        try:
            kept = json.loads(self._path(entry).read_text(encoding="utf-8"))
            if all(kept[key] == value for key, value in self._question(entry).items()):
                return Graded(entry.id, Verdict.from_dict(kept["verdict"]), submitted, reused=True)
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or not whole
            return None
        return None

    def _judge(self, judge: Judge, entry: Entry) -> Graded:
        """A new verdict, on disk before it is returned."""
        question, submitted = self._question(entry), self._submitted(entry)
        try:
            verdict = judge.check(entry.submission, question["exercises"], profile=self.profile, seed=self.seed)
        except JudgeUnavailable as error:
            problem = f"The judge could not work on this: {printable(str(error).strip().splitlines()[-1])}"
            return Graded(entry.id, self._not_attempted(replace(entry, problem=problem)), submitted, problem)
        kept = {**question, "verdict": verdict.to_dict()}
        write_text(self._path(entry), json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        return Graded(entry.id, verdict, submitted)

    def _question(self, entry: Entry) -> dict[str, Any]:
        """What a verdict depends on, and whose it is."""
        return {
            "schema": 1,
            "student": entry.id,
            "source_sha256": entry.submission.sha256,
            "checker": self.checker,
            "seed": self.seed,
            "profile": self.profile,
            "confined": self.confined,
            "exercises": [exercise.id for unit in self.units for exercise in unit.exercises],
        }

    def _path(self, entry: Entry) -> Path:
        return self.out / "verdicts" / f"{entry.id}.json"

    def _submitted(self, entry: Entry) -> frozenset[str]:
        return frozenset(unit.id for unit in self.units if unit.address in entry.submission.sources)

    def _not_attempted(self, entry: Entry) -> Verdict:
        why = entry.problem or "There was no file for this unit."
        exercises = {
            exercise.id: ExerciseVerdict("not attempted", 0, exercise.points, message=why)
            for unit in self.units
            for exercise in unit.exercises
        }
        notes = entry.submission.notes
        return Verdict(exercises, entry.submission.sha256, self.checker, self.seed, self.profile, self.confined, notes)


def _seed(out: Path, wanted: int | None) -> int:
    """The run's seed, kept in out/seed.txt so that the same command resumes."""
    path = out / "seed.txt"
    if wanted is None:
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            wanted = secrets.randbelow(2**31)
    write_text(path, f"{wanted}\n")
    return wanted


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _mistakes(students: Sequence[Graded]) -> tuple[ClassMistake, ...]:
    """The known mistakes of the class, the commonest first. A message that holds a diagnosis ends with its sentence."""
    made = Counter(
        (exercise, one.diagnosis, one.message.splitlines()[-1].strip())
        for student in students
        for exercise, one in student.verdict.exercises.items()
        if one.diagnosis
    )
    ordered = sorted(made.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ClassMistake(*mistake, students=count) for mistake, count in ordered)


def _submitted(unit: Unit, entries: Sequence[Entry]) -> bool:
    return any(unit.address in entry.submission.sources for entry in entries)
