"""The gates on a unit's files: stub, oracle, form and pictures."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

from grader.author.gates.finding import Finding, named
from grader.author.stubs import blocks, make_stub
from grader.curriculum import Course, CourseError, Unit

VARIANTS_PER_EXERCISE = 2


def generated_stub(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 1: the stub is what the generator makes of the reference, and no line of a solution is left in it."""
    try:
        made = make_stub(course, unit)
        source = course.reference(unit).read_text(encoding="utf-8")
        solved = [
            line.strip()
            for block in blocks(source, course.reference(unit))
            for line in source.splitlines()[block.first : block.last - 1]
        ]
    except CourseError as error:
        where, _, message = str(error).partition(": ")
        yield Finding(1, unit.id, where, message)
        return
    stub = course.stub(unit)
    if not stub.is_file() or stub.read_text(encoding="utf-8") != made:
        yield Finding(1, unit.id, named(course, stub), f"is out of date: run `course author stub {unit.id}`")
    for number, line in enumerate(made.splitlines(), start=1):
        # A short line, `return x`, may well stand elsewhere for reasons of its own.
        if line.strip() in solved and len(line.strip()) >= 20 and not line.strip().startswith(("#", "super().")):
            yield Finding(
                1, unit.id, f"{named(course, stub)}:{number}", f"a line of the solution survives: {line.strip()}"
            )


def oracle_agrees(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 5: the tests of the reference against independent libraries exist and pass."""
    path = course.oracle(unit)
    if not path.is_file():
        yield Finding(5, unit.id, named(course, path), "is missing: the reference has no independent oracle")
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", str(path)]
    done = subprocess.run(command, cwd=course.root, env=with_rooms(course), capture_output=True, text=True)
    if done.returncode:
        yield Finding(5, unit.id, named(course, path), f"does not pass:\n{done.stdout[-2000:].strip()}")


def form(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 7, too: each file says of which unit it is, and two correct variants or more do each exercise their way."""
    files = (course.reference(unit), course.checks(unit), course.mistakes(unit), course.oracle(unit))
    for path in (*files, *(script for script in [course.figures(unit)] if script.is_file())):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not re.search(rf"\b{re.escape(unit.number)}\b", said.partition("\n")[0], re.I):
            yield Finding(
                7, unit.id, f"{named(course, path)}:1", f"does not begin by saying that it is of {unit.number}"
            )
    written = [
        {getattr(node, "name", "") for node in ast.parse(path.read_text(encoding="utf-8")).body}
        for path in course.variants(unit)
    ]
    for exercise in unit.exercises:
        if (count := sum(names.issuperset(exercise.names) for names in written)) < VARIANTS_PER_EXERCISE:
            yield Finding(
                7, unit.id, exercise.id, f"has {count} correct variants; {VARIANTS_PER_EXERCISE} or more are wanted"
            )


def pictures(course: Course, unit: Unit) -> Iterator[Finding]:
    """Gate 7, too: a unit has a script that draws its pictures, and they are what it draws. Minutes, for some units."""
    if unit.kind != "unit":
        return  # a project's pictures come of its training
    if not course.figures(unit).is_file():
        yield Finding(7, unit.id, named(course, course.figures(unit)), "is missing: no picture without its script")
        return
    command = [sys.executable, "site/figures", "--check", unit.id]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout or done.stderr).strip()
        yield Finding(7, unit.id, named(course, course.figures(unit)), f"run `{shlex.join(command[1:])}`:\n{said}")


def with_rooms(course: Course) -> dict[str, str]:
    """The environment in which code that imports references by address is run."""
    return {**os.environ, "PYTHONPATH": str(course.solutions), "OMP_NUM_THREADS": "1"}
