"""A whole class, judged for real: every kind of submission, interruptions, and what is written."""

from __future__ import annotations

import csv
import json
import os
import shutil

import pytest
from nbgrader.api import Gradebook

from grader.classroom import ClassRun, grade
from grader.curriculum import CourseError
from grader.ground.files import write_text
from grader.judge.door.client import JudgeUnavailable
from grader.judge.wall import confine

AVERAGES, SPREAD = "phase1_numbers/unit1_averages.py", "phase1_numbers/unit2_spread.py"


class Watched:
    """A judge that remembers what it was asked, and fails on what it is told to."""

    def __init__(self, judge, failing=b"\0"):
        self.judge, self.failing, self.asked = judge, failing, []

    def check(self, submission, targets, **options):
        self.asked.append(submission.sha256)
        if any(self.failing in text for text in submission.sources.values()):
            raise JudgeUnavailable("the judge failed:\n  a traceback\nSomeError: no room")
        return self.judge.check(submission, targets, **options)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, mini_course, answers):
    """A folder with a student of every kind."""
    folder = tmp_path_factory.mktemp("class") / "submissions"
    right = answers["averages"]
    for student, text in {
        "Ada Lovelace": right,
        "=bo": right.replace(" / len(x)", ""),
        "cy": mini_course.stub(mini_course.curriculum.unit("averages")).read_text("utf-8"),
        "Zoë 李": "def mean(x:\n",
        "ed\n<b>": right.replace("return x - mean(x)", "raise ValueError('no')"),
        "fi": right.replace("return x - mean(x)", "return __import__('os')._exit(0)"),
    }.items():
        write_text(folder / student / AVERAGES, text)
    (folder / "gil").mkdir()
    write_text(folder / "hal.zip", "no zip")
    os.symlink("/etc", folder / "ivy")
    return folder


@pytest.fixture(scope="module")
def run(classroom, mini_course, mini_judge, tmp_path_factory, empty):
    """One run over the class, and the lines of progress it gave."""
    out = tmp_path_factory.mktemp("graded") / "out"
    url = f"sqlite:///{shutil.copy(empty, tmp_path_factory.mktemp('book') / 'gradebook.db')}"
    lines = []
    report = grade(
        mini_course,
        ClassRun(classroom, out, jobs=2, seed=3, gradebook=url),
        judge=mini_judge,
        progress=lambda student, done, total: lines.append((student.id, done, total)),
    )
    return report, out, url, lines


def test_every_student_gets_a_verdict_and_the_next_is_graded(run):
    report, _, _, lines = run
    verdicts = {
        student.id.split("-")[0]: [one.verdict for one in student.verdict.exercises.values()]
        for student in report.students
    }
    assert verdicts == {
        "Ada Lovelace": ["passed", "passed"],
        "=bo": ["failed", "failed"],
        "cy": ["not attempted", "not attempted"],
        "Zoë 李": ["crashed", "crashed"],
        "ed_<b>": ["passed", "crashed"],
        "fi": ["passed", "crashed"],
        "gil": ["not attempted", "not attempted"],
        "hal": ["not attempted", "not attempted"],
        "ivy": ["not attempted", "not attempted"],
    }
    assert [unit.id for unit in report.units] == ["averages"]
    assert sorted(report.problems) == ["hal", "ivy"]
    assert [(mistake.name, mistake.students) for mistake in report.mistakes] == [("undivided", 1)]
    assert sorted(done for _, done, _ in lines) == list(range(1, 10)) and {total for *_, total in lines} == {9}


def test_gradebook_and_csv_say_the_same(run):
    report, out, url, _ = run
    with (out / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert rows["Ada Lovelace"]["points"] == rows["Ada Lovelace"]["max_points"] == "3"
    assert rows["'=bo"]["points"] == "0"
    with Gradebook(url) as book:
        scores = {student.id: student.score for student in book.students}
    assert scores == {student.id: float(rows.get(student.id, {"points": 0})["points"]) for student in report.students}
    assert scores["Ada Lovelace"] == 3.0 and scores["fi"] == 2.0


def test_feedback_holds_that_students_data_only(run):
    report, out, _, _ = run
    folders = {path.name: path for path in (out / "feedback").iterdir()}
    assert set(folders) == {student.id for student in report.students}
    others = {"Ada Lovelace", "Zoë 李", "hal.zip"}
    for name, folder in folders.items():
        texts = [(folder / f"feedback.{kind}").read_text("utf-8") for kind in ("html", "md")]
        for text in texts:
            assert not [other for other in others if other in text and other not in (name, f"{name}.zip")]
    assert "hal.zip is not a readable zip file" in (folders["hal"] / "feedback.md").read_text("utf-8")
    assert "The sum is not divided at all." in (folders["=bo"] / "feedback.html").read_text("utf-8")
    ed = next(path for name, path in folders.items() if name.startswith("ed_"))
    assert "<b>" not in (ed / "feedback.html").read_text("utf-8")


def test_nothing_is_written_elsewhere_and_nothing_is_left_half_written(run):
    _, out, _, _ = run
    assert sorted(path.name for path in out.iterdir()) == [
        ".lock",
        "feedback",
        "grades.csv",
        "seed.txt",
        "summary.md",
        "verdicts",
    ]
    assert not [path for path in out.rglob("*") if path.name.startswith(".writing-")]


def test_a_rerun_judges_only_what_changed(run, classroom, mini_course, mini_judge, answers, tmp_path):
    _, out, url, _ = run
    again, there = tmp_path / "class", tmp_path / "out"
    shutil.copytree(classroom, again, symlinks=True)
    shutil.copytree(out, there)

    def rerun(**options):
        watched = Watched(mini_judge)
        report = grade(mini_course, ClassRun(again, there, gradebook=url, **options), judge=watched)
        return watched.asked, {student.id: student for student in report.students}

    before = (there / "grades.csv").read_bytes()
    assert rerun()[0] == []  # the seed is the one that `out` was begun with
    assert (there / "grades.csv").read_bytes() == before

    write_text(again / "cy" / AVERAGES, answers["averages"])
    asked, students = rerun()
    assert len(asked) == 1 and students["cy"].verdict.passed

    torn = there / "verdicts" / "Ada Lovelace.json"
    torn.write_bytes(torn.read_bytes()[:100])
    assert len(rerun()[0]) == 1
    assert json.loads(torn.read_text("utf-8"))["verdict"]["seed"] == 3

    assert len(rerun(seed=4)[0]) == 6
    assert len(rerun(units=mini_course.curriculum.built)[0]) == 6


def test_a_failing_judge_costs_one_student_and_the_rerun_mends_it(mini_course, mini_judge, answers, tmp_path, url):
    for student in ("ada", "bo"):
        write_text(tmp_path / "class" / student / AVERAGES, f"# {student}\n{answers['averages']}")
    broken = Watched(mini_judge, failing=b"# ada")
    report = grade(mini_course, ClassRun(tmp_path / "class", tmp_path / "out", gradebook=url), judge=broken)
    assert report.problems == {"ada": "The judge could not work on this: SomeError: no room"}
    assert report.scores["bo"]["averages/mean"] == 2.0
    for page in (tmp_path / "out" / "feedback" / "ada").iterdir():  # why is not the student's to read
        assert "your instructor can find out why" in page.read_text() and "no room" not in page.read_text()
    mended = Watched(mini_judge)
    report = grade(mini_course, ClassRun(tmp_path / "class", tmp_path / "out", gradebook=url), judge=mended)
    assert len(mended.asked) == 1 and report.problems == {}
    assert report.scores["ada"]["averages/mean"] == 2.0


def test_an_interrupted_run_keeps_what_was_judged(mini_course, mini_judge, answers, tmp_path, url):
    for number in range(12):
        write_text(tmp_path / "class" / f"s{number}" / AVERAGES, f"# {number}\n{answers['averages']}")

    def interrupt(student, done, total):
        if done == 2:
            raise KeyboardInterrupt

    folder, out = tmp_path / "class", tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        grade(mini_course, ClassRun(folder, out, jobs=1, gradebook=url), judge=mini_judge, progress=interrupt)
    kept = len(list((out / "verdicts").iterdir()))
    assert 2 <= kept < 12
    watched = Watched(mini_judge)
    report = grade(mini_course, ClassRun(folder, out, gradebook=url), judge=watched)
    assert len(watched.asked) == 12 - kept == report.judged and len(report.students) == 12


def test_a_unit_that_imports_an_earlier_one_is_graded_without_it(mini_course, mini_judge, answers, tmp_path, url):
    write_text(tmp_path / "class" / "ada" / SPREAD, answers["spread"])
    report = grade(mini_course, ClassRun(tmp_path / "class", tmp_path / "out", gradebook=url), judge=mini_judge)
    assert [unit.id for unit in report.units] == ["spread"]
    assert report.students[0].verdict.passed


def test_a_new_class_gets_a_seed_of_its_own(mini_course, mini_judge, answers, tmp_path, url):
    write_text(tmp_path / "class" / "ada" / AVERAGES, answers["averages"])
    seeds = {
        grade(mini_course, ClassRun(tmp_path / "class", tmp_path / out, gradebook=url), judge=mini_judge).seed
        for out in ("one", "two", "one")
    }
    assert len(seeds) == 2


def test_errors_are_one_line(mini_course, answers, tmp_path):
    def error(folder="class", out="out", **options):
        with pytest.raises(CourseError) as caught:
            grade(mini_course, ClassRun(tmp_path / folder, tmp_path / out, **options))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "cannot be read" in error("nowhere")
    (tmp_path / "class").mkdir()
    assert "holds no submissions" in error()
    write_text(tmp_path / "class" / "ada" / "poem.py", "x = 1\n")
    assert f"ada/{AVERAGES}" in error()
    assert "still coming" in error(units=[mini_course.curriculum.unit("quantiles")])
    assert "not a database URL" in error(gradebook="grades.db")
    write_text(tmp_path / "class" / "ada" / AVERAGES, answers["averages"])
    write_text(tmp_path / "file", "")
    assert "cannot be written" in error(out="file")


def test_a_kernel_that_cannot_confine_is_refused_unless_insisted(
    mini_course, mini_judge, answers, tmp_path, monkeypatch
):
    write_text(tmp_path / "class" / "ada" / AVERAGES, answers["averages"])
    out = tmp_path / "out"
    monkeypatch.setattr(confine, "can_confine", lambda: False)
    with pytest.raises(CourseError, match="--unconfined"):
        grade(mini_course, ClassRun(tmp_path / "class", out))
    assert not out.exists()

    report = grade(mini_course, ClassRun(tmp_path / "class", out, unconfined=True))
    assert not report.confined and not report.to_dict()["confined"]
    assert json.loads((out / "verdicts" / "ada.json").read_text())["verdict"]["confined"] is False
    for page in ("summary.md", "feedback/ada/feedback.md", "feedback/ada/feedback.html"):
        assert "did not confine" in (out / page).read_text()

    monkeypatch.undo()
    again = grade(mini_course, ClassRun(tmp_path / "class", out), judge=mini_judge)
    assert again.confined and again.judged == 1
