"""nbgrader's own gradebook: what formgrader and `nbgrader export` read.

A unit is one assignment with one notebook, both named by the unit's id, and an exercise is one grade cell named by
the exercise. `release` writes the same names, so a gradebook that `nbgrader generate_assignment` began is continued.
Only automatic scores are written. What a person entered (manual scores, extra credit, comments) is never touched.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

from grader.curriculum import CourseError, Exercise, Unit

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from grader.classroom.report import Graded

Scores = dict[str, dict[str, float]]
"""Points by student and exercise id, with what a person entered taken into account."""


def require_nbgrader() -> None:
    """Raise CourseError when the extra that brings nbgrader is not installed."""
    if find_spec("nbgrader") is None:
        raise CourseError("Class runs need nbgrader; install it with: pip install 'zero-to-diffusion[class]'")


def sqlite(path: Path) -> URL:
    """The address of a database file, whatever characters its path has."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path.absolute()))


def shown(url: str | URL) -> str:
    """The database address without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        raise CourseError(
            "The gradebook's address is not a database URL; write it like sqlite:////home/me/gradebook.db "
            "or postgresql://user:password@host/name."
        ) from None


def record(url: str | URL, units: Sequence[Unit], students: Sequence[Graded]) -> Scores:
    """Write the automatic scores of `students` on `units`, and return the scores that now stand.

    Running it again with the same verdicts changes nothing. A student without a file for a unit gets no submission
    there, which nbgrader counts as zero; one whose submission could not be read gets zeros marked for a person to
    look at. An automatic score that changes under a manual one is marked the same way, as nbgrader does.

    Raises CourseError when the database cannot be opened or written.
    """
    from nbgrader.api import InvalidEntry, Student
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _opened(url) as book:
            known = {student.id for student in book.students}
            book.db.add_all(Student(id=student.id) for student in students if student.id not in known)
            book.db.commit()
            scores: Scores = {student.id: {} for student in students}
            for unit in units:
                _record_unit(book, unit, students, scores)
            return scores
    except (SQLAlchemyError, InvalidEntry, ImportError, OSError, CalledProcessError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise CourseError(
            f"The gradebook {shown(url)} cannot be written ({reason}); the verdicts are safe: "
            "mend that and run the same command again."
        ) from None


def _record_unit(book: Any, unit: Unit, students: Sequence[Graded], scores: Scores) -> None:
    from nbgrader.api import Grade, GradeCell, SubmittedAssignment, SubmittedNotebook

    book.update_or_create_assignment(unit.id)
    notebook_id = book.update_or_create_notebook(unit.id, unit.id).id
    cells = {exercise.id: _grade_cell(book, unit, exercise).id for exercise in unit.exercises}

    def ask(*what: Any) -> Any:
        return book.db.query(SubmittedAssignment.student_id, *what).filter(
            SubmittedAssignment.id == SubmittedNotebook.assignment_id,
            SubmittedNotebook.notebook_id == notebook_id,
        )

    sheets = dict(ask(SubmittedNotebook.id).all())
    handed_in = [one.id for one in students if unit.id in one.submitted or one.problem]
    _hand_in(book, unit, [student for student in handed_in if student not in sheets])

    sheets = dict(ask(SubmittedNotebook.id).all())
    graded = ask(GradeCell.name, Grade).filter(Grade.notebook_id == SubmittedNotebook.id, Grade.cell_id == GradeCell.id)
    grades = {(student, name): grade for student, name, grade in graded.all()}
    for student in students:
        for exercise in unit.exercises if student.id in sheets else ():
            grade = grades.get((student.id, exercise.name))
            if grade is None:  # the exercise joined the unit after this submission was recorded
                grade = Grade(cell_id=cells[exercise.id], notebook_id=sheets[student.id])
                book.db.add(grade)
            points = float(student.verdict.exercises[exercise.id].points)
            if grade.manual_score is None:
                grade.needs_manual_grade = student.problem is not None
            elif grade.auto_score != points:
                grade.needs_manual_grade = True
            grade.auto_score = points
    book.db.commit()

    for student in students:
        scores[student.id] |= {exercise.id: 0.0 for exercise in unit.exercises}
    standing = ask(GradeCell.name, Grade.score).filter(
        Grade.notebook_id == SubmittedNotebook.id, Grade.cell_id == GradeCell.id
    )
    for student_id, name, score in standing.all():
        if student_id in scores and f"{unit.id}/{name}" in cells:
            scores[student_id][f"{unit.id}/{name}"] = float(score)


def _hand_in(book: Any, unit: Unit, students: Sequence[str]) -> None:
    """What Gradebook.add_submission does for one student, for many in one transaction: it commits each of them."""
    from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook

    assignment = book.find_assignment(unit.id)
    submissions = {submission.student_id: submission for submission in assignment.submissions}
    notebooks = [(one.id, one.grade_cells, one.solution_cells, one.task_cells) for one in assignment.notebooks]
    for student in students:
        submission = submissions.get(student) or SubmittedAssignment(assignment_id=assignment.id, student_id=student)
        present = {sheet.notebook_id for sheet in submission.notebooks}
        for notebook_id, graded, answers, tasks in notebooks:
            if notebook_id not in present:
                sheet = SubmittedNotebook(notebook_id=notebook_id, assignment=submission)
                sheet.grades = [Grade(cell_id=cell.id) for cell in (*graded, *tasks)]
                sheet.comments = [Comment(cell_id=cell.id) for cell in (*answers, *tasks)]
        book.db.add(submission)
    book.db.commit()


def _grade_cell(book: Any, unit: Unit, exercise: Exercise) -> Any:
    return book.update_or_create_grade_cell(
        exercise.name, unit.id, unit.id, max_score=float(exercise.points), cell_type="code"
    )


@contextmanager
def _opened(url: str | URL) -> Iterator[Any]:
    """nbgrader's Gradebook, with alembic in reach: it is started by name to stamp a new database, and where the
    environment was not activated only our interpreter knows where it lies."""
    from nbgrader.api import Gradebook

    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        book = Gradebook(url)
    finally:
        os.environ["PATH"] = before
    with book:
        yield book
