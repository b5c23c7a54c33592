"""The instructor's roster, as an LMS or a spreadsheet writes it, and every way in which it can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from grader.classroom.roster import read_roster
from grader.curriculum import CourseError


@pytest.fixture
def roster(tmp_path, mini_course):
    def read(text: str | bytes):
        path = tmp_path / "roster.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_roster(path, mini_course)

    return read


def test_a_canvas_export_with_one_column_more(roster):
    text = (
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Homework 1 (12),Homework 1 (12),student_id\r\n"
        ",,,,,Manual Posting,,\r\n"
        "    Points Possible,,,,,10,10,\r\n"
        '"Lovelace, Ada",101,S1,ada@x.edu,Calculus,,, ada \r\n'
    )
    ada = roster(text)["ada"]
    assert (ada.id, ada.name) == ("ada", "Lovelace, Ada")
    assert [ada.cell(header) for header in ("ID", "SIS User ID", "SIS Login ID", "Section")] == [
        "101",
        "S1",
        "ada@x.edu",
        "Calculus",
    ]


def test_a_moodle_export_with_semicolons(roster):
    text = "First name;Last name;ID number;Username;Email address;student_id\nZoë;李;7;zoe;zoe@x.edu;Zoë 李\n\n"
    (zoe,) = roster(text).values()
    assert (zoe.id, zoe.name, zoe.email) == ("Zoë 李", "Zoë 李", "zoe@x.edu")
    assert (zoe.cell("Username"), zoe.cell("ID number")) == ("zoe", "7")


def test_due_dates_and_extensions(roster, mini_course):
    text = (
        "student_id,due,due spread,extension,Extension: 1.1\n"
        "ada,2026-10-01,2026-10-08T18:00+02:00,,\n"
        "bo,2026-10-01T12:00Z,,2,0.5\n"
        "cy\n"
    )
    averages, spread, *_ = mini_course.curriculum.built
    students = roster(text)
    end_of_day = datetime(2026, 10, 1, 23, 59, 59).astimezone(UTC)
    assert students["ada"].due_for(averages) == end_of_day
    assert students["ada"].due_for(spread) == datetime(2026, 10, 8, 16, tzinfo=UTC)
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    assert students["bo"].due_for(averages) == noon + timedelta(hours=12)
    assert students["bo"].due_for(spread) == noon + timedelta(days=2)
    assert students["cy"].due_for(averages) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name,email\nAda,a@x\n", 1, "no column student_id"),
        ("", 1, "no column student_id"),
        ("student_id,Email,e-mail,EMAIL\nada,a,b,c\n", 1, "the column EMAIL is there twice"),
        ("student_id,due,due\nada,,\n", 1, "the column due is there twice"),
        ("student_id,due nowhere\nada,\n", 1, "'nowhere'"),
        ("student_id,name\nada,Ada\n,Bo\n", 3, "no student_id"),
        ('student_id,name\nada,"two\nlines"\nbo,\nada,Ada\n', 5, "ada is on line 3 already"),
        ("student_id,due\nada,01/10/2026\n", 2, "'01/10/2026' is no date"),
        ("student_id,extension\nada,soon\n", 2, "'soon' is no number of days"),
        ("student_id,extension\nada,1e99\n", 2, "no number of days"),
        ("student_id\nada,x\n", 2, "2 cells under 1 headers"),
        ('student_id\n"ada\n', 2, "no CSV"),
        ("student_id\nada\nJosé\n".encode("latin-1"), 3, "not UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_line(roster, text, line, says):
    with pytest.raises(CourseError) as caught:
        roster(text)
    message = str(caught.value)
    assert f"roster.csv, line {line}: " in message and says in message and "\n" not in message


def test_a_roster_that_is_not_there_or_empty(roster, tmp_path, mini_course):
    with pytest.raises(CourseError, match=r"nobody\.csv cannot be read: No such file"):
        read_roster(tmp_path / "nobody.csv", mini_course)
    with pytest.raises(CourseError, match="cannot be read: Is a directory"):
        read_roster(tmp_path, mini_course)
    with pytest.raises(CourseError, match="lists no students"):
        roster("student_id\n\n")
