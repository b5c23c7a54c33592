"""Grading a class, start to end: validate, enrol, judge and book as the verdicts come, report.

Each verdict is on disk the moment it is known, and goes from the judge's hands into the gradebook, the table and the
summary; a handful of them, and a batch on its way into the gradebook, is in memory at a time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from grader.classroom.book import Book
from grader.classroom.desk import Desk, OnGraded
from grader.classroom.files import alone_in
from grader.classroom.gradebook import require_nbgrader, shown, sqlite
from grader.classroom.hidden import with_hidden_checks
from grader.classroom.judging import Judges, LastingJudge
from grader.classroom.pseudonyms import pseudonyms
from grader.classroom.report import GradeReport, Tally, summary_markdown, write_grades
from grader.classroom.results import Results
from grader.classroom.run import ClassRun
from grader.classroom.submissions import Entry, Work, list_class, read_work
from grader.curriculum import Course, CourseError, Unit, UnknownId
from grader.ground.cores import cores
from grader.ground.files import write_text, writing
from grader.judge import Judge
from grader.judge.terms import libraries
from grader.judge.terms.version import checker_version
from grader.judge.wall import confine


def grade(
    course: Course, run: ClassRun, *, judge: Judges | None = None, progress: OnGraded | None = None
) -> GradeReport:
    """Judge every student of the folder `run.submissions` and write verdicts, gradebook, CSV and feedback.

    Args:
        judge: one that is warm already; by default a private one, started only if a verdict is needed. With
            `run.checks`, it has them.
        progress: called from this thread after each student.

    Writes `feedback/<student>/feedback.{html,md}` and `verdicts/<student>.json` at once after each judgement,
    `gradebook.db` batch by batch, and in the end `grades.csv` and `summary.md`. Running it again judges only those
    whose files, checker, seed or units changed; delete a student's verdict file to have that one judged anew. A
    submission that cannot be read gets "not attempted" and one line that says why, and the next is graded.

    Raises CourseError when there is nothing to grade, when nbgrader or a unit's library is missing, when the kernel
    cannot confine, when another run is at work in `run.out`, when the course's own solutions do not pass `run.checks`,
    or when `run.out` or the gradebook cannot be written.
    """
    _validate(run)
    gradebook = run.gradebook or sqlite(run.out / "gradebook.db")
    address = shown(gradebook)
    group = _enrol(course, run)
    with alone_in(run.out):
        if run.names is not None:
            group = _under_pseudonyms(group, run.names)
        desk = _desk(group)
        judges, jobs = _judges(group, judge)
        tally, judged = Tally(group.units), 0
        with (
            Book(gradebook, group.units) as book,
            closing(desk.graded(group.entries, judges, jobs, progress)) as results,
        ):
            for student, anew in results:
                judged += anew
                tally.add(student)
                book.add(student)
            rows = book.rows()
        report = GradeReport(
            students=desk.results,
            units=group.units,
            out=run.out,
            gradebook=address,
            seed=desk.seed,
            tally=tally,
            rows=rows,
            judged=judged,
            ignored=group.ignored,
            strangers=group.strangers,
        )
        with writing(run.out / "grades.csv") as file:
            write_grades(file, report.units, report.rows)
        write_text(run.out / "summary.md", summary_markdown(report))
    return report


def _validate(run: ClassRun) -> None:
    require_nbgrader()
    if not (run.unconfined or run.cluster or confine.can_confine()):
        raise CourseError(
            "This machine cannot confine what students wrote (`course doctor` says why); grade on Linux 5.13 or newer "
            "with Landlock, or add --unconfined to run it with your own rights."
        )


# -------------------------------------------------------------------------------------------------------- who and what


@dataclass(frozen=True)
class _Group:
    """Who is graded, in order of id, and on what: as the folder and the roster say, under pseudonyms if need be.

    `course` has the hidden checks of `run`. `strangers` are on no roster, `ignored` entries of the folder nobody's.
    """

    course: Course
    run: ClassRun
    units: tuple[Unit, ...]
    entries: tuple[Entry, ...]
    strangers: tuple[str, ...]
    ignored: tuple[str, ...]


def _enrol(course: Course, run: ClassRun) -> _Group:
    entries, ignored = list_class(course, run.submissions, leave_out=run.out)
    if not entries:
        raise CourseError(
            f"{run.submissions} holds no submissions; put one folder, .zip, .ipynb or .py a student there."
        )
    units = _units(course, run, entries)
    if run.checks is not None:
        course = with_hidden_checks(course, run.checks, units)
    strangers: tuple[str, ...] = ()
    if run.late is not None:
        here, enrolled = {entry.id for entry in entries}, run.late.roster.keys()
        strangers = tuple(sorted(here - enrolled))
        entries = sorted([*entries, *(Entry(absent, ()) for absent in enrolled - here)], key=attrgetter("id"))
    return _Group(course, run, units, tuple(entries), strangers, tuple(ignored))


def _units(course: Course, run: ClassRun, entries: Sequence[Entry]) -> tuple[Unit, ...]:
    units = tuple(run.units) or _handed_in(course, run.submissions, entries)
    if not units:
        example = f"{entries[0].id}/{course.curriculum.built[0].address}.py"
        raise CourseError(f"No submission in {run.submissions} has a file of a built unit, such as {example}.")
    if coming := [unit.number for unit in units if unit.coming]:
        raise CourseError(f"Unit {', '.join(coming)} is still coming; it cannot be graded yet.")
    if absent := libraries.missing(sorted({name for unit in units for name in unit.imports})):
        why = f"Units of this class need {' and '.join(absent)}, which is not here: {libraries.remedy(absent)}"
        raise CourseError(f"{why}; --unit grades others without.")
    return units


def _handed_in(course: Course, submissions: Path, entries: Iterable[Entry]) -> tuple[Unit, ...]:
    """The built units of which at least one submission has a file."""
    missing = {unit.address: unit for unit in course.curriculum.built}
    for entry in entries:
        for address in read_work(course, submissions, entry).submission.sources:
            missing.pop(address, None)
        if not missing:
            break
    return tuple(unit for unit in course.curriculum.built if unit.address not in missing)


def _under_pseudonyms(group: _Group, names: Path) -> _Group:
    """The same students by other names, in all that is written and all that was said about them."""
    run = group.run
    hidden = pseudonyms(names, [entry.id for entry in group.entries])
    if {path.stem for path in run.out.glob("verdicts/*.json")} - set(hidden.values()):
        raise CourseError(f"{run.out} holds students' names already; choose another --out for an anonymous run.")
    late = run.late
    if late is not None:
        late = replace(late, roster={hidden.get(who, who): student for who, student in late.roster.items()})
    entries = sorted((replace(entry, id=hidden[entry.id]) for entry in group.entries), key=attrgetter("id"))
    return replace(
        group,
        run=replace(run, late=late, regrade=[hidden.get(key, key) for key in run.regrade]),
        entries=tuple(entries),
        strangers=tuple(hidden[who] for who in group.strangers),
    )


# --------------------------------------------------------------------------------------------------- how it is judged


def _desk(group: _Group) -> Desk:
    run, ids = group.run, tuple(entry.id for entry in group.entries)
    return Desk(
        course=group.course,
        run=run,
        units=group.units,
        seed=_seed(run.out, run.seed),
        checker=checker_version(group.course),
        anew=_anew(group.course, ids, run.regrade),
        results=Results(run.out / "verdicts", ids, group.units, run.late, run.best),
    )


def _judges(group: _Group, judge: Judges | None) -> tuple[AbstractContextManager[Judges], int]:
    """Who judges, and how many submissions at a time."""
    course, run = group.course, group.run
    if judge is not None:
        return nullcontext(judge), run.jobs or cores()
    if run.cluster is None:
        return LastingJudge(lambda: Judge(course, unconfined=run.unconfined)), run.jobs or cores()
    from grader.classroom.cluster import ClusterJudge

    cluster = ClusterJudge(run.cluster, course, unconfined=run.unconfined)
    return cluster, run.jobs or cluster.jobs


def _anew(course: Course, ids: Sequence[str], keys: Sequence[str]) -> Callable[[str, Work], bool]:
    """Whether a student's work is to be judged in any case."""
    students = set(keys) & set(ids)
    try:
        addresses = {course.curriculum.unit(key).address for key in keys if key not in students}
    except UnknownId as error:
        raise CourseError(f"There is no student and no exercise {error.wanted!r} to grade anew.") from None
    return lambda student, work: student in students or not addresses.isdisjoint(work.submission.sources)


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
