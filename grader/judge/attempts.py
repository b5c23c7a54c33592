"""Which exercises of a file are still the untouched stub. Reads syntax; runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from grader.curriculum import Exercise

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def untouched(exercises: Iterable[Exercise], source: bytes | None, stub: bytes) -> set[str]:
    """Names of the exercises whose code equals the stub's, comments, docstrings and layout aside.

    No file, or one that defines nothing, is untouched altogether; a file that does not parse is not.
    """
    exercises = list(exercises)
    everything = {exercise.name for exercise in exercises}
    if source is None:
        return everything
    try:
        tree = ast.parse(source)
        mine = _definitions(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    if all(isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) and not _runs(node) for node in tree.body):
        return everything
    theirs = _definitions_of_stub(stub)
    return {
        exercise.name
        for exercise in exercises
        if all(name in mine and mine[name] == theirs.get(name) for name in exercise.names)
    }


def _runs(node: ast.stmt) -> bool:
    """Whether a statement at the top does more than import or document: a star import may bring every answer."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)


@cache
def _definitions_of_stub(stub: bytes) -> dict[str, str]:
    return _definitions(ast.parse(stub))


def _definitions(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in tree.body:
        if isinstance(node, _Definition):
            found[node.name] = ast.dump(_bare(node))
    return found


def _bare(definition: _Definition) -> _Definition:
    """Without docstrings, and without the words of a NotImplementedError: nbgrader's stubs have none."""
    for node in ast.walk(definition):
        if isinstance(node, _Definition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotImplementedError":
            node.args = []
    return definition
