"""The instructor's page, typed from top to bottom: every command on it, in order, on a small class."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from grader.classroom import release, released_units
from grader.classroom.archive import packed
from grader.curriculum import default_course
from grader.ground.files import write_bytes, write_text

PAGE = (Path(__file__).parents[2] / "course" / "guide" / "teach.md").read_text("utf-8")
UNIT = default_course().curriculum.unit("attention")
CONSOLE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in CONSOLE.findall(PAGE) if kind == language]


def scripts() -> list[str]:
    """Each console block as a script that starts in the term's folder."""
    return ["\n".join(line.removeprefix("$ ") for line in block.splitlines()) for block in blocks("console")]


@pytest.fixture(scope="module")
def term(tmp_path_factory):
    """The folder of a term, with what the page says lies in it."""
    root = tmp_path_factory.mktemp("term")
    course = default_course()
    reference, stub = (path.read_text("utf-8") for path in (course.reference(UNIT), course.stub(UNIT)))
    files = release(course, *released_units(course, UNIT.id), root / "source", seed=1)
    [tree] = [block for block in blocks("text") if block.startswith("submissions/")]
    names = [line.strip() for line in tree.splitlines()[1:]]
    assert len({Path(name).suffix for name in names}) == 3
    for name in names:
        path = root / "submissions" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".zip":
            wrong = reference.replace("** -0.5", "").replace("math.sqrt", "float")
            write_bytes(path, packed({f"{UNIT.address}.py": wrong}))  # of 1980
        elif path.suffix == ".ipynb":
            shutil.copy(files[0], path)
        else:
            write_text(path, stub if name.startswith("karl") else reference)
        handed_in = datetime(2026, 10, 8, 23 if path.suffix == ".ipynb" else 17).timestamp()
        os.utime(path, (handed_in, handed_in))
    [checks] = blocks("python")
    where = course.checks(UNIT).relative_to(course.content)
    assert f"`hidden/{where.as_posix()}`" in PAGE
    write_text(root / "hidden" / where, checks)
    [roster] = blocks("csv")
    write_text(root / "roster.csv", roster)
    return root


@pytest.fixture(scope="module")
def typed(term):
    """What each block said, all of them having been typed."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    environment["JUPYTER_CONFIG_DIR"] = str(term / "jupyter")
    said = []
    for script in scripts():
        if "notebooks/submitted" in script:  # by then students have handed in what they were given
            for student in ("ada", "karl"):
                shutil.copytree(term / "notebooks" / "release", term / "notebooks" / "submitted" / student)
            shutil.copy(term / "submissions" / "emmy.ipynb", term / "notebooks/submitted/ada/attention/attention.ipynb")
        ran = subprocess.run(["bash", "-e", "-c", script], cwd=term, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
        said.append(ran.stdout)
    return said


def test_the_page_speaks_of_every_instructors_command():
    typed_ones = {
        words[1] for script in scripts() for line in script.splitlines() if (words := line.split())[0] == "course"
    }
    assert {"release", "grade", "export", "similar", "doctor"} <= typed_ones
    formats = set(re.findall(r"course release \S+ --format (\S+)", PAGE))
    assert formats == {"files", "nbgrader", "gradescope", "github-classroom"}


def test_the_term_ends_with_grades_in_the_lms(term, typed):
    most = str(UNIT.points)
    with (term / "graded" / "export-canvas.csv").open(encoding="utf-8") as file:
        rows = {row["Student"].strip(): row[f"{UNIT.number} {UNIT.title}"] for row in csv.DictReader(file)}
    assert rows["Points Possible"] == rows["Lovelace, Ada"] == most
    assert float(rows["Noether, Emmy"]) == 0.9 * UNIT.points  # five hours late: a day begun
    assert rows["Schwarzschild, Karl"] == "0" and 0 < float(rows["Hopper, Grace"]) < UNIT.points
    for format in ("moodle", "csv"):
        assert (term / "graded" / f"export-{format}.csv").is_file()


def test_the_notebooks_way_ends_at_the_same_points(term, typed):
    rows = {row["student_id"]: row for row in csv.DictReader(io.StringIO((term / "everything.csv").read_text()))}
    assert {student: float(row["score"]) for student, row in rows.items()} == {"ada": UNIT.points, "karl": 0}


def test_everything_that_the_page_promises_is_there(term, typed):
    for name in ("attention.zip", "diffusion.zip", "attention-gradescope.zip", "attention-template/README.md"):
        assert (term / "handout" / name).is_file(), name
    for name in ("gradebook.db", "grades.csv", "summary.md", "feedback/grace/feedback.html", "verdicts/karl.json"):
        assert (term / "graded" / name).is_file(), name
    assert "one key leaves no choice" in (term / "graded" / "verdicts" / "ada.json").read_text("utf-8")
    book = nbformat.read(term / "notebooks" / "release" / "attention" / "attention.ipynb", as_version=4)
    assert "square root" not in "".join(cell.source for cell in book.cells if cell.cell_type == "code")
    with (term / "blind.names.csv").open() as file:
        assert {row["student"] for row in csv.DictReader(file)} == {"ada", "grace", "emmy", "karl"}
    assert not [path for path in (term / "blind").rglob("*") if re.search("ada|grace|emmy|karl", path.name)]
    assert "A likeness is no finding" in (term / "similar.html").read_text("utf-8")
