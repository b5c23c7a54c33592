"""A new unit's files, in place and in the right form, for an author to fill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from grader.curriculum import Course, CourseError, Unit
from grader.curriculum.course import BEGIN, END


def scaffold(course: Course, unit: Unit) -> list[Path]:
    """Write the unit's folder and its reference; the paths written.

    The folder holds lesson, checks, mistakes, oracle tests, a script of pictures and two variants; the stub is made of
    the reference. A file that exists is left alone. Raises CourseError for a unit without exercises in
    curriculum.toml. What is written parses, and fails the gates until it is filled in.
    """
    if unit.coming:
        raise CourseError(f"{unit.id} has no exercises yet: list them in course/curriculum.toml first.")
    written = []
    for path, text in _files(course, unit).items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text(unit), encoding="utf-8")
            written.append(path)
    return written


def _files(course: Course, unit: Unit) -> dict[Path, Callable[[Unit], str]]:
    variants = course.folder(unit) / "variants"
    return {
        course.reference(unit): _reference,
        course.lesson(unit): _lesson,
        course.checks(unit): _checks,
        course.mistakes(unit): _mistakes,
        course.oracle(unit): _oracle,
        course.figures(unit): _figures,
        variants / "loops.py": lambda unit: _variant(unit, "element by element, in loops"),
        variants / "library.py": lambda unit: _variant(unit, "with what a library brings along"),
    }


def _module(unit: Unit) -> tuple[str, str]:
    package, _, name = unit.module.rpartition(".")
    return package, name


def _reference(unit: Unit) -> str:
    parts = [f'"""Unit {unit.number}, {unit.title}: {unit.summary}"""\n']
    for exercise in unit.exercises:
        said = f'    """{exercise.title}. Shapes, units, ranges, errors; the equation\'s source."""\n'
        parts += [_definition(name, said, BEGIN, "...", END) for name in exercise.names]
    return "\n\n".join(parts)


def _definition(name: str, said: str, *body: str) -> str:
    """A function, or a class with an `__init__`, of these lines."""
    is_class = name[0].isupper()
    lines = "".join(f"{' ' * (8 if is_class else 4)}{line}\n" for line in body)
    if is_class:
        return f"class {name}:\n{said}\n    def __init__(self) -> None:\n{lines}"
    return f"def {name}():\n{said}{lines}"


def _checks(unit: Unit) -> str:
    parts = [
        f'"""Checks for unit {unit.number}, {unit.title}."""\n\n'
        "from hypothesis import given\n\n"
        "from grader.judge import exercise, expect\n"
        "from grader.judge.trial.strategies import dims, seeds, tensors\n"
    ]
    for owner, part in [(exercise, part) for exercise in unit.exercises for part in exercise.parts]:
        of_a_part = "" if len(owner.parts) == 1 else f', part="{part.name}"'
        words = f"{owner.name} {part.name if of_a_part else ''}".replace("_", " ").split()
        title = "".join(word[0].upper() + word[1:] for word in words)
        parts.append(
            f'@exercise("{owner.name}"{of_a_part})\n'
            f"class Test{title}:\n"
            "    @given(x=tensors(2, 3))\n"
            "    def test_matches_the_reference(self, both, x):\n"
            '        "What is computed, in one sentence."\n'
            f'        both.agree("{part.of}", x)\n\n'
            "    @given(rows=dims(), seed=seeds())\n"
            "    def test_has_a_property_that_needs_no_reference(self, learner, rows, seed):\n"
            '        "An identity, a limit, a conservation law or a gradient check."\n'
            f'        expect(learner.{part.of}(rows, seed), None, "the property")\n'
        )
    return "\n\n".join(parts)


def _mistakes(unit: Unit) -> str:
    package, name = _module(unit)
    parts = [
        f'"""Known mistakes of unit {unit.number}, {unit.title}."""\n\n'
        "from grader.judge import mistake\n"
        f"from {package} import {name} as reference\n"
    ]
    for exercise in unit.exercises:
        parts.append(
            "@mistake(\n"
            f'    "{exercise.name}",\n'
            '    "What happened, and its consequence; not the line of code.",\n'
            '    see="the-mathematics",\n'
            ")\n"
            f"def {exercise.name.lower()}_mistaken(*args, **kwargs):\n"
            f"    return reference.{exercise.name}(*args, **kwargs)\n"
        )
    return "\n\n".join(parts)


def _lesson(unit: Unit) -> str:
    built = "\n".join(
        f"### {exercise.name}\n\nWhat it does, why, and its signature.\n\n"
        '??? tip "Hint 1: what to think about"\n    …\n\n??? tip "Hint 2: which quantity"\n    …\n'
        for exercise in unit.exercises
    )
    return f"""# {unit.number} {unit.title}

<!-- exercises -->

## Why

What this makes possible that the last unit could not, with one picture, and the project it leads to.

## The idea

The smallest worked example, with numbers a person can check by hand.

## The mathematics

Every symbol with its shape; the paper's notation.

## Build it

{built}
## What goes wrong

The symptoms that a practitioner sees, and how to look.

## Read the source

The paper, which sections in which order, and three questions with hidden answers.

## Where this goes

The next unit, and what the frontier does differently today.
"""


def _oracle(unit: Unit) -> str:
    package, name = _module(unit)
    tests = "\n\n".join(
        f"def test_{exercise.name.lower()}_is_that_of_an_independent_library():\n"
        f"    assert unit.{exercise.name}() is not None, 'compare with torch, scipy, scikit-learn or diffusers here'\n"
        for exercise in unit.exercises
    )
    head = f'"""Unit {unit.number} against independent libraries."""\n\nfrom {package} import {name} as unit\n'
    return f"{head}\n\n{tests}"


def _figures(unit: Unit) -> str:
    package, name = _module(unit)
    return f'''"""Pictures of unit {unit.number}, {unit.title}, drawn by the course's own reference."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from {package} import {name} as unit
from style import BLUE


def overview() -> Figure:
    """What the reader is to notice, in one sentence; {", ".join(exercise.name for exercise in unit.exercises)}."""
    figure, axes = plt.subplots()
    axes.plot([0, 1], [0, 1], color=BLUE, label=unit.__name__)
    return figure
'''


def _variant(unit: Unit, manner: str) -> str:
    names = [name for exercise in unit.exercises for name in exercise.names]
    head = f'"""Unit {unit.number}, {manner}."""\n'
    return "\n\n".join([head, *(_definition(name, "", "...") for name in names)])
