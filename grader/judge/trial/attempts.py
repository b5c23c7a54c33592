"""What of a file is still the untouched stub. Reads syntax; runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from grader.curriculum import Exercise

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def untouched(exercises: Iterable[Exercise], source: bytes | None, stub: bytes) -> set[str]:
    """The exercises' functions and classes whose code equals the stub's, comments, docstrings and layout aside.

    No file, or one that defines nothing, is untouched altogether; a file that does not parse is not.
    """
    everything = {name for exercise in exercises for name in exercise.names}
    if source is None:
        return everything
    try:
        tree = ast.parse(source)
        if all(isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) and not _runs(node) for node in tree.body):
            return everything
        mine, theirs = _definitions(tree), _stub(stub)
        return {name for name in everything if name in mine and name in theirs and _same(mine[name], theirs[name])}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _runs(node: ast.stmt) -> bool:
    """Whether a statement at the top does more than import or document: a star import may bring every answer."""
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "*" for alias in node.names)
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)


@cache
def _stub(source: bytes) -> dict[str, str]:
    return {name: ast.dump(_bare(node)) for name, node in _definitions(ast.parse(source)).items()}


def _definitions(tree: ast.Module) -> dict[str, _Definition]:
    return {node.name: node for node in tree.body if isinstance(node, _Definition)}


def _same(mine: _Definition, stub: str) -> bool:
    if "NotImplementedError" in stub and not any(_is_missing(node) for node in ast.walk(mine)):
        return False  # as for most that is written; to spell out the whole tree would cost milliseconds
    return ast.dump(_bare(mine)) == stub


def _is_missing(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "NotImplementedError"


def _bare(definition: _Definition) -> _Definition:
    """Without docstrings, and without the words of a NotImplementedError: nbgrader's stubs have none."""
    for node in ast.walk(definition):
        if isinstance(node, _Definition) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NotImplementedError":
            node.args = []
    return definition
