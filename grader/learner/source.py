"""Reading and rewriting a learner's file one definition at a time, so that nothing else in it is touched."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from grader.curriculum import CourseError


class DoesNotParse(CourseError):
    """The text is no valid Python; the message is one line with the line number."""


def parse(source: str, what: str) -> ast.Module:
    """The syntax tree of `source`. Raises DoesNotParse, naming `what` and the line."""
    try:
        return ast.parse(source.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise DoesNotParse(f"{what} has a syntax error on line {error.lineno or 1}: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DoesNotParse(f"{what} is not readable as Python: {error}.") from None


def fingerprint(source: str, names: Iterable[str]) -> str | None:
    """A digest of the code that defines `names` and of everything at module level that this code uses.

    Layout, comments and docstrings do not count: what cannot change a verdict must not age it. None if the
    text does not parse or defines none of the names.
    """
    try:
        statements = _statements(source)
    except (DoesNotParse, RecursionError):
        return None
    todo, used = list(names), set[int]()
    while todo:
        name = todo.pop()
        for position, statement in enumerate(statements):
            if name in statement.binds and position not in used:
                used.add(position)
                todo += statement.loads
    code = "\n".join(statements[position].code for position in sorted(used))
    return digest(code) if used else None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def definitions(source: str, what: str = "the file") -> dict[str, str]:
    """The text of each function and class at module level, decorators included. Raises DoesNotParse."""
    lines = source.splitlines(keepends=True)
    return {name: "".join(lines[first:last]) for name, first, last in _spans(source, what)}


def line(source: str, name: str) -> int | None:
    """The line (from 1) where the definition of `name` begins; None without one, or if nothing parses."""
    try:
        return next((first + 1 for found, first, _ in _spans(source, "") if found == name), None)
    except DoesNotParse:
        return None


def replace(source: str, name: str, text: str, what: str = "the file") -> str:
    """`source` with its definition of `name` replaced by `text`, or without one with `text` at its end."""
    lines = source.splitlines(keepends=True)
    text = text if text.endswith("\n") else text + "\n"
    for found, first, last in reversed(list(_spans(source, what))):
        if found == name:
            return "".join([*lines[:first], text, *lines[last:]])
    return f"{source.rstrip()}\n\n\n{text}" if source.strip() else text


def merge(base: str, mine: str, new: str, what: str) -> str:
    """A newer stub under a learner's work: definitions left as they were in `base` become those of `new`.

    Definitions and imports that `base` did not have are added; whatever was edited, added or deleted by the
    learner stays so. Raises DoesNotParse if `mine` does not parse.
    """
    old, work = definitions(base), definitions(mine, what)
    for name, text in definitions(new).items():
        untouched = name in work and work[name].strip() == old.get(name, "").strip()
        added = name not in work and name not in old
        if (untouched and work[name] != text) or added:
            mine = replace(mine, name, text)
    known = {*_imports(mine), *_imports(base)}
    if wanted := [line for line in _imports(new) if line not in known]:
        lines = mine.splitlines(keepends=True)
        after = max((node.end_lineno or 0 for node in _preamble(ast.parse(mine))), default=0)
        mine = "".join([*lines[:after], *(f"{line}\n" for line in wanted), *lines[after:]])
    return mine


def _spans(source: str, what: str) -> Iterator[tuple[str, int, int]]:
    for node in parse(source, what).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, first - 1, node.end_lineno or node.lineno


def _preamble(tree: ast.Module) -> list[ast.stmt]:
    """The module docstring and the imports: what new imports go after."""
    docstring = tree.body[:1] if ast.get_docstring(tree, clean=False) is not None else []
    return docstring + [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def _imports(source: str) -> list[str]:
    return [ast.unparse(node) for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]


class _Statement(NamedTuple):
    """A statement at module level: the names that it binds, in its branches too, those it uses, and its code."""

    binds: frozenset[str]
    loads: frozenset[str]
    code: str


@functools.lru_cache(maxsize=64)  # the exercises of a unit share their file
def _statements(source: str) -> list[_Statement]:
    """Raises DoesNotParse and RecursionError."""
    return [
        _Statement(_bound(statement), _loaded(statement), ast.unparse(_without_docstrings(statement)))
        for statement in parse(source, "").body
    ]


def _bound(statement: ast.stmt) -> frozenset[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset([statement.name])
    names: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return frozenset(names)


def _loaded(statement: ast.stmt) -> frozenset[str]:
    nodes = ast.walk(statement)
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _without_docstrings(statement: ast.stmt) -> ast.stmt:
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return statement
