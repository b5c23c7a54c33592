"""A unit's known mistakes as they stand in the file, and as a learner would hand one in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.curriculum import Course, CourseError, Unit


@dataclass(frozen=True)
class WrittenMistake:
    """A known mistake as it stands in the file: the arguments of its decorator."""

    name: str
    exercise: str
    replaces: str
    see: str
    line: int


def mistakes(course: Course, unit: Unit) -> Iterator[WrittenMistake]:
    """The known mistakes of a unit, read and not run."""
    path = course.mistakes(unit)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not node.decorator_list:
            continue  # a helper of the mistakes
        match node.decorator_list:
            case [ast.Call(ast.Name("mistake"), [ast.Constant(str(exercise)), *_], keywords)]:
                options = {keyword.arg: keyword.value for keyword in keywords}
                see, replaces = (getattr(options.get(name), "value", None) for name in ("see", "replaces"))
                yield WrittenMistake(node.name, exercise, replaces or exercise, see or "", node.lineno)
            case _:
                raise CourseError(f"{path}:{node.lineno}: {node.name} wants one @mistake, of plain strings.")


def mistaken(course: Course, unit: Unit, wrong: WrittenMistake) -> str:
    """A learner's file with this mistake: the reference, and at its end the mistake in place of what it replaces."""
    package, _, name = unit.module.rpartition(".")
    tree = ast.parse(course.mistakes(unit).read_text(encoding="utf-8"))
    alias = name
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "grader":
            continue  # @mistake itself; the judge is not at hand on the learner's side
        if isinstance(node, ast.ImportFrom) and node.module == package and node.names[0].name == name:
            alias = node.names[0].asname or name
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = []  # @mistake, and no other
        body.append(node)
    reference = course.reference(unit).read_text(encoding="utf-8")
    return f"""{reference}

def _module(name, text, **known):
    import sys, types
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(known)
    exec(text, vars(module))
    return module

_pristine = _module("pristine", {reference!r})
{wrong.replaces} = _module("bank", {ast.unparse(ast.Module(body, []))!r}, {alias}=_pristine).{wrong.name}
"""
