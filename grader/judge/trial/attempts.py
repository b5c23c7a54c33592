"""What of a file is still the untouched stub. Reads syntax; runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from grader.curriculum import Exercise

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def untouched(exercises: Iterable[Exercise], source: bytes | None, stub: bytes) -> set[str]:
    """Names of the exercises' functions and classes that nobody has written yet.

    Those are the ones whose code equals the stub's, comments, docstrings and layout aside, and those that the file
    lacks though it has others, unless it defines something that the stub does not: that may be one of them under
    another name. No file, or one that defines nothing, is untouched altogether; a file that does not parse is not.
    """
    everything = {name for exercise in exercises for name in exercise.names}
    if source is None:
        return everything
    try:
        tree = ast.parse(source)
        if all(isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) and not _runs(node) for node in tree.body):
            return everything
        mine, theirs = _definitions(tree), _stub(stub)
        same = {name for name in everything & mine.keys() & theirs.keys() if _same(mine[name], theirs[name])}
        lacking = everything - mine.keys()
        if lacking == everything or any(name not in theirs and name[0] != "_" for name in mine):
            return same
        bound = _bound(tree)
        return same if "*" in bound else same | (lacking - bound)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _bound(tree: ast.Module) -> set[str]:
    """Names that something may bind, here or there in a file; `*` stands for any."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, _Definition):
            names.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
    return names


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
