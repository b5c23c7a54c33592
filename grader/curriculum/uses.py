"""What a unit's reference uses: definitions of its own file and of other units' files. Reads syntax; runs nothing."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from grader.curriculum.course import Course
from grader.curriculum.model import Unit


class Definition(NamedTuple):
    """A name at the top of a unit's file, by the unit's id."""

    unit: str
    name: str


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a file.

    `binds` are the names that it gives the file, `loads` those that it takes from there, now or when its functions
    run. `chains` are names and attributes as they are written, such as `nn.Linear`, `imports` what its functions
    import.
    """

    node: ast.stmt
    binds: frozenset[str]
    loads: frozenset[str]
    chains: frozenset[str]
    imports: Mapping[str, str]


class Outline:
    """A file, statement by statement. `origins` says of imported names what they are: `nn` is `torch.nn`.

    Raises SyntaxError and ValueError.
    """

    def __init__(self, source: str):
        self.statements = tuple(_statement(node) for node in ast.parse(source).body)
        self.origins = origins(statement.node for statement in self.statements)

    def binding(self, name: str) -> Iterator[Statement]:
        """The statements that bind this name."""
        return (statement for statement in self.statements if name in statement.binds)

    def own(self, statement: Statement) -> frozenset[str]:
        """Names of this very file that a statement loads."""
        return statement.loads - self.origins.keys()

    def foreign(self, statement: Statement) -> Iterator[str]:
        """What a statement uses of other modules, in full: `phase1.unit3.gaussian_kl`."""
        yield from statement.imports.values()
        for chain in statement.chains:
            first, dot, rest = chain.partition(".")
            if origin := statement.imports.get(first) or self.origins.get(first):
                yield f"{origin}{dot}{rest}"


def outline(course: Course, unit: Unit) -> Outline:
    """The unit's reference; without statements where it cannot be read, which its gates will say."""
    try:
        return _outline(course.reference(unit).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return Outline("")


_outline = lru_cache(maxsize=128)(Outline)


def answers(unit: Unit) -> frozenset[str]:
    """The public names of the unit's file that its exercises ask for."""
    return frozenset(name for exercise in unit.exercises for name in exercise.names)


def imported(course: Course, unit: Unit) -> frozenset[Definition]:
    """What a unit's reference imports of other units, as its head says: all above the first definition."""
    try:
        text = course.reference(unit).read_text(encoding="utf-8")
        head = ast.parse(re.split(r"^(?:@|def |class |async def )", text, maxsplit=1, flags=re.MULTILINE)[0])
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    return frozenset(_found(course, origins(head.body).values()))


def used(course: Course, wanted: Iterable[Definition]) -> frozenset[Definition]:
    """What these definitions of the references use, directly or through others, in any unit.

    Of their own file the names that its exercises ask for; of another all that they name.
    """
    found: set[Definition] = set()
    todo = list(wanted)
    while todo:
        new = _uses(course, todo.pop()) - found
        found |= new
        todo += new
    return frozenset(found)


def _uses(course: Course, one: Definition) -> set[Definition]:
    """What one definition uses itself, or through what its file holds besides exercises."""
    unit = course.curriculum.unit(one.unit)
    file, asked = outline(course, unit), answers(unit)
    found: set[Definition] = set()
    seen, todo = {one.name}, [one.name]
    while todo:
        for statement in file.binding(todo.pop()):
            found.update(_found(course, file.foreign(statement)))
            own = file.own(statement) - seen
            seen |= own
            found.update(Definition(one.unit, name) for name in own & asked)
            todo += own - asked
    return found


def called_for(course: Course, project: Unit) -> frozenset[Definition]:
    """What a project's reference and its program import, and in the units that it needs what that uses in turn."""
    named = imported(course, project) | named_by(course, course.program(project))
    needed = {unit.id for unit in course.curriculum.prerequisites(project)}
    return frozenset(
        [one for one in named if one.unit != project.id] + [one for one in used(course, named) if one.unit in needed]
    )


def named_by(course: Course, program: Path) -> frozenset[Definition]:
    """What a program names of the course's units: as an import, or as texts, a unit's address and names of it."""
    try:
        tree = _outline(program.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    nodes = [node for statement in tree.statements for node in ast.walk(statement.node)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found = set(_found(course, (name for statement in tree.statements for name in tree.foreign(statement))))
    for unit in course.curriculum.built:
        if unit.address in texts:
            found.update(Definition(unit.id, name) for name in answers(unit) & texts)
    return frozenset(found)


def _found(course: Course, paths: Iterable[str]) -> Iterator[Definition]:
    """Those of these full names that lie in a unit's file."""
    modules = {unit.module: unit.id for unit in course.curriculum.built}
    for path in paths:
        parts = path.split(".")
        for length in range(1, len(parts)):
            if (module := ".".join(parts[:length])) in modules:
                yield Definition(modules[module], parts[length])


def _statement(node: ast.stmt) -> Statement:
    table = symtable.symtable(ast.unparse(node), "", "exec")
    top = table.get_symbols()
    inner = [symbol for scope in _scopes(table) for symbol in scope.get_symbols() if symbol.is_global()]
    binds = [symbol for symbol in top if symbol.is_assigned() or symbol.is_imported()]
    binds += [symbol for symbol in inner if symbol.is_assigned() or symbol.is_imported()]
    loads = [symbol for symbol in (*top, *inner) if symbol.is_referenced()]
    names = frozenset(symbol.get_name() for symbol in loads)
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    imports = {} if is_import else origins(ast.walk(node))
    chains = frozenset(
        chain for each in ast.walk(node) if (chain := _chain(each)) and chain.partition(".")[0] in {*names, *imports}
    )
    return Statement(node, frozenset(symbol.get_name() for symbol in binds), names, chains, imports)


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _scopes(child)


def _chain(node: ast.AST) -> str:
    """`a.b.c` where that is what the node says, else nothing."""
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := _chain(node.value)) else ""
    return node.id if isinstance(node, ast.Name) else ""


def origins(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """What the names are that these imports bind."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found
