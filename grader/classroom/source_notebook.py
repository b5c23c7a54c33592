"""A unit's reference and lesson as nbgrader's source notebook.

The cells are the reference cut at its top-level definitions, each with nbgrader's metadata:

- read-only: the unit's introduction, the set-up (imports, constants) and each exercise's statement from the lesson;
- autograded answer: a definition with its `### BEGIN SOLUTION` regions, which `nbgrader generate_assignment` empties;
- autograded test: `check("unit/exercise")` with the exercise's points, one per exercise. Its hidden part,
  which `generate_assignment` cuts out and `autograde` puts back, judges again, with more and secret inputs;
- task: a place of no points for what a person should know, where a grader can comment and give extra credit.

Grade ids depend on names alone, and bytes on the course and the seed alone. The notebook's metadata holds
`zero_to_diffusion: {"unit": id}`, by which the judge knows a submitted notebook again.

What plain `nbgrader autograde` cannot promise is said in grader/classroom/notebook.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.classroom.files import readable
from grader.classroom.gradebook import require_nbgrader
from grader.classroom.portable import portable
from grader.curriculum import Course, CourseError, Exercise, Unit
from grader.curriculum.course import BEGIN, END
from grader.curriculum.lesson import Lesson
from grader.ground.text import counted

HOW_TO = """\
Write your code where the cells say so, and run the test cell below it to have it judged, as often as you like. Leave
the cells in their order. Try things out in cells of your own, and before you hand in delete those that fail: what
stops one cell stops the judge there too."""

OPEN_COURSE = "%load_ext grader.classroom.notebook"

# A line for the shell: in a file the judge takes it for a comment, and where the course is there it does nothing.
INSTALL = """\
!"{__import__('sys').executable}" -c "import importlib.util as u; raise SystemExit(not u.find_spec('grader'))" \
|| "{__import__('sys').executable}" -m pip install --quiet "REQUIREMENT"
"""

TASK = """\
## Remarks

Is there anything that a person should know about your work? Write it into a cell of your own below this one. It
carries no points; whoever reads it can comment on it."""


def notebook(course: Course, unit: Unit, seed: int, install: str = "") -> str:
    """The source notebook of a unit, solutions included, as the text of an .ipynb file.

    `seed` is what the hidden tests draw their inputs from. `install` is what pip installs where the notebook finds no
    course, as in Colab; without it a notebook needs a kernel that has the course.

    Raises CourseError when nbgrader is missing or the reference cannot be cut into cells.
    """
    require_nbgrader()
    import nbformat
    from nbformat.v4 import new_notebook

    book = new_notebook(
        cells=list(_cells(course, unit, seed, install)),
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "zero_to_diffusion": {"unit": unit.id},
        },
    )
    return str(nbformat.writes(book)) + "\n"


def _cells(course: Course, unit: Unit, seed: int, install: str) -> Iterator[Any]:
    pieces = _pieces(readable(course.reference(unit)), course.reference(unit))
    lesson = Lesson.read(course, unit)
    last = {name: position for position, piece in enumerate(pieces) for name in piece.names}
    owner = {name: exercise for exercise in unit.exercises for name in exercise.names}
    if missing := [name for name in owner if name not in last]:
        raise CourseError(f"{course.reference(unit)} does not define {', '.join(missing)}.")

    yield _markdown("introduction", f"# {unit.number} {unit.title}\n\n{unit.summary}\n\n{HOW_TO}")
    set_up = INSTALL.replace("REQUIREMENT", install) if install else ""
    yield _code("open-course", set_up + OPEN_COURSE, locked=True)
    stated: set[str] = set()
    for position, piece in enumerate(pieces):
        exercises = list({owner[name].id: owner[name] for name in piece.names if name in owner}.values())
        for exercise in exercises:
            if exercise.id not in stated:
                stated.add(exercise.id)
                yield _markdown(f"statement-{exercise.name}", _statement(exercise, lesson))
        if piece.answer:
            yield _code(f"answer-{piece.names[0]}", piece.source.strip("\n"), solution=True)
        else:
            grade_id = f"given-{piece.names[0] if piece.names else position}"
            yield _code(grade_id, piece.source.strip("\n"), locked=True)
        for exercise in exercises:
            if position == max(last[name] for name in exercise.names):
                yield _code(exercise.name, _test(exercise, seed), locked=True, grade=True, points=exercise.points)
    yield _markdown("remarks", TASK, task=True, points=0)


def _test(exercise: Exercise, seed: int) -> str:
    """nbgrader takes the last value of a test cell for its points: the hidden one, where there is one."""
    return f"""\
from grader.classroom.notebook import check

check("{exercise.id}")
### BEGIN HIDDEN TESTS
check("{exercise.id}", profile="grade", seed={seed})
### END HIDDEN TESTS"""


def _code(grade_id: str, source: str, **kind: Any) -> Any:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source, id=_cell_id(grade_id), metadata={"nbgrader": _metadata(grade_id, **kind)})


def _markdown(grade_id: str, source: str, **kind: Any) -> Any:
    from nbformat.v4 import new_markdown_cell

    metadata = {"nbgrader": _metadata(grade_id, locked=True, **kind)}
    return new_markdown_cell(source, id=_cell_id(grade_id), metadata=metadata)


def _metadata(grade_id: str, **kind: Any) -> dict[str, Any]:
    plain = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False}
    return {**plain, "grade_id": grade_id, **kind}


def _cell_id(grade_id: str) -> str:
    """nbformat's cell ids are at most 64 characters of this alphabet."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", grade_id)[:64]


# ------------------------------------------------------------------------------------------------ the reference


@dataclass(frozen=True)
class _Piece:
    """Consecutive lines of a reference that make one cell. `answer` says that part of it is the learner's to write."""

    names: tuple[str, ...]
    source: str
    answer: bool


def _pieces(source: str, path: Path) -> list[_Piece]:
    """Cut a reference at its top-level statements: one piece a definition, what stands between two of them in one."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise CourseError(f"{path} has a syntax error on line {error.lineno}: {error.msg}.") from None
    lines = source.splitlines()
    # Comments belong to the statement they are indented under (END SOLUTION), else to the one that follows.
    ends = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        gap = range(node.end_lineno or node.lineno, _first_line(following) - 1 if following else len(lines))
        indented = [number + 1 for number in gap if lines[number][:1] in (" ", "\t") and lines[number].strip()]
        ends.append(max(indented, default=gap.start) if following else len(lines))
    pieces: list[_Piece] = []
    for node, start, end in zip(body, [0, *ends], ends, strict=False):
        text = "\n".join(lines[start:end])
        if text.count(BEGIN) != text.count(END):
            raise CourseError(f"{path}: a solution region near line {node.lineno} crosses a top-level definition.")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            pieces.append(_Piece((node.name,), text, answer=BEGIN in text))
        elif BEGIN in text:
            raise CourseError(f"{path}: the solution region near line {node.lineno} lies outside any definition.")
        elif start == 0 and ast.get_docstring(ast.Module([node], []), clean=False) is not None:
            continue  # the module's docstring; the introduction stands in its place
        elif pieces and not pieces[-1].names:
            pieces[-1] = _Piece((), f"{pieces[-1].source}\n{text}", answer=False)
        else:
            pieces.append(_Piece((), text, answer=False))
    return pieces


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _statement(exercise: Exercise, lesson: Lesson) -> str:
    """The exercise's section of the lesson as a notebook's Markdown, under a heading with its points."""
    points = counted(exercise.points, "point")
    heading = f"## {exercise.title}\n\n`{exercise.name}` · {points} · about {exercise.minutes} minutes"
    return "\n\n".join(filter(None, [heading, portable(lesson.section(exercise))]))
