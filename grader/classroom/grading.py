"""Grading a class: a stream of submissions, of which a handful is in memory at a time.

First every submission is judged, each verdict on disk the moment it is known; then the verdicts are read back, a
hundred at a time, for the gradebook, the table and the summary.
"""

from __future__ import annotations

import itertools
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from grader.classroom.files import alone_in
from grader.classroom.gradebook import record, require_nbgrader, shown, sqlite
from grader.classroom.hidden import try_out, with_hidden_checks
from grader.classroom.judging import Judges, LastingJudge
from grader.classroom.late import LatePolicy, times
from grader.classroom.pseudonyms import pseudonyms
from grader.classroom.report import (
    FAULT,
    Graded,
    GradeReport,
    GradesTable,
    Tally,
    summary_markdown,
    write_feedback,
)
from grader.classroom.results import Results
from grader.classroom.submissions import Entry, Work, list_class, read_work
from grader.curriculum import Course, CourseError, Unit, UnknownId
from grader.ground.cores import cores
from grader.ground.files import write_text, writing
from grader.ground.text import printable
from grader.judge import ExerciseVerdict, Judge, Verdict
from grader.judge.door.client import JudgeUnavailable
from grader.judge.terms.version import checker_version
from grader.judge.wall import confine

BATCH = 100
"""How many students go into the gradebook in one transaction."""

Progress = Callable[[Graded, int, int], None]
"""Called after each student with the result, how many are done, and how many there are."""

T = TypeVar("T")
Result = TypeVar("Result")


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
    cluster: str | None = None,
    judge: Judges | None = None,
    late: LatePolicy | None = None,
    best: bool = False,
    regrade: Sequence[str] = (),
    names: Path | None = None,
    checks: Path | None = None,
    show: str = "learner",
    progress: Progress | None = None,
) -> GradeReport:
    """Judge every student of the folder `submissions` and write verdicts, gradebook, CSV and feedback under `out`.

    Args:
        units: what is graded; by default every built unit for which at least one submission has a file.
        jobs: how many submissions are judged at a time; by default one a core, or two a thread of the cluster.
        seed: what the inputs are drawn from; by default the one `out` was begun with, and a fresh secret one for a
            new `out`, so that no submission can be written for known inputs.
        profile: how many examples each check draws (see grader.judge).
        gradebook: SQLAlchemy URL of nbgrader's database; by default SQLite at out/gradebook.db.
        unconfined: run what students wrote with the rights of this process, without the kernel's wall. Without it a
            kernel that has no such wall is refused.
        cluster: address of a Dask scheduler (tcp://host:8786); its workers judge, each with a judge of its own.
        judge: one that is warm already; by default a private one, started only if a verdict is needed.
        late: what late work costs, by the roster's due dates. Who is enrolled and handed in nothing is in the class.
        best: let the best attempt count instead of the last, of those that earlier runs into `out` judged.
        regrade: students, exercises or units to judge anew even if the verdicts still hold.
        names: the table of pseudonyms for an anonymous run, written where it is missing: students go by these in all
            that is written under `out`.
        checks: a folder laid out like grader/checks with further checks, which students do not have. An exercise is
            passed if it passes all, and worth what it was. Who gives `judge` gives it such a course, too.
        show: how much feedback tells, of report.LEVELS.
        progress: called from this thread after each student.

    Writes `feedback/<student>/feedback.{html,md}` and `verdicts/<student>.json` at once after each judgement, and in
    the end `gradebook.db`, `grades.csv` and `summary.md`. Running it again judges only those whose files, checker, seed
    or units changed; delete a student's verdict file to have that one judged anew. A submission that cannot be read
    gets "not attempted" and one line that says why, and the next is graded.

    Raises CourseError when there is nothing to grade, when nbgrader is missing, when the kernel cannot confine, when
    another run is at work in `out`, when the course's own solutions do not pass `checks`, or when `out` or the
    gradebook cannot be written.
    """
    require_nbgrader()
    if not (unconfined or cluster or confine.can_confine()):
        raise CourseError(
            "This machine cannot confine what students wrote (`course doctor` says why); grade on Linux 5.13 or newer "
            "with Landlock, or add --unconfined to run it with your own rights."
        )
    address = shown(url := gradebook or sqlite(out / "gradebook.db"))
    entries, ignored = list_class(course, submissions, leave_out=out)
    if not entries:
        raise CourseError(f"{submissions} holds no submissions; put one folder, .zip, .ipynb or .py a student there.")
    units = tuple(units) or _handed_in(course, submissions, entries)
    if not units:
        example = f"{entries[0].id}/{course.curriculum.built[0].address}.py"
        raise CourseError(f"No submission in {submissions} has a file of a built unit, such as {example}.")
    if coming := [unit.number for unit in units if unit.coming]:
        raise CourseError(f"Unit {', '.join(coming)} is still coming; it cannot be graded yet.")
    if checks is not None:
        course = with_hidden_checks(course, checks, units)

    strangers: list[str] = []
    if late is not None:
        here = {entry.id for entry in entries}
        strangers = sorted(here - late.roster.keys())
        entries += [Entry(one, ()) for one in sorted(late.roster.keys() - here)]
        entries.sort(key=attrgetter("id"))

    with alone_in(out):
        if names is not None:
            hidden = pseudonyms(names, [entry.id for entry in entries])
            if {path.stem for path in out.glob("verdicts/*.json")} - set(hidden.values()):
                raise CourseError(f"{out} holds students' names already; choose another --out for an anonymous run.")
            strangers = [hidden[one] for one in strangers]
            entries = sorted((replace(entry, id=hidden[entry.id]) for entry in entries), key=attrgetter("id"))
            if late is not None:
                late = replace(late, roster={hidden.get(who, who): one for who, one in late.roster.items()})
            regrade = [hidden.get(key, key) for key in regrade]
        results = Results(out / "verdicts", tuple(entry.id for entry in entries), units, late, best)
        desk = _Desk(
            course=course,
            submissions=submissions,
            out=out,
            units=units,
            profile=profile,
            seed=_seed(out, seed),
            checker=checker_version(course),
            confined=not unconfined,
            anonymous=names is not None,
            show=show,
            anew=_anew(course, results, regrade),
            results=results,
        )
        judges: AbstractContextManager[Judges]
        if judge is not None:
            judges = nullcontext(judge)
        elif cluster is None:
            judges = LastingJudge(lambda: Judge(course, unconfined=unconfined))
        else:
            from grader.classroom.cluster import ClusterJudge

            judges = ClusterJudge(cluster, course, unconfined=unconfined)
            jobs = jobs or judges.jobs
        with ThreadPoolExecutor(1) as aside:
            opened = aside.submit(record, url, (), ())  # importing nbgrader and a new database take seconds
            judged = desk.all(entries, judges, jobs or cores(), progress)
            opened.result()
        tally = Tally(units)
        with writing(out / "grades.csv") as file:
            table = GradesTable(file, units)
            for first in range(0, len(results), BATCH):
                batch = results[first : first + BATCH]
                scores = record(url, units, batch)
                for student in batch:
                    tally.add(student, scores[student.id])
                    table.add(student, scores[student.id])
        report = GradeReport(results, units, out, address, desk.seed, tally, judged, tuple(ignored), tuple(strangers))
        write_text(out / "summary.md", summary_markdown(report))
    return report


@dataclass(frozen=True)
class _Desk:
    """Where one submission after another is judged, each with the same question."""

    course: Course
    submissions: Path
    out: Path
    units: tuple[Unit, ...]
    profile: str
    seed: int
    checker: str
    confined: bool
    anonymous: bool
    show: str
    anew: Callable[[str, Work], bool]
    results: Results

    def all(
        self, entries: Iterable[Entry], judges: AbstractContextManager[Judges], jobs: int, progress: Progress | None
    ) -> int:
        """Get every entry's result onto the disk; returns how many had to be judged."""
        turn, done, judged = threading.Semaphore(jobs), 0, 0
        # Two threads more than judgements, so that reading and writing keep no processor waiting. The judge leaves
        # first, so that an interrupted run does not wait for what it was judging.
        with ThreadPoolExecutor(jobs + 2) as pool, judges as judge:
            try:
                try_out(self.course, self.units, judge, profile=self.profile, seed=self.seed)
                work = partial(self._result, judge, turn)
                for student, new in _as_they_come(pool, work, entries, ahead=2 * jobs + 2):
                    done, judged = done + 1, judged + new
                    if progress:
                        progress(student, done, len(self.results))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return judged

    def _result(self, judge: Judges, turn: threading.Semaphore, entry: Entry) -> tuple[Graded, bool]:
        """A student's result, on disk before it is returned, and whether it was judged anew."""
        work = read_work(self.course, self.submissions, entry, self.units)
        if self.anonymous:
            work = _without_names(work, entry)
        timed = self.results.policy is not None and len(entry.names) == 1
        when = times(self.submissions / entry.names[0], self.units) if timed else {}
        question = self._question(entry, work)
        known = not self.anew(entry.id, work) and self.results.recall(entry.id, question, work.problem, when)
        judged = not known and self._judge(judge, turn, entry, work, question, when)
        student = self.results.read(entry.id)
        write_feedback(self.course, self.out, student, self.units, self.show)
        return student, judged

    def _judge(
        self,
        judge: Judges,
        turn: threading.Semaphore,
        entry: Entry,
        work: Work,
        question: dict[str, Any],
        when: dict[str, datetime],
    ) -> bool:
        """Get a new verdict onto the disk; whether the judge made it, or none was needed or could be had."""
        submitted = frozenset(unit.id for unit in self.units if unit.address in work.submission.sources)
        problem = work.problem
        verdict = None
        if submitted and not problem:
            try:
                with turn:
                    verdict = judge.check(work.submission, question["exercises"], profile=self.profile, seed=self.seed)
            except JudgeUnavailable as error:
                problem = f"{FAULT}: {printable(str(error).strip().splitlines()[-1])}"
        graded = Graded(entry.id, verdict or self._not_attempted(work, problem), submitted, problem)
        self.results.keep(graded, question, when)
        return verdict is not None

    def _question(self, entry: Entry, work: Work) -> dict[str, Any]:
        """What a verdict depends on, and whose it is."""
        return {
            "schema": 1,
            "student": entry.id,
            "source_sha256": work.submission.sha256,
            "checker": self.checker,
            "seed": self.seed,
            "profile": self.profile,
            "confined": self.confined,
            "exercises": [exercise.id for unit in self.units for exercise in unit.exercises],
        }

    def _not_attempted(self, work: Work, problem: str | None) -> Verdict:
        why = problem or "There was no file for this unit."
        exercises = {
            exercise.id: ExerciseVerdict("not attempted", 0, exercise.points, message=why)
            for unit in self.units
            for exercise in unit.exercises
        }
        sha, notes = work.submission.sha256, work.submission.notes
        return Verdict(exercises, sha, self.checker, self.seed, self.profile, self.confined, notes)


def _as_they_come(
    pool: ThreadPoolExecutor, work: Callable[[T], Result], items: Iterable[T], ahead: int
) -> Iterator[Result]:
    """work(item) for each item, as they are done; of at most `ahead` at a time is anything in memory."""
    waiting: set[Future[Result]] = set()
    left = iter(items)
    while True:
        waiting |= {pool.submit(work, item) for item in itertools.islice(left, ahead - len(waiting))}
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        yield from (one.result() for one in done)


def _without_names(work: Work, entry: Entry) -> Work:
    """The work without the entry's own names in what is said about it. What students write into their work stays."""
    if not entry.names:
        return work
    own = {*entry.names, *(Path(name).stem for name in entry.names)}
    names = [re.escape(printable(name)) for name in sorted(own, key=len, reverse=True)]

    def hidden(text: str) -> str:
        return re.sub(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", entry.id, text)

    notes = tuple(map(hidden, work.submission.notes))
    return Work(replace(work.submission, notes=notes), work.problem and hidden(work.problem))


def _anew(course: Course, results: Results, keys: Sequence[str]) -> Callable[[str, Work], bool]:
    """Whether a student's work is to be judged in any case."""
    students = set(keys) & set(results.ids)
    try:
        addresses = {course.curriculum.unit(key).address for key in keys if key not in students}
    except UnknownId as error:
        raise CourseError(f"There is no student and no exercise {error.wanted!r} to grade anew.") from None
    return lambda student, work: student in students or not addresses.isdisjoint(work.submission.sources)


def _handed_in(course: Course, submissions: Path, entries: Iterable[Entry]) -> tuple[Unit, ...]:
    """The built units of which at least one submission has a file."""
    missing = {unit.address: unit for unit in course.curriculum.built}
    for entry in entries:
        for address in read_work(course, submissions, entry).submission.sources:
            missing.pop(address, None)
        if not missing:
            break
    return tuple(unit for unit in course.curriculum.built if unit.address not in missing)


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
