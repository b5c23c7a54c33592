"""nbgrader's database as we write it, read back through nbgrader's own API."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from datetime import UTC, datetime

import pytest
from nbgrader.api import Base, Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from grader.classroom.gradebook import record, shown, sqlite
from grader.curriculum import CourseError


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path, empty):
    """What holds for one database holds for the other."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")()
    return f"sqlite:///{shutil.copy(empty, tmp_path / 'class.db')}"


def rows(url):
    """Every number of the database that a person can see, without its random ids."""
    with Gradebook(url) as book:
        return sorted(
            (grade.student.id, grade.assignment.name, grade.name, grade.auto_score, grade.manual_score, grade.score)
            for assignment in book.assignments
            for submission in assignment.submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        )


def test_a_unit_is_an_assignment_and_an_exercise_a_grade_cell(url, mini_course, graded):
    record(url, mini_course.curriculum.built[:2], [graded("ada", "centre", "variance"), graded("bo")])
    with Gradebook(url) as book:
        assert [(one.name, one.max_score) for one in book.assignments] == [("averages", 3.0), ("spread", 3.0)]
        cells = book.find_notebook("averages", "averages").grade_cells
        assert sorted((cell.name, cell.max_score, cell.cell_type) for cell in cells) == [
            ("centre", 1.0, "code"),
            ("mean", 2.0, "code"),
        ]
        assert book.find_submission("averages", "ada").score == 1.0
        assert book.find_submission("spread", "ada").score == 3.0
        assert book.find_submission("averages", "bo").score == 0.0
        assert not book.find_submission("averages", "bo").needs_manual_grade


def test_the_same_run_again_changes_nothing(url, mini_course, graded):
    students = [graded("ada", "centre"), graded("bo", "mean")]
    first = record(url, mini_course.curriculum.built, students)

    def dump():
        with Gradebook(url) as book:
            return {
                table.name: sorted(map(str, book.db.execute(table.select()))) for table in Base.metadata.sorted_tables
            }

    before = dump()
    assert record(url, mini_course.curriculum.built, students) == first
    assert dump() == before


def test_manual_grades_survive_and_count(url, mini_course, graded):
    units = mini_course.curriculum.built
    record(url, units, [graded("ada", "centre")])
    with Gradebook(url) as book:
        book.find_grade("mean", "averages", "averages", "ada").manual_score = 1.5
        book.find_grade("centre", "averages", "averages", "ada").extra_credit = 1.0
        book.db.commit()
    scores = record(url, units, [graded("ada", "centre")])
    assert scores["ada"]["averages/mean"] == 1.5
    assert scores["ada"]["averages/centre"] == 2.0
    with Gradebook(url) as book:
        assert not book.find_grade("mean", "averages", "averages", "ada").needs_manual_grade

    # The work changes under the manual grade: the grade stands, and a person is asked to look.
    assert record(url, units, [graded("ada", "mean")])["ada"]["averages/mean"] == 1.5
    with Gradebook(url) as book:
        grade = book.find_grade("mean", "averages", "averages", "ada")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (2.0, 1.5, True)


def test_a_gradebook_begun_by_nbgrader_is_continued(url, mini_course, graded):
    with Gradebook(url) as book:
        book.add_assignment("averages")
        book.add_notebook("averages", "averages")
        book.add_grade_cell("centre", "averages", "averages", max_score=5.0, cell_type="code")
        book.add_solution_cell("answer-centre", "averages", "averages")
        book.add_student("ada", first_name="Ada")
        with book.db.no_autoflush:
            book.add_submission("averages", "ada")
        book.find_comment("answer-centre", "averages", "averages", "ada").manual_comment = "Nice."
        book.db.commit()
    scores = record(url, mini_course.curriculum.built[:2], [graded("ada", "centre", "mean")])
    assert scores["ada"] == {"averages/centre": 1.0, "averages/mean": 2.0, "spread/variance": 0.0}
    with Gradebook(url) as book:
        assert book.find_student("ada").first_name == "Ada"
        assert book.find_submission("averages", "ada").max_score == 3.0
        assert book.find_comment("answer-centre", "averages", "averages", "ada").comment == "Nice."


def test_who_handed_in_nothing_has_no_submission_and_who_is_unreadable_asks_for_a_person(url, mini_course, graded):
    nothing = graded("bo", submitted=frozenset())
    unreadable = graded("cy", submitted=frozenset(), problem="cy.zip is not a readable zip file.")
    scores = record(url, mini_course.curriculum.built[:2], [graded("ada", "centre"), nothing, unreadable])
    assert scores["bo"] == {"averages/centre": 0.0, "averages/mean": 0.0, "spread/variance": 0.0}
    with Gradebook(url) as book:
        assert sorted(student.id for student in book.students) == ["ada", "bo", "cy"]
        assert sorted(one.student.id for one in book.find_assignment("averages").submissions) == ["ada", "cy"]
        assert book.find_submission("averages", "cy").needs_manual_grade

    # Later bo hands in; later still the file is withdrawn. The record follows, and keeps its place.
    assert record(url, mini_course.curriculum.built, [graded("bo", "mean")])["bo"]["averages/mean"] == 2.0
    assert record(url, mini_course.curriculum.built, [nothing])["bo"]["averages/mean"] == 0.0
    assert len(rows(url)) == 9


def test_errors_are_one_line_without_the_password(tmp_path, mini_course, graded):
    assert shown("postgresql://me:secret@db/grades") == "postgresql://me:***@db/grades"
    with pytest.raises(CourseError, match="not a database URL"):
        shown("gradebook.db")
    (tmp_path / "not.db").write_text("no database" * 100)
    with pytest.raises(CourseError, match=r"not\.db cannot be written \(file is not a database\)") as caught:
        record(f"sqlite:///{tmp_path / 'not.db'}", mini_course.curriculum.built, [graded("ada")])
    assert "\n" not in str(caught.value)
    with pytest.raises(CourseError) as caught:
        record("nosuchdb://me:secret@db/grades", mini_course.curriculum.built, [graded("ada")])
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_path_of_any_characters_is_one_database(tmp_path, empty, mini_course, graded):
    path = tmp_path / "class #1 ?%20&" / "gradebook.db"
    path.parent.mkdir()
    shutil.copy(empty, path)
    before = path.read_bytes()
    record(sqlite(path), mini_course.curriculum.built, [graded("ada", "mean")])
    assert path.read_bytes() != before
    assert [one.name for one in path.parent.iterdir()] == ["gradebook.db"]


def test_formgrader_and_nbgraders_export_see_everything(url, mini_course, graded, tmp_path, shell):
    late = {"handed_in": {"averages": datetime(2026, 10, 2, 14, tzinfo=UTC)}, "late": {"averages": 0.25}}
    record(url, mini_course.curriculum.built, [graded("ada", "centre", "mean", "variance", **late), graded("bo")])
    with Gradebook(url) as book:
        book.find_grade("mean", "averages", "averages", "ada").manual_score = 1.0
        book.db.commit()
    api = NbGraderAPI(CourseDirectory(root=str(tmp_path), db_url=url))
    seen = {
        (one["student"], one["name"]): (one["score"], one["max_score"])
        for unit in ("averages", "spread")
        for one in api.get_submissions(unit)
    }
    assert seen == {
        ("ada", "averages"): (2, 3),
        ("ada", "spread"): (3, 3),
        ("bo", "averages"): (0, 3),
        ("bo", "spread"): (0, 3),
    }
    record(url, mini_course.curriculum.built, [graded("ada", "centre", "mean", "variance", **late)])

    ran = shell("nbgrader", "export", "--db", url, "--to", "out.csv", network=True)
    assert ran.returncode == 0, ran.stderr
    with (tmp_path / "out.csv").open() as file:
        rows = {(row["student_id"], row["assignment"]): row for row in csv.DictReader(file)}
    assert [float(rows["ada", "averages"][name]) for name in ("raw_score", "late_submission_penalty", "score")] == [
        2.0,  # what a person gave counts, and the penalty is a part of it
        0.5,
        1.5,
    ]
    assert rows["ada", "averages"]["timestamp"] == "2026-10-02 14:00:00"
    assert float(rows["ada", "spread"]["score"]) == 3.0 and float(rows["bo", "averages"]["score"]) == 0.0


def test_a_run_that_knows_no_times_leaves_what_nbgraders_own_plugin_wrote(url, mini_course, graded):
    record(url, mini_course.curriculum.built, [graded("ada", "centre")])
    with Gradebook(url) as book:
        book.find_submission_notebook("averages", "averages", "ada").late_submission_penalty = 0.5
        book.db.commit()
    record(url, mini_course.curriculum.built, [graded("ada", "mean")])
    with Gradebook(url) as book:
        assert book.find_submission("averages", "ada").late_submission_penalty == 0.5


def test_a_class_in_parts_is_the_class_at_once(url, mini_course, graded, tmp_path, empty):
    students = [graded(f"s{number}", *(["mean"] if number % 2 else [])) for number in range(9)]
    whole = f"sqlite:///{shutil.copy(empty, tmp_path / 'whole.db')}"
    scores = record(whole, mini_course.curriculum.built, students)
    parts = {}
    for start in range(0, 9, 4):
        parts |= record(url, mini_course.curriculum.built, students[start : start + 4])
    assert parts == scores and rows(url) == rows(whole)


def test_a_server_that_is_not_there_and_a_book_that_cannot_be_written_are_one_line(
    tmp_path, empty, mini_course, graded
):
    def error(url):
        with pytest.raises(CourseError) as caught:
            record(url, mini_course.curriculum.built, [graded("ada")])
        assert "\n" not in str(caught.value) and "the verdicts are safe" in str(caught.value)
        return str(caught.value)

    assert "secret" not in error(f"postgresql+psycopg://me:secret@/grades?host={tmp_path}")
    path = shutil.copy(empty, tmp_path / "locked.db")
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in error(f"sqlite:///{path}?timeout=0.1")
        other.rollback()
    assert "readonly database" in error(f"sqlite:///file:{path}?mode=ro&uri=true")
