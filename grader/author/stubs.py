"""The learner's file, made from the reference: what stands between the markers gives way to NotImplementedError."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.curriculum import Course, CourseError, Unit
from grader.curriculum.course import BEGIN, END

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Block:
    """The learner's part: the lines from one marker to the other, counted from 1, both markers included."""

    first: int
    last: int
    indent: str
    owner: str  # the qualified name of the function it is the body of


def stub(source: str, path: Path | str, names: Iterable[str] = ()) -> str:
    """The stub of a reference: each block replaced by one `raise NotImplementedError("<qualified name>")`.

    All else stays as it is, to the byte. `path` is what errors call the file. `names` are the public names that need a
    block of their own (in a class: in one of its methods). Raises CourseError, with file and line, where the markers
    are missing, unbalanced, or cut a statement in two.
    """
    tree = _parse(source, path)
    found = blocks(source, path)
    lines_of = {one.name: one.lineno for one in tree.body if isinstance(one, Definition)}
    for name in names:
        if name not in lines_of:
            raise CourseError(f"{path}: there is no function or class {name}, which curriculum.toml promises.")
        if not any(block.owner.split(".")[0] == name for block in found):
            raise CourseError(f"{path}:{lines_of[name]}: {name} has no {BEGIN!r} … {END!r}.")

    lines = list(io.StringIO(source, newline=""))  # as Python counts them; splitlines knows more ends of line
    for block in reversed(found):
        newline = lines[block.last - 1][len(lines[block.last - 1].rstrip("\r\n")) :]
        lines[block.first - 1 : block.last] = [f'{block.indent}raise NotImplementedError("{block.owner}"){newline}']
    made = "".join(lines)
    try:
        ast.parse(made)
    except SyntaxError as error:
        raise CourseError(
            f"{path}: without its solutions the file is no Python (stub line {error.lineno}: {error.msg});"
            " a block must hold whole statements."
        ) from None
    return made


def blocks(source: str, path: Path | str) -> list[Block]:
    """The blocks of a reference, in order. Raises CourseError where markers do not pair up inside one function."""
    tree = _parse(source, path)
    found: list[Block] = []
    opened: tokenize.TokenInfo | None = None
    for token in tokenize.generate_tokens(io.StringIO(source, newline="").readline):
        # A marker is a comment: the same words in a string are just words.
        if token.type != tokenize.COMMENT or token.string.strip() not in (BEGIN, END):
            continue
        number, column = token.start
        if token.line[:column].strip():
            raise CourseError(f"{path}:{number}: {token.string!r} needs a line of its own.")
        if token.string.strip() == BEGIN:
            if opened:
                raise CourseError(f"{path}:{number}: {BEGIN!r} again; that on line {opened.start[0]} has no end yet.")
            opened = token
            continue
        if not opened:
            raise CourseError(f"{path}:{number}: {END!r} without a {BEGIN!r} before it.")
        indent = opened.line[: opened.start[1]]
        if token.line[:column] != indent:
            raise CourseError(f"{path}:{number}: {END!r} is not indented like the {BEGIN!r} on line {opened.start[0]}.")
        holders = list(_holders(tree, opened.start[0], number))
        if len(holders) != 1 or holders[0] is None:
            raise CourseError(f"{path}:{opened.start[0]}: a block holds statements of one function's body, no others.")
        found.append(Block(opened.start[0], number, indent, holders[0]))
        opened = None
    if opened:
        raise CourseError(f"{path}:{opened.start[0]}: {BEGIN!r} without an {END!r} after it.")
    return found


def make_stub(course: Course, unit: Unit) -> str:
    """The text that `exercises/<address>.py` should have. Raises CourseError."""
    path = course.reference(unit)
    try:
        source = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path.relative_to(course.root)}: cannot be read ({error}); a unit starts there.") from None
    names = [name for exercise in unit.exercises for name in exercise.names]
    return stub(source, path.relative_to(course.root), names)


def write_stub(course: Course, unit: Unit) -> bool:
    """Bring `exercises/<address>.py` up to date; whether it had to change. Raises CourseError, writing nothing."""
    text, path = make_stub(course, unit).encode(), course.stub(unit)
    if path.is_file() and path.read_bytes() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    return True


def _parse(source: str, path: Path | str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise CourseError(f"{path}:{error.lineno}: {error.msg}; a reference must be valid Python.") from None


def _holders(node: ast.AST, first: int, last: int, prefix: str = "", owner: str | None = None) -> Iterator[str | None]:
    """For each list of statements of which some lie between the lines: the function it is run by, None outside one."""
    if isinstance(node, Definition):
        owner = None if isinstance(node, ast.ClassDef) else prefix + node.name
        prefix = f"{prefix}{node.name}."
    inside = set()
    for _, field in ast.iter_fields(node):
        if isinstance(field, list):
            held = [one for one in field if isinstance(one, ast.stmt) and first < one.lineno <= last]
            if held:
                yield owner
            inside.update(held)
    for child in ast.iter_child_nodes(node):
        if child not in inside:
            yield from _holders(child, first, last, prefix, owner)
