"""What is handed out, and its way through nbgrader's own commands and ours."""

from __future__ import annotations

import csv
import os
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator

from grader.classroom import ClassRun, grade, release, released_units
from grader.classroom.notebook import Cells, Rooms
from grader.curriculum import Course, CourseError, default_course
from grader.ground.files import write_text

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

NOTEBOOK = "source/averages/averages.ipynb"


@pytest.fixture
def own_course(mini_course, tmp_path):
    """A copy of the small course, to be changed."""
    return Course(shutil.copytree(mini_course.root, tmp_path / "course"))


def hand_out(course: Course, key: str, out: Path, **options) -> dict[str, Path]:
    """What a release wrote, by path below `out`."""
    files = release(course, *released_units(course, key), out, **options)
    return {path.relative_to(out).as_posix(): path for path in files}


def read(path: Path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    MetadataValidator().validate_nb(book)
    return book


def cells(book):
    return {cell.metadata.nbgrader["grade_id"]: cell for cell in book.cells}


def test_the_notebook_is_the_reference_in_cells_of_the_right_kind(mini_course, tmp_path):
    files = hand_out(mini_course, "spread", tmp_path, seed=41)
    assert list(files) == ["source/spread/spread.ipynb", "nbgrader_config.py", "seed.txt"]
    book = read(files["source/spread/spread.ipynb"])
    assert book.metadata.zero_to_diffusion == {"unit": "spread"}
    kinds = {
        name: "answer"
        if one["solution"]
        else f"{'task' if one['task'] else 'test'} of {one['points']}"
        if one["grade"] or one["task"]
        else "read-only"
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
        "variance": "test of 3",
        "remarks": "task of 0",
    }
    assert cells(book)["given-0"].source.startswith("import torch\n\nfrom phase1_numbers.unit1_averages import centre")
    assert cells(book)["answer-Scaler"].source.count("### END SOLUTION") == 2
    shown, hidden = cells(book)["variance"].source.split("### BEGIN HIDDEN TESTS")
    assert shown.endswith('check("spread/variance")\n')
    assert 'check("spread/variance", profile="grade", seed=41)' in hidden


def test_a_phase_is_its_built_units_in_one_go(mini_course, tmp_path):
    for key in ("numbers", "1", "phase1_numbers"):
        assert list(hand_out(mini_course, key, tmp_path / key, seed=1)) == [
            "source/averages/averages.ipynb",
            "source/spread/spread.ipynb",
            "nbgrader_config.py",
            "seed.txt",
        ]


def test_an_instructors_configuration_is_left_alone(mini_course, tmp_path):
    write_text(tmp_path / "nbgrader_config.py", "c = get_config()\n")
    assert "nbgrader_config.py" not in hand_out(mini_course, "averages", tmp_path)
    assert (tmp_path / "nbgrader_config.py").read_text() == "c = get_config()\n"


@pytest.mark.parametrize("format", ["files", "nbgrader", "gradescope", "github-classroom"])
def test_the_same_release_has_the_same_bytes_wherever_and_whenever(mini_course, tmp_path, monkeypatch, format):
    def bytes_of(place):
        files = hand_out(mini_course, "numbers", tmp_path / place, format=format, seed=5, install="the-course")
        return {name: path.read_bytes() for name, path in files.items()}

    first = bytes_of("one")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    os.umask(umask := os.umask(0o077))
    try:
        assert bytes_of("two") == first
    finally:
        os.umask(umask)


def test_a_folder_keeps_its_seed_and_another_gets_another(mini_course, tmp_path):
    def seed(place, **options):
        return hand_out(mini_course, "averages", tmp_path / place, **options)["seed.txt"].read_text()

    first = seed("one")
    assert seed("one") == first == seed("one", format="gradescope")
    assert seed("two") != first and seed("one", seed=9) == "9\n" == seed("one")


def test_the_statement_is_the_lessons_in_markdown_that_jupyter_knows(own_course, tmp_path):
    unit = own_course.curriculum.unit("averages")
    own_course.lesson(unit).write_text(LESSON, encoding="utf-8")
    book = cells(read(hand_out(own_course, "averages", tmp_path)[NOTEBOOK]))
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
    book = cells(read(hand_out(own_course, "averages", tmp_path)[NOTEBOOK]))
    assert book["given-0"].source == "import functools\nfrom collections import abc\n\nSIZE = 3  # given"
    assert book["answer-mean"].source.startswith("# About the mean.\n@functools.cache\ndef mean")
    assert book["answer-mean"].source.endswith("    ### END SOLUTION")
    assert book["given-helper"].source == "def helper(x):\n    return x"
    assert book["answer-centre"].source.endswith("# The end.")


def test_files_are_a_zip_of_stubs_and_lessons_without_answers(own_course, tmp_path):
    units = [own_course.curriculum.unit(one) for one in ("averages", "spread")]
    own_course.lesson(units[0]).write_text(LESSON, encoding="utf-8")
    archive = zipfile.ZipFile(hand_out(own_course, "numbers", tmp_path, format="files")["numbers.zip"])
    assert archive.testzip() is None
    names = [f"{unit.address}.{kind}" for unit in units for kind in ("md", "py")]
    assert archive.namelist() == ["README.md", *names]
    for unit in units:
        assert archive.read(f"{unit.address}.py") == own_course.stub(unit).read_bytes()
    assert "<summary>Hint 1: what to count</summary>" in archive.read(names[0]).decode()
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert not [name for name in archive.namelist() if b"len(x)" in archive.read(name) and name.endswith(".py")]


def commands(readme: str) -> list[list[str]]:
    return [line.split()[2:] for line in readme.splitlines() if line.startswith("$ course ")]


def test_what_the_readme_says_to_type_works_in_the_unpacked_zip_without_a_network(
    mini_course, tmp_path, shell, answers
):
    zipfile.ZipFile(hand_out(mini_course, "averages", tmp_path, format="files")["averages.zip"]).extractall(tmp_path)
    mine = tmp_path / f"{mini_course.curriculum.unit('averages').address}.py"
    stub = mine.read_bytes()
    make, check = commands((tmp_path / "README.md").read_text())
    assert shell("course", *make).returncode == 0 and mine.read_bytes() == stub

    untouched = shell("course", *check, "--json")
    assert untouched.returncode == 1 and untouched.stdout.count("not attempted") >= 2, untouched.stderr
    mine.write_text(answers["averages"], encoding="utf-8")
    solved = shell("course", *check)
    assert solved.returncode == 0, solved.stdout + solved.stderr


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
def test_a_reference_that_cannot_be_cut_is_one_line_and_writes_nothing(own_course, tmp_path, reference, complaint):
    path = own_course.reference(own_course.curriculum.unit("spread"))
    if reference is None:
        path.unlink()
    else:
        path.write_text(reference.replace("mean", "variance").replace("centre", "Scaler"), encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        hand_out(own_course, "numbers", tmp_path / "out")
    assert complaint.replace("centre", "Scaler") in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "options", "said"),
    [
        ("quantiles", {}, "still coming"),
        ("averages/mean", {}, "`course release averages`"),
        ("avrages", {}, "did you mean averages"),
        ("averages", {"format": "pdf"}, "choose one of nbgrader, files, gradescope, github-classroom"),
        ("averages", {"format": "github-classroom"}, "--install"),
        ("averages", {"install": 'x"; rm -rf /'}, "pip cannot install"),
        ("averages", {"install": "a\nb"}, "pip cannot install"),
    ],
)
def test_what_cannot_be_released_is_one_line_and_writes_nothing(mini_course, tmp_path, key, options, said):
    with pytest.raises(CourseError) as caught:
        hand_out(mini_course, key, tmp_path / "out", **options)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_phase_without_a_built_unit_and_a_place_that_cannot_be_written_are_one_line(
    own_course, mini_course, tmp_path
):
    (own_course.root / "course" / "curriculum.toml").write_text(
        'title = ""\nversion = "1"\n[[phase]]\nid = "numbers"\ntitle = "Numbers"\nweeks = "1"\n[[phase.unit]]\n'
        'id = "averages"\naddress = "phase1_numbers/unit1_averages"\ntitle = ""\nsummary = ""\nminutes = 1\nneeds=[]\n'
    )
    with pytest.raises(CourseError, match="Phase 1, Numbers, is still coming"):
        released_units(Course(own_course.root), "numbers")
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot be written"):
        hand_out(mini_course, "averages", tmp_path / "file")


@pytest.mark.parametrize("unit", default_course().curriculum.built, ids=lambda unit: unit.id)
def test_every_unit_of_the_real_course_can_be_released(unit, tmp_path):
    for format in ("files", "gradescope", "github-classroom"):
        assert hand_out(default_course(), unit.id, tmp_path, format=format, install="the-course")
    book = read(hand_out(default_course(), unit.id, tmp_path)[f"source/{unit.id}/{unit.id}.ipynb"])
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
    session = Cells()
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


def test_the_set_up_cell_can_run_again_and_installs_only_what_is_missing(mini_course, tmp_path, shell):
    path = hand_out(mini_course, "averages", tmp_path, install="the-course")[NOTEBOOK]
    book = read(path)
    setup = cells(book)["open-course"]
    python = tmp_path / "python"  # one that has no course
    python.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\n[ "$1" != -c ]\n')
    python.chmod(0o755)
    elsewhere = nbformat.v4.new_code_cell(f"import sys\n\nsys.executable = {str(python)!r}")
    rest = [cell for cell in book.cells if cell.cell_type == "code" and cell is not setup]
    again, missing = (nbformat.v4.new_code_cell(setup.source) for _ in range(2))
    book.cells = [setup, again, *rest, elsewhere, missing]
    nbformat.write(book, path)

    ran = shell("python", "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path), network=True)
    assert ran.returncode == 0, ran.stderr
    assert not [out for out in read(path).cells[0].outputs], "the first run says nothing where the course is"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 2 and asked[1] == "-m pip install --quiet the-course"
    judged = [out.text for cell in read(path).cells for out in cell.outputs if "points" in out.get("text", "")]
    assert judged[0].startswith("mean: passed, 2 of 2 points")


def test_the_way_through_nbgrader_and_through_ours_ends_at_the_same_points(
    shell, mini_course, mini_judge, tmp_path, url
):
    def nbgrader(*words):
        done = shell("nbgrader", *words, network=True)  # a kernel is spoken to over the loopback
        assert done.returncode == 0, done.stderr

    units = {"averages": 3, "spread": 3}
    sources = hand_out(mini_course, "numbers", tmp_path)
    for unit in units:
        nbgrader("generate_assignment", unit)
        released = read(tmp_path / "release" / unit / f"{unit}.ipynb")
        assert released.metadata.zero_to_diffusion == {"unit": unit}
        text = "\n".join(cell.source for cell in released.cells)
        assert "raise NotImplementedError()" in text and "square().mean()" not in text and "np.sum(x)" not in text
        assert "seed" not in text and "HIDDEN" not in text

        # Ada does the exercises in the released notebook, cy one of them, and bo hands it in as it came.
        solved = cells(read(sources[f"source/{unit}/{unit}.ipynb"]))
        for student in ("ada", "cy", "bo"):
            shutil.copytree(tmp_path / "release" / unit, tmp_path / "submitted" / student / unit)
            for cell in released.cells:
                name = cell.metadata.nbgrader["grade_id"]
                if cell.metadata.nbgrader["solution"] and (student == "ada" or name == "answer-mean"):
                    cell.source = solved[name].source
            if student != "bo":
                nbformat.write(released, tmp_path / "submitted" / student / unit / f"{unit}.ipynb")
            released = read(tmp_path / "release" / unit / f"{unit}.ipynb")
        nbgrader("autograde", unit)

    nbgrader("export", "--to", "nbgrader.csv")
    with (tmp_path / "nbgrader.csv").open() as file:
        theirs = {(row["student_id"], row["assignment"]): float(row["score"]) for row in csv.DictReader(file)}
    points = {"ada": units, "cy": {"averages": 2, "spread": 0}, "bo": {"averages": 0, "spread": 0}}
    assert theirs == {(student, unit): points[student][unit] for student in points for unit in units}

    report = grade(mini_course, ClassRun(tmp_path / "submitted", tmp_path / "ours", gradebook=url), judge=mini_judge)
    assert report.problems == {}
    ours = {
        (student, unit): sum(score for exercise, score in scores.items() if exercise.startswith(unit))
        for student, scores in report.scores.items()
        for unit in units
    }
    assert ours == theirs

    # Our grades continue the gradebook that nbgrader began.
    book = f"sqlite:///{tmp_path / 'gradebook.db'}"
    grade(mini_course, ClassRun(tmp_path / "submitted", tmp_path / "ours", gradebook=book), judge=mini_judge)
    with Gradebook(book) as gradebook:
        for unit in units:
            for one in gradebook.assignment_submissions(unit):
                assert (one.score, one.max_score) == (points[one.student.id][unit], 3)
