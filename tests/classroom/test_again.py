"""Runs over the same class again: attempts, judging anew, pseudonyms, and what gets in the way."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.classroom import ClassRun, book, grade
from grader.classroom.enrolled import Enrolled
from grader.classroom.files import alone_in
from grader.classroom.late import LatePolicy
from grader.curriculum import CourseError
from grader.ground.files import write_text
from grader.judge.door.client import JudgeUnavailable

AVERAGES, SPREAD = "phase1_numbers/unit1_averages.py", "phase1_numbers/unit2_spread.py"


class Watched:
    """A judge that remembers which of the class's texts it was asked about."""

    def __init__(self, judge):
        self.judge, self.asked = judge, []

    def check(self, submission, targets, **options):
        self.asked.append(min(submission.sources.values()).partition(b"\n")[0].decode())
        return self.judge.check(submission, targets, **options)


@pytest.fixture
def run(mini_course, mini_judge, tmp_path, url):
    """Grade tmp_path/class; returns the report, and whose work was judged."""

    def grade_again(**options):
        watched = Watched(mini_judge)
        judge = options.pop("judge", watched)
        asked = ClassRun(tmp_path / "class", tmp_path / "out", **{"gradebook": url, "seed": 3, **options})
        report = grade(mini_course, asked, judge=judge)
        return report, sorted(watched.asked)

    return grade_again


@pytest.fixture
def hand_in(tmp_path):
    def put(student, text, where=AVERAGES):
        return write_text(tmp_path / "class" / student / where, f"# {student}\n{text}")

    return put


def points(report):
    return {student.id: student.standing for student in report.students}


def test_the_last_attempt_counts_or_the_best(run, hand_in, answers):
    right = answers["averages"]
    half = right.replace("x - mean(x)", "x + mean(x)")
    hand_in("ada", half)
    assert points(run()[0]) == {"ada": 2.0}
    hand_in("ada", right)
    assert points(run()[0]) == {"ada": 3.0}
    hand_in("ada", "def mean(x):\n    return 0.0\n")
    report, asked = run(best=True)
    assert (points(report), asked) == ({"ada": 3.0}, ["# ada"])
    assert report.scores["ada"]["averages/centre"] == 1.0
    report, asked = run(best=True)
    assert (points(report), asked) == ({"ada": 3.0}, [])
    assert points(run()[0]) == {"ada": 0.0}
    hand_in("ada", half)  # once more what was judged before
    report, asked = run()
    assert (points(report), asked) == ({"ada": 2.0}, [])


def test_the_best_attempt_is_the_best_after_lateness(run, hand_in, answers):
    due = datetime(2026, 10, 1, tzinfo=UTC)
    late = LatePolicy({"ada": Enrolled("ada", due={"": due})}, per_day=0.5)
    for text, days in ((answers["averages"].replace("x - mean(x)", "x + mean(x)"), 0), (answers["averages"], 1)):
        path = hand_in("ada", text)
        moment = (due + timedelta(days=days)).timestamp()
        os.utime(path, (moment, moment))
        report, _ = run(best=True, late=late)
    assert points(report) == {"ada": 2.0} and report.students[0].late == {}
    assert points(run(late=late)[0]) == {"ada": 1.5}


def test_regrade_a_student_or_an_exercise(run, hand_in, answers):
    hand_in("ada", answers["averages"])
    hand_in("bo", answers["averages"])
    hand_in("cy", answers["spread"], SPREAD)
    run()
    assert run(regrade=["bo"])[1] == ["# bo"]
    assert run(regrade=["averages/mean"])[1] == ["# ada", "# bo"]
    assert run(regrade=["1.2", "ada"])[1] == ["# ada", "# cy"]
    assert run()[1] == []
    with pytest.raises(CourseError, match="no student and no exercise 'dora'"):
        run(regrade=["dora"])


def test_an_anonymous_run_writes_nobodys_name(run, hand_in, answers, tmp_path):
    hand_in("Ada Lovelace", answers["averages"])
    write_text(tmp_path / "class" / "bo_unit1_averages.py", answers["averages"])
    write_text(tmp_path / "class" / "Zoë.zip", "no zip")
    (tmp_path / "class" / "gil").mkdir()
    for name in ("gil.py", "gil.ipynb"):
        write_text(tmp_path / "class" / name, "")
    out, names = tmp_path / "out", tmp_path / "out.names.csv"
    book = f"sqlite:///{out / 'gradebook.db'}"
    out.mkdir()
    (tmp_path / "class.db").rename(out / "gradebook.db")
    report, asked = run(names=names, gradebook=book, regrade=["bo"])
    assert len(report.students) == 4 and len(report.problems) == 2 and len(asked) == 2
    for path in out.rglob("*"):
        text = str(path.relative_to(out)) + (path.read_bytes().decode("latin-1") if path.is_file() else "")
        for name in ("Lovelace", "bo_unit", "Zoë", "ZoÃ«", "gil"):
            # What is written in one's own file is one's own to take out.
            assert name not in text.replace("# Ada Lovelace", ""), path
    assert names.stat().st_mode & 0o777 == 0o600
    table = names.read_text("utf-8")
    assert table.splitlines()[0] == "student,pseudonym" and table.count("student-") == 4

    hand_in("dora", answers["averages"])
    again, asked = run(names=names, gradebook=book)
    assert asked == ["# dora"] and {one.id for one in report.students} < {one.id for one in again.students}
    assert set(table.splitlines()) < set(names.read_text("utf-8").splitlines())
    hand_in("ed", answers["averages"])
    run(gradebook=book)  # with names
    with pytest.raises(CourseError, match="holds students' names already"):
        run(names=names, gradebook=book)
    names.write_text("no table")
    with pytest.raises(CourseError, match="no table of pseudonyms"):
        run(names=names, gradebook=book)


def test_a_full_disk_is_one_line_and_loses_nothing(run, hand_in, answers, tmp_path, monkeypatch):
    for number in range(6):
        hand_in(f"s{number}", answers["averages"])
    made, mkstemp = [], tempfile.mkstemp

    def full(*args, **kwargs):
        made.append(kwargs["dir"])
        if len(made) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return mkstemp(*args, **kwargs)

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(CourseError, match=r"cannot be written: No space left on device\.$"):
        run(jobs=1)
    monkeypatch.undo()
    kept = {path: path.read_bytes() for path in (tmp_path / "out" / "verdicts").glob("*.json")}
    assert 0 < len(kept) < 6
    report, asked = run()
    assert len(asked) == 6 - len(kept) and points(report) == {f"s{number}": 3.0 for number in range(6)}
    assert all(path.read_bytes() == text for path, text in kept.items())


def test_one_run_at_a_time_and_the_leftovers_of_a_killed_one_are_cleared(run, hand_in, answers, tmp_path):
    hand_in("ada", answers["averages"])
    with alone_in(tmp_path / "out"), pytest.raises(CourseError, match="Another run is grading into"):
        run()
    left = write_text(tmp_path / "out" / "verdicts" / ".writing-x", '{"half":')
    run()
    assert not left.exists()


def test_a_judge_that_dies_over_one_is_tried_again_and_then_given_up(mini_course, hand_in, answers, run, monkeypatch):
    """What `course grade` starts for itself, with its judge's processes killed under it."""
    hand_in("ada", answers["averages"])
    hand_in("bo", answers["averages"])
    from grader.classroom import grading

    started = []

    class Mortal(grading.Judge):
        def check(self, submission, *args, **options):
            started.append(self)
            if b"# ada" in min(submission.sources.values()) and len(started) < 3:
                self._process.kill()
                self._process.wait()
            return super().check(submission, *args, **options)

    monkeypatch.setattr(grading, "Judge", Mortal)
    report, _ = run(judge=None, jobs=1)
    assert points(report) == {"ada": 3.0, "bo": 3.0} and report.problems == {}
    assert len(set(started)) > 1

    class Doomed(grading.Judge):
        def check(self, submission, *args, **options):
            if b"# ada" in min(submission.sources.values()):
                self._process.kill()
                self._process.wait()
            return super().check(submission, *args, **options)

    monkeypatch.setattr(grading, "Judge", Doomed)
    report, _ = run(judge=None, jobs=1, regrade=["ada", "bo"])
    assert list(report.problems) == ["ada"] and points(report)["bo"] == 3.0


def test_what_the_judge_says_it_cannot_do_is_not_asked_twice(run, hand_in, answers, tmp_path):
    hand_in("ada", answers["averages"])

    class Refusing:
        asked = 0

        def check(self, *args, **options):
            self.asked += 1
            raise JudgeUnavailable("unit averages cannot be judged: no checks")

    judge = Refusing()
    report, _ = run(judge=judge)
    assert judge.asked == 1 and "no checks" in report.problems["ada"]
    assert json.loads((tmp_path / "out" / "verdicts" / "ada.json").read_text())["problem"] == report.problems["ada"]


@pytest.fixture
def reads(monkeypatch):
    """How often a verdict file was read, by student."""
    counts, read = Counter(), Path.read_text

    def counted(path, *args, **options):
        text = read(path, *args, **options)  # what is not there is not read
        if path.parent.name == "verdicts":
            counts[path.stem] += 1
        return text

    monkeypatch.setattr(Path, "read_text", counted)
    return counts


def test_a_verdict_file_is_read_once_in_a_run_and_not_at_all_if_it_is_new(run, hand_in, answers, reads, monkeypatch):
    monkeypatch.setattr(book, "BATCH", 2)
    students = {f"s{number}" for number in range(5)}
    for student in students:
        hand_in(student, answers["averages"])
    report, _ = run()
    assert reads == {} and len(report.rows) == 5

    report, asked = run()
    assert (asked, reads) == ([], dict.fromkeys(students, 1))
    reads.clear()
    hand_in("s1", answers["averages"].replace("x - mean(x)", "x + mean(x)"))
    report, asked = run(best=True, regrade=["s2"])
    assert (asked, reads) == (["# s1", "# s2"], dict.fromkeys(students, 1))
    reads.clear()
    assert report.scores["s1"]["averages/centre"] == 1.0 and report.problems == {}
    assert reads == {}


def test_a_class_in_many_batches_is_the_class_in_one(run, hand_in, answers, tmp_path, monkeypatch):
    for number in range(5):
        hand_in(f"s{number}", answers["averages"].replace("x - mean(x)", f"x - mean(x) * {number % 2}"))
    out = tmp_path / "out"
    first, _ = run()
    whole = {name: (out / name).read_bytes() for name in ("grades.csv", "summary.md")}
    monkeypatch.setattr(book, "BATCH", 2)
    again, _ = run()
    assert {name: (out / name).read_bytes() for name in whole} == whole
    assert [row.student for row in again.rows] == [f"s{number}" for number in range(5)]
    assert again.rows == first.rows and again.scores == first.scores


def test_a_gradebook_that_cannot_be_written_stops_no_judgement(run, hand_in, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(book, "BATCH", 1)
    for number in range(3):
        hand_in(f"s{number}", answers["averages"])
    with pytest.raises(CourseError, match="the verdicts are safe"):
        run(gradebook=f"sqlite:///{tmp_path}/nowhere/book.db")
    assert len(list((tmp_path / "out" / "verdicts").glob("*.json"))) == 3
    assert not (tmp_path / "out" / "grades.csv").exists()
    report, asked = run()
    assert asked == [] and points(report) == {f"s{number}": 3.0 for number in range(3)}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"profile": "slow"}, "There is no profile 'slow'; choose check, grade or author."),
        ({"show": "all"}, "Feedback cannot show 'all'; choose learner, after-deadline or instructor."),
    ],
)
def test_a_run_that_cannot_be_is_one_line(tmp_path, options, says):
    with pytest.raises(CourseError) as caught:
        ClassRun(tmp_path, tmp_path / "out", **options)
    assert str(caught.value) == says
