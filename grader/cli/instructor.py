"""The instructor's commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

from grader.cli.command import AT_LEAST_0, AT_LEAST_1, PATH, Choice, Commands, F, profile_option
from grader.cli.out import Answer, Out
from grader.curriculum import Course, CourseError, Unit, default_course
from grader.ground.text import counted
from grader.judge import Outcome, Unknown

if TYPE_CHECKING:
    from grader.classroom import ClassRun, Graded, GradeReport


commands = Commands()


def some_units(help: str) -> Callable[[F], F]:
    return click.option(
        "--unit",
        "keys",
        metavar="ID",
        multiple=True,
        show_default="what was handed in",
        help=f"{help}; may be repeated.",
    )


def attempts() -> Sequence[str]:
    from grader.classroom.run import ATTEMPTS

    return ATTEMPTS


def levels() -> Sequence[str]:
    from grader.classroom.report import LEVELS

    return LEVELS


@commands.command()
@click.argument("submissions", metavar="SUBMISSIONS", type=PATH)
@click.option(
    "--out", "folder", metavar="DIR", type=PATH, required=True, help="Where verdicts, gradebook, CSV and feedback go."
)
@some_units("What is graded")
@click.option("--jobs", metavar="N", type=AT_LEAST_1, show_default="one a core", help="Submissions at a time.")
@click.option("--seed", metavar="N", type=AT_LEAST_0, show_default="a secret one", help="Which inputs are drawn.")
@profile_option("grade")
@click.option("--gradebook", metavar="URL", show_default="SQLite in DIR", help="nbgrader's database.")
@click.option("--unconfined", is_flag=True, help="Insist where the kernel cannot confine what students wrote.")
@click.option("--cluster", metavar="ADDRESS", help="Judge on a Dask cluster: tcp://host:8786.")
@click.option("--roster", metavar="FILE", type=PATH, help="Who is enrolled and when work is due.")
@click.option("--late", metavar="PERCENT", type=click.FloatRange(0, 100), default=0.0, help="What each day late costs.")
@click.option("--late-most", metavar="PERCENT", type=click.FloatRange(0, 100), default=100.0, help="The most it costs.")
@click.option(
    "--grace", metavar="HOURS", type=click.FloatRange(0, 10_000), default=0.0, help="How late is not late yet."
)
@click.option(
    "--attempts",
    cls=Choice,
    what="attempt",
    words=attempts,
    metavar="WHICH",
    default="last",
    help="Which attempt counts: {words}.",
)
@click.option("--regrade", metavar="STUDENT|EXERCISE", multiple=True, help="Judge anew; may be repeated.")
@click.option("--anonymous", is_flag=True, help="Write pseudonyms; DIR.names.csv has them.")
@click.option("--checks", metavar="FOLDER", type=PATH, help="Hidden checks of your own, besides.")
@click.option(
    "--show",
    cls=Choice,
    what="feedback",
    words=levels,
    metavar="WHAT",
    default="learner",
    help="What feedback tells: {words}.",
)
def grade(
    out: Out,
    submissions: Path,
    folder: Path,
    keys: Sequence[str],
    *,
    roster: Path | None,
    grace: float,
    late: float,
    late_most: float,
    attempts: str,
    anonymous: bool,
    **options: Any,
) -> Answer:
    """Grade a folder of submissions into nbgrader's gradebook, a CSV and feedback. Resumes."""
    course = default_course()
    units = whole_units(course, keys)
    if not submissions.is_dir():
        raise CourseError(f"{submissions} is no folder; it should hold one folder, .zip, .ipynb or .py a student.")
    if (grace or late) and roster is None:
        raise CourseError("What is late, a roster says: add --roster FILE, with a column due.")
    from grader.classroom import ClassRun
    from grader.classroom.late import LatePolicy
    from grader.classroom.roster import read_roster
    from grader.classroom.submissions import NAMES

    policy = None
    if roster is not None:
        policy = LatePolicy(read_roster(roster, course), timedelta(hours=grace), late / 100, late_most / 100)
    run = ClassRun(
        submissions,
        folder,
        units=units,
        late=policy,
        best=attempts == "best",
        names=Path(f"{folder.resolve()}{NAMES}") if anonymous else None,
        **options,
    )
    report = grade_class(out, course, run)
    if out.as_json:
        return report.to_dict(), 0
    show_class(out, report)
    return {}, 0


def whole_units(course: Course, keys: Sequence[str]) -> list[Unit]:
    """The units with these ids. Raises CourseError for an exercise's."""
    units = []
    for key in keys:
        found = course.curriculum.find(key)
        if not isinstance(found, Unit):
            raise CourseError(f"{key!r} is an exercise; a class is graded by units: --unit {found.unit_id}.")
        units.append(found)
    return units


def grade_class(out: Out, course: Course, run: ClassRun) -> GradeReport:
    """classroom.grade, and a bar that shows how far it is."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from grader.classroom import grade
    from grader.ground.text import line

    counts = TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    columns = *counts, TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=out.console, transient=True, disable=not out.console.is_terminal) as bar:
        task = bar.add_task("", total=None, rate="")

        def progress(student: Graded, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=line(student.id))
            if speed := bar.tasks[0].speed:
                bar.update(task, rate=f"{speed:.1f}/s")

        return grade(course, run, progress=progress)


MOST_ROWS = 60
"""A larger class is read in grades.csv, not on a terminal."""


def _weight(outcome: Outcome | Unknown) -> int:
    """How much an outcome wants to be looked at; a student's row names the weightiest."""
    match outcome:
        case Outcome.PASSED:
            return 0
        case Outcome.NOT_ATTEMPTED:
            return 1
        case Outcome.FAILED:
            return 2
        case Outcome.CRASHED:
            return 3
        case Outcome.TIMED_OUT:
            return 4
        case Unknown():
            return 5
        case never:
            assert_never(never)


def show_class(out: Out, report: GradeReport) -> None:
    """A row a student and the class's common mistakes; where everything is."""
    from rich.table import Table
    from rich.text import Text

    from grader.cli.render import look
    from grader.ground.text import clean, line

    most = sum(unit.points for unit in report.units)
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=28)
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for row in report.rows[:MOST_ROWS]:
        marks = Text.assemble(*((look(outcome).mark, look(outcome).colour) for outcome in row.outcomes))
        worst = max(row.outcomes, key=_weight)
        remark = row.problem or ("" if worst == Outcome.PASSED else worst)
        table.add_row(
            Text(line(row.student)), f"{row.points:g}/{most}", marks, Text(line(remark), style="bright_black")
        )
    out.print(table)
    if len(report.rows) > MOST_ROWS:
        out.print(f"… and {len(report.rows) - MOST_ROWS} more, in {report.out / 'grades.csv'}", soft_wrap=True)
    if report.mistakes:
        out.print("\nWhat the class got wrong most", style="bold")
        for mistake in report.mistakes[:3]:
            out.print(f"  {counted(mistake.students, 'student')}: {clean(mistake.sentence)}", style="yellow")
    if not report.confined:
        out.print("\nThe kernel did not confine what students wrote; every verdict says so.", style="bold yellow")
    for name in report.strangers:
        out.print(f"not on the roster: {line(name)}", style="yellow", soft_wrap=True)
    for name in report.ignored:
        out.print(f"passed over: {line(name)}", style="bright_black", soft_wrap=True)
    out.print()
    for what, where in {
        "gradebook": report.gradebook,
        "grades": report.out / "grades.csv",
        "feedback": report.out / "feedback",
        "summary": report.out / "summary.md",
    }.items():
        out.print(f"{what:<10} {where}", soft_wrap=True)


def release_formats() -> Sequence[str]:
    from grader.classroom.release import FORMATS

    return FORMATS


@commands.command()
@click.argument("key", metavar="UNIT|PHASE")
@click.option(
    "--format",
    cls=Choice,
    what="release format",
    words=release_formats,
    metavar="NAME",
    default="nbgrader",
    help="{words}.",
)
@click.option(
    "--out", "folder", metavar="DIR", type=PATH, default="release", help="Where to, such as nbgrader's folder."
)
@click.option("--install", metavar="WHAT", default="", help="What pip installs where the course is not.")
@click.option(
    "--seed", metavar="N", type=AT_LEAST_0, show_default="a secret one", help="Which inputs hidden tests draw."
)
@click.option("--unconfined", is_flag=True, help="Let Gradescope judge where its kernel cannot confine.")
def release(
    out: Out, key: str, *, format: str, folder: Path, install: str, seed: int | None, unconfined: bool
) -> Answer:
    """Write what the students of a unit or a whole phase get."""
    course = default_course()
    from grader.classroom import release as hand_out
    from grader.classroom import released_units

    name, units = released_units(course, key)
    files = hand_out(course, name, units, folder, format, install=install, seed=seed, unconfined=unconfined)
    ids = [unit.id for unit in units]
    for path in files:
        out.print(str(path), soft_wrap=True)
    if format == "nbgrader":
        out.print(f"\nNext, in {folder}:", soft_wrap=True)
        for unit_id in ids:
            out.print(f"  nbgrader generate_assignment {unit_id}", soft_wrap=True)
    document = {"schema": 1, "name": name, "units": ids, "format": format, "files": [str(path) for path in files]}
    return document, 0


def export_formats() -> Sequence[str]:
    from grader.classroom.export import FORMATS

    return FORMATS


@commands.command()
@click.argument("run", metavar="DIR", type=PATH)
@click.option(
    "--format", cls=Choice, what="export format", words=export_formats, metavar="NAME", default="csv", help="{words}."
)
@click.option("--roster", metavar="FILE", type=PATH, help="How the LMS knows the students.")
@click.option("--gradebook", metavar="URL", show_default="SQLite in DIR", help="nbgrader's database.")
@click.option("--to", metavar="FILE", type=PATH, show_default="DIR/export-FORMAT.csv", help="Where to.")
def export(out: Out, run: Path, *, format: str, roster: Path | None, gradebook: str | None, to: Path | None) -> Answer:
    """Write the grades of a class run for an LMS. Exits with 1 if somebody could not be matched, and says who."""
    course = default_course()
    from grader.classroom.export import export as write
    from grader.classroom.roster import read_roster
    from grader.classroom.submissions import NAMES

    known = read_roster(roster, course) if roster else None
    names = Path(f"{run.resolve()}{NAMES}")
    done = write(course, run, format, known, gradebook=gradebook, names=names, to=to)
    out.print(f"{counted(len(done.students), 'student')} in {done.path}", soft_wrap=True)
    for advice in done.advice:
        out.print(advice, soft_wrap=True)
    if done.absent:
        out.note(f"Enrolled, and not in this class run: {', '.join(done.absent)}.")
    for student, why in done.unmatched.items():
        out.note(f"Not exported: {student} {why}.")
    return done.to_dict(), 1 if done.unmatched else 0


@commands.command()
@click.argument("submissions", metavar="SUBMISSIONS", type=PATH)
@some_units("What is compared")
@click.option("--to", metavar="FILE", type=PATH, default="similar.html", help="Where the page goes.")
@click.option(
    "--alike",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.5,
    help="What part of the shorter file a pair shares.",
)
@click.option("--most", metavar="N", type=AT_LEAST_1, default=200, help="How many pairs are shown.")
def similar(out: Out, submissions: Path, keys: Sequence[str], *, to: Path, alike: float, most: int) -> Answer:
    """Show which hand-ins read alike, side by side, for a person to judge. Nothing leaves this machine."""
    course = default_course()
    units = [course.curriculum.unit(key) for key in keys]
    from rich.progress import Progress

    from grader.classroom.similar import similar as compare
    from grader.ground.text import line

    with Progress(console=out.console, transient=True, disable=not out.console.is_terminal) as bar:
        task = bar.add_task("comparing", total=None)
        found = compare(
            course,
            submissions,
            to,
            units=units,
            alike=alike,
            most=most,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for pair in found.pairs[:10]:
        shares = " and ".join(f"{share:.0%}" for share in pair.shares)
        out.print(f"{pair.unit.number}  {shares}  {' and '.join(map(line, pair.students))}", soft_wrap=True)
    count = counted(len(found.pairs) + found.more, "pair")
    out.print(
        f"{count} of {counted(found.students, 'student')} read alike. Look before you judge: {to}", soft_wrap=True
    )
    for student, why in found.problems.items():
        out.note(f"Not compared: {student}: {why}")
    return found.to_dict(), 0
