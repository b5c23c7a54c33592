"""What is handed out, and its way through nbgrader's own commands and ours."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator

from grader.classroom import grade, release
from grader.classroom.files import write_text
from grader.classroom.notebook import Rooms, Session
from grader.curriculum import Course, CourseError, default_course

LESSON = """\
# 1.1 Averages

## Build it

### mean { #the-mean }

The sum over the count, $\\bar{x} = \\frac{1}{N}\\sum_i x_i$; `f[0](x)`, see [the idea](../index.md#idea) and
[the field's own page](https://en.wikipedia.org/wiki/Mean).

![a heap of stones](../figures/averages/heap.svg){ width=300 }

!!! note "Mind the count"
    It is `len(x)`.

    Not `len(x) - 1`.

??? tip "Hint 1: what to count"
    How many numbers are there?

    ```python
    steps[0](x)
    ```

### centre

Subtract the mean.

## What goes wrong

Nothing that belongs in a notebook.
"""


@pytest.fixture
def own_course(mini_course, tmp_path):
    """A copy of the small course, to be changed."""
    return Course(shutil.copytree(mini_course.root, tmp_path / "course"))


def read(path: Path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    MetadataValidator().validate_nb(book)
    return book


def cells(book):
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in book.cells}


def test_the_notebook_is_the_reference_in_cells_of_the_right_kind(mini_course, tmp_path):
    path, config = release(mini_course, mini_course.curriculum.unit("spread"), tmp_path)
    assert config == tmp_path / "nbgrader_config.py"
    assert path == tmp_path / "source" / "spread" / "spread.ipynb"
    book = read(path)
    assert book.metadata.zero_to_diffusion == {"unit": "spread"}
    kinds = {
        name: "answer" if one["solution"] else f"{one['points']} points" if one["grade"] else "read-only"
        for name, cell in cells(book).items()
        for one in [cell.metadata.nbgrader]
        if one["locked"] != one["solution"]
    }
    assert kinds == {
        "introduction": "read-only",
        "open-course": "read-only",
        "given-0": "read-only",
        "statement-variance": "read-only",
        "answer-variance": "answer",
        "answer-Scaler": "answer",
        "variance": "3 points",
    }
    assert cells(book)["given-0"].source.startswith("import torch\n\nfrom phase1_numbers.unit1_averages import centre")
    assert cells(book)["answer-Scaler"].source.count("### END SOLUTION") == 2
    assert cells(book)["variance"].source.endswith('check("spread/variance")')


def test_an_instructors_configuration_is_left_alone(mini_course, tmp_path):
    write_text(tmp_path / "nbgrader_config.py", "c = get_config()\n")
    [path] = release(mini_course, mini_course.curriculum.unit("averages"), tmp_path)
    assert path.suffix == ".ipynb"
    assert (tmp_path / "nbgrader_config.py").read_text() == "c = get_config()\n"


def test_releasing_twice_gives_the_same_bytes(mini_course, tmp_path):
    unit = mini_course.curriculum.unit("averages")
    first, second = (release(mini_course, unit, tmp_path / name)[0].read_bytes() for name in ("one", "two"))
    assert first == second


def test_the_statement_is_the_lessons_in_markdown_that_jupyter_knows(own_course, tmp_path):
    unit = own_course.curriculum.unit("averages")
    own_course.lesson(unit).write_text(LESSON, encoding="utf-8")
    book = cells(read(release(own_course, unit, tmp_path)[0]))
    assert book["statement-mean"].source == (
        "## The mean\n\n`mean` · 2 points · about 5 minutes\n\n"
        "The sum over the count, $\\bar{x} = \\frac{1}{N}\\sum_i x_i$; `f[0](x)`, see the idea and\n"
        "[the field's own page](https://en.wikipedia.org/wiki/Mean).\n\n"
        "*(picture in the lesson: a heap of stones)*\n\n"
        "> **Mind the count**\n>\n> It is `len(x)`.\n>\n> Not `len(x) - 1`.\n\n"
        "<details>\n<summary>Hint 1: what to count</summary>\n\n"
        "How many numbers are there?\n\n```python\nsteps[0](x)\n```\n\n</details>"
    )
    assert (
        book["statement-centre"].source
        == "## Centred values\n\n`centre` · 1 point · about 5 minutes\n\nSubtract the mean."
    )


def test_comments_and_decorators_stay_with_their_definition(own_course, tmp_path):
    unit = own_course.curriculum.unit("averages")
    own_course.reference(unit).write_text(
        '"""Unit 1.1."""\n\nimport functools\nfrom collections import abc\n\nSIZE = 3  # given\n\n\n'
        "# About the mean.\n@functools.cache\ndef mean(x):\n    ### BEGIN SOLUTION\n    return 1\n"
        "    ### END SOLUTION\n\n\n"
        "def helper(x):\n    return x\n\n\n"
        "def centre(x):\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION\n\n\n# The end.\n",
        encoding="utf-8",
    )
    book = cells(read(release(own_course, unit, tmp_path)[0]))
    assert book["given-0"].source == "import functools\nfrom collections import abc\n\nSIZE = 3  # given"
    assert book["answer-mean"].source.startswith("# About the mean.\n@functools.cache\ndef mean")
    assert book["answer-mean"].source.endswith("    ### END SOLUTION")
    assert book["given-helper"].source == "def helper(x):\n    return x"
    assert book["answer-centre"].source.endswith("# The end.")


def test_files_are_the_stub_and_the_lesson_at_their_address(mini_course, tmp_path):
    unit = mini_course.curriculum.unit("averages")
    stub, lesson = release(mini_course, unit, tmp_path, format="files")
    assert stub == tmp_path / "phase1_numbers" / "unit1_averages.py"
    assert stub.read_bytes() == mini_course.stub(unit).read_bytes()
    assert lesson.read_bytes() == mini_course.lesson(unit).read_bytes()


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("def mean(:\n", "syntax error on line 1"),
        ("def mean(x): ...\n", "does not define centre"),
        ("### BEGIN SOLUTION\ndef mean(x): ...\ndef centre(x): ...\n### END SOLUTION\n", "crosses a top-level"),
        (
            "### BEGIN SOLUTION\nx = 1\n    ### END SOLUTION\ndef mean(x): ...\ndef centre(x): ...\n",
            "outside any definition",
        ),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_reference_that_cannot_be_cut_is_one_line(own_course, tmp_path, reference, complaint):
    unit = own_course.curriculum.unit("averages")
    if reference is None:
        own_course.reference(unit).unlink()
    else:
        own_course.reference(unit).write_text(reference, encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        release(own_course, unit, tmp_path)
    assert complaint in str(caught.value) and "\n" not in str(caught.value)


def test_a_coming_unit_and_an_unknown_format_are_one_line(mini_course, tmp_path):
    with pytest.raises(CourseError, match="still coming"):
        release(mini_course, mini_course.curriculum.unit("quantiles"), tmp_path)
    with pytest.raises(CourseError, match="choose one of nbgrader, files"):
        release(mini_course, mini_course.curriculum.unit("averages"), tmp_path, format="pdf")


@pytest.mark.parametrize("unit", default_course().curriculum.built, ids=lambda unit: unit.id)
def test_every_unit_of_the_real_course_can_be_released(unit, tmp_path):
    book = read(release(default_course(), unit, tmp_path)[0])
    tests = [cell.metadata.nbgrader for cell in book.cells if cell.metadata.nbgrader["grade"]]
    assert [(one["grade_id"], one["points"]) for one in tests] == [(one.name, one.points) for one in unit.exercises]
    for exercise in unit.exercises if unit.kind == "unit" else ():
        statement = cells(book)[f"statement-{exercise.name}"].source
        assert len(statement.splitlines()) > 3, f"the lesson has no section on {exercise.name}"
        assert "???" not in statement and "!!!" not in statement


# ------------------------------------------------------------------------------------------------ in a kernel


class Ran:
    """What IPython tells a post_run_cell hook."""

    def __init__(self, source, success=True, cell_id=None):
        self.success, self.info = success, type("Info", (), {"raw_cell": source, "cell_id": cell_id})


def test_a_session_is_the_cells_that_ran_each_once_in_order():
    session = Session()
    session.remember(Ran("a = 1", cell_id="a"))
    session.remember(Ran("b = 1", cell_id="b"))
    session.remember(Ran("broken", success=False, cell_id="c"))
    session.remember(Ran("a = 2", cell_id="a"))
    session.remember(Ran("d = 1"))
    session.remember(Ran("d = 1"))
    session.checking = True
    session.remember(Ran("check('x')", cell_id="t"))
    session.remember(Ran("e = 1"))
    book = nbformat.reads(session.notebook("averages"), as_version=4)
    assert [cell.source for cell in book.cells] == ["a = 2", "b = 1", "d = 1", "e = 1"]


def test_earlier_units_are_importable_by_address_and_nothing_else_is(mini_course):
    rooms = Rooms(mini_course)
    found = rooms.find_spec("phase1_numbers.unit1_averages")
    assert found is not None and found.origin == str(mini_course.root / "solutions/phase1_numbers/unit1_averages.py")
    assert rooms.find_spec("phase1_numbers").submodule_search_locations == []
    assert rooms.find_spec("phase1_numbers.unit3_quantiles") is None
    assert rooms.find_spec("json") is None


@pytest.fixture
def nbgrader(mini_course, tmp_path):
    """nbgrader's commands in a class folder of their own, the judges that they started ended afterwards."""
    root = Path(__file__).parents[2]
    meeting = tempfile.mkdtemp()  # short: the path of a Unix socket holds about a hundred characters
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(root),
        "COURSE_HOME": str(mini_course.root),
        "XDG_RUNTIME_DIR": meeting,
        "JUPYTER_CONFIG_DIR": str(tmp_path / "jupyter"),
    }

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    yield run
    for process in psutil.process_iter(["cmdline", "environ"]):
        where = (process.info["environ"] or {}).get("XDG_RUNTIME_DIR")
        if where == meeting and "grader.judge.service" in process.info["cmdline"]:
            process.terminate()
    shutil.rmtree(meeting)


def test_the_way_through_nbgrader_and_through_ours_ends_at_the_same_points(
    nbgrader, mini_course, mini_judge, tmp_path, url
):
    source, _ = release(mini_course, mini_course.curriculum.unit("spread"), tmp_path)
    nbgrader("generate_assignment", "spread")
    released = read(tmp_path / "release" / "spread" / "spread.ipynb")
    assert released.metadata.zero_to_diffusion == {"unit": "spread"}
    text = "\n".join(cell.source for cell in released.cells)
    assert "raise NotImplementedError()" in text and "square().mean()" not in text

    # Ada does the exercise in the released notebook; bo hands it in as it came.
    solved = cells(read(source))
    for cell in released.cells:
        if cell.metadata.nbgrader["solution"]:
            cell.source = solved[cell.metadata.nbgrader["grade_id"]].source
    for student in ("ada", "bo"):
        shutil.copytree(tmp_path / "release" / "spread", tmp_path / "submitted" / student / "spread")
    nbformat.write(released, tmp_path / "submitted" / "ada" / "spread" / "spread.ipynb")

    nbgrader("autograde", "spread")
    nbgrader("export", "--to", "nbgrader.csv")
    with (tmp_path / "nbgrader.csv").open() as file:
        theirs = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert theirs == {"ada": 3.0, "bo": 0.0}

    report = grade(mini_course, tmp_path / "submitted", tmp_path / "ours", judge=mini_judge, gradebook=url)
    assert {student: scores["spread/variance"] for student, scores in report.scores.items()} == theirs
    assert report.problems == {}

    # Our grades continue the gradebook that nbgrader began.
    book = f"sqlite:///{tmp_path / 'gradebook.db'}"
    grade(mini_course, tmp_path / "submitted", tmp_path / "ours", judge=mini_judge, gradebook=book)
    with Gradebook(book) as gradebook:
        submissions = gradebook.assignment_submissions("spread")
        assert {one.student.id: (one.score, one.max_score) for one in submissions} == {"ada": (3, 3), "bo": (0, 3)}
