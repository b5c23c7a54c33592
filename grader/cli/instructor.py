"""The instructor's commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.out import Answer, Out
from grader.curriculum import CourseError, Unit, default_course

if TYPE_CHECKING:
    from grader.classroom import Graded, GradeReport


def grade(
    out: Out,
    submissions: Path,
    folder: Path,
    keys: Sequence[str],
    jobs: int | None,
    seed: int | None,
    profile: str,
    gradebook: str | None,
    unconfined: bool = False,
) -> Answer:
    course = default_course()
    units = [course.curriculum.find(key) for key in keys]
    for key, unit in zip(keys, units, strict=True):
        if not isinstance(unit, Unit):
            raise CourseError(f"{key!r} is an exercise; a class is graded by units: --unit {unit.unit_id}.")
    if not submissions.is_dir():
        raise CourseError(f"{submissions} is no folder; it should hold one folder, .zip, .ipynb or .py a student.")
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from grader.classroom import grade as grade_class

    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out.console, transient=True, disable=not out.console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def progress(student: Graded, done: int, total: int) -> None:
            from grader.judge.text import line

            bar.update(task, completed=done, total=total, description=line(student.id))

        report = grade_class(
            course,
            submissions,
            folder,
            units=[unit for unit in units if isinstance(unit, Unit)],
            jobs=jobs,
            seed=seed,
            profile=profile,
            gradebook=gradebook,
            unconfined=unconfined,
            progress=progress,
        )
    if not out.as_json:
        show_class(out, report)
    return report.to_dict(), 0


def show_class(out: Out, report: GradeReport) -> None:
    """A row a student and the class's common mistakes; where everything is."""
    from rich.table import Table
    from rich.text import Text

    from grader.cli.render import MARKS, plural
    from grader.judge.text import clean, line

    most = sum(unit.points for unit in report.units)
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=28)
    table.add_column(justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    for student in report.students:
        outcomes = [student.verdict.exercises[exercise.id].verdict for exercise in report.exercises]
        marks = Text.assemble(*(MARKS[outcome] for outcome in outcomes))
        worst = next((one for one in ("timed out", "crashed", "failed") if one in outcomes), "")
        remark = student.problem or worst or ("not attempted" if "not attempted" in outcomes else "")
        points = sum(report.scores[student.id].values())
        table.add_row(Text(line(student.id)), f"{points:g}/{most}", marks, Text(line(remark), style="bright_black"))
    out.print(table)
    if report.mistakes:
        out.print("\nWhat the class got wrong most", style="bold")
        for mistake in report.mistakes[:3]:
            out.print(f"  {plural(mistake.students, 'student')}: {clean(mistake.sentence)}", style="yellow")
    if not report.confined:
        out.print("\nThe kernel did not confine what students wrote; every verdict says so.", style="bold yellow")
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


def release(out: Out, key: str, format: str, folder: Path) -> Answer:
    course = default_course()
    unit = course.curriculum.find(key)
    if not isinstance(unit, Unit):
        raise CourseError(f"{key!r} is an exercise; what is released is its unit: `course release {unit.unit_id}`.")
    from grader.classroom import release as release_unit

    files = release_unit(course, unit, folder, format)
    for path in files:
        out.print(str(path), soft_wrap=True)
    if format == "nbgrader":
        out.print(f"\nNext, in {folder}:  nbgrader generate_assignment {unit.id}", soft_wrap=True)
    return {"schema": 1, "unit": unit.id, "format": format, "files": [str(path) for path in files]}, 0
