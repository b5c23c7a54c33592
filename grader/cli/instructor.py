"""The instructor's commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.cli.out import Answer, Out
from grader.curriculum import CourseError, Unit, default_course

if TYPE_CHECKING:
    from grader.classroom import Graded, GradeReport


def grade(
    out: Out,
    submissions: Path,
    folder: Path,
    keys: Sequence[str],
    *,
    roster: Path | None = None,
    grace: float = 0.0,
    late: float = 0.0,
    late_most: float = 100.0,
    attempts: str = "last",
    anonymous: bool = False,
    show: str = "learner",
    **options: Any,
) -> Answer:
    """`options` are those of ClassRun; `grace` in hours, `late` in percent a day."""
    course = default_course()
    units = [course.curriculum.find(key) for key in keys]
    for key, unit in zip(keys, units, strict=True):
        if not isinstance(unit, Unit):
            raise CourseError(f"{key!r} is an exercise; a class is graded by units: --unit {unit.unit_id}.")
    if not submissions.is_dir():
        raise CourseError(f"{submissions} is no folder; it should hold one folder, .zip, .ipynb or .py a student.")
    if attempts not in ("best", "last"):
        raise CourseError(f"There is no way {attempts!r} to keep attempts; choose best or last.")
    if (grace or late) and roster is None:
        raise CourseError("What is late, a roster says: add --roster FILE, with a column due.")
    from datetime import timedelta

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from grader.classroom import ClassRun
    from grader.classroom import grade as grade_class
    from grader.classroom.late import LatePolicy
    from grader.classroom.roster import read_roster
    from grader.classroom.submissions import NAMES

    policy = None
    if roster is not None:
        policy = LatePolicy(read_roster(roster, course), timedelta(hours=grace), late / 100, late_most / 100)
    run = ClassRun(
        submissions,
        folder,
        units=[unit for unit in units if isinstance(unit, Unit)],
        late=policy,
        best=attempts == "best",
        names=Path(f"{folder.resolve()}{NAMES}") if anonymous else None,
        show=show,
        **options,
    )

    counts = TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    columns = *counts, TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=out.console, transient=True, disable=not out.console.is_terminal) as bar:
        task = bar.add_task("", total=None, rate="")

        def progress(student: Graded, done: int, total: int) -> None:
            from grader.ground.text import line

            bar.update(task, completed=done, total=total, description=line(student.id))
            if speed := bar.tasks[0].speed:
                bar.update(task, rate=f"{speed:.1f}/s")

        report = grade_class(course, run, progress=progress)
    if out.as_json:
        return report.to_dict(), 0
    show_class(out, report)
    return {}, 0


MOST_ROWS = 60
"""A larger class is read in grades.csv, not on a terminal."""


def show_class(out: Out, report: GradeReport) -> None:
    """A row a student and the class's common mistakes; where everything is."""
    from rich.table import Table
    from rich.text import Text

    from grader.cli.render import MARKS, plural
    from grader.ground.text import clean, line

    most = sum(unit.points for unit in report.units)
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=28)
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for row in report.rows[:MOST_ROWS]:
        marks = Text.assemble(*(MARKS[outcome] for outcome in row.outcomes))
        worst = next((one for one in ("timed out", "crashed", "failed") if one in row.outcomes), "")
        remark = row.problem or worst or ("not attempted" if "not attempted" in row.outcomes else "")
        table.add_row(
            Text(line(row.student)), f"{row.points:g}/{most}", marks, Text(line(remark), style="bright_black")
        )
    out.print(table)
    if len(report.rows) > MOST_ROWS:
        out.print(f"… and {len(report.rows) - MOST_ROWS} more, in {report.out / 'grades.csv'}", soft_wrap=True)
    if report.mistakes:
        out.print("\nWhat the class got wrong most", style="bold")
        for mistake in report.mistakes[:3]:
            out.print(f"  {plural(mistake.students, 'student')}: {clean(mistake.sentence)}", style="yellow")
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


def release(out: Out, key: str, format: str, folder: Path, install: str, seed: int | None, unconfined: bool) -> Answer:
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
        for one in ids:
            out.print(f"  nbgrader generate_assignment {one}", soft_wrap=True)
    document = {"schema": 1, "name": name, "units": ids, "format": format, "files": [str(path) for path in files]}
    return document, 0


def export(out: Out, run: Path, format: str, roster: Path | None, gradebook: str | None, to: Path | None) -> Answer:
    course = default_course()
    from grader.classroom.export import export as write
    from grader.classroom.roster import read_roster
    from grader.classroom.submissions import NAMES
    from grader.cli.render import plural

    known = read_roster(roster, course) if roster else None
    names = Path(f"{run.resolve()}{NAMES}")
    done = write(course, run, format, known, gradebook=gradebook, names=names, to=to)
    out.print(f"{plural(len(done.students), 'student')} in {done.path}", soft_wrap=True)
    for advice in done.advice:
        out.print(advice, soft_wrap=True)
    if done.absent:
        out.note(f"Enrolled, and not in this class run: {', '.join(done.absent)}.")
    for student, why in done.unmatched.items():
        out.note(f"Not exported: {student} {why}.")
    return done.to_dict(), 1 if done.unmatched else 0


def similar(out: Out, submissions: Path, keys: Sequence[str], to: Path, alike: float, most: int) -> Answer:
    course = default_course()
    units = [course.curriculum.unit(key) for key in keys]
    from rich.progress import Progress

    from grader.classroom.similar import similar as compare
    from grader.cli.render import plural
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
    count = plural(len(found.pairs) + found.more, "pair")
    out.print(f"{count} of {plural(found.students, 'student')} read alike. Look before you judge: {to}", soft_wrap=True)
    for student, why in found.problems.items():
        out.note(f"Not compared: {student}: {why}")
    return found.to_dict(), 0
