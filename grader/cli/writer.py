"""The author's commands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict

from grader.cli.app import parses
from grader.cli.out import Answer, Out
from grader.curriculum import Course, CourseError, Unit, default_course
from grader.ground.text import clean


def units_of(course: Course, keys: Sequence[str]) -> list[Unit]:
    """The units with these ids; all that are built if there are none."""
    units = [course.curriculum.unit(key) for key in keys] or list(course.curriculum.built)
    for unit in units:
        if unit.coming:
            raise CourseError(f"{unit.id} has no exercises yet: list them in course/curriculum.toml first.")
    return units


def new(out: Out, key: str) -> Answer:
    course = default_course()
    from grader.author import scaffold

    unit = course.curriculum.unit(key)
    written = [path.relative_to(course.root).as_posix() for path in scaffold(course, unit)]
    for name in written:
        out.print(f"wrote {name}", soft_wrap=True)
    out.print(f"\nNext: fill them in, then course author stub {unit.id} and course author check {unit.id}")
    return {"schema": 1, "unit": unit.id, "written": written}, 0


def stub(out: Out, keys: Sequence[str]) -> Answer:
    course = default_course()
    from grader.author import write_stub

    units = units_of(course, keys)
    changed = [course.stub(unit).relative_to(course.root).as_posix() for unit in units if write_stub(course, unit)]
    for name in changed:
        out.print(f"wrote {name}", soft_wrap=True)
    if not changed:
        out.print("Every stub is up to date.")
    return {"schema": 1, "written": changed}, 0


def check(out: Out, keys: Sequence[str], sample: int | None, seed: int, jobs: int | None) -> Answer:
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


def mutate(out: Out, keys: Sequence[str], sample: int | None, seed: int, jobs: int | None) -> Answer:
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
