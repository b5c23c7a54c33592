"""The house stands: arrows between rooms run one way, nothing turns in a circle, and no function is a list of concerns.

An arrow is an import of one of the platform's modules by another: at the top of a file, within a function, for the
type checker alone, or by `import_module` with a name that is written out.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = [
    ["grader", "grader.ground"],  # of the first nothing but the package itself
    ["grader.curriculum"],
    ["grader.judge.terms"],
    ["grader.judge.wall"],
    ["grader.judge.trial"],
    ["grader.judge.door"],
    ["grader.judge"],  # the judge's face: its __init__ and __main__
    ["grader.learner", "grader.classroom", "grader.training", "grader.author"],
    ["grader.cli", "grader.web"],
]
"""The rooms, from the ground up. Arrows run down, within a room, or to a room beside it that never points back."""

ROOMS = [room for floor in FLOORS for room in floor]
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}

CONTENT = {"course", "exercises", "solutions", "tests", "projects"}
"""What the platform finds by address and never imports; with it go a course's phases, `phase4_diffusion` and so on."""

LONGEST_FUNCTION = 60


class Arrow(NamedTuple):
    importer: str
    imported: str
    where: str


def modules() -> dict[str, Path]:
    """The platform's modules by import name; a package goes by its own."""
    found = {}
    for path in sorted((ROOT / "grader").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def imported_names(node: ast.AST) -> list[str]:
    """What a piece of syntax imports, as far as it says so; `from a import b` as a.b, be b a module or not."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0, names=names):
            return [f"{module}.{alias.name}" for alias in names]
        case ast.Call(
            func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name))],
        ):
            return [name]
    return []


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """(name, file:line) of everything that a file imports."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{place(path, node)}: a relative import"
        for name in imported_names(node):
            yield name, place(path, node)


def arrows() -> list[Arrow]:
    found = []
    for importer, path in MODULES.items():
        for name, where in imports(path):
            while name not in MODULES and "." in name:
                name = name.rpartition(".")[0]
            if name in MODULES and name != importer:
                found.append(Arrow(importer, name, where))
    return found


ARROWS = arrows()


def room_of(module: str) -> str:
    if module == "grader.judge.__main__":
        return "grader.judge"
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The members of a circle, if there is one, each importing the next."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]
    return []


def test_every_module_lies_in_a_room_and_every_room_is_there():
    assert {room_of(module) for module in MODULES} == set(ROOMS)
    assert [module for module in MODULES if room_of(module) == "grader"] == ["grader"]
    assert len(ARROWS) > 200


def test_an_import_is_seen_wherever_it_stands():
    text = (
        "import a.b as c\nfrom d import e, f\nif TYPE_CHECKING:\n    from g.h import i\n"
        "def late():\n    import j\n    importlib.import_module('k.l')\n"
    )
    found = {name for node in ast.walk(ast.parse(text)) for name in imported_names(node)}
    assert found == {"a.b", "d.e", "d.f", "g.h.i", "j", "k.l"}


def test_no_modules_import_one_another_in_a_circle():
    graph = defaultdict(set)
    for arrow in ARROWS:
        graph[arrow.importer].add(arrow.imported)
    found = circle(graph)
    steps = list(pairwise(found))
    lines = [arrow.where for step in steps for arrow in ARROWS if (arrow.importer, arrow.imported) == step]
    assert not found, f"{' → '.join(found)} ({', '.join(lines)})"


def test_no_rooms_point_at_one_another():
    graph = defaultdict(set)
    for arrow in ARROWS:
        if room_of(arrow.importer) != room_of(arrow.imported):
            graph[room_of(arrow.importer)].add(room_of(arrow.imported))
    assert not circle(graph), " → ".join(circle(graph))


@pytest.mark.parametrize("room", ROOMS)
def test_no_arrow_runs_back(room):
    back = [
        f"{arrow.where}: {arrow.importer} imports {arrow.imported}"
        for arrow in ARROWS
        if room_of(arrow.importer) == room and LEVEL[room_of(arrow.imported)] > LEVEL[room]
    ]
    assert not back, "\n".join(back)


@pytest.mark.parametrize("room", ROOMS)
def test_the_platform_imports_nothing_of_a_course(room):
    found = [
        f"{where}: imports {name}"
        for module, path in MODULES.items()
        if room_of(module) == room
        for name, where in imports(path)
        if name.partition(".")[0] in CONTENT or name.startswith("phase")
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", [*ROOMS, "site"])
def test_no_function_is_too_long(room):
    """Docstring and all. Whoever has more to do does it in steps that have names."""
    files = [path for module, path in MODULES.items() if room_of(module) == room] or (ROOT / room).rglob("*.py")
    long = [
        f"{place(path, node)}: {node.name} has {lines} lines"
        for path in files
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)
