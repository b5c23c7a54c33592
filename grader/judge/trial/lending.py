"""What the course lends for exercises that are not attempted, so that what builds on them can be judged."""

from __future__ import annotations
import __future__

import ast
import marshal
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace

from grader.curriculum import Course, Unit
from grader.curriculum.uses import Definition, Outline, answers, origins, outline, used
from grader.judge.wall.lent import Loan

FILE = "<lent>"
"""What compiled slices call their file: no line of text is to be found under it."""
_ANNOTATIONS = __future__.annotations.compiler_flag


def lent(course: Course, judged: Collection[Definition], idle: Mapping[str, Set[str]]) -> dict[str, Loan]:
    """What is lent when `judged` are judged, by address: what their references use and the submission lacks.

    `idle` holds the names that were not attempted, by the ids of the units up to the one under judgement, which comes
    last. In earlier units the names that are not lent either say so when they are called.
    """
    if not any(idle.values()):
        return {}
    *earlier, _ = idle
    needed = used(course, judged) - set(judged)
    loans: dict[str, Loan] = {}
    for key, missing in idle.items():
        unit = course.curriculum.unit(key)
        asked = answers(unit)
        names = [one.name for one in needed if one.unit == key and (one.name in missing or asked <= missing)]
        loan = loan_of(course, unit, names) if names else Loan()
        if key in earlier:
            loan = replace(loan, unwritten={name: _words(unit, name) for name in sorted(missing - {*names})})
        if loan.names or loan.unwritten:
            loans[unit.address] = loan
    return loans


def mentioned(unit: Unit, source: bytes, idle: Set[str]) -> set[str]:
    """In full, the names that a submission's file uses of its own unit and of others; what is `idle` in it aside."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    nodes = [node for each in body if getattr(each, "name", None) not in idle for node in ast.walk(each)]
    found = origins(nodes)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    through = {
        f"{found[node.value.id]}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in found
    }
    return through | {found.get(name, f"{unit.module}.{name}") for name in names}


def _words(unit: Unit, name: str) -> str:
    return f"`{name}` of {unit.number} is not written yet, and this exercise does not need it."


def loan_of(course: Course, unit: Unit, names: Iterable[str]) -> Loan:
    """The reference's own definitions of these names and what else of its file they need, but for other answers.

    Those, and what is imported of other units, are looked up in the learner's modules.
    """
    file = outline(course, unit)
    modules = {each.module for each in course.curriculum.built}
    wanted = tuple(sorted({name for name in names if any(file.binding(name))}))
    others = answers(unit) - {*wanted}
    needed = _closure(file, wanted, others)
    elsewhere = {name: (unit.module, name) for name in others & needed}
    for name in needed & file.origins.keys():
        module, _, last = (origin := file.origins[name]).rpartition(".")
        if origin in modules:
            elsewhere[name] = origin, ""
        elif module in modules:
            elsewhere[name] = module, last
    kept = needed - elsewhere.keys()
    body = [_only(each.node, kept) for each in file.statements if each.binds & kept]
    # Annotations stay unevaluated: what stands for something of the learner's is no type.
    code = compile(ast.Module(body, type_ignores=[]), FILE, "exec", _ANNOTATIONS, dont_inherit=True, optimize=2)
    return Loan(marshal.dumps(code) if wanted else b"", wanted, elsewhere)


def _closure(file: Outline, names: Iterable[str], without: Set[str]) -> frozenset[str]:
    """These names and all that their statements load of the file, but for what only those load that are left out."""
    found = {*names}
    todo = [*names]
    while todo:
        for statement in file.binding(todo.pop()):
            new = statement.loads - found
            found |= new
            todo += new - without
    return frozenset(found)


def _only(node: ast.stmt, names: Set[str]) -> ast.stmt:
    """A statement; of an import what binds one of these names."""
    if isinstance(node, ast.Import):
        return ast.copy_location(ast.Import([each for each in node.names if _bound(each) in names]), node)
    if isinstance(node, ast.ImportFrom):
        kept = [each for each in node.names if _bound(each) in names]
        return ast.copy_location(ast.ImportFrom(node.module, kept, node.level), node)
    return node


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]
