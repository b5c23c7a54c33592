"""The author's commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict

import click

from grader.cli.command import AT_LEAST_1, Commands
from grader.cli.out import Answer, Out
from grader.curriculum import Course, CourseError, Unit, default_course
from grader.ground.text import clean

commands = Commands()
some_units = click.argument("keys", metavar="[UNIT]...", nargs=-1)
sample_option = click.option(
    "--sample", metavar="N", type=AT_LEAST_1, show_default="all of them", help="How many mutants of a unit to judge."
)
seed_option = click.option("--seed", metavar="N", type=int, default=0, help="Which inputs are drawn.")
jobs_option = click.option(
    "--jobs", metavar="N", type=AT_LEAST_1, show_default="one a core", help="How many to judge at a time."
)


def units_of(course: Course, keys: Sequence[str]) -> list[Unit]:
    """The units with these ids; all that are built if there are none."""
    units = [course.curriculum.unit(key) for key in keys] or list(course.curriculum.built)
    for unit in units:
        if unit.coming:
            raise CourseError(f"{unit.id} has no exercises yet: list them in course/curriculum.toml first.")
    return units


@commands.command()
@click.argument("key", metavar="UNIT")
def new(out: Out, key: str) -> Answer:
    """Write the files of a unit that curriculum.toml lists, in form, for you to fill."""
    course = default_course()
    from grader.author import scaffold

    unit = course.curriculum.unit(key)
    written = [path.relative_to(course.root).as_posix() for path in scaffold(course, unit)]
    for name in written:
        out.print(f"wrote {name}", soft_wrap=True)
    out.print(f"\nNext: fill them in, then course author stub {unit.id} and course author check {unit.id}")
    return {"schema": 1, "unit": unit.id, "written": written}, 0


@commands.command()
@some_units
def stub(out: Out, keys: Sequence[str]) -> Answer:
    """Make the stubs anew from the references."""
    course = default_course()
    from grader.author import write_stub

    units = units_of(course, keys)
    changed = [course.stub(unit).relative_to(course.root).as_posix() for unit in units if write_stub(course, unit)]
    for name in changed:
        out.print(f"wrote {name}", soft_wrap=True)
    if not changed:
        out.print("Every stub is up to date.")
    return {"schema": 1, "written": changed}, 0


@commands.command()
@click.pass_obj
@some_units
@sample_option
@seed_option
@jobs_option
def check(
    parses: Callable[[list[str]], str | None],
    out: Out,
    keys: Sequence[str],
    *,
    sample: int | None,
    seed: int,
    jobs: int | None,
) -> Answer:
    """Run every gate: stub, verdicts, mistakes, mutants, oracle, lesson, speed, and the road's prefixes."""
    # `parses` is handed in by `course` itself, which knows all commands.
    course = default_course()
    units = units_of(course, keys)
    from grader.author import Part
    from grader.author import check as gates
    from grader.judge import Judge

    findings = []
    with Judge(course) as judge:
        for finding in gates(
            judge,
            units,
            mutants=Part(most=sample, key=str(seed)),
            seed=seed,
            jobs=jobs or os.cpu_count() or 1,
            parses=parses,
            on_gate=lambda where, gate: out.print(f"gate {gate}  {where}", style="bright_black"),
        ):
            findings.append(finding)
            out.print(clean(str(finding)), style="red", soft_wrap=True)
    if not findings:
        out.print(f"All gates hold for {', '.join(unit.id for unit in units)}.", style="green")
    return {
        "schema": 1,
        "units": [unit.id for unit in units],
        "findings": [asdict(finding) for finding in findings],
    }, 1 if findings else 0


@commands.command()
@some_units
@sample_option
@seed_option
@jobs_option
def mutate(out: Out, keys: Sequence[str], *, sample: int | None, seed: int, jobs: int | None) -> Answer:
    """Judge faulty references; whatever survives is a hole in the checks."""
    course = default_course()
    units = units_of(course, keys)
    from grader.author import Part, judge_mutants
    from grader.judge import Judge

    reports = []
    part = Part(most=sample, key=str(seed))
    with Judge(course) as judge:
        for unit in units:
            out.print(f"{unit.number} {unit.title}", style="bold")
            report = judge_mutants(judge, unit, part=part, seed=seed, jobs=jobs or os.cpu_count() or 1)
            for mutant in report.survivors:
                out.print(f"  survives: {clean(mutant.id)}   (line {mutant.line})", style="red", soft_wrap=True)
            for name in report.stale:
                out.print(f"  listed as equivalent, but is none: {clean(name)}", style="red", soft_wrap=True)
            out.print(
                f"  {report.judged} of {report.total} mutants judged, {report.kill_rate:.1%} rejected, "
                f"{len(report.equivalent)} equivalent"
            )
            reports.append(report)
    document = {
        "schema": 1,
        "units": {
            report.unit: {
                "total": report.total,
                "judged": report.judged,
                "survivors": [mutant.id for mutant in report.survivors],
                "equivalent": list(report.equivalent),
                "stale": list(report.stale),
            }
            for report in reports
        },
    }
    return document, 1 if any(report.survivors or report.stale for report in reports) else 0
