"""What version 0.1 left behind is opened by this one, and nothing of it is lost. make.py says what there is."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader.curriculum import Course
from grader.judge import Judge, Submission
from grader.learner import Road, Workspace

Unpack = Callable[[str], Path]

ROOT = Path(__file__).resolve().parents[2]
AVERAGES, SPREAD = "phase1_numbers/unit1_averages.py", "phase1_numbers/unit2_spread.py"


@pytest.fixture
def whole_course() -> Course:
    return Course(ROOT)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------------- a workspace


@pytest.fixture
def workspace(unpack: Unpack, course: Any, mini_course: Course, judge: Judge) -> Path:
    folder = unpack("workspace")
    course.enter(folder, mini_course)
    return folder


@pytest.fixture
def nothing_lost(workspace: Path) -> Callable[[], None]:
    """Asks that the log begins with what it held, byte for byte, and that every copy kept aside is still there."""
    log, kept = workspace / ".course" / "progress.jsonl", workspace / ".course" / "kept"
    before, copies = log.read_bytes(), contents(kept)
    assert copies and not before.endswith(b"\n")

    def asked() -> None:
        assert log.read_bytes().startswith(before)
        assert copies.items() <= contents(kept).items()

    return asked


def test_a_workspaces_road_is_where_it_was(workspace, course, nothing_lost):
    road = course.json("status")
    assert road["units"]["averages"]["exercises"] == {"averages/mean": "passed", "averages/centre": "failed"}
    assert road["units"]["spread"]["exercises"] == {"spread/variance": "not attempted"}, "it was reset"
    assert (road["units"]["averages"]["state"], road["units"]["spread"]["state"]) == ("open", "locked")
    assert road["unreadable_lines"] == 1, "the torn one"
    upcoming = course.json("next")
    assert (upcoming["next"], upcoming["file"]) == ("averages/centre", AVERAGES)
    nothing_lost()


def test_a_workspace_is_judged_and_goes_on(workspace, course, nothing_lost):
    verdict = course.json("check", "averages", code=1)
    assert {key: one["verdict"] for key, one in verdict["exercises"].items()} == {
        "averages/mean": "passed",
        "averages/centre": "failed",
    }
    mine = workspace / AVERAGES
    mine.write_text(mine.read_text("utf-8").replace("x + mean(x)", "x - mean(x)"), "utf-8")
    assert course.json("check", "averages")["exercises"]["averages/centre"]["verdict"] == "passed"
    road = course.json("status")
    assert (road["units"]["averages"]["state"], road["units"]["spread"]["state"]) == ("passed", "open")
    assert road["unreadable_lines"] == 1, "the torn line took nothing with it"
    nothing_lost()


def test_hints_taken_count(workspace, course, nothing_lost):
    assert [one["number"] for one in course.json("hint", "averages/mean", "--again")["hints"]] == [1, 2]
    assert [one["number"] for one in course.json("hint", "averages/centre", "--again")["hints"]] == [1]
    assert course.json("hint", "averages/mean")["hints"][0]["number"] == 2
    assert "x - mean(x)" not in course("hint", "averages/centre")
    nothing_lost()


def test_what_once_passed_shows_its_solution(workspace, course, nothing_lost):
    assert "variance(x)" in course.json("solution", "spread/variance")["source"], "before the reset it had passed"
    course("solution", "averages/centre", code=2)
    nothing_lost()


def test_a_reset_keeps_what_was_written(workspace, course, nothing_lost):
    mine = (workspace / AVERAGES).read_bytes()
    reset = course.json("reset", "averages/centre")
    assert reset["written"] == [AVERAGES]
    assert [(workspace / kept).read_bytes() for kept in reset["kept"]] == [mine]
    text = (workspace / AVERAGES).read_text("utf-8")
    assert "np.sum(x) / len(x)" in text and "NotImplementedError" in text
    assert course.json("status")["units"]["averages"]["exercises"] == {
        "averages/mean": "passed",
        "averages/centre": "not attempted",
    }
    nothing_lost()


def test_an_update_brings_a_newer_courses_stubs_and_leaves_the_work(
    workspace, course, mini_course, tmp_path, nothing_lost
):
    mine = (workspace / AVERAGES).read_text("utf-8")
    newer = Course(shutil.copytree(mini_course.root, tmp_path / "newer"))
    toml = newer.curriculum_file.read_text("utf-8")
    newer.curriculum_file.write_text(toml.replace('version = "1"', 'version = "2"'), "utf-8")
    median = '\n\ndef median(x: np.ndarray) -> float:\n    raise NotImplementedError("median")\n'
    for unit, change in {
        "averages": lambda text: text + median,
        "spread": lambda text: text.replace("The population variance", "The variance"),
    }.items():
        stub = newer.stub(newer.curriculum.unit(unit))
        stub.write_text(change(stub.read_text("utf-8")), "utf-8")

    course.enter(workspace, newer)
    update = course.json("update")
    assert {AVERAGES, SPREAD} <= set(update["written"]) and update["notes"] == []
    assert (workspace / AVERAGES).read_text("utf-8") == mine + median
    assert (workspace / SPREAD).read_text("utf-8") == newer.stub(newer.curriculum.unit("spread")).read_text("utf-8")
    assert course.json("status")["units"]["averages"]["exercises"]["averages/mean"] == "passed"
    nothing_lost()


# ---------------------------------------------------------------------------------------------------- a training run

RUN = ("--hidden", "2", "--device", "cpu", "--log", "none")
PICTURES_LEFT_OUT = {"pictures"}
"""The gate that counts the pictures, of which one is left out."""


def test_an_accepted_training_stays_accepted(unpack, course, whole_course):
    """A later run that was refused takes nothing back."""
    folder = unpack("trained")
    course.enter(folder, whole_course)
    project = course.json("status")["projects"]["digit-vae"]
    assert project["state"] == "passed" and project["passed"] == project["total"] == 3
    assert Road(whole_course, Workspace(folder)).passed(whole_course.curriculum.unit("digit-vae"))


def test_a_run_is_known_again_and_measured_as_it_was(unpack, course, whole_course):
    folder = unpack("trained")
    course.enter(folder, whole_course)
    run = folder / "runs" / "digit-vae"
    before, record = contents(run), json.loads((run / "acceptance.json").read_text("utf-8"))
    again = course.json("train", "digit-vae", "--preset", "smoke", *RUN, code=1)
    assert again["again"], "the same settings, code and data: there is nothing to train"
    assert not again["acceptance"]["accepted"] and not again["acceptance"]["problem"]
    then = {gate["name"]: gate for gate in record["gates"] if gate["name"] not in PICTURES_LEFT_OUT}
    now = {gate["name"]: gate for gate in again["acceptance"]["gates"] if gate["name"] in then}
    assert {name: gate["passed"] for name, gate in now.items()} == {name: gate["passed"] for name, gate in then.items()}
    for name, gate in then.items():
        assert now[name]["measured"] == pytest.approx(gate["measured"], rel=1e-3), name
    before.pop("acceptance.json")
    assert before.items() <= contents(run).items()
    assert course.json("status")["projects"]["digit-vae"]["state"] == "passed", "it was accepted before"


def test_a_run_is_set_aside_for_another_and_not_a_byte_of_it_is_lost(unpack, course, whole_course):
    folder = unpack("trained")
    course.enter(folder, whole_course)
    runs = folder / "runs"
    before = contents(runs / "digit-vae")
    said = course("train", "digit-vae", "--preset", "smoke", "--epochs", "1", "--batch", "1500", *RUN, code=1)
    assert "an earlier run" in said and "digit-vae.1" in "".join(said.split()), "the terminal may break the path"
    assert contents(runs / "digit-vae.1") == before
    record = json.loads((runs / "digit-vae" / "run.json").read_text("utf-8"))
    assert record["finished"] and record["settings"]["epochs"] == 1


# --------------------------------------------------------------------------------------------------------- a class

GRADE = ("grade", "submissions", "--roster", "roster.csv", "--late", "10", "--unit", "averages", "--unit", "spread")
EXPORTS = ("csv", "canvas", "moodle")


@pytest.fixture
def room(unpack: Unpack, course: Any, mini_course: Course, judge: Judge) -> Path:
    """The class's folder, in which we are: submissions, roster, hidden checks, and what was graded."""
    folder = unpack("class")
    course.enter(folder, mini_course)
    return folder


def grades(path: Path) -> list[dict[str, str]]:
    """The rows of a grades.csv, but for the notes: they name the machine's time zone."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: cell for key, cell in row.items() if key != "note"} for row in csv.DictReader(file)]


def checkers(graded: Path) -> set[str]:
    return {json.loads(path.read_text("utf-8"))["checker"] for path in graded.glob("verdicts/*.json")}


def test_a_class_is_judged_anew_in_place_to_the_same_grades(room, course):
    graded = room / "graded"
    before, then = grades(graded / "grades.csv"), checkers(graded)
    seed = int((graded / "seed.txt").read_text("ascii"))
    for path in (room / "submissions").rglob("*"):
        os.utime(path)  # what was seen in time stays in time, wherever the class has been copied to
    report = course.json(*GRADE, "--out", "graded")
    assert grades(graded / "grades.csv") == before
    assert report["seed"] == seed
    assert checkers(graded).isdisjoint(then), "the checker is another, so no verdict of then stands"
    assert len(report["students"]) == len(before) == 8
    assert report["problems"].keys() == {"eve"} and report["late"].keys() == {"dora"}
    assert {path.name for path in (graded / "feedback").iterdir()} == report["students"].keys()

    written = {path: path.stat().st_mtime_ns for path in graded.glob("verdicts/*.json")}
    course(*GRADE, "--out", "graded")
    assert {path: path.stat().st_mtime_ns for path in written} == written, "a second time nothing is left to judge"


def test_what_a_person_entered_survives(room, course):
    from nbgrader.api import Gradebook

    course(*GRADE, "--out", "graded")
    with Gradebook(f"sqlite:///{room / 'graded/gradebook.db'}") as book:
        grade = book.find_grade("mean", "averages", "averages", "bob")
        assert (grade.manual_score, grade.extra_credit, grade.auto_score, grade.needs_manual_grade) == (
            1.5,
            0.25,
            0.0,
            False,
        )
        comment = book.find_comment("answer-mean", "averages", "averages", "bob")
        assert comment.comment == "The idea is right."
        assert book.find_comment("answer-centre", "averages", "averages", "ada").comment == "Well done."


def test_an_earlier_attempt_judged_then_can_still_be_the_best(room, course):
    by_student = {row["student"]: float(row["points"]) for row in grades(room / "graded/grades.csv")}
    course(*GRADE, "--out", "graded", "--attempts", "best")
    best = {row["student"]: float(row["points"]) for row in grades(room / "graded/grades.csv")}
    assert by_student["dora"] < 2 and best["dora"] == 6
    assert {**best, "dora": by_student["dora"]} == by_student


def test_an_anonymous_class_keeps_its_names(room, course):
    names, before = (room / "anonymous.names.csv").read_bytes(), grades(room / "anonymous/grades.csv")
    report = course.json(*GRADE, "--out", "anonymous", "--anonymous")
    assert (room / "anonymous.names.csv").read_bytes() == names
    assert grades(room / "anonymous/grades.csv") == before
    assert all(student.startswith("student-") for student in report["students"])


@pytest.mark.parametrize("run", ["graded", "anonymous"])
def test_a_class_is_exported_as_it_was(room, course, run):
    for format in EXPORTS:
        course("export", run, "--format", format, "--roster", "roster.csv", "--to", "now.csv")
        assert (room / "now.csv").read_bytes() == (room / run / f"export-{format}.csv").read_bytes(), format


def test_hidden_checks_laid_out_as_then_judge_as_then(room, course):
    before = grades(room / "hidden/grades.csv")
    shutil.rmtree(room / "hidden")
    course(*GRADE, "--out", "hidden", "--seed", "7", "--checks", "checks")
    assert grades(room / "hidden/grades.csv") == before


# -------------------------------------------------------------------------------------------------------- a release


def test_the_zip_of_a_release_becomes_a_workspace(unpack, course, mini_course, judge, tmp_path):
    folder = tmp_path / "mine"
    with zipfile.ZipFile(unpack("release") / "files/numbers.zip") as archive:
        archive.extractall(folder)
    before = contents(folder)
    course.enter(folder, mini_course)
    course("init", ".")
    assert before.items() <= contents(folder).items()
    shutil.copy(mini_course.reference(mini_course.curriculum.unit("averages")), folder / AVERAGES)
    assert {key: one["verdict"] for key, one in course.json("check", "averages")["exercises"].items()} == {
        "averages/mean": "passed",
        "averages/centre": "passed",
    }
    assert judge.check(Submission.read(folder, mini_course), ["averages"]).passed


def test_a_notebook_handed_out_then_is_a_submission(unpack, mini_course, judge):
    release, handed_in = unpack("release"), unpack("class") / "submissions/gus"
    for unit, points in {"averages": 3, "spread": 3}.items():
        mine = Submission.read(handed_in / unit / f"{unit}.ipynb", mini_course)
        assert judge.check(mine, [unit]).points == points
        untouched = Submission.read(release / "nbgrader/release" / unit / f"{unit}.ipynb", mini_course)
        outcomes = {one.verdict for one in judge.check(untouched, [unit]).exercises.values()}
        assert outcomes == {"not attempted"}


def test_a_notebook_handed_out_then_runs_in_its_kernel(unpack, course, mini_course, judge, tmp_path, monkeypatch):
    """Its cells load our extension and import `check` by their names of then, hidden tests included."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    book = json.loads((unpack("release") / "nbgrader/source/averages/averages.ipynb").read_text("utf-8"))
    course.enter(tmp_path, mini_course)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # which IPython takes for itself
    quiet = Config({"HistoryManager": {"enabled": False}})
    kernel = InteractiveShell(config=quiet, ipython_dir=str(tmp_path / "ipython"), user_module=ModuleType("notebook"))
    points = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            ran = kernel.run_cell("".join(cell["source"]), store_history=False)
            assert ran.success, ran.error_before_exec or ran.error_in_exec
            if cell["metadata"]["nbgrader"]["grade"]:
                points[cell["metadata"]["nbgrader"]["grade_id"]] = ran.result
    assert points == {"mean": 2.0, "centre": 1.0}


def test_what_a_template_of_then_asks_of_a_newer_course_is_answered(unpack, course, mini_course, judge, monkeypatch):
    """Its workflow installs the newest course, and runs this."""
    from grader.classroom import github_classroom

    folder = unpack("release") / "github-classroom/numbers-template"
    workflow = (folder / ".github/workflows/classroom.yml").read_text("utf-8")
    program, _, ids = workflow.rpartition("run: ")[2].strip().partition(" github ")
    assert program == "python -m grader.classroom"
    course.enter(folder, mini_course)
    shutil.copy(mini_course.reference(mini_course.curriculum.unit("averages")), folder / AVERAGES)
    assert github_classroom.main(ids.split(), folder, None) == 1


def test_what_an_autograder_of_then_asks_of_a_newer_judge_is_answered(unpack, course, mini_course, judge, tmp_path):
    from grader.classroom import gradescope

    root = tmp_path / "autograder"
    (root / "submission").mkdir(parents=True)
    with zipfile.ZipFile(unpack("release") / "gradescope/numbers-gradescope.zip") as archive:
        archive.extract("autograder.json", root / "source")
    shutil.copy(mini_course.reference(mini_course.curriculum.unit("averages")), root / "submission")
    course.enter(tmp_path, mini_course)
    assert gradescope.main(root) == 0
    results = json.loads((root / "results/results.json").read_text("utf-8"))
    assert sum(test["score"] for test in results["tests"]) == 3
    assert results["extra_data"]["seed"] == 11
