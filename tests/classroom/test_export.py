"""Grades as an LMS takes them, by the command, from a class that was graded for real."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from nbgrader.api import Gradebook

from grader.classroom import ClassRun, grade
from grader.classroom.export import export
from grader.classroom.roster import read_roster
from grader.curriculum import CourseError
from grader.ground.files import write_text

AVERAGES, SPREAD = "phase1_numbers/unit1_averages.py", "phase1_numbers/unit2_spread.py"

# What Canvas and Moodle gave the instructor, with the column student_id.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,student_id
    Points Possible,,,,,
"Lovelace, Ada",101,U1,ada@uni,Lab 1,ada
"=Bo",,U2,,Lab 2,bo
Cy,,,,Lab 2,cy
Dora,104,U4,dora,Lab 2,dora
"""
MOODLE = """\
First name,Last name,Username,ID number,Email address,student_id
Ada,Lovelace,ada1,,ada@example.org,ada
Bo,B,,77,bo@example.org,bo
Cy,C,cy3,,,cy
"""


@pytest.fixture(scope="module")
def run(mini_course, mini_judge, answers, empty, tmp_path_factory):
    """ada has everything, bo a part, cy nothing; eve is on no roster."""
    root = tmp_path_factory.mktemp("export")
    for student, averages in {
        "ada": answers["averages"],
        "bo": answers["averages"].replace(" / len(x)", ""),
        "cy": "def mean(x): ...\n",
        "eve": answers["averages"],
    }.items():
        write_text(root / "class" / student / AVERAGES, averages)
    write_text(root / "class" / "ada" / SPREAD, answers["spread"])
    (root / "out").mkdir()
    shutil.copy(empty, root / "out" / "gradebook.db")
    grade(mini_course, ClassRun(root / "class", root / "out", seed=1), judge=mini_judge)
    return root / "out"


@pytest.fixture
def out(run, tmp_path):
    """The run, this test's own."""
    return shutil.copytree(run, tmp_path / "out")


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_spreadsheet_needs_no_roster(out, command):
    shutil.copy(out / "verdicts" / "ada.json", out / "verdicts" / "left.json")  # of somebody no longer in the class
    code, _, complained = command("export", str(out))
    assert code == 0, complained
    assert table(out / "export-csv.csv") == [
        ["student_id", "name", "email", "averages", "spread", "points", "max_points"],
        ["ada", "", "", "3", "3", "6", "6"],
        ["bo", "", "", "0", "0", "0", "6"],
        ["cy", "", "", "0", "0", "0", "6"],
        ["eve", "", "", "3", "0", "3", "6"],
    ]


def test_canvas_gets_its_columns_and_who_cannot_be_matched_is_named(out, command, tmp_path):
    (tmp_path / "roster.csv").write_text(CANVAS)
    code, said, complained = command(
        "export", str(out), "--format", "canvas", "--roster", "roster.csv", "--to", "c.csv"
    )
    assert code == 1
    # lib/gradebook_importer.rb: “Student” first, “ID” second, “Section” last before the assignments, then the points.
    assert table(tmp_path / "c.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "1.1 Averages", "1.2 Spread"],
        ["    Points Possible", "", "", "", "", "3", "3"],
        ["Lovelace, Ada", "101", "U1", "ada@uni", "Lab 1", "3", "3"],
        ["'=Bo", "", "U2", "", "Lab 2", "0", "0"],
    ]
    assert complained.splitlines() == [
        "course: Enrolled, and not in this class run: dora.",
        "course: Not exported: cy has none of ID, SIS User ID, SIS Login ID in the roster.",
        "course: Not exported: eve is not in the roster.",
    ]
    code, said, complained = command("export", str(out), "--format", "canvas", "--roster", "roster.csv", "--json")
    assert code == 1
    document = json.loads(said)
    assert (document["students"], list(document["unmatched"]), document["absent"]) == (
        ["ada", "bo"],
        ["cy", "eve"],
        ["dora"],
    )


def test_moodle_gets_one_column_that_finds_them_all(out, command, tmp_path):
    (tmp_path / "roster.csv").write_text(MOODLE + "Eve,E,,,eve@example.org,eve\n")
    code, said, complained = command("export", str(out), "--format", "moodle", "--roster", "roster.csv")
    assert (code, complained) == (1, "course: Not exported: cy has no Email address in the roster.\n")
    assert "map from “Email address”" in said and "1.2 Spread: out of 3" in said
    assert table(out / "export-moodle.csv") == [
        ["Username", "ID number", "Email address", "1.1 Averages", "1.2 Spread"],
        ["ada1", "", "ada@example.org", "3", "3"],
        ["", "77", "bo@example.org", "0", "0"],
        ["", "", "eve@example.org", "3", "0"],
    ]


def test_what_a_person_entered_counts_and_penalties_are_taken_off(out, mini_course):
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        book.find_grade("mean", "averages", "averages", "bo").manual_score = 1.5
        book.find_submission_notebook("averages", "averages", "ada").late_submission_penalty = 0.75
        book.find_submission_notebook("averages", "averages", "cy").late_submission_penalty = 5.0
        book.db.commit()
    before = (out / "gradebook.db").read_bytes()
    path = export(mini_course, out, "csv").path
    assert {row[0]: row[3] for row in table(path)[1:]} == {"ada": "2.25", "bo": "1.5", "cy": "0", "eve": "3"}
    assert (out / "gradebook.db").read_bytes() == before


def test_an_anonymous_run_is_matched_through_its_table(out, command, mini_course, mini_judge, empty, run, tmp_path):
    (tmp_path / "anonymous").mkdir()
    shutil.copy(empty, tmp_path / "anonymous" / "gradebook.db")
    names = tmp_path / "anonymous.names.csv"
    grade(mini_course, ClassRun(run.parent / "class", tmp_path / "anonymous", seed=1, names=names), judge=mini_judge)
    assert command("export", "anonymous")[0] == 0
    assert not {"ada", "bo", "cy", "eve"} & {row[0] for row in table(tmp_path / "anonymous" / "export-csv.csv")}
    for place in ("out", "anonymous"):
        (tmp_path / "roster.csv").write_text(CANVAS)
        code, _, complained = command("export", place, "--format", "canvas", "--roster", "roster.csv")
        assert code == 1 and "Not exported: eve is not in the roster." in complained
    pages = [(tmp_path / place / "export-canvas.csv").read_bytes() for place in ("out", "anonymous")]
    assert pages[0] == pages[1]

    names.write_text("something,else\n1,2\n")
    code, said, complained = command("export", "anonymous", "--format", "canvas", "--roster", "roster.csv")
    assert (code, said) == (2, "") and "is no table of pseudonyms" in complained


def test_another_gradebook_by_its_address(out, mini_course, postgres):
    url = postgres()
    with pytest.raises(CourseError, match="holds nothing of averages, spread"):
        export(mini_course, out, "csv", gradebook=url)
    assert not (out / "export-csv.csv").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["out", "--format", "excel"], "choose csv, canvas or moodle"),
        (["out", "--format", "canvas"], "add --roster FILE"),
        (["out", "--format", "canvas", "--roster", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["out", "--format", "canvas", "--roster", "strangers.csv"], "None of the 4 students in out can be matched"),
        (["out", "--format", "canvas", "--roster", "twins.csv"], "ada and bo have the same ID, 101"),
        (["out", "--gradebook", "sqlite:///gone.db"], "There is no gradebook gone.db"),
        (["out", "--gradebook", "sqlite:///twins.csv"], "cannot be read (file is not a database)"),
        (["out", "--gradebook", "grades.db"], "not a database URL"),
        (["out", "--to", "twins.csv/x.csv"], "cannot be written"),
        (["unfinished"], "holds no finished class run"),
        (["elsewhere"], "holds a class run without units or students of this course"),
        (["nowhere"], "holds no finished class run"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(out, command, tmp_path, words, why):
    shutil.copytree(out, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "grades.csv").unlink()
    write_text(tmp_path / "elsewhere" / "grades.csv", "student,points\n")
    (tmp_path / "strangers.csv").write_text("student_id,ID\nzoe,1\n")
    (tmp_path / "twins.csv").write_text("student_id,ID\nada,101\nbo,101\n" + " " * 200)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    code, said, complained = command("export", *words)
    assert (code, said) == (2, "")
    assert why in complained and complained.count("\n") == 1, complained
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_the_roster_is_the_graders_own(mini_course, tmp_path):
    (tmp_path / "roster.csv").write_text(MOODLE)
    assert read_roster(tmp_path / "roster.csv", mini_course)["ada"].name == "Ada Lovelace"
