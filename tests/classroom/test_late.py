"""When work was handed in, by every account there is, and what being late costs wherever points are shown."""

from __future__ import annotations

import csv
import os
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from grader.classroom import ClassRun, grade
from grader.classroom.enrolled import Enrolled
from grader.classroom.late import LatePolicy, times
from grader.classroom.roster import read_roster
from grader.curriculum import CourseError
from grader.ground.files import write_text

AVERAGES = "phase1_numbers/unit1_averages.py"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def at(path, moment):
    os.utime(path, (moment.timestamp(), moment.timestamp()))


@pytest.mark.parametrize(
    ("hours", "lost"), [(-1, 0.0), (0, 0.0), (2, 0.0), (2.1, 0.1), (24, 0.1), (24.1, 0.2), (72, 0.3), (1000, 0.5)]
)
def test_each_day_begun_costs_after_the_grace_and_up_to_the_most(mini_course, hours, lost):
    policy = LatePolicy({"ada": Enrolled("ada", due={"": NOON})}, timedelta(hours=2), per_day=0.1, most=0.5)
    unit = mini_course.curriculum.unit("averages")
    assert policy.lost("ada", unit, NOON + timedelta(hours=hours)) == pytest.approx(lost)
    assert policy.lost("bo", unit, NOON + timedelta(hours=hours)) == 0.0


def test_a_policy_that_gives_points_is_refused():
    for wrong in ({"per_day": 1.1}, {"most": -0.1}, {"grace": timedelta(hours=-1)}):
        with pytest.raises(CourseError):
            LatePolicy({}, **wrong)


def test_every_account_of_when_it_was_handed_in(mini_course, tmp_path):
    units = mini_course.curriculum.built[:2]
    averages = units[0]
    tree = tmp_path / "ada"
    for unit in units:
        at(write_text(tree / unit.id / f"{unit.id}.ipynb", "{}"), NOON)
    write_text(tree / "averages" / "timestamp.txt", "2026-10-03 12:00:00.250000 Europe/Berlin\n")
    assert times(tree, units) == {"averages": datetime(2026, 10, 3, 10, 0, 0, 250000, tzinfo=UTC), "spread": NOON}

    for text in ("soon", "2026-10-03 12:00:00 Nowhere/AtAll", "2026-99-03 12:00:00 UTC", "x" * 10**6):
        write_text(tree / "averages" / "timestamp.txt", text)
        assert times(tree, units)["averages"] == NOON

    folder = tmp_path / "bo"
    at(write_text(folder / AVERAGES, ""), NOON)
    at(write_text(folder / "helper.py", ""), NOON + timedelta(days=9))
    assert times(folder, units) == {"averages": NOON, "spread": NOON + timedelta(days=9)}

    with zipfile.ZipFile(tmp_path / "cy.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"cy/{AVERAGES}", (2026, 10, 1, 12, 0, 0)), "")
    assert times(tmp_path / "cy.zip", [averages]) == {"averages": datetime(2026, 10, 1, 12).astimezone(UTC)}

    at(write_text(tmp_path / "di_unit1_averages.py", ""), NOON)
    assert times(tmp_path / "di_unit1_averages.py", [averages]) == {"averages": NOON}
    write_text(tmp_path / "ed.zip", "no zip")
    assert times(tmp_path / "ed.zip", units) == times(tmp_path / "nobody", units) == {}


@given(st.binary(max_size=120))
def test_whatever_a_timestamp_says_there_is_a_time(mini_course, tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("one")
    at(write_text(folder / AVERAGES, ""), NOON)
    (folder / "averages").mkdir()
    (folder / "averages" / "timestamp.txt").write_bytes(text)
    assert times(folder, mini_course.curriculum.built)["averages"].tzinfo is UTC


def test_what_is_lost_shows_in_feedback_table_summary_and_gradebook(mini_course, mini_judge, answers, tmp_path, url):
    for student in ("ada", "bo", "cy"):
        at(write_text(tmp_path / "class" / student / AVERAGES, answers["averages"]), NOON + timedelta(hours=30))
    due = "2026-10-01T12:00Z"
    write_text(tmp_path / "roster.csv", f"student_id,due,extension\nada,{due},\nbo,{due},2\nabsent,{due},\n")
    roster = read_roster(tmp_path / "roster.csv", mini_course)
    out = tmp_path / "out"

    def run(regrade=(), **policy):
        late = LatePolicy(roster, **policy) if policy else None
        return grade(
            mini_course, ClassRun(tmp_path / "class", out, gradebook=url, late=late, regrade=regrade), judge=mini_judge
        )

    report = run(per_day=0.25)
    with (out / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {student: row["points"] for student, row in rows.items()} == {
        "absent": "0",
        "ada": "1.5",
        "bo": "3",
        "cy": "3",
    }
    assert report.strangers == ("cy",) and "Not on the roster, so never late: cy" in (out / "summary.md").read_text()
    assert (rows["ada"]["averages"], rows["ada"]["averages/mean"]) == ("1.5", "2")
    assert "50% of the points are taken off" in rows["ada"]["note"] and rows["bo"]["note"] == ""
    for page in ("feedback.md", "feedback.html"):
        text = (out / "feedback" / "ada" / page).read_text("utf-8")
        assert "1.5 of 3 points" in text and "50% of the points are taken off" in text
        assert "taken off" not in (out / "feedback" / "bo" / page).read_text("utf-8")
    assert report.to_dict()["late"] == {"ada": {"averages": 0.5}}
    with Gradebook(url) as book:
        ada = book.find_submission("averages", "ada")
        assert (ada.score, ada.late_submission_penalty) == (3.0, 1.5)
        assert ada.timestamp == (NOON + timedelta(hours=30)).replace(tzinfo=None)

    # The policy may change, and a copy may change the files' times: nothing is judged for that.
    for student in ("ada", "bo", "cy"):
        at(tmp_path / "class" / student / AVERAGES, NOON + timedelta(days=99))
    assert run(per_day=0.1).judged == 0
    assert run(per_day=0.1, regrade=["ada"]).judged == 1
    assert "2.4 of 3 points" in (out / "feedback" / "ada" / "feedback.md").read_text("utf-8")
    assert "3 of 3 points" in (out / "feedback" / "bo" / "feedback.md").read_text("utf-8")
    assert run().judged == 0
    assert "3 of 3 points" in (out / "feedback" / "ada" / "feedback.md").read_text("utf-8")
