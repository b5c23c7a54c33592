"""A class and exercises in parts: half of one is worth its part, in the gradebook of an earlier version as well."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from grader.classroom import ClassRun, grade
from grader.judge import Outcome

SPREAD = "phase1_numbers/unit2_spread"


@pytest.fixture
def submissions(mini_course, tmp_path: Path) -> Path:
    """Two students: ada has all of it, bob has the first of two parts."""
    units = [mini_course.curriculum.unit(key) for key in ("averages", "spread")]
    for student in ("ada", "bob"):
        for unit in units:
            file = tmp_path / "submissions" / student / f"{unit.address}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(mini_course.reference(unit).read_bytes())
    stub = mini_course.stub(units[1]).read_text("utf-8")
    scaler = stub[stub.index("class Scaler") :]
    text = mini_course.reference(units[1]).read_text("utf-8")
    (tmp_path / "submissions/bob" / f"{SPREAD}.py").write_text(text[: text.index("class Scaler")] + scaler, "utf-8")
    return tmp_path / "submissions"


@pytest.fixture
def run(mini_course, mini_judge, submissions: Path, tmp_path: Path):
    units = [mini_course.curriculum.unit(key) for key in ("averages", "spread")]
    return lambda: grade(mini_course, ClassRun(submissions, tmp_path / "graded", units, jobs=1), judge=mini_judge)


def points(out: Path) -> dict[str, str]:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row["spread/variance"] for row in csv.DictReader(file)}


def test_half_an_exercise_is_worth_its_part(run, tmp_path):
    report = run()
    assert points(tmp_path / "graded") == {"ada": "3", "bob": "1"}
    bob = next(student for student in report.students if student.id == "bob").verdict.exercises["spread/variance"]
    assert [(part.name, part.verdict, part.points) for part in bob.parts] == [
        ("variance", Outcome.PASSED, 1),
        ("Scaler", Outcome.NOT_ATTEMPTED, 0),
    ]
    said = (tmp_path / "graded/feedback/bob/feedback.md").read_text("utf-8")
    assert "- variance: passed, 1 / 1" in said and "- Scaler: not attempted, 0 / 2" in said


def test_a_verdict_of_a_kind_that_is_not_known_yet_is_shown_as_it_stands(run, tmp_path):
    """A class judged by a newer version and opened by this one: its words are shown, its points stand."""
    out = tmp_path / "graded"
    run()
    for path in (out / "verdicts").glob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        record["verdict"]["exercises"]["averages/mean"] |= {"verdict": "out of memory", "points": 0, "since": 0.9}
        path.write_text(json.dumps(record), "utf-8")
    report = run()
    assert report.judged == 0
    assert "| out of memory |" in (out / "summary.md").read_text("utf-8")
    assert "`mean`: out of memory" in (out / "feedback/ada/feedback.md").read_text("utf-8")
    assert [row.outcomes[0] for row in report.rows] == ["out of memory", "out of memory"]
