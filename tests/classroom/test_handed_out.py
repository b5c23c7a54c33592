"""What is beside a lesson stays there: nothing that a class run or a release gives away holds more of a unit's folder
than the lesson, nor what the learner is to write.

The source notebook of an nbgrader release is no student's: it holds the solutions by design, and `nbgrader
generate_assignment` takes them out. What students get is what that leaves, and that is looked at here.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from grader.classroom import ClassRun, grade, release, released_units
from grader.classroom.export import FORMATS as EXPORTS
from grader.classroom.export import export
from grader.classroom.roster import read_roster
from grader.curriculum import Course, Unit, default_course
from grader.curriculum.course import BEGIN, END
from grader.ground.files import write_text
from grader.judge import Judge
from grader.learner import Workspace

BESIDE = {
    "oracle.py": "def test_the_mean_of_an_independent_library():\n    assert False, 'the oracle speaks'\n",
    "figures.py": "def drawn_from_the_secret_heap_of_stones():\n    return [123456, 789012]\n",
    "program.py": "SETTINGS_OF_THE_SECRET_PROGRAM = {'steps': 424242}\n",
    "calibration.json": '{"seeds of the calibration": [31337]}\n',
    "variants/loops.py": "def mean(x):\n    total_of_the_variant = 0.0\n    return total_of_the_variant\n",
}
TO_STUDENTS = {"files": {}, "github-classroom": {"install": "https://example.org/course.whl"}, "nbgrader": {"seed": 7}}
LEAST = 20
"""A shorter line of code says nothing."""


def lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= LEAST}


def secrets(course: Course, unit: Unit) -> set[str]:
    """Lines that stand in a unit's folder or in the learner's part of its reference, and not in the lesson or stub."""
    folder = course.folder(unit)
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".json"):
            found |= lines(path.read_text("utf-8"))
    for part in course.reference(unit).read_text("utf-8").split(BEGIN)[1:]:
        found |= lines(part.partition(END)[0])
    return found - lines(course.lesson(unit).read_text("utf-8")) - lines(course.stub(unit).read_text("utf-8"))


def leaked(course: Course, text: str) -> list[str]:
    return [line for unit in course.curriculum.built for line in secrets(course, unit) if line in text]


def given(path: Path) -> Iterator[str]:
    """The texts that whoever gets this file can read."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("utf-8") for name in archive.namelist())
    elif path.suffix == ".ipynb":
        book = nbformat.read(path, as_version=4)
        for cleaner in (ClearSolutions(), ClearHiddenTests()):
            book, _ = cleaner.preprocess(book, {})
        yield "\n".join(cell.source for cell in book.cells)
    else:
        yield path.read_text("utf-8")


@pytest.fixture(scope="module")
def course(mini_course, tmp_path_factory) -> Course:
    """The small course with all that can lie beside a lesson."""
    course = Course(shutil.copytree(mini_course.root, tmp_path_factory.mktemp("handed") / "course"))
    for unit in course.curriculum.built:
        for name, text in BESIDE.items():
            write_text(course.folder(unit) / name, text)
    return course


def test_what_is_looked_for_is_there(course):
    averages = course.curriculum.unit("averages")
    found = "\n".join(secrets(course, averages))
    for word in ("def test_sums_to_nothing", "The sum is not divided", "return float(np.sum(x) / len(x))"):
        assert word in found
    for text in BESIDE.values():
        assert lines(text) & secrets(course, averages)
    solution = course.reference(averages).read_text("utf-8")
    assert leaked(course, solution) == ["return float(np.sum(x) / len(x))"]


@pytest.mark.parametrize("format", TO_STUDENTS)
def test_a_release_holds_the_lesson_and_the_stub_alone(course, tmp_path, format):
    paths = release(course, *released_units(course, "numbers"), tmp_path, format, **TO_STUDENTS[format])
    texts = [text for path in paths for text in given(path)]
    assert any("Divide by how many there are." in text for text in texts) or format == "nbgrader"
    assert any("The sum over the count." in text for text in texts)
    assert [line for text in texts for line in leaked(course, text)] == []
    if format == "nbgrader":  # the instructor's has the solutions, and nothing else
        source = (tmp_path / "source" / "averages" / "averages.ipynb").read_text("utf-8")
        assert leaked(course, source) == ["return float(np.sum(x) / len(x))"]


@pytest.mark.parametrize("unit", default_course().curriculum.built, ids=lambda unit: unit.id)
def test_no_unit_of_the_real_course_hands_out_more(unit, tmp_path):
    course = default_course()
    hidden = secrets(course, unit)
    assert hidden
    for format in ("files", "nbgrader"):
        for path in release(course, unit.id, (unit,), tmp_path / format, format, seed=1):
            for text in given(path):
                assert [line for line in hidden if line in lines(text)] == []


def test_a_workspace_holds_the_stubs_alone(course, tmp_path):
    workspace, _ = Workspace.create(tmp_path / "work", course)
    texts = [path.read_text("utf-8") for path in workspace.root.rglob("*") if path.is_file()]
    assert len(texts) > len(course.curriculum.built)
    assert leaked(course, "\n".join(texts)) == []


def test_feedback_and_grades_hold_nothing_of_a_units_folder(course, tmp_path, answers, empty):
    averages = answers["averages"]
    for student, text in {
        "ada": averages,
        "bo": averages.replace(" / len(x)", ""),
        "cy": averages.replace("x - mean(x)", "x + mean(x)"),
        "di": averages.replace("return x - mean(x)", "raise ValueError('no')"),
    }.items():
        write_text(tmp_path / "class" / student / "phase1_numbers/unit1_averages.py", text)
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(empty, out / "gradebook.db")
    write_text(
        tmp_path / "roster.csv",
        "student_id,ID,Email\n" + "".join(f"{who},{who},{who}@x\n" for who in ["ada", "bo", "cy"]),
    )
    roster = read_roster(tmp_path / "roster.csv", course)
    with Judge(course) as judge:
        grade(course, ClassRun(tmp_path / "class", out, seed=1), judge=judge)
    pages = [path for path in (out / "feedback").rglob("*") if path.is_file()]
    assert len(pages) == 8
    written = [*pages, out / "grades.csv", *(export(course, out, format, roster).path for format in EXPORTS)]
    for path in written:
        assert leaked(course, path.read_text("utf-8")) == [], path
    assert "The sum is not divided at all." in (out / "feedback" / "bo" / "feedback.md").read_text("utf-8")
